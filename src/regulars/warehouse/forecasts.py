"""Stored forecasts and their per-customer predictions, in tables beside the facts.

`facts.forecasts` has one row per forecast, `facts.predictions` one row per forecast and customer;
`facts.subscription_forecasts` and `facts.subscription_predictions` are the same for running subscriptions.

Unlike facts they are not derived from the rows: deriving again leaves them unchanged. Later changes of the data make
a forecast stale (`changes_since`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from regulars.warehouse.identity.persons import person_number
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import epoch_day

if TYPE_CHECKING:
    import ibis.expr.types as ir

FORECASTS, PREDICTIONS = "forecasts", "predictions"
SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS = "subscription_forecasts", "subscription_predictions"
_PAIRS = ((FORECASTS, PREDICTIONS), (SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS))
NO_DROPOUT_MODEL = "nbd"
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
        "value_high": _MONEY, "value_at_risk": _MONEY, "median_days": "FLOAT", "overdue": "FLOAT",
        "probability_purchase_90d_at_last": "FLOAT NOT NULL",
    },
}  # fmt: skip
_COLUMNS = (
    "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()"
    " WHERE schema_name = 'facts' AND database_name = current_database() GROUP BY table_name"
)


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create missing tables, empty. Tables with the columns of an older release are replaced."""
    stored_columns = dict(con.execute(_COLUMNS).fetchall())
    for names in _PAIRS:
        if any(stored_columns.get(name) != list(_TABLES[name]) for name in names):
            for name in names:
                columns = ", ".join(f'"{column}" {kind}' for column, kind in _TABLES[name].items())
                con.execute(f"CREATE OR REPLACE TABLE facts.{name} ({columns})")


def with_current_persons(predictions: ir.Table, moved: ir.Table) -> ir.Table:
    """Return predictions with the present person of their customer.

    Args:
        predictions: facts.predictions.
        moved: facts.moved_persons.
    """
    current = moved.select(was=moved.was, now_person=moved.person)
    rows = predictions.left_join(current, predictions.person == current.was)
    return rows.mutate(person=rows.now_person.fill_null(rows.person)).drop("was", "now_person")


def write_moved_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Write facts.moved_persons(was, person): customers of stored forecasts who have been merged into another person
    since.

    A person's number is the hash of one of its identities, and facts.identities has the present person of each
    identity.
    """
    # Mostly no person is gone: then the semi join is empty, and DuckDB hashes no identity.
    con.execute(
        f"""CREATE OR REPLACE TABLE facts.moved_persons AS
        SELECT was, person FROM (SELECT {person_number("identity")} AS was, person FROM facts.identities)
        SEMI JOIN (SELECT person AS was FROM facts.predictions ANTI JOIN facts.persons USING (person)) USING (was)"""
    )


def state(con: duckdb.DuckDBPyConnection) -> str:
    """Return the state of the data that a forecast made now depends on, as JSON: loads, undone loads, corrections,
    settings.
    """
    return json.dumps(_state(con))


def _state(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    loads = con.execute("SELECT coalesce(max(load_id), 0), count(undone_at) FROM main.loads").fetchall()
    people = con.execute("SELECT coalesce(max(seq), 0) FROM main.people_corrections").fetchall()
    settings = con.execute("SELECT value FROM main.about WHERE key = 'settings'").fetchall()
    return {"load": loads[0][0], "undone": loads[0][1], "people": people[0][0], "settings": settings[0][0]}


_CHANGE_TEXTS = {
    "load": "files were loaded",
    "undone": "a load was undone",
    "people": "customers were joined or split",
    "settings": "the shop's settings changed",
}


def changes_since(con: duckdb.DuckDBPyConnection, states: list[str]) -> list[tuple[str, ...]]:
    """Return the reasons why forecasts are stale.

    Args:
        con: a connection to a version.
        states: the `state` at the time of each forecast.

    Returns:
        For each forecast the changes since then, as texts; empty where it is up to date.
    """
    now = _state(con)
    return [
        tuple(text for name, text in _CHANGE_TEXTS.items() if before[name] != now[name])
        for before in map(json.loads, states)
    ]


def stale_reasons(con: duckdb.DuckDBPyConnection, kind: str) -> tuple[str, ...]:
    """Return the changes since the latest forecast of a kind, as texts; empty where it is up to date or there is none."""
    latest = con.execute(f"SELECT state FROM facts.{kind} ORDER BY as_of DESC LIMIT 1").fetchall()
    return changes_since(con, [latest[0][0]])[0] if latest else ()


@dataclass(frozen=True)
class StoredForecast:
    """Date and model of a stored forecast."""

    as_of: date
    model: str
    """Empty for subscriptions, which have one model."""


def stored_forecasts(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[StoredForecast, ...]]:
    """Return the stored forecasts by kind, in order of their days; kinds without any are left out."""
    columns = {FORECASTS: "model", SUBSCRIPTION_FORECASTS: "''"}
    kinds = " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, as_of, {model} AS model FROM facts.{kind}" for kind, model in columns.items()
    )
    by_kind: dict[str, tuple[StoredForecast, ...]] = {}
    for kind, as_of, model in con.execute(f"FROM ({kinds}) ORDER BY as_of").fetchall():
        by_kind[kind] = (*by_kind.get(kind, ()), StoredForecast(as_of, model))
    return by_kind


def with_forecast_days(predictions: ir.Table, forecasts: ir.Table) -> ir.Table:
    """Return predictions with epoch days: `day` of their forecast, and `next_day` of the next forecast (null for the
    latest).
    """
    forecast_days = forecasts.select(of=forecasts.as_of, next=forecasts.as_of.lead().over(order_by=forecasts.as_of))
    forecast_days = forecast_days.select(
        "of", day=epoch_day(forecast_days["of"]), next_day=epoch_day(forecast_days["next"])
    )
    return predictions.inner_join(forecast_days, predictions.as_of == forecast_days["of"]).drop("of")


def customer_predictions(predictions: ir.Table, forecasts: ir.Table) -> ir.Table:
    """Return facts.predictions `with_forecast_days`, with `first_day` of the customer's first order and the flag
    `at_risk`.
    """
    rows = with_forecast_days(predictions, forecasts)
    return rows.mutate(first_day=(rows.day - rows.age).cast("int32"), at_risk=at_risk(rows))


def value(rows: ir.Table) -> ir.DecimalValue:
    """Predicted value of a customer: profit where the profit of all orders is known, else revenue."""
    return rows.profit.fill_null(rows.revenue)


def value_at_risk(rows: ir.Table) -> ir.DecimalValue:
    """Expected loss of that value within 12 months, compared with a customer who is certain to stay."""
    return rows.profit_at_risk.fill_null(rows.revenue_at_risk)


def at_risk(rows: ir.Table) -> ir.BooleanValue:
    """True for customers at risk of churn: purchases on two days or more, and less than half as likely to buy within 90
    days as at their last purchase.
    """
    return (rows.frequency >= 1) & (
        rows.probability_purchase_90d < rows.probability_purchase_90d_at_last / ibis.literal(2.0)
    )
