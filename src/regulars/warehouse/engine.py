"""Runs the SQL of facts, metrics and forecasts where a shop's facts lie: DuckDB, PostgreSQL, whatever Ibis speaks to."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt

from regulars.warehouse.lazy_imports import ibis, pa

if TYPE_CHECKING:
    import ibis.expr.types as ir

Key = TypeVar("Key", bound=Hashable)
Content = TypeVar("Content")
Columns: TypeAlias = dict[str, npt.NDArray[Any]]
"""The columns of a query's rows by name: whole numbers, floats with NaN for nothing, or objects."""
Expression: TypeAlias = "Callable[[Mapping[str, ir.Table]], ir.Table]"
"""Builds a query from the tables that are passed along."""
_BATCH_ROWS = 2**16
"""Rows sent together: a few megabytes."""


class LRUCache(Generic[Key, Content]):
    """The values used last, by key. Several threads may compute a value twice, never a wrong one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Key, Content] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key, compute: Callable[[], Content]) -> Content:
        """The value of the key: stored, or computed now."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = compute()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value


_compiled: LRUCache[Hashable, str] = LRUCache(512)


class Engine:
    """An Ibis backend with the facts in the schema `facts`, and temporary tables meanwhile.

    Args:
        backend: The Ibis backend; every query goes through it.
        con: A DuckDB connection to run SQL on directly, without importing Ibis for what is compiled already. One of the
            two is enough.
    """

    def __init__(self, backend: Any = None, con: duckdb.DuckDBPyConnection | None = None) -> None:
        self.con = con
        self._backend = backend
        self._temporary: list[str] = []

    @cached_property
    def backend(self) -> Any:
        """The Ibis backend; of a DuckDB connection it is made when it is first used."""
        return self._backend if self._backend is not None else ibis.duckdb.from_connection(self.con)

    @property
    def dialect(self) -> str:
        """The dialect of the SQL that it runs."""
        return "duckdb" if self.con is not None else str(self.backend.name)

    def fact(self, name: str) -> ir.Table:
        """A fact."""
        return self.backend.table(name, database="facts")

    # Tables ----------------------------------------------------------------------------------------------------------

    def create_table(
        self, schema: str, name: str, rows: str = "", *, columns: str = "", temporary: bool = False
    ) -> None:
        """Create a table in a schema, in place of one of this name.

        Args:
            schema: The schema.
            name: The table.
            rows: SQL of the rows, in the engine's dialect; empty for a table without rows.
            columns: SQL of the column definitions of a table without rows.
            temporary: Whether the table ends with the connection; only in DuckDB's schema `temp`.
        """
        content = f"AS {rows}" if rows else f"({columns})"
        if self.dialect == "duckdb":
            self.execute(f"CREATE OR REPLACE {'TEMP ' * temporary}TABLE {schema}.{name} {content}")
            return
        self.drop_table(schema, name)
        # Spark would write text files that Hive reads.
        stored = "USING parquet " * (self.dialect == "pyspark")
        self.execute(f"CREATE TABLE {schema}.{name} {stored}{content}")
        if self.dialect == "postgres":
            self.execute(f"ANALYZE {schema}.{name}")  # else joins of new tables are planned badly

    def drop_table(self, schema: str, name: str) -> None:
        """Drop a table where it exists."""
        self.execute(f"DROP TABLE IF EXISTS {schema}.{name}")

    def execute(self, sql: str) -> None:
        """Run a statement in the engine's dialect that returns no rows."""
        result = (self.con.execute if self.con is not None else self.backend.raw_sql)(sql)
        if self.con is None and hasattr(result, "close"):
            result.close()

    # SQL -------------------------------------------------------------------------------------------------------------

    def run(self, sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Run SQL over the facts and these tables, by name. Needs a connection.

        Each query has a cursor of its own, so that concurrent queries do not see each other's tables.
        """
        assert self.con is not None
        with self.con.cursor() as cursor:
            for name, table in tables.items():
                cursor.register(name, table)
            return cursor.execute(sql).to_arrow_table()

    def columns(self, sql: str) -> Columns:
        """The columns of a query as numpy arrays: without pyarrow, which takes long to import. Needs a connection."""
        assert self.con is not None
        with self.con.cursor() as cursor:
            masked: Mapping[str, Any] = cursor.execute(sql).fetchnumpy()
            return {name: _unmasked(values) for name, values in masked.items()}

    def fetch(self, key: Hashable, query: Expression, tables: Mapping[str, pa.Table]) -> pa.Table:
        """The rows of a query over the facts and these tables.

        Args:
            key: Names all that decides the query's SQL beside the facts: with a connection it is compiled once.
            query: Builds the query from the tables.
            tables: Rows by the name that the query has for them.
        """
        if self.con is None:
            return query({name: ibis.memtable(table) for name, table in tables.items()}).to_pyarrow()
        sql = _compiled.get((self.dialect, key), lambda: self.compiled(query, tables))
        return _with_whole_numbers(self.run(sql, tables))

    def compiled(self, query: Expression, tables: Mapping[str, pa.Table]) -> str:
        """The query's SQL in the engine's dialect; the tables stand in it by their names."""
        named = {name: ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name) for name, table in tables.items()}
        return str(ibis.to_sql(query(named), dialect=self.dialect))

    # Expressions and temporary tables --------------------------------------------------------------------------------

    def read(self, rows: ir.Table) -> pa.Table:
        """Take rows out of the engine."""
        return self.backend.to_pyarrow(rows)

    def row(self, rows: ir.Table) -> dict[str, Any]:
        """The only row, by column."""
        (cells,) = self.read(rows).to_pylist()
        return dict(cells)

    def keep(self, name: str, rows: ir.Table | pa.Table) -> ir.Table:
        """Write rows into a temporary table: those of a query, so that it runs once, or an Arrow table.

        DuckDB reads an Arrow table where it is, so it is not written.
        """
        if isinstance(rows, pa.Table) and self.backend.name == "duckdb":
            return ibis.memtable(rows)
        self._temporary.append(name)
        if isinstance(rows, pa.Table) and self.backend.name == "postgres":
            return self._copied(name, rows)
        return self.backend.create_table(name, rows, temp=True, overwrite=True)

    def _copied(self, name: str, rows: pa.Table) -> ir.Table:
        """By COPY, several times as fast as inserts; then what it holds is counted, or joins are planned badly."""
        csv = import_module("pyarrow.csv")
        table = self.backend.create_table(name, schema=ibis.Schema.from_pyarrow(rows.schema), temp=True, overwrite=True)
        with self.backend.begin() as cursor:
            with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT csv)') as target:
                for batch in rows.to_batches(_BATCH_ROWS):
                    written = io.BytesIO()
                    csv.write_csv(batch, written, csv.WriteOptions(include_header=False))
                    target.write(written.getbuffer())
            cursor.execute(f'ANALYZE "{name}"')
        return table

    def forget(self) -> None:
        """Drop the temporary tables."""
        while self._temporary:
            self.backend.drop_table(self._temporary.pop(), force=True)


def _unmasked(values: Any) -> npt.NDArray[Any]:
    """NaN stands for no number, None for no text."""
    if type(values) is np.ndarray:  # asking for np.ma first would import it
        return values
    return np.ma.filled(values, None) if values.dtype == object else np.ma.filled(values.astype(np.float64), np.nan)


def _with_whole_numbers(rows: pa.Table) -> pa.Table:
    """Engines give sums of whole numbers as decimals without places; they fit into 64 bits."""
    fields = [
        field.with_type(pa.int64()) if pa.types.is_decimal(field.type) and field.type.scale == 0 else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))
