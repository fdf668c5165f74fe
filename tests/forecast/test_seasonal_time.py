"""The shop's own clock: a day of each month counts its factor, and the calendar is the clock of factors 1."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from regulars.forecast import RFMSummary
from regulars.forecast.seasonal_time import TimeScale
from regulars.vocabulary.calendar import epoch_day

UNTIL = epoch_day(date(2026, 1, 1))
DECEMBER = np.array([1.0] * 11 + [2.0])


def rfm(*rows: tuple[float, float, float]) -> RFMSummary:
    x, t_x, T = np.array(rows, dtype=float).T
    return RFMSummary(x, t_x, T, np.ones(len(rows)))


def test_december_counts_twice():
    """As of 31 December: somebody who first bought on 30 November and again on 10 December; on the clock 20 days, and 62."""
    on_clock = TimeScale(DECEMBER, UNTIL).rescale(rfm((1, 10, 31), (0, 0, 0), (0, 0, 61)))
    assert on_clock.t_x.tolist() == pytest.approx([20, 0, 0])
    assert on_clock.T.tolist() == pytest.approx([62, 0, 92])  # 61 days: 30 of October and November, 31 of December


def test_days_ahead_count_as_their_months_do():
    time_scale = TimeScale(DECEMBER, UNTIL)
    assert time_scale.ahead(90) == pytest.approx(90)  # January to March
    assert time_scale.ahead(365) == pytest.approx(365 + 31)
    december = TimeScale(DECEMBER, epoch_day(date(2025, 12, 1)))
    assert december.ahead(40) == pytest.approx(31 * 2 + 9)
    assert december.days(np.array([0.0, 10, 62, 70])).tolist() == pytest.approx([0, 5, 31, 39])
    assert december.days(np.array([np.inf, 1e9])).tolist() == [np.inf, np.inf]


def test_a_day_ahead_and_back_again_is_the_same_day():
    chance = np.random.default_rng(2)
    time_scale = TimeScale(chance.uniform(0.3, 2.5, 12), UNTIL)
    for days in (1, 30, 89, 365, 3650):
        assert time_scale.days(np.array([time_scale.ahead(days)]))[0] == pytest.approx(days)


def test_the_calendar_is_a_clock_too():
    time_scale = TimeScale.plain(UNTIL)
    known = rfm((1, 10, 31))
    assert time_scale.is_calendar and time_scale.rescale(known) is known and time_scale.ahead(90) == 90.0
    assert time_scale.days(np.array([np.inf, 3.0])).tolist() == [np.inf, 3.0]
    assert TimeScale(np.full(12, 1.0 + 1e-12), UNTIL).rescale(known).T[0] == pytest.approx(31)


def test_customers_of_before_1970_are_not_lost():
    on_clock = TimeScale(DECEMBER, 10).rescale(rfm((1, 10, 100)))
    assert on_clock.T[0] == pytest.approx(100) and on_clock.t_x[0] == pytest.approx(10)
