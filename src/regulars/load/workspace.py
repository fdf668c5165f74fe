"""Temporary tables and the temporary folder of a load."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import duckdb

from regulars.warehouse.versions.connection import work_folder


def identifier(name: str) -> str:
    """Return the name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def reachable(file: Path, link: Path) -> Path:
    """Make `link` a symbolic link to `file`, or a copy if the file system has no links. Returns `link`."""
    try:
        link.symlink_to(file.absolute())
    except (OSError, NotImplementedError):
        shutil.copyfile(file, link)
    return link


class Workspace:
    """Context manager of temporary tables and files, which are deleted on exit.

    The folder is beside the database file: the system's temporary folder is often in memory and too small for an unpacked
    export. The connection's TimeZone, which parsing changes, is restored on exit.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._tables: list[str] = []
        self._files = 0
        ((file, zone),) = con.execute(
            "SELECT path, current_setting('TimeZone') FROM duckdb_databases() WHERE database_name = current_database()"
        ).fetchall()
        if file:
            # Its name begins with the file's name, by which files of killed processes are cleaned up.
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
        """Return a new name for a temporary table."""
        name = f"load_{purpose}_{len(self._tables) + 1}"
        self._tables.append(name)
        return name

    def path(self, ending: str) -> Path:
        """Return a new path in the temporary folder."""
        self._files += 1
        return self._folder / f"{self._files}{ending}"

    def reachable(self, file: Path) -> Path:
        """Return a path in the folder by which DuckDB can read `file`, whose name may be a glob pattern or not UTF-8."""
        return reachable(file, self.path(".read"))

    def folder(self) -> Path:
        """Create a new, empty folder."""
        folder = self.path("")
        folder.mkdir()
        return folder

    @property
    def zone(self) -> str:
        """Zone of times without an offset."""
        return self._timezone

    def timezone(self, zone: str) -> None:
        """Set the zone of times without an offset."""
        if zone != self._timezone:
            self.con.execute(f"SET TimeZone = '{zone}'")
            self._timezone = zone

    def count(self, relation: str) -> int:
        """Return the number of rows of a table or subquery."""
        return int(self.con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])

    def files(self, table: str) -> set[int]:
        """Return the distinct numbers in a table's column `file`."""
        return {number for (number,) in self.con.execute(f"SELECT DISTINCT file FROM {table}").fetchall()}
