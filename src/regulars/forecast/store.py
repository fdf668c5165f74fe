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
"""Number of stored forecasts: the newest one, and the latest others by their day."""

Forecast = TypeVar("Forecast")


@dataclass(frozen=True)
class ForecastStore(Generic[Forecast]):
    """Store of one kind of forecast, in the schema `facts`.

    A forecast is a frozen dataclass with `as_of`, `made_at` (UTC) and `stale` (texts that describe later changes), and a field for
    each further column.
    """

    make: Callable[..., Forecast]
    forecasts: str
    predictions: str
    json: tuple[str, ...]
    """Columns that hold JSON."""
    order: str
    """Sort order of predictions. Equal histories have equal predictions, which compress well when adjacent."""

    def write(self, con: duckdb.DuckDBPyConnection, forecast: Forecast, predictions: str) -> None:
        """Store a forecast, replacing one of the same day, and remove all but the latest KEPT.

        Args:
            con: Connection to the warehouse.
            forecast: The forecast.
            predictions: SQL of its predictions.
        """
        row = {name: value for name, value in vars(forecast).items() if name != "stale"}
        row |= {name: None if row[name] is None else json.dumps(row[name]) for name in self.json}
        row |= {"made_at": row["made_at"].astimezone(UTC).replace(tzinfo=None), "state": state(con)}
        self._remove(con, row["as_of"])
        columns, places = ", ".join(row), ", ".join("?" * len(row))
        con.execute(f"INSERT INTO facts.{self.forecasts} ({columns}) VALUES ({places})", [*row.values()])
        con.execute(f"INSERT INTO facts.{self.predictions} BY NAME FROM ({predictions}) ORDER BY {self.order}")
        older = f"SELECT as_of FROM facts.{self.forecasts} WHERE as_of <> ? ORDER BY as_of DESC OFFSET ?"
        for (day,) in con.execute(older, [row["as_of"], KEPT - 1]).fetchall():
            self._remove(con, day)

    def listed(self, con: duckdb.DuckDBPyConnection) -> tuple[Forecast, ...]:
        """Return the stored forecasts, the latest day first."""
        cursor = con.execute(f"SELECT * FROM facts.{self.forecasts} ORDER BY as_of DESC")
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        forecasts = []
        for row, changed in zip(rows, changes_since(con, [row.pop("state") for row in rows]), strict=True):
            row |= {name: json.loads(row[name]) if row[name] else None for name in self.json}
            row["made_at"] = row["made_at"].replace(tzinfo=UTC)
            forecasts.append(self.make(**row, stale=changed))
        return tuple(forecasts)

    def _remove(self, con: duckdb.DuckDBPyConnection, day: Any) -> None:
        for table in (self.forecasts, self.predictions):
            con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [day])
