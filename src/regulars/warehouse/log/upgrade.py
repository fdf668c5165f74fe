"""Bring the load history and the log of a version to what this Regulars reads."""

from __future__ import annotations

import hashlib

import duckdb

from regulars.warehouse.log.row_files import FILE_NO, ROW_NO, hide, show, show_empty, stored_columns, write_file
from regulars.warehouse.log.version_tables import CREATE_TABLES
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import TABLES

_LAYOUT = 1
"""Counts up where the views are made otherwise."""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is not there yet: the tables of loads and rejects, and the views of the log.

    A column that a table has got since an older Regulars wrote its files is empty in the older rows. Rows that an older
    Regulars kept in the version itself are written out as files.
    """
    declared = _declared()
    if _is_made(con, declared):
        return
    con.execute("BEGIN")  # else each view is written to the disk by itself
    con.execute(CREATE_TABLES)
    con.execute("ALTER TABLE main.load_files ADD COLUMN IF NOT EXISTS waiting BIGINT DEFAULT 0")
    con.execute("ALTER TABLE main.rejects ADD COLUMN IF NOT EXISTS source_order_id VARCHAR")
    con.execute("DROP TABLE IF EXISTS main.load_digests")
    stored: dict[str, set[str]] = {}
    for name, column in con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)"
        " WHERE schema_name = 'log' AND database_name = current_database()"
    ).fetchall():
        stored.setdefault(name, set()).add(column)
    for table in TABLES:
        if table.name in stored:
            _write_out(con, table, stored[table.name])
    filled = {name for (name,) in con.execute('SELECT DISTINCT "table" FROM main.log_files').fetchall()}
    show_empty(con, (table for table in TABLES if table.name not in filled))
    for table in TABLES:
        if table.name in filled:
            show(con, table)
    con.execute("DELETE FROM main.about WHERE key = 'log'")
    con.execute("INSERT INTO main.about VALUES ('log', ?)", [declared])
    con.execute("COMMIT")


def _declared() -> str:
    """Names all that the views follow from."""
    said = [(table.name, [(column.name, column.kind.sql) for column in stored_columns(table)]) for table in TABLES]
    return hashlib.sha256(repr((_LAYOUT, said)).encode()).hexdigest()[:16]


def _is_made(con: duckdb.DuckDBPyConnection, declared: str) -> bool:
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = 'about'").fetchall():
        return False
    return con.execute("SELECT value FROM main.about WHERE key = 'log'").fetchall() == [(declared,)]


def _write_out(con: duckdb.DuckDBPyConnection, table: Table, stored: set[str]) -> None:
    """Write the rows of a table of the log as one file, and drop the table."""
    old = f"log_of_older_{table.name}"
    waiting = "coalesce(waiting, false)" if "waiting" in stored else "false"
    values = ", ".join(
        f'"{column.name}"' if column.name in stored else f'NULL::{column.kind.sql} AS "{column.name}"'
        for column in stored_columns(table)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {old} AS SELECT {values}, current, {waiting} AS waiting FROM log.{table.name}"
        " ORDER BY load_id"
    )
    con.execute(f"DROP VIEW IF EXISTS main.{table.name}; DROP TABLE log.{table.name}")
    loads = [load for (load,) in con.execute(f"SELECT DISTINCT load_id FROM temp.{old} ORDER BY load_id").fetchall()]
    if file := write_file(con, table, f"temp.{old}", loads):
        hidden = f"(SELECT {file.number} AS {FILE_NO}, rowid AS {ROW_NO}, waiting FROM temp.{old} WHERE NOT current)"
        hide(con, table, hidden, waiting="waiting")
    con.execute(f"DROP TABLE temp.{old}")
