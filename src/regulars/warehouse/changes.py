"""What a write changes, noted while it does: so that only what hangs on it is derived again."""

from __future__ import annotations

import duckdb

from regulars.warehouse.schema import HOUSEKEEPING, Table
from regulars.warehouse.tables import BY_NAME

FEW = 10_000
"""So many changed rows of a table are always worth deriving by difference;"""
MOST = 0.2
"""of more, at most this share of the table: beyond it everything is derived as quickly."""
HISTORIES_BEFORE, HISTORIES_NOW = "histories_before", "histories_now"
"""Temporary tables of a write: all orders of the customers concerned, as they were and as they are. Most are alike."""


class NotEnough(Exception):
    """What changed concerns more than some rows: everything must be derived anew. Says why."""


class Changes:
    """The rows of each table that a write touches, by version key, and how they were before it.

    Temporary tables `changed_<table>` hold the version keys, `previous_<table>` the rows that were current. Once `everything`
    was said, nothing more is noted.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, why: str = "") -> None:
        self.con = con
        self.why = why
        """Why everything must be derived; empty where the changes are enough."""
        self.many = False
        """Whether it is only for their number: nothing that a shop need be told."""
        self.tables: set[str] = set()
        self.linked: set[str] = set()
        """Identities that the shop joined or split."""
        self._altered: set[str] = set()

    def everything(self, why: str) -> None:
        """Say that what changed is no matter of some rows."""
        self.why = self.why or why

    def too_many(self, what: str) -> str:
        """Say that so much changed that deriving everything is as quick. Returns what was said."""
        self.many = True
        self.everything(what)
        return what

    def rows(self, table: Table, keys: str, current: str = "") -> None:
        """Note that the rows with these version keys (a relation; each key once) are about to change.

        `current` is a relation with the rows that are current among them, where the caller has one.
        """
        if self.why:
            return
        names = _version(table)
        changed, previous = f"temp.changed_{table.name}", f"temp.previous_{table.name}"
        if table.name not in self.tables:
            self.tables.add(table.name)
            self.con.execute(
                f"CREATE TEMP TABLE changed_{table.name} AS SELECT {names} FROM main.{table.name} LIMIT 0;"
                f"CREATE TEMP TABLE previous_{table.name} AS FROM main.{table.name} LIMIT 0"
            )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE changing AS SELECT {names} FROM {keys} ANTI JOIN {changed} USING ({names})"
        )
        many = self.count("temp.changing")
        if many > max(FEW, MOST * self.count(f"main.{table.name}")):
            self.too_many(f"{many:,} rows of {table.name} changed")
            return
        self.con.execute(
            f"INSERT INTO {previous} SELECT m.* FROM {current or f'main.{table.name}'} m SEMI JOIN temp.changing USING ({names})"
        )
        self.con.execute(f"INSERT INTO {changed} FROM temp.changing")

    def altered(self, name: str) -> str:
        """The version keys of a table whose rows really differ now, as a relation: an empty one where nothing touched any."""
        if name not in self.tables:
            return _no_version(BY_NAME[name])
        altered = f"altered_{name}"
        if name in self._altered:
            return f"temp.{altered}"
        self._altered.add(name)
        names = _version(BY_NAME[name])
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE current_{name} AS"
            f" SELECT m.* FROM main.{name} m SEMI JOIN temp.changed_{name} USING ({names})"
        )
        differ = f"temp.current_{name}"
        if self.any(f"temp.previous_{name}"):
            # A row that a later load brought again unchanged is the same row.
            before, after = (f"SELECT * EXCLUDE (load_id) FROM temp.{kind}_{name}" for kind in ("previous", "current"))
            differ = f"(({before} EXCEPT ALL {after}) UNION ALL ({after} EXCEPT ALL {before}))"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {altered} AS SELECT DISTINCT {names} FROM {differ}")
        return f"temp.{altered}"

    def differs(self, name: str) -> bool:
        """Whether any row of a table really differs now."""
        return name in self.tables and self.any(self.altered(name))

    def any(self, relation: str) -> bool:
        """Whether a table or subquery has a row."""
        return self.con.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is not None

    def count(self, relation: str) -> int:
        """How many rows a table or subquery has."""
        return int(self.con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])


def _version(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in ("source", *table.version_key))


def _no_version(table: Table) -> str:
    kinds = {column.name: column.kind for column in (*HOUSEKEEPING, *table.columns)}
    typed = ", ".join(f'NULL::{kinds[name].sql} AS "{name}"' for name in ("source", *table.version_key))
    return f"(SELECT {typed} WHERE false)"
