"""The past, hidden and forecast: nothing hidden is seen, and what is said of it is counted right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

import duckdb
import ibis
import numpy as np
import pytest

from forecast import simulated
from forecast.customers import draw
from metrics.shops import TestShop, order, shop
from regulars.forecast import PurchaseForecast, RFMSummary, fit
from regulars.forecast.conventions import BACKTEST_DAYS
from regulars.forecast.newton import Status
from regulars.forecast.purchases import backtest
from regulars.forecast.purchases.backtest import (
    BacktestForecast,
    BacktestPeriod,
    backtest_model,
    backtest_model_on_days,
    backtest_period,
    backtest_periods,
    period_starts,
    report,
    score_difference,
)
from regulars.forecast.purchases.model_selection import choose_model, fit_candidates
from regulars.forecast.seasonal_time import TimeScale
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.errors import ForecastRefused
from regulars.warehouse.engine import Engine

START = epoch_day(date(2025, 7, 1))


def test_quarters_leave_half_a_year_to_learn_from():
    assert period_starts(0, 269) == ()
    assert period_starts(0, 270) == (180,)
    assert period_starts(0, 449) == (359, 269)
    assert period_starts(0, 2000) == (1910, 1820, 1730)


def rows_of(found: BacktestPeriod) -> Counter[tuple[float, ...]]:
    columns = (found.rfm.x, found.rfm.t_x, found.rfm.T, found.previous, found.actual)
    counted = Counter()
    for row in zip(found.rfm.n.tolist(), *(column.tolist() for column in columns), strict=True):
        counted[row[1:]] += row[0]
    return counted


def test_a_quarter_is_what_plain_python_counts(facts: duckdb.DuckDBPyConnection, engine: Engine):
    days = defaultdict(set)
    for person, day in facts.execute("SELECT person, day FROM facts.orders WHERE person IS NOT NULL").fetchall():
        days[person].add(day)
    expected = Counter()
    for seen in days.values():
        past = sorted(day for day in seen if day < START)
        if past:
            before = sum(day >= START - BACKTEST_DAYS for day in past)
            after = sum(START <= day < START + BACKTEST_DAYS for day in seen)
            expected[len(past) - 1, past[-1] - past[0], START - 1 - past[0], before, after] += 1
    found = backtest_period(engine, engine.fact("orders"), START)
    assert rows_of(found) == expected
    assert sum(expected.values()) > 500 and max(after for *_, after in expected) > 3


def test_a_part_of_the_customers_is_a_part(facts: duckdb.DuckDBPyConnection, engine: Engine):
    whole, third = (rows_of(backtest_period(engine, engine.fact("orders"), START, one_in)) for one_in in (1, 3))
    assert third <= whole
    assert third.total() == pytest.approx(whole.total() / 3, rel=0.15)


def bought(*more: dict[str, object]) -> TestShop:
    chance = np.random.default_rng(4)
    rows = []
    for person in range(300):
        first = int(chance.integers(0, 200))
        days = {first, *chance.integers(first, 300, chance.poisson(chance.gamma(0.6, 4))).tolist()}
        rows += [order(f"{person}-{day}", f"c{person}", str(np.datetime64("2024-01-01") + int(day))) for day in days]
    return shop(orders=[*rows, *more])


def test_what_is_hidden_is_not_seen():
    start = epoch_day(date(2024, 8, 1))
    later = [order(f"later{n}", f"c{n}", "2024-08-15") for n in range(250)]
    forecasts = []
    for made in (bought(), bought(*later)):
        engine = Engine(ibis.duckdb.from_connection(made.con))
        one = backtest_period(engine, engine.fact("orders"), start)
        (backtest,) = backtest_model("nbd", [one])
        forecasts.append((backtest.fitted.estimate.values, one.rfm.n @ backtest.expected))
        came = one.rfm.n @ one.actual
    assert came > 250
    np.testing.assert_allclose(forecasts[0][0], forecasts[1][0], rtol=1e-9)
    assert forecasts[0][1] == pytest.approx(forecasts[1][1])


def test_quarters_with_few_customers_are_left_out(engine: Engine):
    orders = engine.fact("orders")
    first = epoch_day(date(2024, 1, 1))
    found = backtest_periods(engine, orders, first, epoch_day(date(2026, 1, 1)), 1500)
    assert [one.start for one in found] == [epoch_day(date(2026, 1, 1)) - BACKTEST_DAYS * back for back in (1, 2, 3)]
    assert backtest_periods(engine, orders, first, first + 270, 300) == []


def drawn(model: str, number: int = 3000, seed: int = 9) -> BacktestPeriod:
    people = draw(model, number, seed, horizon=BACKTEST_DAYS)
    rfm = RFMSummary.of(people.summary)
    return BacktestPeriod(START, rfm, np.round(people.x / 4), people.later)


def test_scores_are_those_of_what_came():
    one = drawn("mbg")
    (backtest,) = backtest_model("mbg", [one])
    fitted = fit(one.rfm, "mbg")
    counts = fitted.probability_of_counts(one.rfm, BACKTEST_DAYS, 60)
    came = one.actual.astype(int)
    few = came < 20
    rows = np.arange(len(came))
    np.testing.assert_allclose(backtest.log_scores[few], np.log(counts[rows, came])[few], rtol=1e-6)
    # Twenty purchases and more are one.
    np.testing.assert_allclose(np.exp(backtest.log_scores[~few]), counts[~few, 20:].sum(axis=1), rtol=1e-3)
    np.testing.assert_allclose(
        backtest.purchase_probability, fitted.probability_of_purchase(one.rfm, BACKTEST_DAYS), rtol=1e-6
    )
    said = report({"mbg": [backtest]}, "mbg")
    mine, (shown,) = said["models"]["mbg"], said["quarters"]
    assert mine["log_score"] == pytest.approx(backtest.log_scores.mean())
    assert mine["brier"] == pytest.approx(np.mean((backtest.purchase_probability - (came > 0)) ** 2))
    assert mine["mean_absolute_error"] == pytest.approx(np.abs(backtest.expected - came).mean())
    assert said["naive"]["mean_absolute_error"] == pytest.approx(np.abs(one.previous - came).mean())
    assert shown["as_of"] == "2025-06-30" and shown["customers"] == 3000
    assert shown["purchases"] == pytest.approx(
        {"forecast": backtest.expected.sum(), "actual": came.sum(), "naive": one.previous.sum()}
    )
    assert shown["buyers"]["actual"] == (came > 0).sum()
    # Of drawn customers the model is the truth: what came lies within its own spread, and its groups come as they should.
    assert abs(shown["buyers"]["actual"] - shown["buyers"]["forecast"]) < 3 * shown["buyers"]["spread"]
    assert [group["customers"] for group in said["calibration"]] == pytest.approx([300] * 10, abs=60)
    for group in said["calibration"]:
        assert group["actual"] == pytest.approx(group["forecast"], abs=0.09)


def test_the_top_tenth_of_equals_is_a_part_of_them():
    n, after = np.ones(20), np.zeros(20)
    after[:4] = [6, 2, 1, 1]
    score = np.zeros(20)
    score[0], score[1:11] = 9, 5  # one of the two is clear, the other is any of ten with 4 purchases
    assert backtest._top_tenth(n, score, after) == pytest.approx((6 + 0.4) / 10)


def trials_of(*log_scores: float, of: BacktestPeriod, times: int = 1) -> list[BacktestForecast]:
    nothing = np.zeros(len(log_scores))
    return [
        BacktestForecast(
            of, PurchaseForecast("pareto", None), nothing, nothing, np.array(log_scores), TimeScale.plain(START)
        )
    ] * times


EVEN = BacktestPeriod(
    START, RFMSummary(np.zeros(4), np.zeros(4), np.ones(4), np.full(4, 100.0)), np.zeros(4), np.zeros(4)
)


def test_a_gain_has_a_standard_error():
    better, error = score_difference(trials_of(-1, -1, -1, -1, of=EVEN), trials_of(-2, -2, -1, -1, of=EVEN))
    assert (better, error) == (0.5, pytest.approx(0.5 / np.sqrt(400)))


FITTED = {name: PurchaseForecast(name, None) for name in ("pareto", "mbg", "bg")}


@pytest.mark.parametrize(
    ("scores", "taken"),
    [
        (
            {"pareto": (-1, -1, -1, -1), "mbg": (-0.9, -1.09, -0.9, -1.09), "bg": (-2, -2, -2, -2)},
            "pareto",
        ),  # a near tie
        ({"pareto": (-1, -1, -1, -1), "mbg": (-0.8, -0.9, -0.8, -0.9), "bg": (-2, -2, -2, -2)}, "mbg"),
        ({"pareto": (-1, -1, -1, -1), "mbg": (-0.8, -0.9, -0.8, -0.9), "bg": (-0.5, -0.4, -0.5, -0.4)}, "bg"),
    ],
)
def test_the_usual_model_is_taken_unless_another_is_better_for_sure(scores: dict[str, Sequence[float]], taken: str):
    backtests = {name: trials_of(*values, of=EVEN) for name, values in scores.items()}
    assert choose_model(FITTED, backtests).fitted.model == taken


def test_a_difference_that_is_sure_but_too_small_to_matter_is_a_tie():
    backtests = {
        name: trials_of(*[-1 + score_gain] * 4, of=EVEN)
        for name, score_gain in zip(FITTED, (0, 0.0009, -1), strict=True)
    }
    assert choose_model(FITTED, backtests).fitted.model == "pareto"


def test_a_model_that_a_quarter_did_not_tell_is_not_compared():
    backtests = {
        "pareto": trials_of(-1, -1, -1, -1, of=EVEN),
        "mbg": trials_of(-2, -2, -2, -2, of=EVEN, times=2),
        "bg": [],
    }
    assert choose_model(FITTED, backtests).fitted.model == "mbg"
    assert choose_model(FITTED, backtests, "bg").fitted.model == "bg"


def test_without_a_past_the_usual_model_is_taken():
    assert choose_model(FITTED, {name: [] for name in FITTED}).fitted.model == "pareto"


def test_where_nobody_leaves_a_model_says_so():
    rfm = RFMSummary.of(draw("nbd", 3000, 8).summary).grouped()
    found = fit_candidates(rfm)
    assert "nbd" in found and "pareto" not in found
    with pytest.raises(ForecastRefused, match=r"The model pareto cannot be estimated from these customers: \w"):
        fit_candidates(rfm, "pareto")
    only = choose_model({"nbd": found["nbd"]}, {"nbd": []})
    assert "do not show whether customers drop out" in only.why


def test_the_truth_scores_best():
    """Customers who may leave after their first purchase: BG/NBD cannot know of it, and is found out."""
    one = drawn("mbg", 8000)
    better, error = score_difference(backtest_model("mbg", [one]), backtest_model("bg", [one]))
    assert better > 2 * error
    better, error = score_difference(
        backtest_model("pareto", [drawn("pareto", 8000)]), backtest_model("nbd", [drawn("pareto", 8000)])
    )
    assert better > 2 * error


def test_a_period_that_does_not_tell_the_model_is_passed_over_for_an_earlier_one():
    made, until = simulated.drawn(900, np.ones(900), 5), simulated.DAY_ONE + 810
    engine = made.engine()
    orders = engine.fact("orders")
    told = [
        start
        for start in (until - BACKTEST_DAYS * back for back in range(1, 5))
        if fit(backtest_period(engine, orders, start).rfm.grouped(), "pareto").estimate.status is Status.CONVERGED
    ]
    found = backtest_model_on_days("pareto", engine, orders, simulated.DAY_ONE, until, 900, BACKTEST_DAYS)
    assert [backtest.period.start for backtest in found] == told[:3]
    assert told != [until - BACKTEST_DAYS * back for back in (1, 2, 3)] and len(told) == 3
    assert (
        backtest_model_on_days("pareto", engine, orders, until - 400, until, 900, BACKTEST_DAYS) == []
    )  # two periods fit these days
