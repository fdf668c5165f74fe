"""Dictionary encoding of split values: small integers that are compact to fetch and quick to sort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from regulars.metrics.inference.value_counts import Numbers
from regulars.metrics.rollup_level import RollupLevel

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
