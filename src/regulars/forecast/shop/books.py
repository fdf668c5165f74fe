"""A forecast as it is written down, and read again: a row of `facts.forecasts`, and its customers' in `facts.predictions`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from regulars.warehouse.forecasts import FORECASTS, PREDICTIONS, since, state

KEPT = 5
"""How many forecasts stay: the one just made, and the latest others by the day they are as of."""

_JSON = ("parameters", "standard_errors", "spend", "totals", "backtest")


@dataclass(frozen=True)
class Forecast:
    """One forecast: what it is of, how it was made, and what it comes to. `as_of` is the last day it knows."""

    as_of: date
    made_at: datetime
    """UTC."""
    model: str
    why: str
    """Why this model."""
    status: str
    reason: str
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    customers: int
    horizon: int
    """Days that purchases and value are of."""
    discount: float
    """A year: 0.1 takes 10 % off what comes a year later."""
    currency: str
    value_of: str
    """profit or revenue."""
    value_share: float
    """Of revenue that is value."""
    value_why: str
    spend: dict[str, Any]
    """The model of spend, its parameters, and why it is not Gamma-Gamma where it is not."""
    cap: Decimal
    """What an order counts at most."""
    capped_orders: int
    capped_amount: Decimal
    """What the cap took away."""
    totals: dict[str, Any]
    """Of all customers: buyers expected in 30, 90 and 365 days, purchases, value …"""
    backtest: dict[str, Any] | None = None
    """How such forecasts made in the past would have done; None where the data are too short."""
    stale: tuple[str, ...] = field(default=(), compare=False)
    """What came after it, in words; empty where it is up to date."""


def write(con: duckdb.DuckDBPyConnection, forecast: Forecast, predictions: str) -> None:
    """Write a forecast down in place of one of the same day; `predictions` is the SQL of its rows. Older ones go."""
    for table in (FORECASTS, PREDICTIONS):
        con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [forecast.as_of])
    row = {name: value for name, value in vars(forecast).items() if name != "stale"}
    row |= {name: None if row[name] is None else json.dumps(row[name]) for name in _JSON}
    row |= {"made_at": forecast.made_at.astimezone(UTC).replace(tzinfo=None), "state": state(con)}
    con.execute(f"INSERT INTO facts.forecasts ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
    # Equal pasts together: what is said of them repeats, and takes far less room.
    con.execute(f"INSERT INTO facts.predictions BY NAME FROM ({predictions}) ORDER BY frequency, age, recency, person")
    gone = "SELECT as_of FROM facts.forecasts WHERE as_of <> ? ORDER BY as_of DESC OFFSET ?"
    old = [day for (day,) in con.execute(gone, [forecast.as_of, KEPT - 1]).fetchall()]
    for table in (FORECASTS, PREDICTIONS):
        for day in old:
            con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [day])


def listed(con: duckdb.DuckDBPyConnection) -> tuple[Forecast, ...]:
    """The forecasts that are kept, the latest day first."""
    found = con.execute("SELECT * FROM facts.forecasts ORDER BY as_of DESC")
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    forecasts = []
    for row, changed in zip(rows, since(con, [row.pop("state") for row in rows]), strict=True):
        row |= {name: json.loads(row[name]) if row[name] else None for name in _JSON}
        row["made_at"] = row["made_at"].replace(tzinfo=UTC)
        forecasts.append(Forecast(**row, stale=changed))
    return tuple(forecasts)
