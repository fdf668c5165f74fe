"""Levels that no load stores, built when they are first asked for: Parquet files in a folder beside the version they belong to.

A file is called by the family, the columns, and the SHA-256 of what it holds: a damaged one is not read. The folder may be deleted
at any time. Where it cannot be written to, questions are answered from rows.
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
"""The key of a file's metadata under which it says what it holds."""
_ENDING = ".parquet"
_BEFORE_DIGEST = "-"
_GLOB = {*"*?[{"}
"""Where the folder's name has one of these, DuckDB would take a file's name for a pattern."""


class LevelCache:
    """The levels beside one version. `told` names the version: files of another are not read."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        folder: Path,
        told: str,
        settings: Settings,
        rule: StorageRule = STORAGE_RULE,
    ) -> None:
        self._con = con
        self._folder = folder.absolute()
        self._told = told
        self._settings = settings
        self._rule = rule
        self._known: dict[tuple[str, str], tuple[RollupLevel, ...]] = {}
        self._usable = not _GLOB & {*str(self._folder)}

    def levels(self, family: str, by: str) -> tuple[RollupLevel, ...]:
        """What was decided about the levels of a family by these columns, stored or not; nothing where they are not built."""
        if (family, by) not in self._known:
            for file in self._files(family, by):
                if found := self._read(file):
                    self._known[family, by] = found
                    break
        return self._known.get((family, by), ())

    def may_build(self, family: str, by: str, fact_rows: int) -> bool:
        """Whether it is worth trying: the levels are not there yet, and some may be small against so many rows."""
        return self._usable and not self.levels(family, by) and self._rule.most(fact_rows, by) > 0

    def build(self, family: str, by: str) -> bool:
        """Build the levels that no load stores. False where they cannot be kept."""
        beside = self._folder / f"{_named(family, by)}.{secrets.token_hex(4)}{UNFINISHED}"
        try:
            self._make_folder()
            beside.touch()  # where this is not allowed, nothing need be computed
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
        """Remove files that could not be read."""
        self._known.pop((family, by), None)
        with suppress(OSError):
            for file in self._files(family, by):
                file.unlink(missing_ok=True)

    def _files(self, family: str, by: str) -> list[Path]:
        """More than one where several processes built the levels at once."""
        try:
            return sorted(self._folder.glob(f"{_named(family, by)}*{_ENDING}"))
        except OSError:
            return []

    def _make_folder(self) -> None:
        """As open to others as the warehouse's own folder."""
        mode = self._folder.parent.parent.stat().st_mode & 0o7777
        for folder in (self._folder.parent, self._folder):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                folder.chmod(mode)

    def _write(self, family: str, by: str, file: Path) -> None:
        sums = {one.name: one for one in all_rollup_tables(self._settings.active_window)}
        with self._con.cursor() as con:  # its temporary tables are its own
            work = RollupUpdate(con, self._settings, self._rule, target="temp")
            if family in sums:
                levels, table = build_unstored(work, sums[family], by)
            else:
                levels, table = period_results.build(work, family, by)
            listed = [_told(one) for one in levels]
            told = json.dumps({"version": self._told, "levels": listed}).replace("'", "''")
            con.execute(
                f"COPY (FROM {table} ORDER BY level, period) TO '{_quoted(file)}'"
                f" (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, KV_METADATA {{{_KEY}: '{told}'}})"
            )

    def _read(self, file: Path) -> tuple[RollupLevel, ...]:
        """What a whole file of this version says that it holds."""
        sql = f"SELECT decode(value) FROM parquet_kv_metadata('{_quoted(file)}') WHERE decode(key) = '{_KEY}'"
        try:
            if file.name.removesuffix(_ENDING).rpartition(_BEFORE_DIGEST)[2] != _digest(file):
                return ()
            with self._con.cursor() as con:
                ((text,),) = con.execute(sql).fetchall()
        except (duckdb.Error, OSError, ValueError):
            return ()
        told = json.loads(text)
        return tuple(_level(one, file) for one in told["levels"]) if told["version"] == self._told else ()


def _named(family: str, by: str) -> str:
    """What the names of files begin with, up to the digest of what they hold."""
    return f"{family}.{by.replace(',', '+') or 'all'}{_BEFORE_DIGEST}"


def _digest(file: Path) -> str:
    with file.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()[:16]


def _told(level: RollupLevel) -> dict[str, Any]:
    return {**asdict(level), "columns": sorted(level.columns)}


def _level(told: dict[str, Any], file: Path) -> RollupLevel:
    return RollupLevel(**{**told, "columns": frozenset(told["columns"]), "file": _quoted(file)})


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")
