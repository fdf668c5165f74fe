"""Which rows of the log are current."""

from __future__ import annotations

import duckdb

from regulars.warehouse.log.row_files import FILE_NO, ROW_NO, equal, hide, names_in, unhide
from regulars.warehouse.schema import Table


def decide(con: duckdb.DuckDBPyConnection, table: Table, rows: str) -> None:
    """Decide anew who is current among rows of the log, and list the others as hidden.

    `rows` is a relation like `log.<table>` that holds every row of each version key in it; `show` must follow.
    """
    version, decided = ["source", *table.version_key], f"merge_decided_{table.name}"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {decided} AS
        WITH replaced AS (
            SELECT t.source, max(t.load_id) AS since FROM main.load_tables t JOIN main.loads l USING (load_id)
            WHERE l.replaced AND l.undone_at IS NULL AND t."table" = '{table.name}' GROUP BY t.source),
        rows AS (SELECT {names_in(version)}, load_id, updated_at, {FILE_NO}, {ROW_NO}, current, waiting FROM {rows}),
        candidates AS (
            SELECT {names_in(version, "r")}, r.load_id, max(r.updated_at) AS newest
            FROM rows r LEFT JOIN replaced p ON p.source = r.source
            WHERE r.load_id >= coalesce(p.since, 0) AND NOT r.waiting GROUP BY ALL),
        ranked AS (SELECT *, max(newest) OVER (PARTITION BY {names_in(version)}) AS known FROM candidates),
        won AS (
            SELECT * FROM ranked QUALIFY row_number() OVER
                (PARTITION BY {names_in(version)} ORDER BY coalesce(newest, known) DESC NULLS LAST, load_id DESC) = 1)
        SELECT r.{FILE_NO}, r.{ROW_NO}, r.current, coalesce(r.load_id = w.load_id, false) AS wins
        FROM rows r LEFT JOIN won w ON {equal(version, "r", "w")}
        WHERE NOT r.waiting AND r.current <> coalesce(r.load_id = w.load_id, false)"""
    )
    unhide(con, table, f"(FROM temp.{decided} WHERE wins)")
    hide(con, table, f"(FROM temp.{decided} WHERE NOT wins)")
    con.execute(f"DROP TABLE temp.{decided}")
