"""What is said of running subscriptions: against what becomes of those drawn from the same truth."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from forecast.subscriptions.population import UNTIL, Plan, Subscription, drawn, months_later
from forecast.test_reference import estimate_of
from regulars.forecast.models.sbg import SubscriptionForecast
from regulars.forecast.subscriptions.fitting import PlanModel, PlanModels
from regulars.forecast.subscriptions.renewal_days import renewals_due
from regulars.forecast.subscriptions.renewal_history import PERIOD_PARTS
from regulars.forecast.subscriptions.scoring import score_subscriptions
from regulars.vocabulary.calendar import epoch_day, from_epoch_day
from regulars.vocabulary.settings.term import Term

LAST = epoch_day(UNTIL)
ANY_DAY, LAST_DAY = np.array([1] * PERIOD_PARTS + [0]), np.array([0] * PERIOD_PARTS + [1])
"""On which days of their period those who leave do so."""


def model(months: int, alpha: float, beta: float, early: bool) -> PlanModels:
    known = SubscriptionForecast(estimate_of({"alpha": alpha, "beta": beta}))
    ends_by_part = ANY_DAY if early else LAST_DAY
    return PlanModels((PlanModel(("p",), False, Term(months=months), known, 1, ends_by_part),), {})


def renewals_by(one: Subscription, days: int) -> int:
    """How often it is renewed from the end of UNTIL on, within so many days."""
    last = UNTIL + timedelta(days)
    return sum(UNTIL < one.renewed_on(number) <= last for number in range(1, one.renewals + 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("months", "alpha", "beta", "early"), [(1, 0.7, 3.0, True), (1, 0.7, 3.0, False), (12, 1.5, 2.0, True)]
)
def test_what_is_said_is_what_becomes_of_them(months: int, alpha: float, beta: float, early: bool):
    """Of everybody together, and of those that were renewed as often: within four standard deviations of a mean."""
    people = drawn([Plan("p", months, alpha, beta, 40_000, early=early)], seed=6)
    running = [one for one in people if one.ended > UNTIL]
    began = np.array(sorted({epoch_day(one.began) for one in running}))
    rows = score_subscriptions(model(months, alpha, beta, early), {"p": began}, LAST, 500, 0.1).to_pylist()
    said = {row["began"]: row for row in rows}
    often = {day: row["renewed"] for day, row in said.items()}
    groups = [running, *([one for one in running if often[epoch_day(one.began)] == k] for k in (0, 1, 2))]
    for group in groups:
        of = [said[epoch_day(one.began)] for one in group]
        came = {days: np.array([renewals_by(one, days) for one in group]) for days in (30, 90, 365, 500)}
        for days in (30, 90, 365):
            assert_mean([row[f"probability_purchase_{days}d"] for row in of], came[days] > 0)
        assert_mean([row["purchases"] for row in of], came[500])
        low, high = (np.array([row[f"purchases_{end}"] for row in of]) for end in ("low", "high"))
        assert (came[500] < low).mean() <= 0.1 + 4 * 0.3 / np.sqrt(len(group))
        assert (came[500] > high).mean() <= 0.1 + 4 * 0.3 / np.sqrt(len(group))
        assert (low <= high).all() and (low < high).any()
        # A day before the median fewer than half have reached an end at a renewal, on it half or more.
        ends = np.array([epoch_day(months_later(one.began, months * (one.renewals + 1))) - LAST for one in group])
        median = np.array([np.inf if row["median_days"] is None else row["median_days"] for row in of])
        margin = 4 * 0.5 / np.sqrt(len(group))
        assert (ends <= median).mean() > 0.5 - margin
        assert (ends < median).mean() < 0.5 + margin


def assert_mean(said: list[float], came: np.ndarray) -> None:
    off = came - np.array(said)
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(len(off)) + 1e-6


def test_money_is_what_renewals_are_worth_on_their_days():
    """The sums, renewal by renewal, of one subscription that renews on the 31st or the last day."""
    began = epoch_day(UNTIL) - 61  # 31 October 2025
    (row,) = score_subscriptions(model(1, 0.7, 3.0, False), {"p": np.array([began])}, LAST, 365, 0.2).to_pylist()
    assert (row["renewed"], row["age"], row["due"]) == (2, 61, 31)  # 30 November, 31 December; then 31 January
    days = [(months_later(from_epoch_day(began), k) - UNTIL).days for k in range(3, 15)]
    # P(k more | 2 so far) as the product of retentions (beta + j) / (alpha + beta + j).
    renewal_probability = np.cumprod([(3.0 + j) / (3.7 + j) for j in range(2, 14)])
    worth = np.array([1.2 ** (-day / 365) for day in days])
    assert days[-1] == 365
    assert row["purchases"] == pytest.approx(renewal_probability.sum(), rel=1e-6)
    assert row["worth"] == pytest.approx(renewal_probability @ worth)
    assert row["worth_at_risk"] == pytest.approx((1 - renewal_probability) @ worth)
    low, high = (int((1 - renewal_probability < share).sum()) for share in (0.1, 0.9))
    assert (row["purchases_low"], row["purchases_high"]) == (low, high)
    assert row["worth_low"] == pytest.approx(worth[:low].sum())
    assert row["worth_high"] == pytest.approx(worth[:high].sum())
    assert row["probability_purchase_90d_at_last"] == pytest.approx(5 / 5.7)


def test_value_at_risk_is_of_twelve_months_whatever_the_horizon():
    began = np.array([LAST - 61])
    found = [
        score_subscriptions(model(1, 0.7, 3.0, False), {"p": began}, LAST, days, 0.1).to_pylist()[0]
        for days in (30, 90, 800)
    ]
    assert len({row["worth_at_risk"] for row in found}) == 1
    assert [row["purchases"] > 0 for row in found] == [False, True, True]


def test_who_hardly_ever_leaves_has_no_median():
    (row,) = score_subscriptions(model(12, 1e-3, 9.0, False), {"p": np.array([LAST - 40])}, LAST, 365, 0.1).to_pylist()
    assert row["median_days"] is None
    assert row["probability_purchase_90d_at_last"] == 0  # it renews but once a year


def test_plans_without_a_model_are_left_out():
    found = score_subscriptions(
        model(1, 0.7, 3.0, False), {"p": np.array([LAST - 40]), "q": np.array([LAST - 3])}, LAST, 365, 0.1
    )
    assert found["plan"].to_pylist() == ["p"]
    assert renewals_due(Term(months=1), np.array([LAST - 40]), LAST).tolist() == [1]
