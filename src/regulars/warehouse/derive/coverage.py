"""Which local days each table covers: those of which it has rows, or was said to."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.schema import Kind, Table
from regulars.warehouse.tables import BY_NAME, TABLES

_COVERED_WITH = (
    ("order_lines", "orders", "FROM facts.lines"),
    ("linked_returns", "returns", "FROM facts.returns WHERE linked"),
)
"""What covers the same days as a table, if there is any of it: without lines, units sold are unknown, not 0."""
_MARGIN = "INTERVAL 2 DAY"
"""Local days can differ by so much from those of UTC, and in order from the instants."""


def write_coverage(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """facts.coverage(table_name, first_day, last_day), in epoch days."""
    con.execute("CREATE OR REPLACE TABLE facts.coverage (table_name TEXT, first_day INTEGER, last_day INTEGER)")
    for table in TABLES:
        if table.day is None:
            continue
        days = _days(con, table)
        if table.covered_with:
            # What came in one load tells of the same days: no refund since Tuesday is not a gap in the data.
            loads = f"WHERE load_id IN (SELECT DISTINCT load_id FROM main.{table.name})"
            days += f" UNION ALL {_days(con, BY_NAME[table.covered_with], loads)}"
        con.execute(
            f"INSERT INTO facts.coverage SELECT '{table.name}', min(day), max(day) FROM ({days}) HAVING count(day) > 0",
            {"zone": settings.timezone} if "$zone" in days else {},
        )
    for name, table_name, rows in _COVERED_WITH:
        con.execute(
            f"INSERT INTO facts.coverage SELECT '{name}', first_day, last_day FROM facts.coverage"
            f" WHERE table_name = '{table_name}' AND EXISTS ({rows})"
        )
    con.execute(
        "UPDATE facts.coverage SET last_day = greatest(last_day, told.day) FROM (SELECT date_diff('day',"
        " DATE '1970-01-01', max(covers_until)) AS day FROM main.loads WHERE undone_at IS NULL) told WHERE told.day IS NOT NULL"
    )


def _days(con: duckdb.DuckDBPyConnection, table: Table, where: str = "") -> str:
    """SQL of the epoch days of a table's first and last rows: all others lie between."""
    rows = f"(FROM main.{table.name} {where})"
    column = f'"{table.day}"'
    if table.column(str(table.day)).kind is not Kind.INSTANT:
        return f"SELECT date_diff('day', DATE '1970-01-01', {column}) AS day FROM {rows}"
    # Said as constants, the ends let most of the table be passed over.
    ends = con.execute(f"SELECT min({column})::TEXT, max({column})::TEXT FROM {rows}").fetchall()
    first, last = (f"TIMESTAMP '{end}'" if end else "NULL::TIMESTAMP" for end in ends[0])
    local = f"timezone(coalesce(zone, $zone), timezone('UTC', {column}))::DATE"
    return (
        f"SELECT date_diff('day', DATE '1970-01-01', {local}) AS day FROM {rows}"
        f" WHERE {column} <= {first} + {_MARGIN} OR {column} >= {last} - {_MARGIN}"
    )
