"""What is usual from one period to the next, worked out by hand and by properties."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from regulars.metrics.shapes import Hazard
from regulars.metrics.verdicts.noise import Past, growth, noise
from regulars.metrics.verdicts.scales import hazard, logarithm


def test_below_a_year_nothing_is_known_of_the_shops_own_noise() -> None:
    found = noise([Past(0.1, 0.01, n % 12) for n in range(11)], 0, 12, 12)
    assert (found.enough, found.season_known, found.usual, found.variance) == (False, False, 0.0, 0.0)


def test_from_a_year_on_changes_are_measured_about_their_median_and_clipped() -> None:
    changes = [0.02, -0.02] * 6 + [0.0, 3.0]  # one wild month
    found = noise([Past(change, 0.0001, n % 12) for n, change in enumerate(changes)], 0, 12, 12)
    middle = sorted(changes)[6] / 2 + sorted(changes)[7] / 2
    deviations = sorted(abs(change - middle) for change in changes)
    most = 3 * 1.4826 * (deviations[6] + deviations[7]) / 2
    squares = sum(min(abs(change - middle), most) ** 2 for change in changes)
    assert found.variance == pytest.approx(squares / 13 - 0.0001)
    assert (found.usual, found.factor, found.freedom, found.season_known) == (0.0, 1.0, 13, False)


def test_from_two_years_on_a_change_is_measured_against_those_of_its_month() -> None:
    luck = random.Random(3)
    season = [luck.uniform(-0.4, 0.4) for _ in range(12)]
    history = [Past(season[n % 12] + luck.gauss(0, 0.03), 0.0002, n % 12) for n in range(30)]
    found = noise(history, 5, 12, 12)
    by_month = {month: [one.change for one in history if one.season == month] for month in range(12)}
    squares = sum((one.change - np.mean(by_month[one.season])) ** 2 for one in history)
    assert found.usual == pytest.approx(np.mean(by_month[5]))
    assert found.factor == pytest.approx(1 + 1 / len(by_month[5]))
    assert found.variance == pytest.approx(max(0, squares / 18 - 0.0002))
    assert (found.freedom, found.season_known, found.enough) == (18, True, True)


def test_noise_that_chance_among_customers_explains_is_not_counted_twice() -> None:
    history = [Past(0.01 * (-1) ** n, 0.05, n % 12) for n in range(24)]
    assert noise(history, 0, 12, 12).variance == 0.0


def test_a_month_seen_in_no_year_before_has_no_season() -> None:
    history = [Past(0.1, 0.0, n % 12) for n in range(40) if n % 12 != 7][:30]
    assert not noise(history, 7, 12, 12).season_known


def test_a_stock_is_judged_by_its_growth_against_its_usual_one() -> None:
    before = [0.010, 0.012, 0.008, 0.011, 0.009, 0.010]
    found = growth(0.02, before)
    assert found is not None
    assert found.difference == pytest.approx(0.02 - 0.01)
    assert found.error == pytest.approx(np.std(before, ddof=1) * math.sqrt(1 + 1 / 6))
    assert found.freedom == 5
    assert growth(0.02, before[:5]) is None
    assert growth(math.nan, before) is None


def test_a_hazard_does_not_depend_on_the_days_of_the_month() -> None:
    """Each day one in a hundred leaves: 28 and 31 days have other shares and the same hazard."""
    for days in (28.0, 31.0):
        stay = 0.99**days
        assert hazard(Hazard.LEAVING, np.array([1 - stay]), np.array([days]))[0] == pytest.approx(-math.log(0.99))
        assert hazard(Hazard.STAYING, np.array([stay]), np.array([days]))[0] == pytest.approx(math.log(0.99))
        grown = 1.01**days
        assert hazard(Hazard.JOINING, np.array([grown - 1]), np.array([days]))[0] == pytest.approx(math.log(1.01))


def test_what_has_no_logarithm_is_unknown() -> None:
    assert np.isnan(logarithm(np.array([0.0, -1.0, np.nan]))).all()
    assert np.isnan(hazard(Hazard.LEAVING, np.array([1.0]), np.array([30.0])))[0]
