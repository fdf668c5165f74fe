"""Standard deviations of totals, by chance alone: against sums of probabilities, and against many draws of the models' own."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.forecast.models.bg_nbd import BetaGeometric
from regulars.forecast.models.nbd import Poisson
from regulars.forecast.models.pareto_nbd import Pareto
from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.models.purchase_models import PurchaseProcess
from regulars.forecast.purchases import total_errors
from regulars.forecast.purchases.monetary_value import MonetaryValue
from regulars.forecast.purchases.total_errors import SpendByHistory
from regulars.forecast.rfm import RFMSummary
from regulars.forecast.seasonal_time import TimeScale

R, ALPHA = np.array([0.3, 0.6, 1.5, 5.0]), np.array([10.0, 50.0, 20.0, 100.0])
FUTURES = (
    Poisson(R, ALPHA),
    Pareto(R, ALPHA, np.full(4, 0.7), np.array([20.0, 100.0, 150.0, 400.0])),
    BetaGeometric(R, ALPHA, np.full(4, 0.6), np.array([0.5, 1.0, 3.0, 8.0])),
    BetaGeometric(R, ALPHA, np.full(4, 1e-6), np.full(4, 3.0)),
)


@pytest.mark.parametrize("process", FUTURES)
@pytest.mark.parametrize("days", [1.0, 90.0])
def test_the_factorial_moment_is_the_sum_over_all_counts(process: PurchaseProcess, days: float):
    k = np.arange(1500)[:, None]
    expected = (k * (k - 1) * process.probability_of_counts(days, 1499)).sum(axis=0)
    np.testing.assert_allclose(process.factorial_moment(days), expected, rtol=1e-8)


@pytest.fixture(scope="module")
def nbd() -> PurchaseForecast:
    """Customers who never leave: rates Gamma(0.8, 60 days), known for 100 to 400 days."""
    luck = np.random.default_rng(2)
    age = luck.integers(100, 400, 4000).astype(float)
    x = luck.poisson(luck.gamma(0.8, 1 / 60, 4000) * age).astype(float)
    return fit({"frequency": x, "recency": np.where(x > 0, age * x / (x + 1), 0.0), "T": age}, "nbd")


def test_purchases_and_what_they_bring_differ_as_draws_of_the_models_do(nbd: PurchaseForecast):
    """Two kinds of customers, one of whom a few never paid; 40,000 draws of what all of them do and spend in 90 days."""
    rfm = RFMSummary(np.array([0.0, 4.0]), np.array([0.0, 150.0]), np.array([200.0, 200.0]), np.array([30.0, 20.0]))
    amounts = [np.linspace(10, 60, 25), np.linspace(100, 300, 20)]  # of 30 and of 20 customers; five paid nothing
    spent = SpendByHistory(
        rfm, np.array([25.0, 20.0]), np.array([a.sum() for a in amounts]), np.array([(a**2).sum() for a in amounts])
    )
    p, q, v = 3.0, 4.0, 45.0
    spend = MonetaryValue("gamma-gamma", "", {"p": p, "q": q, "v": v}, "revenue", 1.0, "")
    r, alpha = nbd.estimate.values
    luck, draws = np.random.default_rng(7), 40_000
    number, money = np.zeros(draws), np.zeros(draws)
    for x, paid, n in ((0, amounts[0], 30), (4, amounts[1], 20)):
        for who in range(n):
            bought = luck.poisson(luck.gamma(r + x, 1 / (alpha + 200), draws) * 90)
            shape, rate = (q + p * (x + 1), v + paid[who]) if who < len(paid) else (q, v)
            nu = luck.gamma(shape, 1 / rate, draws)
            number += bought
            money += np.where(bought > 0, luck.gamma(np.maximum(p * bought, 1e-9)) / nu, 0.0)
    plain = TimeScale.plain(0)
    for found, drawn in (
        (total_errors.purchases_total(nbd, plain, rfm, 90), number),
        (total_errors.revenue_total(nbd, plain, spent, spend, 90), money),
    ):
        assert found.expected == pytest.approx(drawn.mean(), rel=0.01)
        assert found.spread == pytest.approx(drawn.std(), rel=0.03)


def test_where_all_are_expected_to_spend_alike_their_means_tell_how_days_differ(nbd: PurchaseForecast):
    rfm = RFMSummary(np.array([0.0]), np.array([0.0]), np.array([200.0]), np.array([2.0]))
    spent = SpendByHistory(rfm, np.array([2.0]), np.array([40.0]), np.array([10.0**2 + 30.0**2]))
    spend = MonetaryValue("mean", "few", {"mean": 20.0}, "revenue", 1.0, "")
    r, alpha = nbd.estimate.values
    each = r / (alpha + 200) * 90
    two = r * (r + 1) * (90 / (alpha + 200)) ** 2
    found = total_errors.revenue_total(nbd, TimeScale.plain(0), spent, spend, 90)
    assert found.expected == pytest.approx(2 * each * 20)
    assert found.spread**2 == pytest.approx(2 * (each * 500 + two * 400 - each**2 * 400))
