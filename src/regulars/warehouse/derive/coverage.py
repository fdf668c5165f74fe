"""The local days that each table covers: from its first row to the last day of its loads, or the last day declared for
them.
"""

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
"""Tables that cover the same days as another one, if they have rows: without order lines, units sold are unknown, not 0.
"""
_ENDS = (
    ("first", "min", " FILTER (current)"), ("last", "max", " FILTER (current)"), ("begins", "min", ""), ("ends", "max", ""),
)  # fmt: skip
_DATED = tuple(table for table in TABLES if table.day is not None)
_LOADED = "facts.loaded_days"
_BROUGHT = f"""
    SELECT table_name, source, load_id FROM {_LOADED} WHERE first_day IS NOT NULL
    UNION SELECT t."table", t.source, t.load_id FROM main.load_tables t JOIN main.loads l USING (load_id)
    WHERE l.undone_at IS NULL AND {not_replaced("t")}"""
"""SQL of the loads of each table and source, those included whose rows were all replaced by later loads."""


def write_coverage(con: duckdb.DuckDBPyConnection, settings: Settings, changed: Collection[str] | None = None) -> None:
    """Write facts.coverage(table_name, first_day, last_day), in epoch days.

    Args:
        con: a connection to the version being written.
        settings: the shop's settings.
        changed: the tables whose rows changed since the last call; None for all. The stored days of the others are
            kept.
    """
    _write_loaded_days(con, settings, changed)
    parts = [
        f"SELECT table_name, first_day, last_day FROM {_LOADED}",
        # Tables of one load cover the same days: no refund since Tuesday is not a gap in the data.
        *(
            f"SELECT '{table.name}', o.begins, o.ends FROM {_LOADED} o WHERE o.table_name = '{table.covered_with}'"
            f" AND o.load_id IN (SELECT load_id FROM brought WHERE table_name = '{table.name}')"
            f" AND EXISTS (FROM {_LOADED} WHERE table_name = '{table.name}')"
            for table in _DATED
            if table.covered_with
        ),
    ]
    same_days = "".join(
        f" UNION ALL SELECT '{name}', first_day, last_day FROM covered WHERE table_name = '{table_name}' AND EXISTS ({rows})"
        for name, table_name, rows in _COVERED_WITH
    )
    # A table covers the days up to the latest day of any table in its loads of the same source, and up to the days declared by
    # `--covers-until`, even where its rows were replaced one by one, until a `--replace`.
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
        FROM covered{same_days}"""
    )


def _write_loaded_days(con: duckdb.DuckDBPyConnection, settings: Settings, changed: Collection[str] | None) -> None:
    """Write facts.loaded_days by table, source and load.

    `first_day` and `last_day` are of the current rows, null where later loads replaced all of them; `begins` and
    `ends` are of all rows of the load.
    """
    tables = [table for table in _DATED if changed is None or table.name in changed]
    if changed is None:
        con.execute(
            f"CREATE OR REPLACE TABLE {_LOADED} (table_name TEXT, source TEXT, load_id BIGINT, first_day INTEGER, last_day INTEGER,"
            " begins INTEGER, ends INTEGER)"
        )
    elif tables:
        names = ", ".join(f"'{table.name}'" for table in tables)
        con.execute(f"DELETE FROM {_LOADED} WHERE table_name IN ({names})")
    filled = tables_with_rows(con)
    tables = [table for table in tables if table.name in filled]
    if tables:
        rows = " UNION ALL ".join(map(_days, tables))
        con.execute(
            f"INSERT INTO {_LOADED} SELECT table_name, source, load_id, min(first), max(last), min(begins), max(ends)"
            f" FROM ({rows}) GROUP BY ALL",
            {"zone": settings.timezone} if "$zone" in rows else {},
        )


def _days(table: Table) -> str:
    """SQL of the epoch days of the first and last row by source, load and zone."""
    assert table.day is not None
    days = {}
    for name, aggregate, condition in _ENDS:
        day = f'{aggregate}("{table.day}"){condition}'
        if table.column(table.day).kind is Kind.INSTANT:
            day = f"timezone(coalesce(zone, $zone), timezone('UTC', {day}))::DATE"
        days[name] = f"date_diff('day', DATE '1970-01-01', {day}) AS {name}"
    return (
        f"SELECT '{table.name}' AS table_name, source, load_id, {', '.join(days.values())}"
        f" FROM log.{table.name} WHERE NOT waiting GROUP BY source, load_id, zone"
    )
