"""Forecasts beside the facts: `facts.forecasts`, a row each, and `facts.predictions`, a row per customer of each.
Those of subscriptions are `facts.subscription_forecasts` and `facts.subscription_predictions`, a row per running one.

They are not derived from the rows as other facts are: what was said on a day stays what was said, and deriving again leaves
these tables alone. What came after a forecast makes it stale, and whoever shows it says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import epoch_day

if TYPE_CHECKING:
    import ibis.expr.types as ir

FORECASTS, PREDICTIONS = "forecasts", "predictions"
SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS = "subscription_forecasts", "subscription_predictions"
_TOGETHER = ((FORECASTS, PREDICTIONS), (SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS))
STAYING = "nbd"
"""NBD has no dropout, so it gives no churn probability."""
_MONEY = "DECIMAL(18,4)"
_TABLES = {
    FORECASTS: {
        "as_of": "DATE PRIMARY KEY", "made_at": "TIMESTAMP NOT NULL", "model": "VARCHAR NOT NULL", "why": "VARCHAR NOT NULL",
        "status": "VARCHAR NOT NULL", "reason": "VARCHAR NOT NULL", "parameters": "VARCHAR NOT NULL",
        "standard_errors": "VARCHAR NOT NULL", "log_likelihood": "DOUBLE NOT NULL", "customers": "BIGINT NOT NULL",
        "horizon": "INTEGER NOT NULL", "discount": "DOUBLE NOT NULL", "currency": "VARCHAR NOT NULL",
        "value_of": "VARCHAR NOT NULL", "value_share": "DOUBLE NOT NULL", "value_why": "VARCHAR NOT NULL",
        "spend": "VARCHAR NOT NULL", "cap": f"{_MONEY} NOT NULL", "capped_orders": "BIGINT NOT NULL",
        "capped_amount": "DECIMAL(38,4) NOT NULL", "totals": "VARCHAR NOT NULL", "backtest": "VARCHAR",
        "seasons": "VARCHAR", "state": "VARCHAR NOT NULL",
    },
    PREDICTIONS: {
        "as_of": "DATE NOT NULL", "person": "BIGINT NOT NULL", "bucket": "INTEGER NOT NULL", "first_country": "VARCHAR",
        "first_channel": "VARCHAR", "first_coupon": "VARCHAR", "first_product": "VARCHAR", "frequency": "INTEGER NOT NULL",
        "recency": "INTEGER NOT NULL", "age": "INTEGER NOT NULL", "revenue_to_date": f"{_MONEY} NOT NULL",
        "profit_to_date": _MONEY, "probability_alive": "FLOAT NOT NULL",
        "probability_purchase_30d": "FLOAT NOT NULL", "probability_purchase_90d": "FLOAT NOT NULL",
        "probability_purchase_365d": "FLOAT NOT NULL", "purchases": "FLOAT NOT NULL", "purchases_low": "INTEGER NOT NULL",
        "purchases_high": "INTEGER NOT NULL", "spend": f"{_MONEY} NOT NULL", "revenue": f"{_MONEY} NOT NULL", "profit": _MONEY,
        "value_low": f"{_MONEY} NOT NULL", "value_high": f"{_MONEY} NOT NULL", "value_year": f"{_MONEY} NOT NULL",
        "revenue_at_risk": f"{_MONEY} NOT NULL", "profit_at_risk": _MONEY, "median_days": "FLOAT",
        "overdue": "FLOAT NOT NULL", "probability_purchase_90d_at_last": "FLOAT NOT NULL",
    },
    SUBSCRIPTION_FORECASTS: {
        "as_of": "DATE PRIMARY KEY", "made_at": "TIMESTAMP NOT NULL", "horizon": "INTEGER NOT NULL",
        "discount": "DOUBLE NOT NULL", "currency": "VARCHAR NOT NULL", "value_of": "VARCHAR NOT NULL",
        "value_share": "DOUBLE NOT NULL", "value_why": "VARCHAR NOT NULL", "models": "VARCHAR NOT NULL",
        "plans": "VARCHAR NOT NULL", "ending": "BIGINT NOT NULL", "totals": "VARCHAR NOT NULL", "cohorts": "VARCHAR NOT NULL",
        "backtest": "VARCHAR", "state": "VARCHAR NOT NULL",
    },
    SUBSCRIPTION_PREDICTIONS: {
        "as_of": "DATE NOT NULL", "source": "VARCHAR NOT NULL", "subscription_id": "VARCHAR NOT NULL", "person": "BIGINT",
        "bucket": "INTEGER NOT NULL", "plan": "VARCHAR NOT NULL", "renewed": "INTEGER NOT NULL", "age": "INTEGER NOT NULL",
        "due": "INTEGER NOT NULL", "probability_alive": "FLOAT NOT NULL",
        "probability_purchase_30d": "FLOAT NOT NULL", "probability_purchase_90d": "FLOAT NOT NULL",
        "probability_purchase_365d": "FLOAT NOT NULL", "purchases": "FLOAT NOT NULL", "purchases_low": "INTEGER NOT NULL",
        "purchases_high": "INTEGER NOT NULL", "spend": _MONEY, "revenue": _MONEY, "profit": _MONEY, "value_low": _MONEY,
        "value_high": _MONEY, "value_at_stake": _MONEY, "median_days": "FLOAT", "overdue": "FLOAT",
        "probability_purchase_90d_at_last": "FLOAT NOT NULL",
    },
}  # fmt: skip
_COLUMNS = (
    "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()"
    " WHERE schema_name = 'facts' AND database_name = current_database() GROUP BY table_name"
)


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables, empty, where they are not there. Those of an older Regulars, of other columns, go."""
    found = dict(con.execute(_COLUMNS).fetchall())
    for names in _TOGETHER:
        if any(found.get(name) != list(_TABLES[name]) for name in names):
            for name in names:
                listed = ", ".join(f'"{column}" {kind}' for column, kind in _TABLES[name].items())
                con.execute(f"CREATE OR REPLACE TABLE facts.{name} ({listed})")


def today(said: ir.Table, moved: ir.Table) -> ir.Table:
    """Predictions with the person that their customer is today; moved: facts.moved_persons."""
    now = moved.select(was=moved.was, now_person=moved.person)
    rows = said.left_join(now, said.person == now.was)
    return rows.mutate(person=rows.now_person.fill_null(rows.person)).drop("was", "now_person")


def state(con: duckdb.DuckDBPyConnection) -> str:
    """What a forecast made now hangs on, as JSON: loads, what was taken back of them, corrections of persons, settings."""
    return json.dumps(_state(con))


def _state(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
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


def since(con: duckdb.DuckDBPyConnection, states: list[str]) -> list[tuple[str, ...]]:
    """What came after each of these states, in words; nothing where a forecast made then is up to date."""
    now = _state(con)
    return [
        tuple(said for name, said in _CHANGED.items() if then[name] != now[name]) for then in map(json.loads, states)
    ]


def latest_is_stale(con: duckdb.DuckDBPyConnection, kind: str) -> tuple[str, ...]:
    """What came after the latest forecast of a kind was made, in words; nothing where it is up to date or there is none."""
    found = con.execute(f"SELECT state FROM facts.{kind} ORDER BY as_of DESC LIMIT 1").fetchall()
    return since(con, [found[0][0]])[0] if found else ()


@dataclass(frozen=True)
class Made:
    """When and how a forecast was made."""

    as_of: date
    model: str
    """Empty for subscriptions, of which there is one."""


def made(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[Made, ...]]:
    """The forecasts that are kept, by kind, the latest day last; without the kinds that have none."""
    columns = {FORECASTS: "model", SUBSCRIPTION_FORECASTS: "''"}
    kinds = " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, as_of, {model} AS model FROM facts.{kind}" for kind, model in columns.items()
    )
    found: dict[str, tuple[Made, ...]] = {}
    for kind, as_of, model in con.execute(f"FROM ({kinds}) ORDER BY as_of").fetchall():
        found[kind] = (*found.get(kind, ()), Made(as_of, model))
    return found


def dated(predictions: ir.Table, forecasts: ir.Table) -> ir.Table:
    """Predictions with epoch days: `day` their forecast is as of, `next_day` that of the next forecast (null for the latest)."""
    kept = forecasts.select(of=forecasts.as_of, next=forecasts.as_of.lead().over(order_by=forecasts.as_of))
    kept = kept.select("of", day=epoch_day(kept["of"]), next_day=epoch_day(kept["next"]))
    return predictions.inner_join(kept, predictions.as_of == kept["of"]).drop("of")


def of_customers(predictions: ir.Table, forecasts: ir.Table) -> ir.Table:
    """facts.predictions, `dated`, with `first_day` of the customer's first order and `at_risk`, whether they are leaving."""
    rows = dated(predictions, forecasts)
    return rows.mutate(first_day=(rows.day - rows.age).cast("int32"), at_risk=at_risk(rows))


def value(rows: ir.Table) -> ir.DecimalValue:
    """What is expected of a customer: profit where that of all orders is known, else revenue."""
    return rows.profit.fill_null(rows.revenue)


def at_stake(rows: ir.Table) -> ir.DecimalValue:
    """How much less that is, within 12 months, than if it were sure that they are a customer still."""
    return rows.profit_at_risk.fill_null(rows.revenue_at_risk)


def at_risk(rows: ir.Table) -> ir.BooleanValue:
    """Who is leaving: bought on two days or more, and is less than half as likely to buy within 90 days as at their last
    purchase.
    """
    return (rows.frequency >= 1) & (
        rows.probability_purchase_90d < rows.probability_purchase_90d_at_last / ibis.literal(2.0)
    )
