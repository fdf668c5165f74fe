"""What a load makes on its way and leaves nothing of: temporary tables and a temporary folder."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import duckdb

from regulars.warehouse.versions.connection import work_folder


def identifier(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def reachable(file: Path, link: Path) -> Path:
    """Make `link` lead to `file`, or a copy of it where the file system has no links. Returns `link`."""
    try:
        link.symlink_to(file.absolute())
    except (OSError, NotImplementedError):
        shutil.copyfile(file, link)
    return link


class Workspace:
    """Names for temporary tables on a connection and files in a folder; all are gone when it closes.

    The folder lies beside the database file: the system's own is often a small one in memory, where a large unpacked export has
    no room. The connection's TimeZone, which parsing changes, is put back as well.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._tables: list[str] = []
        self._files = 0
        ((file, zone),) = con.execute(
            "SELECT path, current_setting('TimeZone') FROM duckdb_databases() WHERE database_name = current_database()"
        ).fetchall()
        if file:
            # Beginning with the file's name, it is cleared with what a killed writer leaves of the file.
            self._folder = work_folder(Path(file))
            self._folder.mkdir(mode=0o700)
        else:
            self._folder = Path(tempfile.mkdtemp(prefix="regulars-"))
        self._original_timezone = self._timezone = str(zone)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tables:
            self.con.execute(";".join(f"DROP TABLE IF EXISTS temp.{table}" for table in self._tables))
        self.timezone(self._original_timezone)
        shutil.rmtree(self._folder)

    def table(self, purpose: str) -> str:
        """A new name for a temporary table."""
        name = f"load_{purpose}_{len(self._tables) + 1}"
        self._tables.append(name)
        return name

    def path(self, ending: str) -> Path:
        """A new path in the temporary folder."""
        self._files += 1
        return self._folder / f"{self._files}{ending}"

    def reachable(self, file: Path) -> Path:
        """A name in the folder under which DuckDB reads `file`: its own may look like a pattern, or not be UTF-8."""
        return reachable(file, self.path(".read"))

    def folder(self) -> Path:
        """A new, empty folder."""
        folder = self.path("")
        folder.mkdir()
        return folder

    @property
    def zone(self) -> str:
        """The zone in which times without an offset are read."""
        return self._timezone

    def timezone(self, zone: str) -> None:
        """The zone in which times without an offset are read from now on."""
        if zone != self._timezone:
            self.con.execute(f"SET TimeZone = '{zone}'")
            self._timezone = zone

    def count(self, relation: str) -> int:
        """How many rows a table or subquery has."""
        return int(self.con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])

    def files(self, table: str) -> set[int]:
        """The numbers in a table's column `file`."""
        return {number for (number,) in self.con.execute(f"SELECT DISTINCT file FROM {table}").fetchall()}
