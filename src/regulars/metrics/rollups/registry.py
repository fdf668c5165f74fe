"""The levels of rollups, the table facts.rollups with those stored and those rejected as too large, and their split values.

Split values are dictionary-encoded: small integers are compact to fetch and quick to sort.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from regulars.metrics.inference.value_counts import Numbers
from regulars.metrics.rollup_level import RollupLevel
from regulars.warehouse.facts import BY_NAME
from regulars.warehouse.versions.groups import drop, writable

_MAKE = """CREATE OR REPLACE TABLE facts.rollups (table_name TEXT, level INTEGER, family TEXT, split TEXT, grain TEXT,
    bucketed BOOLEAN, columns TEXT, rows BIGINT, fact TEXT, fact_rows BIGINT, is_stored BOOLEAN)"""
_READ = """SELECT table_name, level, family, split, grain, bucketed, columns, rows, fact, fact_rows, is_stored
    FROM facts.rollups"""
GAPS = "gaps"


def reset(con: duckdb.DuckDBPyConnection) -> None:
    """Drop all stored levels except the counts of gaps, which are a fact."""
    for fact, table in sorted({(level.fact, level.table) for level in read_levels(con) if level.table != GAPS}):
        if fact in BY_NAME:
            drop(con, writable(con, BY_NAME[fact].group_name), table)
    con.execute(_MAKE)


def add_levels(con: duckdb.DuckDBPyConnection, *levels: RollupLevel) -> None:
    """Insert levels, stored or rejected."""
    if not levels:
        return
    values = [
        [level.table, level.level, level.family, level.by, level.grain, level.bucketed, ",".join(sorted(level.columns)), level.rows,
         level.fact, level.fact_rows, level.is_stored]
        for level in levels
    ]  # fmt: skip
    places = f"({', '.join('?' * len(values[0]))})"
    con.execute(
        f"INSERT INTO facts.rollups VALUES {', '.join([places] * len(values))}", [v for row in values for v in row]
    )


def next_level(con: duckdb.DuckDBPyConnection) -> int:
    """Return the next unused level number."""
    (row,) = con.execute("SELECT coalesce(max(level), 0) + 1 FROM facts.rollups").fetchall()
    return int(row[0])


def read_levels(con: duckdb.DuckDBPyConnection) -> tuple[RollupLevel, ...]:
    """Return all levels; empty where the table does not exist."""
    try:
        records = con.execute(_READ).fetchall()
    except duckdb.CatalogException:
        return ()
    return tuple(
        RollupLevel(table, level, family, by, grain, bucketed, _set(columns), rows, fact, fact_rows, is_stored)
        for table, level, family, by, grain, bucketed, columns, rows, fact, fact_rows, is_stored in records
    )  # fmt: skip


def _set(listed: str) -> frozenset[str]:
    return frozenset(filter(None, listed.split(",")))


def stored_rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of rows when the table was last written as a whole; 0 where it is not known."""
    return sum(level.rows for level in read_levels(con) if level.table == table and level.is_stored)


def rescale_rows(con: duckdb.DuckDBPyConnection, table: str, rows: int) -> None:
    """Record the number of rows of a table that was written as a whole: exact in total, in proportion by level."""
    before = max(stored_rows(con, table), 1)
    con.execute(
        "UPDATE facts.rollups SET rows = (rows * ?) // ? WHERE table_name = ? AND is_stored", [rows, before, table]
    )


_FEW = 32


def read_dictionary(con: duckdb.DuckDBPyConnection, level: RollupLevel, schema: str) -> list[str]:
    """Return the split values of a level, sorted; at least one."""
    read_from = f"{schema}.{level.table} WHERE level = {level.level} AND split IS NOT NULL"
    rows = con.execute(f"SELECT DISTINCT split FROM {read_from} ORDER BY split").fetchall()
    return [word for (word,) in rows] or [""]


def encode(column: str, known: list[str]) -> str:
    """Return SQL of the position of a column's value in the dictionary `known`."""
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in known)
    # Looked up once for each distinct value where the storage knows these; a long list had better be hashed.
    few = f"(list_position([{listed}], {column}) - 1)::UTINYINT"
    return few if len(known) <= _FEW else f"enum_code({column}::ENUM({listed}))"


def fetch_columns(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Numbers]:
    """Return the columns of a query as numpy arrays; none may hold nulls."""
    columns: Mapping[str, Any] = con.execute(sql).fetchnumpy()
    return dict(columns)
