"""A disk that fails at the nth step, and one whose power is cut: what a process does to a folder, recorded and replayed.

disk.c, loaded before libc, records each step; `PowerCut` replays the steps as pessimistically as POSIX allows: what a file holds is
lost unless it was synced, and so are names unless their folder was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")


def recorder(folder: Path) -> Path:
    """The compiled disk.c."""
    if sys.platform != "linux":
        pytest.skip("LD_PRELOAD is Linux's")
    library = folder / "disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    return library


def watched(library: Path, folder: Path, **more: object) -> Mapping[str, str]:
    """The environment of a process whose steps in the folder are recorded, or fail. See disk.c for what may be given."""
    options = {f"DISK_{name.upper()}": str(value) for name, value in more.items()}
    return {**os.environ, "LD_PRELOAD": str(library), "DISK_FOLDER": str(folder), **options}


@dataclass(frozen=True)
class Step:
    """One step: create, create-empty, mkdir, write, truncate, sync, link, rename, unlink or chmod.

    more: its place, length or new name.
    """

    what: str
    path: str
    more: str
    content: bytes


def steps(log: Path) -> list[Step]:
    """What a process did, in order."""
    found, rest = [], log.read_bytes()
    while rest:
        line, _, rest = rest.partition(b"\n")
        what, path, more, length = line.decode().split("\t")
        found.append(Step(what, path, more, rest[: int(length)]))
        rest = rest[int(length) :]
    return found


@dataclass
class _File:
    """What a file holds, and what of it is on disk."""

    content: bytearray = field(default_factory=bytearray)
    synced: bytes = b""

    def left(self, _names: bool, content: bool) -> bytes:
        return bytes(self.content) if content else self.synced


@dataclass
class _Folder:
    """The names in a folder, those on disk, and the changes since it was synced."""

    names: dict[str, _File | _Folder] = field(default_factory=dict)
    synced: dict[str, _File | _Folder] = field(default_factory=dict)
    pending: list[tuple[Change, ...]] = field(default_factory=list)

    def change(self, *changes: Change) -> None:
        self.pending.append(changes)
        _apply(self.names, changes)

    def left(self, names: bool, content: bool) -> Left:
        """What may be left where all changed names and contents are as synced, or all as they are."""
        return {name: one.left(names, content) for name, one in (self.names if names else self.synced).items()}


Change = tuple[str, _File | _Folder | None]
"""A name's new file; None where the name goes."""
Left = dict[str, "bytes | Left"]
"""The contents of files, by name; of folders those of their files."""


class PowerCut:
    """The files of one folder, step by step, and what may be left of them when the power is cut now."""

    def __init__(self, folder: Path) -> None:
        """Begin with what lies in the folder, all of it on disk."""
        self.path = folder
        self.folder = _known(folder)

    def take(self, step: Step) -> None:
        """Take one recorded step."""
        path = Path(step.path)
        if not path.is_relative_to(self.path):
            return  # a folder beside it
        file = self._find(path)
        match step.what:
            case "create" | "create-empty" if file is None:
                self._folder_of(path).change((path.name, _File()))
            case "create-empty":
                file.content.clear()
            case "mkdir" if file is None:
                self._folder_of(path).change((path.name, _Folder()))
            case "write":
                place = int(step.more)
                file.content.extend(bytes(max(0, place - len(file.content))))
                file.content[place : place + len(step.content)] = step.content
            case "truncate":
                length = int(step.more)
                file.content[length:] = bytes(max(0, length - len(file.content)))
            case "sync" if isinstance(file, _Folder):
                file.synced, file.pending = dict(file.names), []
            case "sync":
                file.synced = bytes(file.content)
            case "link":
                self._folder_of(Path(step.more)).change((Path(step.more).name, file))
            case "rename":
                assert path.parent == Path(step.more).parent
                self._folder_of(path).change((path.name, None), (Path(step.more).name, file))
            case "unlink" if file is not None:
                self._folder_of(path).change((path.name, None))

    def _find(self, path: Path) -> _File | _Folder | None:
        found: _File | _Folder | None = self.folder
        for name in path.relative_to(self.path).parts:
            found = found.names.get(name)
        return found

    def _folder_of(self, path: Path) -> _Folder:
        return self._find(path.parent)

    def left(self) -> Iterator[Left]:
        """What may be left: names as synced with none, all or any one of the changes since; contents as synced or as written.

        Of folders in the folder all changes of names are left, or none.
        """
        pending = self.folder.pending
        for changes in ([], pending, *([change] for change in pending)):
            names = dict(self.folder.synced)
            for change in changes:
                _apply(names, change)
            for inside in (False, True):
                for content in (False, True):
                    yield {name: one.left(inside, content) for name, one in names.items()}


def put(left: Left, place: Path) -> None:
    """Write what is left into a new folder, in place of an older one."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in left.items():
        if isinstance(content, dict):
            put(content, place / name)
        else:
            (place / name).write_bytes(content)


def digest(left: bytes | Left) -> int:
    """Names what is left."""
    return hash(left if isinstance(left, bytes) else frozenset((name, digest(one)) for name, one in left.items()))


def _known(path: Path) -> _File | _Folder:
    if path.is_dir():
        names = {inside.name: _known(inside) for inside in path.iterdir()}
        return _Folder(names, dict(names))
    return _File(bytearray(path.read_bytes()), path.read_bytes())


def _apply(names: dict[str, _File | _Folder], changes: tuple[Change, ...]) -> None:
    for name, file in changes:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file
