"""The files of the versions on disk: names, pointer, copies that survive a power cut, leftovers."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from regulars.vocabulary.errors import REPAIR, WarehouseError, says_disk_full
from regulars.vocabulary.machine import SHARING
from regulars.warehouse.versions.connection import host

KEPT = 5
"""How many versions stay."""

_POINTER = re.compile(r"(?:v(\d{6,})\.duckdb|nothing)\nhighest (\d+)\n")
_VERSION = re.compile(r"v(\d{6,})\.duckdb")
_SPILL = re.compile(r"v\d{6,}\.duckdb\.spill-(.+)-(\d+)")


@dataclass(frozen=True)
class Pointer:
    """Which version counts (None: nothing loaded yet), and the highest number ever published: none is used twice."""

    number: int | None
    highest: int


class VersionFolder:
    """One folder of version files. Raises OSError where the disk does not do what it is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.current = path / "current"

    def file(self, number: int) -> Path:
        """Where a version lies."""
        return self.path / f"v{number:06d}.duckdb"

    def building(self) -> Path:
        """Where the next version is written: a new name each time, as a process may hold on to a file that failed."""
        return self.path / f"building-{secrets.token_hex(4)}.duckdb"

    def numbers(self) -> list[int]:
        """Numbers of all version files, published or not, ascending."""
        try:
            return sorted(int(match[1]) for file in self.path.iterdir() if (match := _VERSION.fullmatch(file.name)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def pointer(self) -> Pointer:
        """What the pointer says. Raises WarehouseError where it is damaged, or missing although there are versions."""
        try:
            text = self.current.read_text(encoding="ascii", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            if not self.numbers():
                return Pointer(None, 0)
            raise WarehouseError(f"The pointer to the current version is missing: {self.current}.", REPAIR) from None
        except PermissionError as error:
            raise WarehouseError(f"{self.current} cannot be read: {error.strerror}.", SHARING) from error
        except OSError as error:
            text = str(error)  # a folder of that name, or a disk that fails
        match = _POINTER.fullmatch(text)
        if match is None:
            raise WarehouseError(f"The pointer to the current version is damaged: {self.current}.", REPAIR)
        return Pointer(int(match[1]) if match[1] else None, int(match[2]))

    def point(self, pointer: Pointer) -> None:
        """Replace the pointer, whatever lies in its place: a folder is moved aside."""
        staged = self._staged(pointer)
        if self.current.is_dir() and not self.current.is_symlink():
            self.current.rename(self.path / f"was-current-{secrets.token_hex(4)}")
        staged.replace(self.current)
        _sync(self.path)

    def seal(self, built: Path) -> None:
        """Have the disk hold the file that was built, which nobody changes any more, not even with another program."""
        built.chmod(built.stat().st_mode & ~0o222)
        # This also ends DuckDB's lock on the file where a result in this process still keeps it open: closing any
        # descriptor of a file ends the process's locks on it.
        _sync(built)

    def publish(self, built: Path, number: int, check: Callable[[Path, int], None]) -> None:
        """Make the sealed file the current version once `check` has passed it, and remove the oldest ones.

        What the pointer names is on disk, content and name, before the pointer is; a power cut leaves the old or the new.
        """
        staged = self._staged(Pointer(number, number))  # needs space, so before anything is renamed
        built.rename(self.file(number))
        _sync(self.path)
        check(self.file(number), number)
        staged.replace(self.current)
        _sync(self.path)
        with suppress(OSError):  # what cannot be removed now goes with the next version
            for old in self.numbers()[:-KEPT]:
                _remove(self.file(old))

    def _staged(self, pointer: Pointer) -> Path:
        name = "nothing" if pointer.number is None else self.file(pointer.number).name
        file = self.path / "current.new"
        file.write_text(f"{name}\nhighest {pointer.highest}\n", encoding="ascii")
        _sync(file)
        return file

    def permit(self, shared: bool) -> None:
        """Let the owner alone use the folder and its files, or the group too, whatever the umask; a version is only read.

        What belongs to somebody else, or cannot be changed, stays as it is.
        """
        for path in (self.path, self.current, self.path / "lock", *map(self.file, self.numbers())):
            mode = 0o2770 if shared else 0o700
            if path != self.path:
                mode = mode & (0o440 if _VERSION.fullmatch(path.name) else 0o660)
            with suppress(OSError):
                if path.stat().st_mode & 0o7777 != mode:
                    path.chmod(mode)

    def tidy(self, pointer: Pointer) -> None:
        """Remove what killed processes left: half-made versions, unpublished ones, what readers spilled to disk."""
        for file in self.path.iterdir():
            version = _VERSION.fullmatch(file.name)
            if file.name.startswith(("building-", "current.new")) or (version and int(version[1]) > pointer.highest):
                _remove(file)
        self.clear_spilled()

    def clear_spilled(self) -> None:
        """Remove what readers that run no more spilled to disk."""
        for file in self.path.iterdir():
            spill = _SPILL.fullmatch(file.name)
            if spill and spill[1] == host() and not _running(int(spill[2])):
                _remove(file)

    def copy(self, number: int, target: Path) -> None:
        """Copy a version within the kernel, which shares blocks where the file system can; else byte by byte."""
        with self.file(number).open("rb") as reading, target.open("xb") as writing:
            left = os.fstat(reading.fileno()).st_size
            if hasattr(os, "copy_file_range"):
                try:
                    while left and (done := os.copy_file_range(reading.fileno(), writing.fileno(), left)):
                        left -= done
                except OSError as error:
                    if says_disk_full(error):
                        raise
            shutil.copyfileobj(reading, writing, 1 << 20)  # the rest, if any: both stand where the kernel stopped


def _sync(path: Path) -> None:
    """Have the disk hold what was written to a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
