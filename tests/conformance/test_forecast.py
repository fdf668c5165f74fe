"""Histories and predictions come out the same on DuckDB and on PostgreSQL: counts and days exactly, the rest to a hair."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pytest

from conformance.engines import Both, Engines
from conformance.shops import ODD, PLAIN, UNTIL, Kind
from regulars.forecast.models.purchase_fit import fit
from regulars.forecast.purchases import total_errors
from regulars.forecast.purchases.backtest import BacktestForecast, backtest_period
from regulars.forecast.purchases.data_requirements import count_data
from regulars.forecast.purchases.histories import (
    customer_histories,
    daily_purchases,
    known_orders,
    rfm_summary,
    rfm_summary_to_fit,
)
from regulars.forecast.purchases.monetary_value import fit_monetary_value, winsorize
from regulars.forecast.purchases.scoring import predictions, score_customers
from regulars.forecast.purchases.total_errors import backtest_errors
from regulars.forecast.purchases.totals import totals
from regulars.forecast.seasonal_time import TimeScale
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine

UNTIL_DAY = epoch_day(UNTIL) - 40
"""Some orders lie behind it."""


@contextmanager
def engines_of(both: Engines) -> Iterator[list[Engine]]:
    found = [
        Engine(ibis.duckdb.from_connection(both.duckdb)),
        Engine(ibis.postgres.from_connection(both.postgres)),
    ]
    try:
        yield found
    finally:
        for engine in found:
            engine.forget()


def by_person(engine: Engine, rows: ir.Table) -> dict[int, dict[str, Any]]:
    return {row["person"]: row for row in engine.read(rows).to_pylist()}


@pytest.mark.parametrize("kind", [PLAIN, ODD], ids=lambda kind: kind.name)
def test_histories_are_the_same_on_both_engines(both: Both, kind: Kind) -> None:
    with engines_of(both(kind)) as engines:
        capped = [winsorize(engine, engine.fact("orders"), UNTIL_DAY) for engine in engines]
        assert capped[0] == capped[1]
        counted = [count_data(engine, engine.fact("orders"), UNTIL_DAY) for engine in engines]
        assert counted[0] == counted[1]
        here, there = (
            by_person(engine, customer_histories(engine.fact("orders"), UNTIL_DAY, Decimal("50.0049")))
            for engine in engines
        )
        assert len(here) == counted[0].customers > 50
        assert here == there
        assert any(row["spent"] == Decimal("50.0049") for row in here.values())


@pytest.mark.parametrize("kind", [PLAIN, ODD], ids=lambda kind: kind.name)
def test_hidden_quarters_are_the_same_on_both_engines(both: Both, kind: Kind) -> None:
    with engines_of(both(kind)) as engines:
        for one_in in (1, 3):
            found = [backtest_period(engine, engine.fact("orders"), UNTIL_DAY - 90, one_in) for engine in engines]
            here, there = (
                sorted(zip(q.rfm.x, q.rfm.t_x, q.rfm.T, q.previous, q.actual, q.rfm.n, strict=True)) for q in found
            )
            assert len(here) > 10 and here == there


@pytest.mark.parametrize("kind", [PLAIN, ODD], ids=lambda kind: kind.name)
def test_daily_purchases_are_the_same_on_both_engines(both: Both, kind: Kind) -> None:
    with engines_of(both(kind)) as engines:
        first = count_data(engines[0], engines[0].fact("orders"), UNTIL_DAY).first_day
        orders = [known_orders(engine.fact("orders"), UNTIL_DAY) for engine in engines]
        counts = [daily_purchases(engine, rows, first, UNTIL_DAY) for engine, rows in zip(engines, orders, strict=True)]
        here, there = ((one.new.tolist(), one.repeats.tolist()) for one in counts)
        assert here == there and sum(here[0]) > 10 and sum(here[1]) > 10


def test_rows_given_to_an_engine_come_back_to_the_last_digit(both: Both) -> None:
    """Of more rows than are sent at once, with what is unknown, tiny, huge and endless among them."""
    number = 70_000
    chance = np.random.default_rng(2)
    wide = np.exp(chance.normal(0, 100, number))
    wide[:3] = 0.0, np.inf, 5e-324
    given = pa.table(
        {
            "place": np.arange(number, dtype=np.int32),
            "wide": wide,
            "single": chance.random(number, dtype=np.float32),
            "perhaps": pa.array(chance.random(number), mask=chance.random(number) < 0.3),
        }
    )
    with engines_of(both(PLAIN)) as engines:
        for engine in engines:
            for rows in (given.slice(5), given):  # the second time in place of the first
                kept = engine.keep("given", rows)
            assert engine.read(kept.order_by("place")).equals(given)


@pytest.mark.parametrize("kind", [PLAIN, ODD], ids=lambda kind: kind.name)
def test_predictions_are_the_same_on_both_engines(both: Both, kind: Kind) -> None:
    found, summed, past = [], [], []
    with engines_of(both(kind)) as engines:
        for engine in engines:
            orders = engine.fact("orders")
            rows = engine.keep(
                "histories", customer_histories(orders, UNTIL_DAY, winsorize(engine, orders, UNTIL_DAY).at)
            )
            daily_rfm = rfm_summary(engine, rows)
            weeks = rfm_summary_to_fit(engine, rows, daily_rfm, most=10)
            assert weeks.customers == daily_rfm.customers and len(weeks.x) < len(daily_rfm.x)
            fitted = fit(weeks, "nbd")
            spend = fit_monetary_value(engine, orders, rows, UNTIL_DAY)
            said = predictions(engine, rows, score_customers(fitted, daily_rfm, 365, 0.1), spend)
            found.append(by_person(engine, said))
            hidden = backtest_period(engine, orders, UNTIL_DAY - 90)
            buys = fitted.probability_of_purchase(hidden.rfm, 90)
            backtest = BacktestForecast(hidden, fitted, buys, buys, np.log(buys), TimeScale.plain(hidden.start))
            time_scale, errors = (
                TimeScale.plain(UNTIL_DAY),
                backtest_errors(engine, known_orders(orders, UNTIL_DAY), {90: [backtest] * 3}, (90,)),
            )
            spreads = {
                "purchases": total_errors.purchases_total(fitted, time_scale, daily_rfm, 90),
                "revenue": total_errors.revenue_total(
                    fitted, time_scale, total_errors.spend_by_history(engine, rows), spend, 90
                ),
            }
            past.append(errors)
            summed.append(totals(engine, said, 90, spreads, errors))
    here, there = found
    assert here.keys() == there.keys() and len(here) > 50
    for person, row in here.items():
        for name, value in row.items():
            other = there[person][name]
            if isinstance(value, int) or value is None:
                assert other == value, (person, name)
            else:
                assert float(other) == pytest.approx(float(value), rel=1e-6, abs=2e-4), (person, name)
    assert float(summed[1]["revenue"]) == pytest.approx(float(summed[0]["revenue"]), rel=1e-6)
    assert summed[1]["at_risk"] == summed[0]["at_risk"]
    for name in ("purchases", "revenue"):
        (one, *_), (other, *_) = (getattr(errors, name)[90] for errors in past)
        assert astuple(other) == pytest.approx(astuple(one), rel=1e-6)
        for end in ("low", "high"):
            assert summed[1][f"{name}_range"][end] == pytest.approx(summed[0][f"{name}_range"][end], rel=1e-6)
