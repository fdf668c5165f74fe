"""Replace the files of a folder all at once, when all of them are complete.

    FOLDER/…             the files
    FOLDER/.truth/       true values; truth.json lists the files and is moved last: if it exists, all files do
    FOLDER/.writing/     temporary files; cleared by the next writer if a writer was killed
    FOLDER/.writing.lock lock of the writer, on Windows
    FOLDER/.unfinished   list of the files, while they are moved

Loading the folder ignores hidden names.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regulars.system import disk
from regulars.system.locking import locked_folder
from regulars.vocabulary.errors import NoRoom, UsageError, says_disk_full

TRUTH = ".truth"
_TRUTH_FILE = "truth.json"
_WRITING = ".writing"
_UNFINISHED = ".unfinished"


@contextmanager
def atomic_folder(folder: Path, names: Sequence[str], size: float) -> Iterator[Path]:
    """Context manager of a temporary folder whose files replace those of an earlier simulated shop when the block ends.

    If the block raises an error, `folder` is unchanged.

    Args:
        folder: The destination; created if missing.
        names: Names of the files, besides the true values.
        size: Lower estimate of the bytes to write.

    Yields:
        The temporary folder.

    Raises:
        UsageError: A file with such a name was not simulated, or another process writes to the folder.
        NoRoom: The disk has too little space.
    """
    disk.require_file_name(folder)
    folder.mkdir(parents=True, exist_ok=True)
    foreign = [name for name in names if (folder / name).exists() and name not in _earlier(folder)]
    if foreign:
        raise UsageError(
            f"{folder / foreign[0]} is there already, and was not simulated.", "Choose another folder, or move it away."
        )
    with _exclusive_folder(folder) as writing:
        free = shutil.disk_usage(folder).free
        if size > free:
            raise NoRoom(
                f"The files would take about {size / 1e6:,.0f} MB, and {folder} has room for {free / 1e6:,.0f} MB.",
                "Choose another folder, or a smaller shop.",
            )
        try:
            yield writing
            _exchange(folder, writing, names)
        except OSError as error:
            if not says_disk_full(error):
                raise
            raise NoRoom(
                f"The disk is full: the simulated shop could not be written to {folder}.",
                "Nothing of it is left. Make room and repeat the command, choose another folder, or a smaller shop.",
            ) from error


@contextmanager
def _exclusive_folder(folder: Path) -> Iterator[Path]:
    """Context manager of the empty temporary folder, locked for one process."""
    writing = folder / _WRITING
    writing.mkdir(exist_ok=True)

    def busy(_descriptor: int) -> None:
        raise UsageError(f"Another command is writing a simulated shop into {folder}.")

    with locked_folder(writing, folder / f"{_WRITING}.lock", busy):
        for left in writing.iterdir():
            _remove(left)
        try:
            yield writing
        finally:
            shutil.rmtree(writing, ignore_errors=True)


def _exchange(folder: Path, writing: Path, names: Sequence[str]) -> None:
    earlier = _earlier(folder)
    (writing / _UNFINISHED).write_text(json.dumps({"files": sorted(earlier | set(names))}), encoding="utf-8")
    disk.replace(writing / _UNFINISHED, folder / _UNFINISHED)
    _remove(folder / TRUTH)
    for name in earlier:
        _remove(folder / name)
    for name in (*names, TRUTH):
        disk.rename(writing / name, folder / name)
    (folder / _UNFINISHED).unlink()


def simulated_files(folder: Path) -> list[Path]:
    """The files of the simulated shop in this folder; none where there is no such shop, or where it is not whole."""
    names = sorted(_listed(folder / TRUTH / _TRUTH_FILE))
    files = [folder / name for name in names]
    whole = not (folder / _UNFINISHED).exists() and all(file.is_file() for file in files)
    return files if whole else []


def holds_simulated_shop(folder: Path) -> bool:
    """Whether a simulated shop was written into this folder, or was begun."""
    return any((folder / name).exists() for name in (TRUTH, _WRITING, _UNFINISHED))


def _earlier(folder: Path) -> set[str]:
    """Return the names of files of an earlier simulated shop, complete or not."""
    return _listed(folder / TRUTH / _TRUTH_FILE) | _listed(folder / _UNFINISHED)


def _listed(note: Path) -> set[str]:
    """The files that truth.json, or the note about an exchange, lists; none where it is missing or damaged."""
    try:
        names = json.loads(note.read_text(encoding="utf-8"))["files"]
        return {name for name in names if name == Path(name).name}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
