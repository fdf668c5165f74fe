"""The log's files on disk: Parquet files that are written once and never change, beside the versions that list them.

`main.log_files` of a version lists its files. A file that no stored version lists is removed with the next write.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from regulars.system import disk
from regulars.warehouse.versions.connection import connect, log_folder

_FILE = re.compile(r".+-(\d{6,})-[0-9a-f]+\.parquet")


def file_name(table: str, version: int) -> str:
    """Return a new, unique name for a file written with a version."""
    return f"{table}-{version:06d}-{secrets.token_hex(6)}.parquet"


@dataclass(frozen=True)
class LogFile:
    """A file of the log as a version lists it: the loads whose rows it holds, its size in bytes and its SHA-256."""

    name: str
    table: str
    loads: tuple[int, ...]
    bytes: int
    digest: str

    @property
    def remedy(self) -> str:
        """What to do where the file is missing or damaged."""
        if len(self.loads) == 1:
            return (
                f"Put it back from a backup, or undo its load and load its files again: regulars undo {self.loads[0]}"
            )
        return f"Put it back from a backup of the shop's folder. It holds the rows of {len(self.loads)} loads."


def listed(con: duckdb.DuckDBPyConnection) -> dict[str, LogFile]:
    """Return the files of a version by name; empty where an older Regulars stored the rows in the version itself."""
    if not con.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = 'log_files'"
    ).fetchall():
        return {}
    rows = con.execute('SELECT name, "table", loads, bytes, digest FROM main.log_files ORDER BY file_no').fetchall()
    return {name: LogFile(name, table, tuple(loads), size, digest) for name, table, loads, size, digest in rows}


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        OSError: The file cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fault(folder: Path, file: LogFile) -> str:
    """Return what is wrong with a file of the log, without a full stop; empty where it is intact. Reads the whole file."""
    path = folder / file.name
    try:
        if path.stat().st_size == file.bytes and digest_of(path) == file.digest:
            return ""
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return f"{path} is damaged"


def faults(folder: Path, files: Iterable[LogFile]) -> Iterator[tuple[LogFile, str]]:
    """Yield the files that are not intact, each with what is wrong."""
    return ((file, what) for file in files if (what := fault(folder, file)))


class LogFolder:
    """The folder of the log's files, in the folder `warehouse` of a shop. The first write creates it.

    Its methods raise OSError where the disk fails.
    """

    def __init__(self, warehouse: Path) -> None:
        self.path = log_folder(warehouse)

    def seal(self, names: Collection[str]) -> None:
        """Sync new files to disk, content and name, and make them read-only."""
        for name in names:
            disk.seal(self.path / name)
        if names:
            disk.sync(self.path)

    def permit(self, shared: bool) -> None:
        """Set permissions of the folder and its files for the owner alone, or also for the group."""
        modes = {self.path: 0o2770 if shared else 0o700}
        modes |= {self.path / name: 0o440 if shared else 0o400 for name in self._files()}
        for path, mode in modes.items():
            with suppress(OSError):  # files of another owner keep their permissions
                if path.stat().st_mode & 0o7777 != mode:
                    path.chmod(mode)

    def clear_unpublished(self, highest: int) -> None:
        """Remove the files of versions above `highest`, left by writers that ended before publishing."""
        for name, version in self._files().items():
            if version > highest:
                disk.remove(self.path / name)

    def prune(self, known: Collection[str], versions: Iterable[Path]) -> None:
        """Remove the files that no version lists.

        Args:
            known: Names of files to keep.
            versions: Further versions; they are opened only where a file is not in `known`.
        """
        unlisted = self._files().keys() - set(known)
        for version in versions:
            if not unlisted:
                return
            try:
                with connect(version, read_only=True) as con:
                    unlisted -= listed(con).keys()
            except (duckdb.Error, OSError):
                return  # the list of a damaged version is unknown
        for name in unlisted:
            with suppress(OSError):  # a file that a reader has open is removed with the next version
                disk.remove(self.path / name)

    def _files(self) -> dict[str, int]:
        """Return the names of the files, each with the number of the version it was written with."""
        try:
            return {path.name: int(match[1]) for path in self.path.iterdir() if (match := _FILE.fullmatch(path.name))}
        except (FileNotFoundError, NotADirectoryError):
            return {}
