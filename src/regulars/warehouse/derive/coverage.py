"""Which local days each table covers: from its first row to the end of what its loads brought, or were said to cover."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.covers_until import DECLARED_COVERAGE
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
        if table.day is None or not _has_rows(con, table):
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
    _extend(con, settings)
    for name, table_name, rows in _COVERED_WITH:
        con.execute(
            f"INSERT INTO facts.coverage SELECT '{name}', first_day, last_day FROM facts.coverage"
            f" WHERE table_name = '{table_name}' AND EXISTS ({rows})"
        )


def _extend(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Let each table reach to the latest day of any table in the loads of the same source that brought it.

    A load also reaches to the day that `--covers-until` gave, whatever became of its rows, until a `--replace`.
    """
    parts = []
    for (name,) in con.execute("SELECT table_name FROM facts.coverage").fetchall():
        table = BY_NAME[name]
        latest, day = f'max("{table.day}")', "latest"
        if table.column(str(table.day)).kind is Kind.INSTANT:
            day = "timezone(coalesce(zone, $zone), timezone('UTC', latest))::DATE"
        parts.append(
            f"SELECT '{table.name}' AS table_name, source, load_id, max({day}) AS day FROM (SELECT source, load_id, zone,"
            f" {latest} AS latest FROM main.{table.name} GROUP BY ALL) GROUP BY ALL"
        )
    if not parts:
        return
    ends = " UNION ALL ".join(parts)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE load_ends AS {ends}", {"zone": settings.timezone} if "$zone" in ends else {}
    )
    con.execute(
        "UPDATE facts.coverage AS c SET last_day = greatest(c.last_day, e.day) FROM (SELECT brought.table_name,"
        " max(date_diff('day', DATE '1970-01-01', other.day)) AS day"
        " FROM temp.load_ends brought JOIN temp.load_ends other USING (source, load_id)"
        " GROUP BY brought.table_name) e WHERE e.table_name = c.table_name AND e.day IS NOT NULL"
    )
    con.execute(
        "UPDATE facts.coverage AS c SET last_day = greatest(c.last_day, date_diff('day', DATE '1970-01-01', declared.day))"
        f" FROM ({DECLARED_COVERAGE}) declared WHERE declared.table_name = c.table_name"
    )
    con.execute("DROP TABLE temp.load_ends")


def _has_rows(con: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether there is anything to ask: most shops use few of the tables."""
    return bool(con.execute(f"SELECT 1 FROM main.{table.name} LIMIT 1").fetchall())


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
