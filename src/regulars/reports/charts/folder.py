"""A folder for pictures: what was drawn there before is drawn anew, what others put there is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from regulars.reports.charts.write import put
from regulars.vocabulary.errors import UsageError

_LIST = ".regulars-pictures"
"""Names the files in this folder that were drawn by Regulars."""


def fill(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files, by name, into a folder, which is made where it is missing. Returns their paths.

    Raises UsageError as `insist`, before anything is written.
    """
    insist(folder, files)
    put(folder / _LIST, json.dumps(sorted(_listed(folder) | set(files))).encode())
    for name, content in files.items():
        put(folder / name, content)
    return [folder / name for name in files]


def insist(folder: Path, names: Iterable[str]) -> None:
    """That pictures of these names may be drawn here. Raises UsageError where one is there that was not drawn here before."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and pictures need a folder.", "Choose another one.")
    ours = _listed(folder)
    for name in names:
        if name not in ours and (folder / name).exists():
            raise UsageError(
                f"{folder / name} is there already, and was not drawn by Regulars.",
                "Choose another folder, or move it away.",
            )


def _listed(folder: Path) -> set[str]:
    try:
        return set(json.loads((folder / _LIST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return set()
