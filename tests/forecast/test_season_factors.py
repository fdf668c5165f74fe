"""The 12 factors: what came over what was expected, and none where too little is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from forecast.simulated import DAY_ONE, drawn, season
from regulars.forecast import Estimate, PurchaseForecast, Status, fit
from regulars.forecast.purchases.backtest import backtest_period
from regulars.forecast.purchases.histories import daily_purchases
from regulars.forecast.seasonal_time import MIN_DAYS_OF_DATA, DailyPurchases
from regulars.vocabulary.calendar import epoch_day, from_epoch_day

DAYS = 4 * 365


def nbd(r: float, alpha: float) -> PurchaseForecast:
    """Everybody comes back at a pace of r / alpha a day, for ever: so much is expected on each day after the first."""
    unknown = np.full((2, 2), np.nan)
    values, errors = np.array([r, alpha]), np.array([np.nan, np.nan])
    return PurchaseForecast("nbd", Estimate(("r", "alpha"), values, errors, unknown, 0.0, 1.0, Status.CONVERGED, ""))


def test_factors_are_what_came_over_what_was_expected():
    """1,000 customers of one day, each expected to come back once in 100 days: 10 a day; twice as many come in March."""
    first, days = epoch_day(date(2023, 1, 1)), 2 * 365
    new = np.zeros(days)
    new[0] = 1000
    months = np.array([from_epoch_day(first + day).month for day in range(days)])
    repeats = np.where(months == 3, 20.0, 10.0)
    repeats[0] = 0
    found = DailyPurchases(first, new, repeats).time_scale(nbd(10, 1000), first + days)
    assert found is not None
    expected = {month: 10 * (months == month).sum() - (10 if month == 1 else 0) for month in range(1, 13)}
    came = {month: repeats[months == month].sum() for month in range(1, 13)}
    raw = np.array([(came[month] + 20) / (expected[month] + 20) for month in range(1, 13)])
    assert found.factors / found.factors[0] == pytest.approx(raw / raw[0], rel=1e-6)
    assert found.factors[2] / found.factors[3] == pytest.approx((1240 + 20) / (620 + 20), rel=1e-6)
    assert found.ahead(4 * 365 + 1) == pytest.approx(4 * 365 + 1, rel=1e-3)  # a year has as many days on it as ever


def test_months_of_which_little_is_known_stay_near_one():
    few = DailyPurchases(DAY_ONE, np.append(1.0, np.zeros(999)), np.append(0.0, np.full(999, 0.01)))
    found = few.time_scale(nbd(0.5, 100), DAY_ONE + 1000)
    assert found is not None and np.abs(found.factors - 1).max() < 0.1


def test_two_years_are_needed():
    nothing = DailyPurchases(DAY_ONE, np.ones(2000), np.ones(2000))
    assert nothing.time_scale(nbd(1, 100), DAY_ONE + MIN_DAYS_OF_DATA - 1) is None
    assert nothing.time_scale(nbd(1, 100), DAY_ONE + MIN_DAYS_OF_DATA) is not None


def test_nothing_after_the_day_is_seen():
    made = drawn(2000, season(0.5, DAYS), 3)
    engine, until = made.engine(), DAY_ONE + 900
    orders = engine.fact("orders")
    early = daily_purchases(engine, orders.filter(orders.day < until), DAY_ONE, until)
    late = daily_purchases(engine, orders, DAY_ONE, DAY_ONE + DAYS)
    assert len(early.new) == 900 and late.new[:900].tolist() == early.new.tolist()
    assert late.new.sum() == len(np.unique(made.person))
    assert late.new.sum() + late.repeats.sum() == len(made.day)
    model = nbd(0.6, 100)
    assert early.time_scale(model, until).factors.tolist() == late.time_scale(model, until).factors.tolist()


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_season_of_a_shop_is_found(share: float):
    """A wave, highest in the middle of December: each month's factor is its mean, within what so few purchases tell."""
    made = drawn(6000, season(share, DAYS), 7)
    engine, until = made.engine(), DAY_ONE + DAYS - 90
    orders = engine.fact("orders")
    fitted = fit(backtest_period(engine, orders, until).rfm.grouped(), "pareto")
    time_scale = daily_purchases(engine, orders.filter(orders.day < until), DAY_ONE, until).time_scale(fitted, until)
    middles = np.array([15, 46, 74, 105, 135, 166, 196, 227, 258, 288, 319, 349])
    truth = 1 + share * np.cos(2 * np.pi * (middles - 349) / 365.25)
    assert time_scale.factors == pytest.approx(truth, abs=0.1)
