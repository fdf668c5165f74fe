"""The table facts.rollups: which levels are stored, and which would not have been small."""

from __future__ import annotations

import duckdb

from regulars.metrics.rollup_level import RollupLevel
from regulars.warehouse.facts import BY_NAME
from regulars.warehouse.versions.groups import drop, writable

_MAKE = """CREATE OR REPLACE TABLE facts.rollups (table_name TEXT, level INTEGER, family TEXT, split TEXT, grain TEXT,
    bucketed BOOLEAN, columns TEXT, rows BIGINT, fact TEXT, fact_rows BIGINT, is_stored BOOLEAN)"""
_READ = """SELECT table_name, level, family, split, grain, bucketed, columns, rows, fact, fact_rows, is_stored
    FROM facts.rollups"""
GAPS = "gaps"


def reset(con: duckdb.DuckDBPyConnection) -> None:
    """Forget what was stored, but for the counts of gaps, which are a fact of their own."""
    for fact, table in sorted({(level.fact, level.table) for level in read_levels(con) if level.table != GAPS}):
        if fact in BY_NAME:
            drop(con, writable(con, BY_NAME[fact].group_name), table)
    con.execute(_MAKE)


def add_levels(con: duckdb.DuckDBPyConnection, *levels: RollupLevel) -> None:
    """Say of levels that they are kept, or are not."""
    if not levels:
        return
    values = [
        [one.table, one.level, one.family, one.by, one.grain, one.bucketed, ",".join(sorted(one.columns)), one.rows,
         one.fact, one.fact_rows, one.is_stored]
        for one in levels
    ]  # fmt: skip
    places = f"({', '.join('?' * len(values[0]))})"
    con.execute(
        f"INSERT INTO facts.rollups VALUES {', '.join([places] * len(values))}", [v for row in values for v in row]
    )


def next_level(con: duckdb.DuckDBPyConnection) -> int:
    """A number no level has yet."""
    (found,) = con.execute("SELECT coalesce(max(level), 0) + 1 FROM facts.rollups").fetchall()
    return int(found[0])


def read_levels(con: duckdb.DuckDBPyConnection) -> tuple[RollupLevel, ...]:
    """What facts.rollups says; nothing where there is none."""
    try:
        found = con.execute(_READ).fetchall()
    except duckdb.CatalogException:
        return ()
    return tuple(
        RollupLevel(table, level, family, by, grain, bucketed, _set(columns), rows, fact, fact_rows, is_stored)
        for table, level, family, by, grain, bucketed, columns, rows, fact, fact_rows, is_stored in found
    )  # fmt: skip


def _set(listed: str) -> frozenset[str]:
    return frozenset(filter(None, listed.split(",")))


def stored_rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows the table had when it was last written as a whole; 0 where it is not known."""
    return sum(one.rows for one in read_levels(con) if one.table == table and one.is_stored)


def rescale_rows(con: duckdb.DuckDBPyConnection, table: str, rows: int) -> None:
    """Note the rows of a table that was written as a whole: exactly in sum, and by level in proportion."""
    before = max(stored_rows(con, table), 1)
    con.execute(
        "UPDATE facts.rollups SET rows = (rows * ?) // ? WHERE table_name = ? AND is_stored", [rows, before, table]
    )
