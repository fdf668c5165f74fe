"""Where a shop's facts lie and are computed on: DuckDB, PostgreSQL, whatever Ibis speaks to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa


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
        """Write rows into a temporary table: those of a query, so that it runs once, or those given."""
        self._kept.append(name)
        return self.backend.create_table(name, rows, temp=True, overwrite=True)

    def forget(self) -> None:
        """Drop the temporary tables."""
        while self._kept:
            self.backend.drop_table(self._kept.pop(), force=True)
