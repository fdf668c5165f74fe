"""The hidden past: what is said of it, and whether cohorts that are unlike are found out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from forecast.subscriptions.engines import subscribed
from forecast.subscriptions.population import UNTIL, Plan, Subscription, drawn
from regulars.forecast.conventions import BACKTEST_DAYS
from regulars.forecast.subscriptions.backtest import (
    backtest_renewals,
    homogeneity_p_value,
    renewal_errors,
    renewals_in_period,
    report,
)
from regulars.forecast.subscriptions.renewal_history import subscription_data
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.settings.term import Terms

LAST = epoch_day(UNTIL)


def reported(people: list[Subscription], terms: object = "month") -> dict:
    engine = subscribed((one.customer, one.plan.name, one.began, one.ended) for one in people)
    seen = subscription_data(engine, engine.fact("subscriptions"), Terms.read(terms), LAST + 1)
    return report(backtest_renewals(seen, LAST + 1))


def test_who_stayed_is_forecast_from_what_was_known_before():
    people = drawn([Plan("box", 1, 0.7, 3.0, 4000, early=True), Plan("club", 12, 0.8, 2.0, 2000)], seed=4)
    found = reported(people, {"club": "year"})
    assert [one["as_of"] for one in found["quarters"]] == ["2025-10-02", "2025-07-04", "2025-04-05"]
    for one in found["quarters"]:
        start = epoch_day(date.fromisoformat(one["as_of"])) + 1
        before = [
            p
            for p in people
            if epoch_day(p.began) < start - BACKTEST_DAYS and epoch_day(p.ended) >= start - BACKTEST_DAYS
        ]
        ran = [p for p in people if epoch_day(p.began) < start and epoch_day(p.ended) >= start]
        stayed = sum(epoch_day(p.ended) >= start + BACKTEST_DAYS for p in ran)
        kept = sum(epoch_day(p.ended) >= start for p in before)
        assert (one["subscriptions"], one["actual"]) == (len(ran), stayed)
        assert one["naive"] == pytest.approx(kept / len(before) * len(ran))
        assert abs(one["forecast"] - one["actual"]) < 4 * one["spread"]
    assert sum(one["subscriptions"] for one in found["cohorts"]) == sum(
        one["subscriptions"] for one in found["quarters"]
    )
    assert found["alike"] > 0.001


def test_cohorts_that_are_unlike_are_found_out():
    """From the summer of 2024 on people are drawn who leave three times as often."""
    loyal, fickle = Plan("box", 1, 2.0, 38.0, 3000), Plan("box", 1, 6.0, 34.0, 3000)
    people = drawn([loyal], seed=4, until=date(2024, 6, 30))
    people += drawn([fickle], seed=5, since=date(2024, 7, 1), until=date(2025, 9, 30))
    found = reported(people)
    assert found["alike"] < 0.01
    off = {one["cohort"]: one["forecast"] / one["actual"] for one in found["cohorts"]}
    before, since = ([off[name] for name in off if (name < "2024-Q3") == old] for old in (True, False))
    assert max(before) < 1.1 < min(since)


def test_cohorts_that_are_alike_are_called_unlike_as_rarely_as_said():
    chance = np.random.default_rng(1)
    n, p = 400.0, np.array([0.8, 0.85, 0.9, 0.93, 0.95])
    said = []
    for _ in range(2000):
        came = chance.binomial(int(n), p)
        rows = [
            {"n": n, "forecast": n * share, "variance": n * share * (1 - share), "actual": float(c)}
            for share, c in zip(p, came, strict=True)
        ]
        said.append(homogeneity_p_value(rows))
    assert np.mean(np.array(said) < 0.1) == pytest.approx(0.1, abs=0.03)


def test_what_all_cohorts_are_off_by_does_not_make_them_unlike():
    rows = [{"n": 900.0, "forecast": 800.0, "variance": 80.0, "actual": 770.0} for _ in range(6)]
    assert homogeneity_p_value(rows) == pytest.approx(1.0)
    assert homogeneity_p_value(rows[:1]) is None


def test_too_little_before_is_no_test():
    people = drawn([Plan("box", 1, 0.7, 3.0, 900)], seed=4, since=date(2025, 9, 1))
    engine = subscribed((one.customer, one.plan.name, one.began, one.ended) for one in people)
    assert backtest_renewals(subscription_data(engine, engine.fact("subscriptions"), Terms(), LAST + 1), LAST + 1) == []


def test_renewals_of_past_periods_are_those_that_plain_python_counts():
    people = drawn([Plan("box", 1, 0.7, 3.0, 3000, early=True)], seed=4)
    engine = subscribed((one.customer, one.plan.name, one.began, one.ended) for one in people)
    seen = subscription_data(engine, engine.fact("subscriptions"), Terms.read("month"), LAST + 1)
    for start, days in ((LAST + 1 - 30, 30), (LAST + 1 - 30, 10), (LAST + 1 - 180, 90)):
        ran = [p for p in people if epoch_day(p.began) < start <= epoch_day(p.ended)]
        came = 0
        for one in ran:
            due = next(day for n in range(1, 40) if (day := epoch_day(one.renewed_on(n))) >= start)
            came += due < start + days and epoch_day(one.ended) > due
        found = renewals_in_period(seen, start, days)
        assert (found["n"], found["actual"]) == (len(ran), came)
        assert abs(found["forecast"] - came) < 4 * np.sqrt(found["variance"])
    errors = renewal_errors(seen, LAST + 1)
    assert [len(errors[days]) for days in (30, 90)] == [3, 3] and len(errors[365]) < 3
    assert np.exp(errors[30][0].log_error) * renewals_in_period(seen, LAST + 1 - 30, 30)["forecast"] == pytest.approx(
        renewals_in_period(seen, LAST + 1 - 30, 30)["actual"]
    )
