"""Stores forecasts and their per-customer predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Generic, TypeVar

import duckdb

from regulars.warehouse.forecasts import changes_since, state

KEPT = 5
"""How many forecasts stay: the one just made, and the latest others by the day they are as of."""

Forecast = TypeVar("Forecast")


@dataclass(frozen=True)
class ForecastStore(Generic[Forecast]):
    """Where one kind of forecast is kept, in the schema `facts`.

    A forecast is a frozen dataclass with `as_of`, `made_at` (UTC) and `stale` (what came after it, in words), and a field for
    each further column.
    """

    make: Callable[..., Forecast]
    forecasts: str
    predictions: str
    json: tuple[str, ...]
    """Columns that hold JSON."""
    order: str
    """How predictions lie: what is said of equal pasts repeats, and takes far less room together."""

    def write(self, con: duckdb.DuckDBPyConnection, forecast: Forecast, predictions: str) -> None:
        """Write a forecast down in place of one of the same day; `predictions` is the SQL of its rows. Older ones go."""
        row = {name: value for name, value in vars(forecast).items() if name != "stale"}
        row |= {name: None if row[name] is None else json.dumps(row[name]) for name in self.json}
        row |= {"made_at": row["made_at"].astimezone(UTC).replace(tzinfo=None), "state": state(con)}
        self._remove(con, row["as_of"])
        columns, places = ", ".join(row), ", ".join("?" * len(row))
        con.execute(f"INSERT INTO facts.{self.forecasts} ({columns}) VALUES ({places})", [*row.values()])
        con.execute(f"INSERT INTO facts.{self.predictions} BY NAME FROM ({predictions}) ORDER BY {self.order}")
        gone = f"SELECT as_of FROM facts.{self.forecasts} WHERE as_of <> ? ORDER BY as_of DESC OFFSET ?"
        for (day,) in con.execute(gone, [row["as_of"], KEPT - 1]).fetchall():
            self._remove(con, day)

    def listed(self, con: duckdb.DuckDBPyConnection) -> tuple[Forecast, ...]:
        """The forecasts that are kept, the latest day first."""
        found = con.execute(f"SELECT * FROM facts.{self.forecasts} ORDER BY as_of DESC")
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
        forecasts = []
        for row, changed in zip(rows, changes_since(con, [row.pop("state") for row in rows]), strict=True):
            row |= {name: json.loads(row[name]) if row[name] else None for name in self.json}
            row["made_at"] = row["made_at"].replace(tzinfo=UTC)
            forecasts.append(self.make(**row, stale=changed))
        return tuple(forecasts)

    def _remove(self, con: duckdb.DuckDBPyConnection, day: Any) -> None:
        for table in (self.forecasts, self.predictions):
            con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [day])
