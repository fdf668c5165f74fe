"""Shops as an older Regulars left them: it kept the log's rows in tables of the version itself."""

from __future__ import annotations

import duckdb


def keep_rows_inside(con: duckdb.DuckDBPyConnection, without: tuple[str, ...] = ()) -> None:
    """Turn the log into tables of the version, as they were before there were files; `without` some columns."""
    for (table,) in con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'log'").fetchall():
        con.execute(f"CREATE TABLE main.kept AS SELECT * EXCLUDE (file_no, row_no) FROM log.{table}")
        for column in without:
            con.execute(f"ALTER TABLE main.kept DROP COLUMN IF EXISTS {column}")
        con.execute(f"DROP VIEW log.{table}; CREATE TABLE log.{table} AS FROM main.kept; DROP TABLE main.kept")
        columns = "COLUMNS(c -> c NOT IN ('current', 'waiting'))"
        con.execute(f"CREATE OR REPLACE VIEW main.{table} AS SELECT {columns} FROM log.{table} WHERE current")
    con.execute("DROP TABLE main.log_files; DROP TABLE main.log_hidden; DELETE FROM main.about WHERE key = 'log'")
    con.execute(
        'CREATE TABLE main.load_digests (load_id INTEGER, "table" VARCHAR, rows BIGINT, digest UBIGINT, duckdb VARCHAR)'
    )
