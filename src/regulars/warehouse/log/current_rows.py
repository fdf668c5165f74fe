"""The rule for the current rows of the log."""

from __future__ import annotations

import duckdb

from regulars.warehouse.log.data_files import FILE_NO, ROW_NO, column_list, columns_equal, hide, unhide
from regulars.warehouse.schema import Table


def update_current_rows(con: duckdb.DuckDBPyConnection, table: Table, rows: str) -> None:
    """Apply the rule to rows of the log, and update main.log_hidden. The caller calls `create_views` afterwards.

    Args:
        con: a connection to the version being written.
        table: the table.
        rows: a relation like `log.<table>` with all rows of each of its version keys.
    """
    version, decided = ["source", *table.version_key], f"merge_decided_{table.name}"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {decided} AS
        WITH replaced AS (
            SELECT t.source, max(t.load_id) AS since FROM main.load_tables t JOIN main.loads l USING (load_id)
            WHERE l.replaced AND l.undone_at IS NULL AND t."table" = '{table.name}' GROUP BY t.source),
        rows AS (SELECT {column_list(version)}, load_id, updated_at, {FILE_NO}, {ROW_NO}, current, waiting FROM {rows}),
        candidates AS (
            SELECT {column_list(version, "r")}, r.load_id, max(r.updated_at) AS newest
            FROM rows r LEFT JOIN replaced p ON p.source = r.source
            WHERE r.load_id >= coalesce(p.since, 0) AND NOT r.waiting GROUP BY ALL),
        ranked AS (SELECT *, max(newest) OVER (PARTITION BY {column_list(version)}) AS known FROM candidates),
        won AS (
            SELECT * FROM ranked QUALIFY row_number() OVER
                (PARTITION BY {column_list(version)} ORDER BY coalesce(newest, known) DESC NULLS LAST, load_id DESC) = 1)
        SELECT r.{FILE_NO}, r.{ROW_NO}, r.current, coalesce(r.load_id = w.load_id, false) AS wins
        FROM rows r LEFT JOIN won w ON {columns_equal(version, "r", "w")}
        WHERE NOT r.waiting AND r.current <> coalesce(r.load_id = w.load_id, false)"""
    )
    unhide(con, table, f"(FROM temp.{decided} WHERE wins)")
    hide(con, table, f"(FROM temp.{decided} WHERE NOT wins)")
    con.execute(f"DROP TABLE temp.{decided}")
