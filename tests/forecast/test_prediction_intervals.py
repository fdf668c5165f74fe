"""The range of a total: what the formula comes to by hand, and when there is none."""

from __future__ import annotations

import pytest

from regulars.forecast.prediction_intervals import (
    PeriodError,
    PredictionInterval,
    interval_from_json,
    intervals_by_days,
    prediction_interval,
)

DEMO = [PeriodError(error, 0.013) for error in (-0.12, 0.05, 0.09)]


def test_three_errors_of_5_to_12_percent_make_a_range_of_15_percent():
    # √(0.012² + (0.0144 + 0.0025 + 0.0081)/3 − 0.013²) = 0.09115; × 1.638 = 0.14930: 3,710 ÷ and × e^0.14930.
    found = prediction_interval(3710.0, 0.012 * 3710, 90, {90: DEMO})
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(3195.4, abs=0.5), pytest.approx(4307.4, abs=0.5))
    assert (found.days, found.at_least) == (90, False)


def test_errors_within_chance_leave_chance_alone():
    small = [PeriodError(0.01, 0.05)] * 3
    found = prediction_interval(1000.0, 50.0, 90, {90: small})
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(921.37, abs=0.01), pytest.approx(1085.34, abs=0.01))  # e^±0.0819


def test_an_error_is_the_logarithm_of_what_came_over_what_was_forecast():
    found = PeriodError.of(200.0, 10.0, 100.0)
    assert found == PeriodError(pytest.approx(-0.693147), 0.05)
    assert PeriodError.of(20.0, 4.0, 0.0) == PeriodError(pytest.approx(-2.995732), 0.2)


WILD = [PeriodError(0.5, 0.01)] * 3


@pytest.mark.parametrize(
    ("days", "errors", "taken", "at_least"),
    [
        (30, {30: DEMO, 90: WILD, 365: WILD}, 30, False),
        (20, {30: DEMO, 90: WILD}, 30, False),
        (31, {30: WILD, 90: DEMO}, 90, False),
        (90, {30: WILD, 90: DEMO}, 90, False),
        (365, {90: WILD, 365: DEMO}, 365, False),
        (365, {90: DEMO, 365: WILD[:2]}, 90, True),
        (365, {90: DEMO}, 90, True),
    ],
)
def test_a_total_is_judged_by_periods_of_its_own_length(days: int, errors: dict, taken: int, at_least: bool):
    found = prediction_interval(1000.0, 10.0, days, errors)
    assert found is not None
    assert (found.days, found.at_least) == (taken, at_least)
    assert found.high == pytest.approx(1160, abs=5)  # by DEMO; by WILD it would be 2,270


@pytest.mark.parametrize(("days", "errors"), [(30, {90: DEMO}), (90, {30: DEMO, 90: DEMO[:2]}), (365, {90: DEMO[:2]})])
def test_fewer_than_three_periods_make_no_range(days: int, errors: dict):
    assert prediction_interval(1000.0, 10.0, days, errors) is None


def test_only_the_last_three_count_and_what_is_not_expected_has_no_range():
    assert prediction_interval(1000.0, 10.0, 90, {90: [*DEMO, *WILD]}) == prediction_interval(
        1000.0, 10.0, 90, {90: DEMO}
    )
    assert prediction_interval(0.0, 0.0, 90, {90: DEMO}) is None


def test_ranges_are_written_down_and_read_back():
    said = intervals_by_days({30: 100.0, 90: 250.0}, {30: 9.0, 90: 12.0}, {90: DEMO})
    assert said["30"] is None and set(said["90"]) == {"low", "high", "days", "at_least"}
    assert interval_from_json(said, 30) is None
    assert (
        interval_from_json(said, 90)
        == PredictionInterval(**said["90"])
        == prediction_interval(250.0, 12.0, 90, {90: DEMO})
    )
