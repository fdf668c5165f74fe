"""The tables in which a version lists its loads, their rejected and waiting rows, and the files of its log."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from regulars.warehouse.schema import Table

CREATE_TABLES = """
CREATE SCHEMA IF NOT EXISTS log;
CREATE TABLE IF NOT EXISTS main.loads (load_id INTEGER PRIMARY KEY, "at" TIMESTAMP NOT NULL, command VARCHAR NOT NULL,
    source VARCHAR NOT NULL, replaced BOOLEAN NOT NULL, covers_until DATE, undone_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS main.load_files (load_id INTEGER NOT NULL, file_no INTEGER NOT NULL, name VARCHAR NOT NULL,
    source VARCHAR NOT NULL, digest VARCHAR NOT NULL, bytes BIGINT NOT NULL, read BIGINT NOT NULL, used BIGINT NOT NULL,
    skipped BIGINT NOT NULL, rejected BIGINT NOT NULL, columns VARCHAR[] NOT NULL, waiting BIGINT DEFAULT 0);
CREATE TABLE IF NOT EXISTS main.load_tables (load_id INTEGER NOT NULL, source VARCHAR NOT NULL, "table" VARCHAR NOT NULL,
    inserted BIGINT NOT NULL, updated BIGINT NOT NULL, unchanged BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS main.rejects (load_id INTEGER NOT NULL, file VARCHAR NOT NULL, line BIGINT NOT NULL,
    source VARCHAR NOT NULL, unit VARCHAR, reasons VARCHAR[] NOT NULL, raw VARCHAR NOT NULL, source_order_id VARCHAR);
CREATE TABLE IF NOT EXISTS main.waiting (load_id INTEGER NOT NULL, file VARCHAR NOT NULL, source VARCHAR NOT NULL,
    order_id VARCHAR NOT NULL, line BIGINT NOT NULL, rows BIGINT NOT NULL, reason VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS main.about (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS main.log_files (file_no INTEGER NOT NULL, "table" VARCHAR NOT NULL, name VARCHAR NOT NULL,
    loads INTEGER[] NOT NULL, columns VARCHAR[] NOT NULL, rows BIGINT NOT NULL, bytes BIGINT NOT NULL, digest VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS main.log_hidden ("table" VARCHAR NOT NULL, file_no INTEGER NOT NULL, row_no BIGINT NOT NULL,
    waiting BOOLEAN NOT NULL);
"""


@dataclass(frozen=True)
class TableCount:
    """Numbers of inserted, updated and unchanged rows of a table in a load."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: TableCount) -> TableCount:
        return TableCount(
            self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged
        )


def is_complete(con: duckdb.DuckDBPyConnection) -> bool:
    """Return True where the load history has all columns of this release, so that `ensure` changes nothing."""
    added = ["load_files.waiting", "waiting.load_id", "rejects.source_order_id", "log_files.file_no"]
    columns = (
        "SELECT count(*) FROM duckdb_columns() WHERE schema_name = 'main' AND table_name || '.' || column_name"
        " IN (SELECT unnest(?))"
    )
    return bool(con.execute(columns, [added]).fetchall()[0][0] == len(added))


def add_counts(
    con: duckdb.DuckDBPyConnection, table: Table, load_id: int, source: str, count: TableCount = TableCount()
) -> None:
    """Add counts to a load's row of the table in `main.load_tables`; without any, only list the table."""
    key = [load_id, source, table.name]
    condition = 'load_id = ? AND source = ? AND "table" = ?'
    for inserted, updated, unchanged in con.execute(
        f"SELECT inserted, updated, unchanged FROM main.load_tables WHERE {condition}", key
    ).fetchall():
        count += TableCount(inserted, updated, unchanged)
    con.execute(f"DELETE FROM main.load_tables WHERE {condition}", key)
    con.execute(
        "INSERT INTO main.load_tables VALUES (?, ?, ?, ?, ?, ?)",
        [*key, count.inserted, count.updated, count.unchanged],
    )
