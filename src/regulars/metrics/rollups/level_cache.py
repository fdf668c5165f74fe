"""Cache of the levels that no load stores: Parquet files in a folder beside the version they belong to, built on first use.

A file name consists of the family, the columns and the SHA-256 of the content; a file with another digest is ignored. The folder
may be deleted at any time. Where it cannot be written to, queries are answered from rows.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds import period_results
from regulars.metrics.rollups.kinds.fact_sums import build_unstored
from regulars.metrics.rollups.rollup import STORAGE_RULE, RollupUpdate, StorageRule
from regulars.metrics.rollups.rollup_tables import all_rollup_tables
from regulars.system import disk
from regulars.vocabulary.shop import Settings
from regulars.warehouse.versions.folder import UNFINISHED

_KEY = "regulars"
"""Key of the description in a file's metadata."""
_ENDING = ".parquet"
_BEFORE_DIGEST = "-"
_GLOB = {*"*?[{"}
"""Characters that DuckDB expands as a pattern in file names."""


class LevelCache:
    """The cached levels of one version.

    Args:
        con: Connection to the warehouse.
        folder: Folder of the Parquet files.
        version: Identifies the version; files of another version are ignored.
        settings: The shop's settings.
        rule: Which levels are small enough to store.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        folder: Path,
        version: str,
        settings: Settings,
        rule: StorageRule = STORAGE_RULE,
    ) -> None:
        self._con = con
        self._folder = folder.absolute()
        self._version = version
        self._settings = settings
        self._rule = rule
        self._known: dict[tuple[str, str], tuple[RollupLevel, ...]] = {}
        self._usable = not _GLOB & {*str(self._folder)}

    def levels(self, family: str, by: str) -> tuple[RollupLevel, ...]:
        """Return the levels of a family by these columns, stored or rejected as too large; empty where they are not built."""
        if (family, by) not in self._known:
            for file in self._files(family, by):
                if levels := self._read(file):
                    self._known[family, by] = levels
                    break
        return self._known.get((family, by), ())

    def may_build(self, family: str, by: str, fact_rows: int) -> bool:
        """Return whether levels are not built yet and some may be small enough for a fact with so many rows."""
        return self._usable and not self.levels(family, by) and self._rule.most(fact_rows, by) > 0

    def build(self, family: str, by: str) -> bool:
        """Build the levels that no load stores. Return False where the folder cannot be written to."""
        beside = self._folder / f"{_named(family, by)}.{secrets.token_hex(4)}{UNFINISHED}"
        try:
            self._make_folder()
            beside.touch()  # fails before anything is computed where this is not allowed
            beside.chmod(self._folder.stat().st_mode & 0o660)
            self._write(family, by, beside)
            disk.sync(beside)
            disk.replace(beside, self._folder / f"{_named(family, by)}{_digest(beside)}{_ENDING}")
        except (OSError, duckdb.IOException, duckdb.OutOfMemoryException, duckdb.PermissionException):
            self._usable = False
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
        return self._usable

    def forget(self, family: str, by: str) -> None:
        """Remove the files of a family and split, after one could not be read."""
        self._known.pop((family, by), None)
        with suppress(OSError):
            for file in self._files(family, by):
                file.unlink(missing_ok=True)

    def _files(self, family: str, by: str) -> list[Path]:
        """Return the files of a family and split: several where processes built them at the same time."""
        try:
            return sorted(self._folder.glob(f"{_named(family, by)}*{_ENDING}"))
        except OSError:
            return []

    def _make_folder(self) -> None:
        """Create the folder with the permissions of the warehouse's folder."""
        mode = self._folder.parent.parent.stat().st_mode & 0o7777
        for folder in (self._folder.parent, self._folder):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                folder.chmod(mode)

    def _write(self, family: str, by: str, file: Path) -> None:
        sums = {rollup_table.name: rollup_table for rollup_table in all_rollup_tables(self._settings.active_window)}
        with self._con.cursor() as con:  # its temporary tables are its own
            work = RollupUpdate(con, self._settings, self._rule, target="temp")
            if family in sums:
                levels, table = build_unstored(work, sums[family], by)
            else:
                levels, table = period_results.build(work, family, by)
            listed = [_level_record(level) for level in levels]
            metadata = json.dumps({"version": self._version, "levels": listed}).replace("'", "''")
            con.execute(
                f"COPY (FROM {table} ORDER BY level, period) TO '{_quoted(file)}'"
                f" (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, KV_METADATA {{{_KEY}: '{metadata}'}})"
            )

    def _read(self, file: Path) -> tuple[RollupLevel, ...]:
        """Return the levels in a file; empty where it is damaged or of another version."""
        sql = f"SELECT decode(value) FROM parquet_kv_metadata('{_quoted(file)}') WHERE decode(key) = '{_KEY}'"
        try:
            if file.name.removesuffix(_ENDING).rpartition(_BEFORE_DIGEST)[2] != _digest(file):
                return ()
            with self._con.cursor() as con:
                ((text,),) = con.execute(sql).fetchall()
        except (duckdb.Error, OSError, ValueError):
            return ()
        metadata = json.loads(text)
        return (
            tuple(_level(record, file) for record in metadata["levels"]) if metadata["version"] == self._version else ()
        )


def _named(family: str, by: str) -> str:
    """Return the start of the file names of a family and split, up to the digest."""
    return f"{family}.{by.replace(',', '+') or 'all'}{_BEFORE_DIGEST}"


def _digest(file: Path) -> str:
    with file.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()[:16]


def _level_record(level: RollupLevel) -> dict[str, Any]:
    return {**asdict(level), "columns": sorted(level.columns)}


def _level(record: dict[str, Any], file: Path) -> RollupLevel:
    return RollupLevel(**{**record, "columns": frozenset(record["columns"]), "file": _quoted(file)})


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")
