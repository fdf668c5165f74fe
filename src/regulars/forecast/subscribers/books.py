"""A forecast of subscriptions as it is written down, and read again: a row of `facts.subscription_forecasts`, and its running
subscriptions' in `facts.subscription_predictions`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from regulars.forecast.shop.books import KEPT
from regulars.warehouse.forecasts import SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS, since, state

_JSON = ("models", "plans", "totals", "cohorts", "backtest")


@dataclass(frozen=True)
class SubscribersForecast:
    """One forecast of subscriptions: how it was made, and what it comes to. `as_of` is the last day it knows."""

    as_of: date
    made_at: datetime
    """UTC."""
    horizon: int
    """Days that renewals and value are of."""
    discount: float
    """A year: 0.1 takes 10 % off what comes a year later."""
    currency: str
    value_of: str
    """profit or revenue; empty where what a renewal brings is not known."""
    value_share: float
    """Of revenue that is value."""
    value_why: str
    models: list[dict[str, Any]]
    """Of each model: its plans, whether it is of all plans of the term, parameters, standard errors, status, reason."""
    plans: list[dict[str, Any]]
    """Of each plan: how it renews, its sums, what a renewal brings, and why it is not forecast where it is not."""
    ending: int
    """Subscriptions that run, but are known to end: nothing is forecast of them."""
    totals: dict[str, Any]
    cohorts: list[dict[str, Any]]
    """By the quarter in which they began: how many, how many came to their first renewal and kept it, how many run still."""
    backtest: dict[str, Any] | None = None
    """How such forecasts made in the past would have done; None where the data are too short."""
    stale: tuple[str, ...] = field(default=(), compare=False)
    """What came after it, in words; empty where it is up to date."""


def write(con: duckdb.DuckDBPyConnection, forecast: SubscribersForecast, predictions: str) -> None:
    """Write a forecast down in place of one of the same day; `predictions` is the SQL of its rows. Older ones go."""
    tables = (SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS)
    for table in tables:
        con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [forecast.as_of])
    row = {name: value for name, value in vars(forecast).items() if name != "stale"}
    row |= {name: None if row[name] is None else json.dumps(row[name]) for name in _JSON}
    row |= {"made_at": forecast.made_at.astimezone(UTC).replace(tzinfo=None), "state": state(con)}
    con.execute(
        f"INSERT INTO facts.{tables[0]} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
    )
    con.execute(
        f"INSERT INTO facts.{tables[1]} BY NAME FROM ({predictions}) ORDER BY plan, age, source, subscription_id"
    )
    gone = f"SELECT as_of FROM facts.{tables[0]} WHERE as_of <> ? ORDER BY as_of DESC OFFSET ?"
    old = [day for (day,) in con.execute(gone, [forecast.as_of, KEPT - 1]).fetchall()]
    for table in tables:
        for day in old:
            con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [day])


def listed(con: duckdb.DuckDBPyConnection) -> tuple[SubscribersForecast, ...]:
    """The forecasts that are kept, the latest day first."""
    found = con.execute(f"SELECT * FROM facts.{SUBSCRIPTION_FORECASTS} ORDER BY as_of DESC")
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    forecasts = []
    for row, changed in zip(rows, since(con, [row.pop("state") for row in rows]), strict=True):
        row |= {name: json.loads(row[name]) if row[name] else None for name in _JSON}
        row["made_at"] = row["made_at"].replace(tzinfo=UTC)
        forecasts.append(SubscribersForecast(**row, stale=changed))
    return tuple(forecasts)
