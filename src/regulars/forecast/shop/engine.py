"""Where a shop's facts lie and are computed on: DuckDB, PostgreSQL, whatever Ibis speaks to."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pyarrow import csv

_AT_ONCE = 2**16
"""Rows sent together: a few megabytes."""


@dataclass(frozen=True)
class Engine:
    """An Ibis backend that holds the facts in the schema `facts`, and temporary tables meanwhile."""

    backend: Any
    _kept: list[str] = field(default_factory=list)

    def fact(self, name: str) -> ir.Table:
        """A fact."""
        return self.backend.table(name, database="facts")

    def read(self, rows: ir.Table) -> pa.Table:
        """Take rows out of the engine."""
        return self.backend.to_pyarrow(rows)

    def one(self, rows: ir.Table) -> dict[str, Any]:
        """The only row, by column."""
        (row,) = self.read(rows).to_pylist()
        return dict(row)

    def keep(self, name: str, rows: ir.Table | pa.Table) -> ir.Table:
        """Write rows into a temporary table: those of a query, so that it runs once, or those given.

        Rows given to DuckDB are not written: it reads them where they are.
        """
        if isinstance(rows, pa.Table) and self.backend.name == "duckdb":
            return ibis.memtable(rows)
        self._kept.append(name)
        if isinstance(rows, pa.Table) and self.backend.name == "postgres":
            return self._copied(name, rows)
        return self.backend.create_table(name, rows, temp=True, overwrite=True)

    def _copied(self, name: str, rows: pa.Table) -> ir.Table:
        """By COPY, several times as fast as inserts; then what it holds is counted, or joins are planned badly."""
        found = self.backend.create_table(name, schema=ibis.Schema.from_pyarrow(rows.schema), temp=True, overwrite=True)
        with self.backend.begin() as cursor:
            with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT csv)') as target:
                for batch in rows.to_batches(_AT_ONCE):
                    written = io.BytesIO()
                    csv.write_csv(batch, written, csv.WriteOptions(include_header=False))
                    target.write(written.getbuffer())
            cursor.execute(f'ANALYZE "{name}"')
        return found

    def forget(self) -> None:
        """Drop the temporary tables."""
        while self._kept:
            self.backend.drop_table(self._kept.pop(), force=True)
