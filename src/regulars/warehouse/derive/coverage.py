"""Which local days each table covers: from its first row to the end of what its loads brought, or were said to cover."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.covers_until import DECLARED_COVERAGE, not_replaced
from regulars.warehouse.facts.orders.lines import NO_LINE
from regulars.warehouse.log import tables_with_rows
from regulars.warehouse.schema import Kind, Table
from regulars.warehouse.tables import TABLES

_COVERED_WITH = (
    ("order_lines", "orders", f"FROM facts.lines WHERE line_id <> '{NO_LINE}'"),
    ("linked_returns", "returns", "FROM facts.returns WHERE linked"),
)
"""What covers the same days as a table, if there is any of it: without lines, units sold are unknown, not 0."""
_ENDS = (
    ("first", "min", " FILTER (current)"), ("last", "max", " FILTER (current)"), ("begins", "min", ""), ("ends", "max", ""),
)  # fmt: skip
_DATED = tuple(table for table in TABLES if table.day is not None)
_LOADED = "facts.loaded_days"
_BROUGHT = f"""
    SELECT table_name, source, load_id FROM {_LOADED} WHERE first_day IS NOT NULL
    UNION SELECT t."table", t.source, t.load_id FROM main.load_tables t JOIN main.loads l USING (load_id)
    WHERE l.undone_at IS NULL AND {not_replaced("t")}"""
"""SQL of which loads brought each table of a source, those included whose rows later loads brought again."""


def write_coverage(con: duckdb.DuckDBPyConnection, settings: Settings, changed: Collection[str] | None = None) -> None:
    """facts.coverage(table_name, first_day, last_day), in epoch days.

    changed: the tables whose rows are not those of the last time; None for all. The days of the others are known.
    """
    _write_loaded_days(con, settings, changed)
    parts = [
        f"SELECT table_name, first_day, last_day FROM {_LOADED}",
        # What came in one load tells of the same days: no refund since Tuesday is not a gap in the data.
        *(
            f"SELECT '{table.name}', o.begins, o.ends FROM {_LOADED} o WHERE o.table_name = '{table.covered_with}'"
            f" AND o.load_id IN (SELECT load_id FROM brought WHERE table_name = '{table.name}')"
            f" AND EXISTS (FROM {_LOADED} WHERE table_name = '{table.name}')"
            for table in _DATED
            if table.covered_with
        ),
    ]
    alike = "".join(
        f" UNION ALL SELECT '{name}', first_day, last_day FROM covered WHERE table_name = '{table_name}' AND EXISTS ({rows})"
        for name, table_name, rows in _COVERED_WITH
    )
    # Each table reaches to the latest day of any table in the loads of the same source that brought it. A load also reaches to
    # the day that `--covers-until` gave, whatever became of its rows, until a `--replace`.
    con.execute(
        f"""CREATE OR REPLACE TABLE facts.coverage AS
        WITH brought AS MATERIALIZED ({_BROUGHT}),
        own AS (
            SELECT table_name, min(first_day) AS first_day, max(last_day) AS last_day FROM ({" UNION ALL ".join(parts)})
            GROUP BY table_name HAVING min(first_day) IS NOT NULL),
        reached AS (
            SELECT b.table_name, max(o.ends) AS day FROM brought b JOIN {_LOADED} o USING (source, load_id) GROUP BY b.table_name),
        declared AS (SELECT table_name, date_diff('day', DATE '1970-01-01', day) AS day FROM ({DECLARED_COVERAGE})),
        covered AS MATERIALIZED (
            SELECT table_name, first_day::INTEGER AS first_day, greatest(last_day, reached.day, declared.day)::INTEGER AS last_day
            FROM own LEFT JOIN reached USING (table_name) LEFT JOIN declared USING (table_name))
        FROM covered{alike}"""
    )


def _write_loaded_days(con: duckdb.DuckDBPyConnection, settings: Settings, changed: Collection[str] | None) -> None:
    """facts.loaded_days, by table, source and load: the first and last day of the rows that count (null where later loads
    brought them all again), and in begins and ends those of all that the load brought.
    """
    asked = [table for table in _DATED if changed is None or table.name in changed]
    if changed is None:
        con.execute(
            f"CREATE OR REPLACE TABLE {_LOADED} (table_name TEXT, source TEXT, load_id BIGINT, first_day INTEGER, last_day INTEGER,"
            " begins INTEGER, ends INTEGER)"
        )
    elif asked:
        names = ", ".join(f"'{table.name}'" for table in asked)
        con.execute(f"DELETE FROM {_LOADED} WHERE table_name IN ({names})")
    known = tables_with_rows(con)
    asked = [table for table in asked if table.name in known]
    if asked:
        rows = " UNION ALL ".join(map(_days, asked))
        con.execute(
            f"INSERT INTO {_LOADED} SELECT table_name, source, load_id, min(first), max(last), min(begins), max(ends)"
            f" FROM ({rows}) GROUP BY ALL",
            {"zone": settings.timezone} if "$zone" in rows else {},
        )


def _days(table: Table) -> str:
    """SQL of the epoch days of the first and last rows by source, load and zone: all others lie between."""
    assert table.day is not None
    days = {}
    for name, end, rows in _ENDS:
        day = f'{end}("{table.day}"){rows}'
        if table.column(table.day).kind is Kind.INSTANT:
            day = f"timezone(coalesce(zone, $zone), timezone('UTC', {day}))::DATE"
        days[name] = f"date_diff('day', DATE '1970-01-01', {day}) AS {name}"
    return (
        f"SELECT '{table.name}' AS table_name, source, load_id, {', '.join(days.values())}"
        f" FROM log.{table.name} WHERE NOT waiting GROUP BY source, load_id, zone"
    )
