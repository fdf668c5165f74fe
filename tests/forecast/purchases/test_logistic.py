"""Logistic regression on recency, frequency and age: its answer is that of the textbook, and what it says of customers holds."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy.optimize import minimize

from forecast.customers import draw
from regulars.forecast import RFMSummary
from regulars.forecast.conventions import BACKTEST_DAYS
from regulars.forecast.purchases.backtest import (
    BacktestPeriod,
    backtest_model,
    backtest_periods,
    preceding_periods,
    report,
)
from regulars.forecast.purchases.baselines import chances_of, coefficients, regressed
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine

FIRST, UNTIL = epoch_day(date(2024, 1, 1)), epoch_day(date(2026, 1, 1))


def test_two_groups_get_the_log_odds_of_their_shares():
    """Of 1,000 customers of one kind 200 buy, of 1,000 of the other 600: the penalty takes hardly anything away."""
    rows = np.array([[1.0, 0], [1, 0], [1, 1], [1, 1]])
    bought, n = np.array([True, False, True, False]), np.array([200.0, 800, 600, 400])
    beta = coefficients(rows, bought, n)
    assert beta[0] == pytest.approx(np.log(200 / 800), abs=0.02)
    assert beta[0] + beta[1] == pytest.approx(np.log(600 / 400), abs=0.02)


def test_it_is_the_highest_penalized_likelihood():
    chance = np.random.default_rng(1)
    rows = np.column_stack([np.ones(500), chance.normal(size=(500, 3))])
    bought, n = chance.random(500) < 0.3, chance.integers(1, 9, 500).astype(float)

    def loss(beta: np.ndarray) -> float:
        z = rows @ beta
        return float(n @ (np.logaddexp(0, z) - bought * z) + 0.5 * (beta[1:] ** 2).sum())

    best = minimize(loss, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 10_000})
    assert coefficients(rows, bought, n) == pytest.approx(best.x, abs=1e-4)


@pytest.mark.parametrize(("bought", "share"), [(True, 1.0), (False, 0.0)])
def test_a_period_in_which_all_buy_or_nobody_has_an_answer(bought: bool, share: float):
    rfm = RFMSummary(np.array([0.0, 3]), np.array([0.0, 30]), np.array([90.0, 90]), np.array([500.0, 200]))
    after = np.full(2, float(bought))
    one = BacktestPeriod(0, rfm, np.zeros(2), after)
    assert chances_of(one, one) == pytest.approx([share, share], abs=0.01)


def test_chances_hold_in_the_period_that_follows():
    """Learnt from some drawn customers and asked of others: of each tenth as many buy as it says."""
    learnt, asked = (
        BacktestPeriod(0, RFMSummary.of(people.summary), np.zeros(len(people.x)), people.later)
        for people in (draw("pareto", 8000, seed, horizon=BACKTEST_DAYS) for seed in (3, 4))
    )
    chances = chances_of(learnt, asked)
    order = np.argsort(chances)
    for tenth in np.array_split(order, 10):
        assert (asked.actual[tenth] > 0).mean() == pytest.approx(chances[tenth].mean(), abs=0.06)


def test_it_stands_beside_the_models(engine: Engine):
    orders = engine.fact("orders")
    hidden = backtest_periods(engine, orders, FIRST, UNTIL, 1500)
    scores = regressed(preceding_periods(engine, orders, hidden, FIRST, 1500), hidden)
    said = report({"pareto": backtest_model("pareto", hidden)}, "pareto")
    mine = said["models"]["pareto"]
    assert scores.keys() == {"brier", "log_loss", "top_tenth"}
    assert scores["brier"] < said["naive"]["brier"]
    assert scores == pytest.approx({name: mine[name] for name in scores}, rel=0.2)
