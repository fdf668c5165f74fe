"""Upgrade of the load history and the log of versions of older releases."""

from __future__ import annotations

import hashlib

import duckdb

from regulars.warehouse.log.data_files import (
    FILE_NO,
    ROW_NO,
    create_empty_views,
    create_views,
    hide,
    stored_columns,
    write_file,
)
from regulars.warehouse.log.metadata_tables import CREATE_TABLES
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import TABLES

_LAYOUT = 1
"""Incremented with each change of the views."""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create missing tables of the load history and the views of the log, and upgrade those of an older release.

    A column that a table has gained is null in older rows. Rows that an older release stored in the version itself
    are moved to files.
    """
    layout = _layout_digest()
    if _is_current(con, layout):
        return
    con.execute("BEGIN")  # without it, each view is committed to disk separately
    con.execute(CREATE_TABLES)
    con.execute("ALTER TABLE main.load_files ADD COLUMN IF NOT EXISTS waiting BIGINT DEFAULT 0")
    con.execute("ALTER TABLE main.rejects ADD COLUMN IF NOT EXISTS source_order_id VARCHAR")
    con.execute("DROP TABLE IF EXISTS main.load_digests")
    stored_columns_of: dict[str, set[str]] = {}
    for name, column in con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)"
        " WHERE schema_name = 'log' AND database_name = current_database()"
    ).fetchall():
        stored_columns_of.setdefault(name, set()).add(column)
    for table in TABLES:
        if table.name in stored_columns_of:
            _move_to_file(con, table, stored_columns_of[table.name])
    tables_with_files = {name for (name,) in con.execute('SELECT DISTINCT "table" FROM main.log_files').fetchall()}
    create_empty_views(con, (table for table in TABLES if table.name not in tables_with_files))
    for table in TABLES:
        if table.name in tables_with_files:
            create_views(con, table)
    con.execute("DELETE FROM main.about WHERE key = 'log'")
    con.execute("INSERT INTO main.about VALUES ('log', ?)", [layout])
    con.execute("COMMIT")


def _layout_digest() -> str:
    """Return the digest of everything that the views depend on."""
    columns = [(table.name, [(column.name, column.kind.sql) for column in stored_columns(table)]) for table in TABLES]
    return hashlib.sha256(repr((_LAYOUT, columns)).encode()).hexdigest()[:16]


def _is_current(con: duckdb.DuckDBPyConnection, layout: str) -> bool:
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = 'about'").fetchall():
        return False
    return con.execute("SELECT value FROM main.about WHERE key = 'log'").fetchall() == [(layout,)]


def _move_to_file(con: duckdb.DuckDBPyConnection, table: Table, stored: set[str]) -> None:
    """Write the rows of a table of the log as one file, and drop the table."""
    old_rows = f"log_of_older_{table.name}"
    waiting = "coalesce(waiting, false)" if "waiting" in stored else "false"
    values = ", ".join(
        f'"{column.name}"' if column.name in stored else f'NULL::{column.kind.sql} AS "{column.name}"'
        for column in stored_columns(table)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {old_rows} AS SELECT {values}, current, {waiting} AS waiting FROM log.{table.name}"
        " ORDER BY load_id"
    )
    con.execute(f"DROP VIEW IF EXISTS main.{table.name}; DROP TABLE log.{table.name}")
    load_ids = [
        load for (load,) in con.execute(f"SELECT DISTINCT load_id FROM temp.{old_rows} ORDER BY load_id").fetchall()
    ]
    if file := write_file(con, table, f"temp.{old_rows}", load_ids):
        hidden = (
            f"(SELECT {file.number} AS {FILE_NO}, rowid AS {ROW_NO}, waiting FROM temp.{old_rows} WHERE NOT current)"
        )
        hide(con, table, hidden, waiting="waiting")
    con.execute(f"DROP TABLE temp.{old_rows}")
