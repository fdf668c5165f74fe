"""What is said of each customer is what the model says of their past, and money is what comes of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pytest

from forecast.customers import draw
from regulars.forecast import PurchaseForecast, RFMSummary, fit
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases import scoring
from regulars.forecast.purchases.pipeline import run_forecast
from regulars.forecast.purchases.scoring import purchase_quantiles, score_customers
from regulars.services.app import App
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.shop import Shop
from regulars.warehouse.engine import Engine

MODELS = ("pareto", "mbg", "bg", "nbd")


@pytest.fixture(scope="module", params=MODELS)
def fitted(request: pytest.FixtureRequest) -> PurchaseForecast:
    return fit(draw(request.param, 4000, 5).summary, request.param)


def some(number: int = 60, longest: int = 900) -> RFMSummary:
    chance = np.random.default_rng(3)
    T = chance.integers(1, longest, number).astype(float)
    x = np.minimum(chance.poisson(2, number), T)
    t_x = np.where(x > 0, np.maximum(np.floor(T * chance.random(number)), x), 0.0)
    T[0] = x[0] = t_x[0] = 0  # just bought for the first time
    return RFMSummary(x, t_x, T, np.ones(number))


def test_every_cell_gets_what_the_model_says_of_it(fitted: PurchaseForecast):
    rfm = some()
    table = score_customers(fitted, rfm, 200, 0.08)
    said = {name: np.asarray(table[name]) for name in table.column_names}
    np.testing.assert_array_equal([said["frequency"], said["recency"], said["age"]], [rfm.x, rfm.t_x, rfm.T])
    direct = {
        "probability_alive": fitted.probability_alive(rfm),
        "probability_purchase_30d": fitted.probability_of_purchase(rfm, 30),
        "probability_purchase_90d": fitted.probability_of_purchase(rfm, 90),
        "probability_purchase_365d": fitted.probability_of_purchase(rfm, 365),
        "purchases": fitted.expected_purchases(rfm, 200),
        "worth": fitted.discounted_purchases(rfm, 200, 1.08 ** (1 / 365) - 1),
        "overdue": fitted.overdue(rfm),
    }
    for name, values in direct.items():
        # Chances and counts are kept in single precision.
        np.testing.assert_allclose(said[name], values, rtol=1e-9 if name == "worth" else 1e-6, err_msg=name)
    median = fitted.median_next_purchase(rfm)
    median[median >= 36_500] = np.inf
    np.testing.assert_allclose(np.nan_to_num(said["median_days"], nan=np.inf), median, rtol=1e-6)
    # What those surely still customers buy in a year more than these: 1 / alive times as much.
    year, probability_alive = (
        fitted.discounted_purchases(rfm, 365, 1.08 ** (1 / 365) - 1),
        fitted.probability_alive(rfm),
    )
    np.testing.assert_allclose(said["worth_at_risk"], year / probability_alive - year, rtol=1e-7, atol=1e-12)
    # Discounted a purchase at a time, a range is worth as much a purchase as what is expected.
    each = said["worth"] / fitted.expected_purchases(rfm, 200)
    np.testing.assert_allclose(said["worth_high"], said["purchases_high"] * each, rtol=1e-9)


def test_threads_share_the_work_and_change_nothing(monkeypatch: pytest.MonkeyPatch):
    fitted, rfm = fit(draw("pareto", 4000, 5).summary, "pareto"), some(500)
    alone = score_customers(fitted, rfm, 365, 0.1, threads=1)
    for pieces in ("_ROWS_AT_ONCE", "_HISTORIES_AT_ONCE", "_COUNTS_AT_ONCE"):
        monkeypatch.setattr(scoring, pieces, 100)
    assert score_customers(fitted, rfm, 365, 0.1, threads=3).equals(alone)


def test_the_chance_at_the_last_purchase_is_that_of_the_day_itself(fitted: PurchaseForecast):
    rfm = some()
    said = np.asarray(score_customers(fitted, rfm, 365, 0.1)["probability_purchase_90d_at_last"])
    for place in range(len(rfm.x)):
        x, t = rfm.x[place], rfm.t_x[place]
        then = {"frequency": [x], "recency": [t], "T": [t]}
        assert said[place] == pytest.approx(fitted.probability_of_purchase(then, 90)[0])


def test_ranges_are_quantiles_of_the_predicted_counts(fitted: PurchaseForecast):
    rfm = some(longest=50)  # so young that no ages are taken together
    low, high = purchase_quantiles(fitted, rfm, fitted.probability_alive(rfm), 365)
    until = np.cumsum(fitted.probability_of_counts(rfm, 365, 200), axis=1)
    np.testing.assert_array_equal(low, (until < 0.1).sum(axis=1))
    np.testing.assert_array_equal(high, (until < 0.9).sum(axis=1))
    assert high.max() > 3


def test_ranges_of_old_customers_leave_a_tenth_out_on_each_side(fitted: PurchaseForecast):
    rfm = some(300)
    low, high = purchase_quantiles(fitted, rfm, fitted.probability_alive(rfm), 365)
    until = np.c_[np.zeros(300), np.cumsum(fitted.probability_of_counts(rfm, 365, 200), axis=1)]
    for q, found in ((0.1, low), (0.9, high)):
        place = found.astype(int)
        assert (until[np.arange(300), place] < q + 0.01).all()
        assert (until[np.arange(300), place + 1] > q - 0.01).all()


def test_a_range_holds_eight_in_ten_of_those_who_come(fitted: PurchaseForecast):
    people = draw(fitted.model, 4000, 77, horizon=365)
    rfm = RFMSummary.of(people.summary)
    low, high = purchase_quantiles(fitted, rfm, fitted.probability_alive(rfm), 365)
    assert np.mean((people.later >= low) & (people.later <= high)) > 0.78
    assert np.mean(people.later > high) == pytest.approx(0.07, abs=0.04)


def test_a_whale_has_a_range_too():
    fitted = fit(draw("bg", 3000, 5).summary, "bg")
    rfm = RFMSummary(*(np.array([value]) for value in (1500.0, 700.0, 701.0, 1.0)))
    low, high = purchase_quantiles(fitted, rfm, fitted.probability_alive(rfm), 365)
    until = np.cumsum(fitted.probability_of_counts(rfm, 365, 1200))
    assert low[0] == pytest.approx((until < 0.1).sum(), rel=0.03)
    assert high[0] == pytest.approx((until < 0.9).sum(), rel=0.03) and high[0] > 700


@pytest.fixture(scope="module")
def predicted(loaded) -> list[dict[str, object]]:
    """The predictions of the simulated shop, and beside them its rows."""
    with App(Shop.open(loaded)).reading() as con:
        engine = Engine(ibis.duckdb.from_connection(con))
        forecast, rows = run_forecast(engine, "GBP", epoch_day(date(2026, 1, 1)), ForecastOptions())
        found = engine.read(rows).to_pylist()
        engine.forget()
    for row in found:
        row["forecast"] = forecast
    return found


def test_each_customer_is_predicted_once(predicted, facts: duckdb.DuckDBPyConnection):
    people = {person for (person,) in facts.execute("SELECT DISTINCT person FROM facts.orders").fetchall()} - {None}
    assert len(predicted) == len(people) == predicted[0]["forecast"].customers
    assert {row["person"] for row in predicted} == people
    assert {row["as_of"] for row in predicted} == {date(2025, 12, 31)}
    assert all(row["bucket"] == row["person"] % 32 for row in predicted)


def test_money_is_purchases_times_spend_in_profit(predicted):
    forecast = predicted[0]["forecast"]
    assert forecast.value_of == "profit" and 0 < forecast.value_share < 1
    for row in predicted:
        undiscounted = row["purchases"] * float(row["spend"]) * forecast.value_share
        # Of 12 months at 10 % a year, the first purchase loses nothing and the last a tenth.
        assert 0.9 * undiscounted - 0.01 <= float(row["profit"]) <= undiscounted + 0.01
        assert float(row["revenue"]) * forecast.value_share == pytest.approx(float(row["profit"]), rel=1e-5, abs=1e-3)
        assert row["value_low"] <= row["profit"] * Decimal("1.0001") or row["purchases_low"] > row["purchases"]
        assert row["value_low"] <= row["value_high"]
        # Chances are of single precision.
        at_risk, probability_alive = float(row["profit_at_risk"]), row["probability_alive"]
        assert at_risk * probability_alive == pytest.approx(
            float(row["profit"]) * (1 - probability_alive), rel=1e-4, abs=1e-3
        )


def test_what_was_and_how_it_began_is_kept_beside_what_is_to_come(predicted, facts: duckdb.DuckDBPyConnection):
    began = facts.execute(
        "SELECT person, sum(net_revenue), CASE WHEN count(*) = count(profit) THEN sum(profit) END,"
        ' first(country ORDER BY "at", order_id), first(channel ORDER BY "at", order_id), first(product ORDER BY "at", order_id)'
        " FROM facts.orders WHERE person IS NOT NULL GROUP BY person"
    ).fetchall()
    told = ("revenue_to_date", "profit_to_date", "first_country", "first_channel", "first_product")
    assert {(row["person"], *(row[name] for name in told)) for row in predicted} == set(began)


def test_value_at_risk_is_that_of_a_year_however_far_one_looks(predicted, loaded: Path):
    with App(Shop.open(loaded)).reading() as con:
        engine = Engine(ibis.duckdb.from_connection(con))
        _, rows = run_forecast(
            engine,
            "GBP",
            epoch_day(date(2026, 1, 1)),
            ForecastOptions(horizon=730, model=predicted[0]["forecast"].model),
        )
        further = {row["person"]: row for row in engine.read(rows).to_pylist()}
        engine.forget()
    for row in predicted:
        other = further[row["person"]]
        for name in ("revenue_at_risk", "profit_at_risk"):
            assert other[name] == pytest.approx(row[name], abs=Decimal("0.0002"))
        assert other["profit"] >= row["profit"] == row["value_year"]
        assert other["value_year"] == pytest.approx(row["value_year"], abs=Decimal("0.0002"))


def test_totals_are_the_sums_of_what_is_said_of_each(predicted):
    totals = predicted[0]["forecast"].totals
    assert Decimal(totals["profit"]) == sum(row["profit"] for row in predicted)
    assert Decimal(totals["revenue"]) == sum(row["revenue"] for row in predicted)
    for days in (30, 90, 365):
        chances = np.array([row[f"probability_purchase_{days}d"] for row in predicted], dtype=float)
        assert totals["buyers"][str(days)] == pytest.approx(chances.sum())
        assert totals["buyers_spread"][str(days)] == pytest.approx(np.sqrt((chances * (1 - chances)).sum()))
        stated = totals["buyers_range"][str(days)]
        assert stated["low"] < totals["buyers"][str(days)] < stated["high"]
        assert (stated["days"], stated["at_least"]) == {30: (30, False), 90: (90, False), 365: (90, True)}[days]
    for name in ("purchases", "revenue", "profit"):
        stated = totals[f"{name}_range"]
        assert stated["low"] < float(totals[name]) < stated["high"]
        assert stated["low"] * stated["high"] == pytest.approx(float(totals[name]) ** 2)  # even on the log scale
    leaving = [
        row
        for row in predicted
        if row["frequency"] >= 1 and row["probability_purchase_90d"] < row["probability_purchase_90d_at_last"] / 2
    ]
    assert 0 < len(leaving) == totals["at_risk"]
    for value in ("revenue", "profit"):
        assert Decimal(totals[f"{value}_at_risk"]) == sum(row[f"{value}_at_risk"] for row in leaving)


def test_a_forecast_of_the_past_is_near_what_came(facts: duckdb.DuckDBPyConnection):
    """Half a year is hidden and forecast: of customers known by then, those who bought within 90 days, and their purchases."""
    engine = Engine(ibis.duckdb.from_connection(facts))
    until = epoch_day(date(2025, 7, 1))
    forecast, rows = run_forecast(engine, "GBP", until, ForecastOptions(horizon=90))
    predicted_now = engine.read(rows).to_pylist()
    came = facts.execute(
        "SELECT count(DISTINCT person), count(DISTINCT (person, day)) FROM facts.orders"
        " WHERE day >= $1 AND day < $1 + 90 AND person IN (SELECT person FROM facts.orders WHERE day < $1)",
        [until],
    ).fetchall()[0]
    engine.forget()
    assert forecast.totals["buyers"]["90"] == pytest.approx(came[0], rel=0.2)
    assert sum(row["purchases"] for row in predicted_now) == pytest.approx(came[1], rel=0.25)
