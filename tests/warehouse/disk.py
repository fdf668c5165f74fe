"""A disk that fails at the nth step, and one whose power is cut: what a process does to a folder, recorded and replayed.

disk.c, loaded before libc, records each step; `PowerCut` replays the steps as pessimistically as POSIX allows: what a file holds is
lost unless it was synced, and so are names unless their folder was.
"""

from __future__ import annotations

import os
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
    """One step: create, create-empty, write, truncate, sync, rename, unlink or chmod; `more` is its place, length or new name."""

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


Change = tuple[str, "_File | None"]
"""A name's new file; None where the name goes."""


class PowerCut:
    """The files of one folder, step by step, and what may be left of them when the power is cut now."""

    def __init__(self, folder: Path) -> None:
        """Begin with what lies in the folder, all of it on disk."""
        self.folder = str(folder)
        self.names = {}
        for path in folder.iterdir():
            if path.is_file():
                self.names[path.name] = _File(bytearray(path.read_bytes()), path.read_bytes())
        self.synced = dict(self.names)
        self.pending: list[tuple[Change, ...]] = []

    def take(self, step: Step) -> None:
        """Take one recorded step."""
        name, file = Path(step.path).name, self.names.get(Path(step.path).name)
        match step.what:
            case "create" | "create-empty" if file is None:
                self._rename((name, _File()))
            case "create-empty":
                file.content.clear()
            case "write":
                place = int(step.more)
                file.content.extend(bytes(max(0, place - len(file.content))))
                file.content[place : place + len(step.content)] = step.content
            case "truncate":
                length = int(step.more)
                file.content[length:] = bytes(max(0, length - len(file.content)))
            case "sync" if step.path == self.folder:
                self.synced, self.pending = dict(self.names), []
            case "sync":
                file.synced = bytes(file.content)
            case "rename":
                self._rename((name, None), (Path(step.more).name, file))
            case "unlink" if file is not None:
                self._rename((name, None))

    def _rename(self, *changes: Change) -> None:
        self.pending.append(changes)
        _apply(self.names, changes)

    def left(self) -> Iterator[dict[str, bytes]]:
        """What may be left: names as synced with none, all or any one of the changes since; contents as synced or as written."""
        for changes in ([], self.pending, *([change] for change in self.pending)):
            names = dict(self.synced)
            for change in changes:
                _apply(names, change)
            yield {name: file.synced for name, file in names.items()}
            yield {name: bytes(file.content) for name, file in names.items()}


def _apply(names: dict[str, _File], changes: tuple[Change, ...]) -> None:
    for name, file in changes:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file
