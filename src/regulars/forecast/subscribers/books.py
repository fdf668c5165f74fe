"""Where forecasts of subscriptions are written down: `facts.subscription_forecasts`, a row each, and
`facts.subscription_predictions`, a row per running subscription of each. They are kept, and go stale, like those of purchases.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from regulars.forecast.shop.books import KEPT, _since, _state

FORECASTS, PREDICTIONS = "subscription_forecasts", "subscription_predictions"

_FORECASTS = f"""CREATE TABLE IF NOT EXISTS facts.{FORECASTS} (as_of DATE PRIMARY KEY, made_at TIMESTAMP NOT NULL,
    horizon INTEGER NOT NULL, discount DOUBLE NOT NULL, currency VARCHAR NOT NULL, value_of VARCHAR NOT NULL,
    value_share DOUBLE NOT NULL, value_why VARCHAR NOT NULL, models VARCHAR NOT NULL, plans VARCHAR NOT NULL,
    ending BIGINT NOT NULL, totals VARCHAR NOT NULL, cohorts VARCHAR NOT NULL, backtest VARCHAR, state VARCHAR NOT NULL)"""
_PREDICTIONS = f"""CREATE TABLE IF NOT EXISTS facts.{PREDICTIONS} (as_of DATE NOT NULL, source VARCHAR NOT NULL,
    subscription_id VARCHAR NOT NULL, person BIGINT, bucket INTEGER NOT NULL, plan VARCHAR NOT NULL, renewed INTEGER NOT NULL,
    age INTEGER NOT NULL, due INTEGER NOT NULL, alive FLOAT NOT NULL,
    buys_30 FLOAT NOT NULL, buys_90 FLOAT NOT NULL, buys_365 FLOAT NOT NULL,
    purchases FLOAT NOT NULL, purchases_low INTEGER NOT NULL, purchases_high INTEGER NOT NULL, spend DECIMAL(18,4),
    value DECIMAL(18,4), value_low DECIMAL(18,4), value_high DECIMAL(18,4), value_at_stake DECIMAL(18,4),
    median_days FLOAT, overdue FLOAT, buys_90_at_last FLOAT NOT NULL)"""
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
    con.execute(_FORECASTS)
    con.execute(_PREDICTIONS)
    for table in (FORECASTS, PREDICTIONS):
        con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [forecast.as_of])
    row = {name: value for name, value in vars(forecast).items() if name != "stale"}
    row |= {name: None if row[name] is None else json.dumps(row[name]) for name in _JSON}
    row |= {"made_at": forecast.made_at.astimezone(UTC).replace(tzinfo=None), "state": json.dumps(_state(con))}
    con.execute(
        f"INSERT INTO facts.{FORECASTS} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
    )
    con.execute(
        f"INSERT INTO facts.{PREDICTIONS} BY NAME FROM ({predictions}) ORDER BY plan, age, source, subscription_id"
    )
    gone = f"SELECT as_of FROM facts.{FORECASTS} WHERE as_of <> ? ORDER BY as_of DESC OFFSET ?"
    old = [day for (day,) in con.execute(gone, [forecast.as_of, KEPT - 1]).fetchall()]
    for table in (FORECASTS, PREDICTIONS):
        for day in old:
            con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [day])


def listed(con: duckdb.DuckDBPyConnection) -> tuple[SubscribersForecast, ...]:
    """The forecasts that are kept, the latest day first; none in a warehouse that never had one."""
    try:
        found = con.execute(f"SELECT * FROM facts.{FORECASTS} ORDER BY as_of DESC")
    except duckdb.CatalogException:
        return ()
    names = [column[0] for column in found.description or ()]
    rows = found.fetchall()
    now = _state(con)
    forecasts = []
    for values in rows:
        row = dict(zip(names, values, strict=True))
        row |= {name: json.loads(row[name]) if row[name] else None for name in _JSON}
        then = json.loads(row.pop("state"))
        row["made_at"] = row["made_at"].replace(tzinfo=UTC)
        forecasts.append(SubscribersForecast(**row, stale=_since(then, now)))
    return tuple(forecasts)
