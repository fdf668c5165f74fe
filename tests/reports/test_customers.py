"""A few rows of all customers, summed up in the engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import ibis
import pytest

from regulars.reports.forecasts.customers import Paces, Part, customers
from regulars.warehouse import forecasts
from regulars.warehouse.engine import Engine

DAY = date(2025, 12, 31)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA facts")
        forecasts.ensure(con)
        yield con


def say(con: duckdb.DuckDBPyConnection, rows: str, day: date = DAY) -> None:
    """Predictions from SQL with the columns person, frequency, recency,
    probability_purchase_90d and value; of even persons it is profit."""
    con.execute(
        f"""INSERT INTO facts.predictions BY NAME SELECT DATE '{day}' AS as_of, person, 0 AS bucket, frequency, recency,
        400 AS age, 0 AS revenue_to_date, 1 AS probability_alive, 0 AS probability_purchase_30d,
        probability_purchase_90d, 1 AS probability_purchase_365d, 1 AS purchases,
        1 AS purchases_low, 1 AS purchases_high, 20 AS spend, CASE WHEN person % 2 = 0 THEN 7777 ELSE value END AS revenue,
        CASE WHEN person % 2 = 0 THEN value END AS profit, 0 AS value_low, 0 AS value_high, 0 AS revenue_at_risk, 0 AS value_year,
        1 AS overdue, 1 AS probability_purchase_90d_at_last FROM ({rows})"""
    )


def test_customers_are_summed_up_by_value_and_by_chance(con: duckdb.DuckDBPyConnection):
    say(
        con,
        "SELECT i AS person, 0 AS frequency, 0 AS recency, i / 19 AS probability_purchase_90d, i AS value FROM range(20) t(i)",
    )
    say(
        con,
        "SELECT 1 AS person, 0 AS frequency, 0 AS recency, 0.5 AS probability_purchase_90d, 9999 AS value",
        date(2025, 9, 30),
    )
    found = customers(Engine(ibis.duckdb.from_connection(con)), DAY)
    assert found.tenths == tuple(Part(n, 2, 41.0 - 4 * n) for n in range(1, 11))
    by_hand = {}
    for i in range(20):
        band = min(int(i / 19 * 10), 9)
        many, value = by_hand.get(band, (0, 0.0))
        by_hand[band] = (many + 1, value + i)
    assert found.chances == tuple(Part(band, *by_hand[band]) for band in sorted(by_hand))
    assert found.paces is None


def test_paces_are_those_of_the_most_faithful_of_whom_there_are_enough(con: duckdb.DuckDBPyConnection):
    rows = "SELECT i + {0} AS person, {1} AS frequency, {1} * (i + 1) AS recency, 0.1 AS probability_purchase_90d,"
    rows += " 1 AS value FROM range({2}) t(i)"
    say(con, rows.format(0, 4, 19))
    say(con, rows.format(100, 3, 21))
    say(con, rows.format(200, 2, 500))
    # Of 1, 2, … 21 days between purchases, a quarter is 6 or less and a quarter 16 or more.
    assert customers(Engine(ibis.duckdb.from_connection(con)), DAY).paces == Paces(3, 6.0, 16.0)


def test_nobody_at_all(con: duckdb.DuckDBPyConnection):
    found = customers(Engine(ibis.duckdb.from_connection(con)), DAY)
    assert (found.tenths, found.chances, found.paces) == ((), (), None)
