"""How far to trust a forecast: the numbers said and come are what one sees."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.forecast.actuals import ForecastActual
from regulars.forecast.prediction_intervals import PredictionInterval
from regulars.reports.charts.theme import BLUE, GREY, LIGHT_BLUE, MILD_GREY, ORANGE
from regulars.reports.forecasts.backtest import backtest_periods, calibration, forecast_actuals, top_tenth
from reports.forecasts import backtest, quarter
from reports.svg import marks, said, words


def place(mark: object) -> tuple[float, float]:
    """Where a symbol stands: to the right, and down."""
    x, y = mark.get("transform").removeprefix("translate(").removesuffix(")").split(",")
    return float(x), float(y)


def test_calibration_shows_ten_groups_beside_the_line():
    found = calibration(backtest())
    assert found.title == "Of the customers with the best chances, 70 % on average, 60 % bought"
    points = [place(mark) for mark in marks(found.chart, "symbol", ORANGE)]
    assert len(points) == 10
    # Chances of 7, 14, … %, of whom 6, 12, … % bought: axes are as wide as 80 %, and as high.
    right = {round(x / (7 * (at + 1)), 3) for at, (x, _) in enumerate(sorted(points))}
    up = {round((420 - y) / (6 * (at + 1)), 3) for at, (_, y) in enumerate(sorted(points))}
    assert right == {round(560 / 80, 3)} and up == {round(420 / 80, 3)}


def test_calibration_stays_within_a_hundred_percent():
    sure = {**backtest(), "calibration": [{"customers": 50.0, "forecast": 1.0, "actual": 0.98}]}
    assert "100 %" in words(calibration(sure).chart) and "110 %" not in words(calibration(sure).chart)


def test_calibration_of_customers_who_hardly_ever_come():
    rare = {**backtest(), "calibration": [{"customers": 500.0, "forecast": 0.003, "actual": 0.004}]}
    found = calibration(rare)
    assert found.title == "Of the customers with the best chances, 0.3 % on average, 0.4 % bought"
    assert {"0.1 %", "0.5 %"} <= set(words(found.chart))


def test_calibration_where_nobody_was_expected_and_nobody_came():
    never = {**backtest(), "calibration": [{"customers": 500.0, "forecast": 0.0, "actual": 0.0}]}
    assert "0 % bought" in calibration(never).title


def test_hidden_quarters_show_what_was_said_what_came_and_the_simple_guess():
    past = backtest(quarter("2025-10-02", 90.0, 100, 150), quarter("2025-07-04", 104.0, 100, 120))
    found = backtest_periods(past)
    assert "off by 4 to 10 %" in said(found.chart) and "by 20 to 50 %" in said(found.chart)
    seen = words(found.chart)
    first, second = "5 Jul – 2 Oct 2025", "3 Oct – 31 Dec 2025"
    assert seen.index(first) < seen.index(second)  # the older one above
    assert {"forecast 10 % too low", "forecast 4 % too high", "as many as in the 90 days before"} <= set(seen)
    for color in (BLUE, ORANGE, GREY):
        assert len(marks(found.chart, "symbol", color)) >= 2
    assert len(marks(found.chart, "rect", LIGHT_BLUE)) == 2


def test_one_hidden_quarter_across_the_new_year_in_which_nobody_came():
    found = backtest_periods(backtest(quarter("2025-11-30", 5.0, 0, 0, spread=2.0)))
    assert {"1 Dec 2025 – 28 Feb 2026", "no buyers"} <= set(words(found.chart))
    assert found.title == "No customer bought in the backtest periods"


@pytest.mark.parametrize(("forecast", "came", "words_"), [(1000.0, 1004, "as forecast"), (1004.0, 1000, "as forecast")])
def test_less_than_half_a_percent_is_as_forecast(forecast: float, came: int, words_: str):
    assert words_ in words(backtest_periods(backtest(quarter("2025-10-02", forecast, came, 900))).chart)


def test_kept_forecasts_stand_beside_the_range_that_was_stated():
    came = [
        ForecastActual(date(2025, 9, 30), 90, 200.0, PredictionInterval(150.0, 267.0, 90, False), 260),
        ForecastActual(date(2025, 9, 30), 30, 100.0, None, 95),
        ForecastActual(date(2025, 6, 30), 90, 400.0, PredictionInterval(390.0, 410.0, 90, False), 380),
    ]
    found = forecast_actuals(came)
    assert found is not None
    assert found.title == "Of 2 actual numbers, 1 is within the range of the forecast"
    seen = words(found.chart)
    rows = ["90 days from 1 Jul 2025", "30 days from 1 Oct 2025", "90 days from 1 Oct 2025"]
    assert [word for word in seen if word in rows] == rows
    assert {"200 forecast, 260 actual", "100 forecast, 95 actual", "400 forecast, 380 actual", "0 %", "+30 %"} <= set(
        seen
    )
    assert (len(marks(found.chart, "symbol", ORANGE)), len(marks(found.chart, "rect", LIGHT_BLUE))) == (3, 2)


def test_kept_forecasts_without_a_range_are_drawn_without_one():
    found = forecast_actuals([ForecastActual(date(2025, 9, 30), 30, 100.0, None, 95)])
    assert found is not None and found.title == "One forecast with an actual number: its range is not known"
    assert "−5 %" in words(found.chart) or "100 forecast, 95 actual" in words(found.chart)
    assert not marks(found.chart, "rect", LIGHT_BLUE)
    found = forecast_actuals([ForecastActual(date(2025, 9, 30), days, 100.0, None, 95) for days in (30, 90)])
    assert found is not None and found.title == "2 forecasts with actual numbers: their ranges are not known"


def test_no_picture_of_kept_forecasts_without_any():
    assert forecast_actuals([]) is None
    assert forecast_actuals([ForecastActual(date(2025, 9, 30), 30, 0.0, None, 3)]) is None


def test_the_forecast_was_off_the_whole_way_when_nobody_came():
    found = forecast_actuals([ForecastActual(date(2025, 9, 30), 30, 10.0, PredictionInterval(6.0, 16.0, 30, False), 0)])
    assert found is not None and "outside the range" in found.title
    assert {"10 forecast, 0 actual", "−100 %"} <= set(words(found.chart))


def test_the_top_tenth_is_compared_from_the_best_down_to_chance():
    found = top_tenth(backtest() | {"boosting": None}, "pareto")
    assert "made 52 % of the purchases" in found.title
    ways = ["Pareto/NBD (taken)", "BG/NBD", "the 90 days before", "a random tenth"]
    assert [word for word in words(found.chart) if word in ways] == ways
    assert [word for word in words(found.chart) if word.endswith("%")] == ["52 %", "51 %", "40 %", "10 %"]
    assert (len(marks(found.chart, "rect", BLUE)), len(marks(found.chart, "rect", MILD_GREY))) == (1, 3)


def test_boosting_stands_beside_the_models_where_it_was_tried():
    past = backtest() | {"boosting": {"brier": 0.1, "mean_absolute_error": 0.3, "top_tenth": 0.6}}
    assert "gradient boosting" in words(top_tenth(past, "pareto").chart)
