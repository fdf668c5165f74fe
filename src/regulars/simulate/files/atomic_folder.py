"""Files that appear in a folder together, when they are whole, or not at all.

    FOLDER/…             what was asked for
    FOLDER/.truth/       what is true of the shop; truth.json lists the files, and comes last: where it is, all are there
    FOLDER/.writing/     what is being written; a leftover, cleared by the next writer, where its writer was killed
    FOLDER/.unfinished   there for the moment in which files are exchanged; it lists them

Hidden names are not taken for exports when the folder is loaded.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regulars.vocabulary.errors import NoRoom, UsageError, says_disk_full

TRUTH = ".truth"
_TRUTH_FILE = "truth.json"
_WRITING = ".writing"
_UNFINISHED = ".unfinished"


@contextmanager
def whole(folder: Path, names: Sequence[str], size: float) -> Iterator[Path]:
    """A folder to write files of these names into, and the truth; they stand in `folder` when the block ends.

    An earlier simulated shop's files go. When the block raises, `folder` is as it was. `size` is about how many bytes will
    be written, rather too few than too many. Raises UsageError where a file of such a name is there that was not simulated,
    or another writer is at work; NoRoom where the disk is too small.
    """
    folder.mkdir(parents=True, exist_ok=True)
    foreign = [name for name in names if (folder / name).exists() and name not in _earlier(folder)]
    if foreign:
        raise UsageError(
            f"{folder / foreign[0]} is there already, and was not simulated.", "Choose another folder, or move it away."
        )
    with _alone(folder) as writing:
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
def _alone(folder: Path) -> Iterator[Path]:
    """The empty folder to write into, for one writer at a time."""
    writing = folder / _WRITING
    writing.mkdir(exist_ok=True)
    lock = os.open(writing, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel's: it goes with a killed process
        except BlockingIOError:
            raise UsageError(f"Another command is writing a simulated shop into {folder}.") from None
        for left in writing.iterdir():
            _remove(left)
        try:
            yield writing
        finally:
            shutil.rmtree(writing, ignore_errors=True)
    finally:
        os.close(lock)


def _exchange(folder: Path, writing: Path, names: Sequence[str]) -> None:
    earlier = _earlier(folder)
    (writing / _UNFINISHED).write_text(json.dumps({"files": sorted(earlier | set(names))}), encoding="utf-8")
    (writing / _UNFINISHED).rename(folder / _UNFINISHED)
    _remove(folder / TRUTH)
    for name in earlier:
        _remove(folder / name)
    for name in (*names, TRUTH):
        (writing / name).rename(folder / name)
    (folder / _UNFINISHED).unlink()


def _earlier(folder: Path) -> set[str]:
    """The files of a shop that was simulated here before, whole or not."""
    found: set[str] = set()
    for note in (folder / TRUTH / _TRUTH_FILE, folder / _UNFINISHED):
        try:
            listed = json.loads(note.read_text(encoding="utf-8"))["files"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found.update(name for name in listed if name == Path(name).name)
    return found


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
