"""Change tracking of a write: which rows it changes, so that facts can be derived incrementally."""

from __future__ import annotations

import duckdb

from regulars.warehouse.schema import METADATA_COLUMNS, Table
from regulars.warehouse.tables import BY_NAME

ALWAYS_INCREMENTAL_ROWS = 10_000
"""Up to this number of changed rows of a table, facts are derived incrementally, whatever their share of the table."""
MAX_INCREMENTAL_SHARE = 0.2
"""Above ALWAYS_INCREMENTAL_ROWS: the largest share of a table's rows that is derived incrementally. Beyond it a full
refresh is as fast.
"""
HISTORIES_BEFORE, HISTORIES_NOW = "histories_before", "histories_now"
"""Temporary tables of a write: all orders of the affected customers, before and after it. Most of their rows are equal.
"""


class FullRefreshRequired(Exception):
    """The changes cannot be derived incrementally. The message is the reason."""


class Changes:
    """The changed rows of each table during a write, by version key, and their previous values.

    Temporary tables `changed_<table>` hold the version keys, `previous_<table>` the rows that were current before.
    Recording stops once a full refresh is required.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, full_refresh_reason: str = "") -> None:
        self.con = con
        self.full_refresh_reason = full_refresh_reason
        """Why a full refresh is required; empty while the changes can be derived incrementally."""
        self.is_size_limit = False
        """True where the number of changed rows is the reason; the user is not told of it."""
        self.tables: set[str] = set()
        self.corrected_identities: set[str] = set()
        """Identities that the user joined or split."""
        self._compared: set[str] = set()

    def require_full_refresh(self, reason: str) -> None:
        """Require a full refresh. The first reason is kept."""
        self.full_refresh_reason = self.full_refresh_reason or reason

    def exceed_row_limit(self, reason: str) -> str:
        """Require a full refresh because of the number of changed rows. Returns `reason`."""
        self.is_size_limit = True
        self.require_full_refresh(reason)
        return reason

    def record(self, table: Table, keys: str, current: str = "") -> None:
        """Record the rows with these version keys before they change.

        Args:
            table: the canonical table.
            keys: a relation of version keys, each once.
            current: a relation with the current rows of these keys, where the caller has one; empty: the table
                itself.
        """
        if self.full_refresh_reason:
            return
        columns = _version(table)
        changed, previous = f"temp.changed_{table.name}", f"temp.previous_{table.name}"
        if table.name not in self.tables:
            self.tables.add(table.name)
            self.con.execute(
                f"CREATE TEMP TABLE changed_{table.name} AS SELECT {columns} FROM main.{table.name} LIMIT 0;"
                f"CREATE TEMP TABLE previous_{table.name} AS FROM main.{table.name} LIMIT 0"
            )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE changing AS SELECT {columns} FROM {keys} ANTI JOIN {changed} USING ({columns})"
        )
        changed_rows = self.count_rows("temp.changing")
        if changed_rows > max(ALWAYS_INCREMENTAL_ROWS, MAX_INCREMENTAL_SHARE * self.count_rows(f"main.{table.name}")):
            self.exceed_row_limit(f"{changed_rows:,} rows of {table.name} changed")
            return
        self.con.execute(
            f"INSERT INTO {previous} SELECT m.* FROM {current or f'main.{table.name}'} m SEMI JOIN temp.changing USING ({columns})"
        )
        self.con.execute(f"INSERT INTO {changed} FROM temp.changing")

    def changed_keys(self, name: str) -> str:
        """Return a relation of the version keys whose rows differ from before; without rows where none of the table was
        recorded.
        """
        if name not in self.tables:
            return _no_version(BY_NAME[name])
        altered = f"altered_{name}"
        if name in self._compared:
            return f"temp.{altered}"
        self._compared.add(name)
        columns = _version(BY_NAME[name])
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE current_{name} AS"
            f" SELECT m.* FROM main.{name} m SEMI JOIN temp.changed_{name} USING ({columns})"
        )
        differ = f"temp.current_{name}"
        if self.has_rows(f"temp.previous_{name}"):
            # A row that a later load adds unchanged has only another load_id.
            before, after = (f"SELECT * EXCLUDE (load_id) FROM temp.{kind}_{name}" for kind in ("previous", "current"))
            differ = f"(({before} EXCEPT ALL {after}) UNION ALL ({after} EXCEPT ALL {before}))"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {altered} AS SELECT DISTINCT {columns} FROM {differ}")
        return f"temp.{altered}"

    def has_changed(self, name: str) -> bool:
        """Return True where any row of a table differs from before."""
        return name in self.tables and self.has_rows(self.changed_keys(name))

    def has_rows(self, relation: str) -> bool:
        """Return True where a table or subquery has a row."""
        return self.con.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is not None

    def count_rows(self, relation: str) -> int:
        """Return the number of rows of a table or subquery."""
        return int(self.con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])


def _version(table: Table) -> str:
    """SQL of the columns that identify a version of a row."""
    return ", ".join(f'"{name}"' for name in ("source", *table.version_key))


def _no_version(table: Table) -> str:
    """SQL of an empty relation with the columns of `_version`."""
    kinds = {column.name: column.kind for column in (*METADATA_COLUMNS, *table.columns)}
    typed = ", ".join(f'NULL::{kinds[name].sql} AS "{name}"' for name in ("source", *table.version_key))
    return f"(SELECT {typed} WHERE false)"
