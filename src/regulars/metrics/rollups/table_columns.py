"""The columns of a derived table, from DuckDB, and an Ibis table with these columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import duckdb

from regulars.warehouse.lazy_imports import ibis, ibis_types

if TYPE_CHECKING:
    import ibis.expr.types as ir

TableColumns: TypeAlias = tuple[tuple[str, str], ...]
"""Names and DuckDB types."""


def table_columns(con: duckdb.DuckDBPyConnection, table: str) -> TableColumns:
    """Return the columns of a derived table. Does not import Ibis, which compiled statements do not need."""
    return tuple((name, kind) for name, kind, *_ in con.execute(f"DESCRIBE facts.{table}").fetchall())


def ibis_table(columns: TableColumns, name: str) -> ir.Table:
    """Return an Ibis table with these columns."""
    return ibis.table({column: ibis_types.DuckDBType.from_string(kind) for column, kind in columns}, name=name)
