"""The files of the versions on disk: names, pointer, durable copies, and removal of leftovers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from regulars.system import disk
from regulars.system.disk import sync
from regulars.system.process import is_running
from regulars.vocabulary.errors import REPAIR, WarehouseError
from regulars.vocabulary.machine import SHARING
from regulars.warehouse.versions.connection import DATABASE, MAIN, cache_folder, host

KEPT = 3
"""Number of stored versions."""

UNFINISHED = ".new"
"""Suffix of unfinished files in the cache."""
_FLAT = r"(?:\.duckdb)?"
"""An older Regulars wrote a version as one file."""
_POINTER = re.compile(rf"(?:v(\d{{6,}}){_FLAT}|nothing)\nhighest (\d+)\n")
_VERSION = re.compile(rf"v(\d{{6,}}){_FLAT}")
_SPILL = re.compile(rf"v\d{{6,}}{_FLAT}\.spill-(.+)-(\d+)")


@dataclass(frozen=True)
class Pointer:
    """The number of the current version (None: nothing loaded yet), and the highest number ever published. None is reused."""

    number: int | None
    highest: int


class VersionFolder:
    """The folder of the versions. Its methods raise OSError where the disk fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.current = path / "current"

    def version(self, number: int) -> Path:
        """Return the folder of a version; its file, where an older Regulars wrote it."""
        folder = self.path / f"v{number:06d}"
        flat = folder.with_suffix(".duckdb")
        return flat if flat.is_file() and not folder.is_dir() else folder

    def file(self, number: int) -> Path:
        """Return the main file of a version."""
        version = self.version(number)
        return version if version.suffix else version / MAIN

    def files(self, number: int) -> list[Path]:
        """Return all files of a version, the main one first.

        Raises:
            FileNotFoundError: There is no such version.
        """
        version = self.version(number)
        return [version] if version.suffix else _files(version)

    def building(self) -> Path:
        """Create a folder for the next version.

        Its name is new, because a process may still have the files of a failed version open.
        """
        folder = self.path / f"building-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
        return folder

    def numbers(self) -> list[int]:
        """Return the numbers of all versions, published or not, sorted."""
        try:
            return sorted({int(match[1]) for file in self.path.iterdir() if (match := _VERSION.fullmatch(file.name))})
        except (FileNotFoundError, NotADirectoryError):
            return []

    def pointer(self) -> Pointer:
        """Read the pointer.

        Raises:
            WarehouseError: It is damaged or cannot be read, or is missing although there are versions.
        """
        try:
            text = disk.read_text(self.current)
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
        """Replace the pointer. A folder in its place is moved aside."""
        staged = self._staged(pointer)
        if self.current.is_dir() and not self.current.is_symlink():
            disk.rename(self.current, self.path / f"was-current-{secrets.token_hex(4)}")
        disk.replace(staged, self.current)
        sync(self.path)

    def seal(self, built: Path, unchanged: Iterable[Path]) -> None:
        """Sync the files of a new version to disk and make them read-only.

        Args:
            built: Folder of the new version.
            unchanged: Files of the previous version that are linked into this one.
        """
        for file in built.iterdir():
            if file.suffix != DATABASE:
                disk.remove(file)  # the journal of a database that a result in this process has open
        for file in unchanged:
            disk.link(file, built / file.name)
        for file in own_files(built):
            # This also ends DuckDB's lock on the file where a result in this process still keeps it open: closing any
            # descriptor of a file ends the process's locks on it.
            disk.seal(file)
        sync(built)

    def publish(self, built: Path, number: int, base: int | None, check: Callable[[Path, int], None]) -> None:
        """Make the sealed folder the current version, and remove the oldest versions.

        Content and name of the version are on disk before the pointer is, so a power cut leaves the old or the new version.

        Args:
            built: Folder of the new version.
            number: Its number.
            base: Number of the version it is based on, which is kept; None where there is none.
            check: Verifies the renamed folder; raises to prevent publication.
        """
        staged = self._staged(Pointer(number, number))  # needs space, so before anything is renamed
        built = disk.rename(built, self.path / f"v{number:06d}")
        sync(self.path)
        check(built, number)
        disk.replace(staged, self.current)
        sync(self.path)
        with suppress(OSError):  # what cannot be removed now, as a reader has it open, goes with the next version
            others = [other for other in self.numbers() if other not in (number, base)]
            for old in map(self.version, others[: 2 - KEPT]):
                with suppress(OSError):
                    disk.remove(old.rename(self.path / f"removed-{old.name}"))  # at once for those who open it now
            self._clear_cache()

    def _staged(self, pointer: Pointer) -> Path:
        name = "nothing" if pointer.number is None else self.version(pointer.number).name
        file = self.path / "current.new"
        file.write_text(f"{name}\nhighest {pointer.highest}\n", encoding="ascii")
        sync(file)
        return file

    def permit(self, shared: bool) -> None:
        """Set permissions for the owner alone, or also for the group, whatever the umask. Versions are read-only.

        Files of another owner, and files that cannot be changed, keep their permissions.
        """
        allowed = 0o2770 if shared else 0o700
        modes = {self.path: allowed, self.current: allowed & 0o660, self.path / "lock": allowed & 0o660}
        for number in self.numbers():
            with suppress(OSError):
                modes |= {self.version(number): allowed, **dict.fromkeys(self.files(number), allowed & 0o440)}
        with suppress(OSError):
            cache = cache_folder(self.path)
            modes |= {path: allowed if path.is_dir() else allowed & 0o660 for path in (cache, *cache.rglob("*"))}
        for path, mode in modes.items():
            with suppress(OSError):
                if path.stat().st_mode & 0o7777 != mode:
                    path.chmod(mode)

    def remove_leftovers(self, pointer: Pointer) -> None:
        """Remove what killed processes left.

        This is half-written, half-removed and unpublished versions, and the spill files and cache files of ended processes.
        """
        for file in self.path.iterdir():
            version = _VERSION.fullmatch(file.name)
            if file.name.startswith(("building-", "current.new", "removed-")) or (
                version and int(version[1]) > pointer.highest
            ):
                disk.remove(file)
        self._clear_cache()
        self.clear_spilled()

    def _clear_cache(self) -> None:
        """Remove the cache of removed versions, and unfinished cache files."""
        there = {self.version(number).stem for number in self.numbers()}
        with suppress(OSError):
            for folder in cache_folder(self.path).iterdir():
                left = list(folder.glob(f"*{UNFINISHED}")) if folder.name in there else [folder]
                for path in left:
                    disk.remove(path)

    def clear_spilled(self) -> None:
        """Remove the spill files of ended processes."""
        for file in self.path.iterdir():
            spill = _SPILL.fullmatch(file.name)
            if spill and spill[1] == host() and not is_running(int(spill[2])):
                disk.remove(file)


def own_files(folder: Path) -> list[Path]:
    """Return the files of a version that it does not share with another version."""
    return [file for file in _files(folder) if file.stat().st_nlink == 1]


def _files(folder: Path) -> list[Path]:
    databases = (file for file in folder.iterdir() if file.suffix == DATABASE)
    return sorted(databases, key=lambda file: (file.name != MAIN, file.name))
