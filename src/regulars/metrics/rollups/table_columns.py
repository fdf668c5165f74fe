"""The columns of a derived table, as DuckDB says them, and the Ibis table that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import duckdb

from regulars.warehouse.lazy_imports import ibis, ibis_types

if TYPE_CHECKING:
    import ibis.expr.types as ir

TableColumns: TypeAlias = tuple[tuple[str, str], ...]
"""Names and DuckDB types."""


def table_columns(con: duckdb.DuckDBPyConnection, table: str) -> TableColumns:
    """The columns of a derived table. Asking for them imports no Ibis, which what was compiled before does not need."""
    return tuple((name, kind) for name, kind, *_ in con.execute(f"DESCRIBE facts.{table}").fetchall())


def ibis_table(columns: TableColumns, name: str) -> ir.Table:
    """An Ibis table with these columns."""
    return ibis.table({column: ibis_types.DuckDBType.from_string(kind) for column, kind in columns}, name=name)
