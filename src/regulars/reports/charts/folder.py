"""Folder of picture files: earlier pictures are replaced, files of other origin are never overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from regulars.reports.charts.write import write_atomically
from regulars.vocabulary.errors import UsageError

_LIST = ".regulars-pictures"
"""File that lists the files in the folder written by Regulars."""


def fill(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, which is created if missing.

    Args:
        folder: The folder.
        files: Contents by file name.

    Returns:
        The paths of the files.

    Raises:
        UsageError: As for `require_writable`; nothing is written then.
    """
    require_writable(folder, files)
    write_atomically(folder / _LIST, json.dumps(sorted(_listed(folder) | set(files))).encode())
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]


def require_writable(folder: Path, names: Iterable[str]) -> None:
    """Raise UsageError if the folder is a file, or has a file of one of these names that Regulars did not write."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and pictures need a folder.", "Choose a folder.")
    own = _listed(folder)
    for name in names:
        if name not in own and (folder / name).exists():
            raise UsageError(
                f"{folder / name} exists already, and was not written by Regulars.",
                "Choose another folder, or move the file.",
            )


def _listed(folder: Path) -> set[str]:
    try:
        return set(json.loads((folder / _LIST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return set()
