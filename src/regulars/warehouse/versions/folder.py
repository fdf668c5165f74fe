"""The files of the versions on disk: names, pointer, copies that survive a power cut, leftovers."""

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
"""How many versions stay."""

UNFINISHED = ".new"
"""What the names of files in the cache end with until they are whole."""
_FLAT = r"(?:\.duckdb)?"
"""Before there were folders, a version was one file."""
_POINTER = re.compile(rf"(?:v(\d{{6,}}){_FLAT}|nothing)\nhighest (\d+)\n")
_VERSION = re.compile(rf"v(\d{{6,}}){_FLAT}")
_SPILL = re.compile(rf"v\d{{6,}}{_FLAT}\.spill-(.+)-(\d+)")


@dataclass(frozen=True)
class Pointer:
    """Which version counts (None: nothing loaded yet), and the highest number ever published: none is used twice."""

    number: int | None
    highest: int


class VersionFolder:
    """The folder that holds the versions. Raises OSError where the disk does not do what it is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.current = path / "current"

    def version(self, number: int) -> Path:
        """The folder of a version; the file, where an older Regulars wrote it."""
        folder = self.path / f"v{number:06d}"
        flat = folder.with_suffix(".duckdb")
        return flat if flat.is_file() and not folder.is_dir() else folder

    def file(self, number: int) -> Path:
        """The main file of a version."""
        version = self.version(number)
        return version if version.suffix else version / MAIN

    def files(self, number: int) -> list[Path]:
        """All files of a version, the main one first. Raises FileNotFoundError where there is no such version."""
        version = self.version(number)
        return [version] if version.suffix else _files(version)

    def building(self) -> Path:
        """A folder to write the next version in, with a new name: a process may hold on to the files of one that failed."""
        folder = self.path / f"building-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
        return folder

    def numbers(self) -> list[int]:
        """Numbers of all versions, published or not, ascending."""
        try:
            return sorted({int(match[1]) for file in self.path.iterdir() if (match := _VERSION.fullmatch(file.name))})
        except (FileNotFoundError, NotADirectoryError):
            return []

    def pointer(self) -> Pointer:
        """What the pointer says. Raises WarehouseError where it is damaged, or missing although there are versions."""
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
        """Replace the pointer, whatever lies in its place: a folder is moved aside."""
        staged = self._staged(pointer)
        if self.current.is_dir() and not self.current.is_symlink():
            disk.rename(self.current, self.path / f"was-current-{secrets.token_hex(4)}")
        disk.replace(staged, self.current)
        sync(self.path)

    def seal(self, built: Path, unchanged: Iterable[Path]) -> None:
        """Have the disk hold the files that were built, which nobody changes any more, not even with another program.

        unchanged: files of the version before, which become files of this one, too.
        """
        for file in built.iterdir():
            if file.suffix != DATABASE:
                disk.remove(file)  # the journal of a database that a result in this process keeps open
        for file in unchanged:
            disk.link(file, built / file.name)
        for file in own_files(built):
            # This also ends DuckDB's lock on the file where a result in this process still keeps it open: closing any
            # descriptor of a file ends the process's locks on it.
            disk.seal(file)
        sync(built)

    def publish(self, built: Path, number: int, base: int | None, check: Callable[[Path, int], None]) -> None:
        """Make the sealed folder the current version once `check` has passed it, and remove the oldest ones but its `base`.

        What the pointer names is on disk, content and name, before the pointer is; a power cut leaves the old or the new.
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
        """Let the owner alone use the folder and its files, or the group too, whatever the umask; a version is only read.

        What belongs to somebody else, or cannot be changed, stays as it is.
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

    def tidy(self, pointer: Pointer) -> None:
        """Remove what killed processes left: half-made and half-removed versions, unpublished ones, what readers spilled."""
        for file in self.path.iterdir():
            version = _VERSION.fullmatch(file.name)
            if file.name.startswith(("building-", "current.new", "removed-")) or (
                version and int(version[1]) > pointer.highest
            ):
                disk.remove(file)
        self._clear_cache()
        self.clear_spilled()

    def _clear_cache(self) -> None:
        """Remove what was built for versions that are gone, and what killed readers left."""
        there = {self.version(number).stem for number in self.numbers()}
        with suppress(OSError):
            for folder in cache_folder(self.path).iterdir():
                left = list(folder.glob(f"*{UNFINISHED}")) if folder.name in there else [folder]
                for path in left:
                    disk.remove(path)

    def clear_spilled(self) -> None:
        """Remove what readers that run no more spilled to disk."""
        for file in self.path.iterdir():
            spill = _SPILL.fullmatch(file.name)
            if spill and spill[1] == host() and not is_running(int(spill[2])):
                disk.remove(file)


def own_files(folder: Path) -> list[Path]:
    """The files of a version that are no files of another one."""
    return [file for file in _files(folder) if file.stat().st_nlink == 1]


def _files(folder: Path) -> list[Path]:
    databases = (file for file in folder.iterdir() if file.suffix == DATABASE)
    return sorted(databases, key=lambda file: (file.name != MAIN, file.name))
