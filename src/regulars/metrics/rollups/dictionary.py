"""Split values as numbers: what the database hands over is narrow, and quick to sort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from regulars.metrics.inference.value_counts import Numbers
from regulars.metrics.rollup_level import RollupLevel

_FEW = 32


def read_dictionary(con: duckdb.DuckDBPyConnection, level: RollupLevel, schema: str) -> list[str]:
    """The split values that a level has, in their order; at least one."""
    read_from = f"{schema}.{level.table} WHERE level = {level.level} AND split IS NOT NULL"
    found = con.execute(f"SELECT DISTINCT split FROM {read_from} ORDER BY split").fetchall()
    return [word for (word,) in found] or [""]


def encode(column: str, known: list[str]) -> str:
    """SQL of the place among the known words of what stands in the column."""
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in known)
    # Looked up once for each distinct value where the storage knows these; a long list had better be hashed.
    few = f"(list_position([{listed}], {column}) - 1)::UTINYINT"
    return few if len(known) <= _FEW else f"enum_code({column}::ENUM({listed}))"


def fetch_columns(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Numbers]:
    """The columns that a query finds, which hold no nulls."""
    found: Mapping[str, Any] = con.execute(sql).fetchnumpy()
    return dict(found)
