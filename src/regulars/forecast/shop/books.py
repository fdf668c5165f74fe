"""Where forecasts are written down: `facts.forecasts`, a row each, and `facts.predictions`, a row per customer of each.

They are not derived from the rows as other facts are: what was said on a day stays what was said, and deriving again leaves
both tables alone. What came after a forecast makes it stale, and whoever shows it says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

KEPT = 5
"""How many forecasts stay: the one just made, and the latest others by the day they are as of."""

_FORECASTS = """CREATE TABLE IF NOT EXISTS facts.forecasts (as_of DATE PRIMARY KEY, made_at TIMESTAMP NOT NULL,
    model VARCHAR NOT NULL, why VARCHAR NOT NULL, status VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    parameters VARCHAR NOT NULL, standard_errors VARCHAR NOT NULL, log_likelihood DOUBLE NOT NULL, customers BIGINT NOT NULL,
    horizon INTEGER NOT NULL, discount DOUBLE NOT NULL, currency VARCHAR NOT NULL,
    value_of VARCHAR NOT NULL, value_share DOUBLE NOT NULL, value_why VARCHAR NOT NULL, spend VARCHAR NOT NULL,
    cap DECIMAL(18,4) NOT NULL, capped_orders BIGINT NOT NULL, capped_amount DECIMAL(38,4) NOT NULL,
    totals VARCHAR NOT NULL, backtest VARCHAR, state VARCHAR NOT NULL)"""
_PREDICTIONS = """CREATE TABLE IF NOT EXISTS facts.predictions (as_of DATE NOT NULL,
    person BIGINT NOT NULL, bucket INTEGER NOT NULL, frequency INTEGER NOT NULL, recency INTEGER NOT NULL, age INTEGER NOT NULL,
    alive FLOAT NOT NULL, buys_30 FLOAT NOT NULL, buys_90 FLOAT NOT NULL, buys_365 FLOAT NOT NULL,
    purchases FLOAT NOT NULL, purchases_low INTEGER NOT NULL, purchases_high INTEGER NOT NULL, spend DECIMAL(18,4) NOT NULL,
    value DECIMAL(18,4) NOT NULL, value_if_staying DECIMAL(18,4) NOT NULL,
    value_low DECIMAL(18,4) NOT NULL, value_high DECIMAL(18,4) NOT NULL,
    median_days FLOAT, overdue FLOAT NOT NULL, buys_90_at_last FLOAT NOT NULL)"""
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
    con.execute("CREATE SCHEMA IF NOT EXISTS facts")
    con.execute(_FORECASTS)
    con.execute(_PREDICTIONS)
    for table in ("forecasts", "predictions"):
        con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [forecast.as_of])
    row = {name: value for name, value in vars(forecast).items() if name != "stale"}
    row |= {name: None if row[name] is None else json.dumps(row[name]) for name in _JSON}
    row |= {"made_at": forecast.made_at.astimezone(UTC).replace(tzinfo=None), "state": json.dumps(_state(con))}
    con.execute(f"INSERT INTO facts.forecasts ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
    # Equal pasts together: what is said of them repeats, and takes far less room.
    con.execute(f"INSERT INTO facts.predictions BY NAME FROM ({predictions}) ORDER BY frequency, age, recency, person")
    gone = "SELECT as_of FROM facts.forecasts WHERE as_of <> ? ORDER BY as_of DESC OFFSET ?"
    old = [day for (day,) in con.execute(gone, [forecast.as_of, KEPT - 1]).fetchall()]
    for table in ("forecasts", "predictions"):
        for day in old:
            con.execute(f"DELETE FROM facts.{table} WHERE as_of = ?", [day])


def listed(con: duckdb.DuckDBPyConnection) -> tuple[Forecast, ...]:
    """The forecasts that are kept, the latest day first; none in a warehouse that never had one."""
    try:
        found = con.execute("SELECT * FROM facts.forecasts ORDER BY as_of DESC")
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
        forecasts.append(Forecast(**row, stale=_since(then, now)))
    return tuple(forecasts)


def _state(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What a forecast hangs on: loads, what was taken back of them, corrections of persons, settings."""
    loads = con.execute("SELECT coalesce(max(load_id), 0), count(undone_at) FROM main.loads").fetchall()
    people = con.execute("SELECT coalesce(max(seq), 0) FROM main.people_corrections").fetchall()
    settings = con.execute("SELECT value FROM main.about WHERE key = 'settings'").fetchall()
    return {"load": loads[0][0], "undone": loads[0][1], "people": people[0][0], "settings": settings[0][0]}


_CHANGED = {
    "load": "files were loaded",
    "undone": "a load was taken back",
    "people": "customers were joined or split",
    "settings": "the shop's settings changed",
}


def _since(then: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    return tuple(said for name, said in _CHANGED.items() if then[name] != now[name])
