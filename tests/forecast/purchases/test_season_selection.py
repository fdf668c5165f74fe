"""The shop's own clock is taken where forecasts of the past gain by it, and makes the forecast better; else nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.simulated import DAY_ONE, drawn, season
from regulars.forecast import seasonal_time
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases.pipeline import run_forecast
from regulars.forecast.purchases.result import Forecast
from regulars.forecast.seasonal_time import MIN_DAYS_OF_DATA
from regulars.warehouse.engine import Engine

DAYS = 4 * 365 + 90


def forecast(engine: Engine, until: int) -> Forecast:
    return run_forecast(engine, "GBP", until, ForecastOptions(model="pareto"))[0]


def on_the_calendar(engine: Engine, until: int, monkeypatch: pytest.MonkeyPatch) -> Forecast:
    """As forecasts are made where two years are not known yet."""
    with monkeypatch.context() as patch:
        patch.setattr(seasonal_time, "MIN_DAYS_OF_DATA", 10**6)
        return forecast(engine, until)


def test_a_season_is_taken_and_mends_the_forecast(monkeypatch: pytest.MonkeyPatch):
    made, until = drawn(5000, season(0.4, DAYS), 1), DAY_ONE + 3 * 365 + 273  # the end of September
    engine = made.engine()
    found, plain = forecast(engine, until), on_the_calendar(engine, until, monkeypatch)
    assert found.seasons is not None and found.seasons["taken"] and found.seasons["periods"] == 3
    assert np.argmax(found.seasons["factors"]) in (11, 0) and np.argmin(found.seasons["factors"]) in (4, 5, 6)
    came = made.buyers(until, 90)
    off, before = (one.totals["buyers"]["90"] / came - 1 for one in (found, plain))
    assert abs(off) < 0.08 < abs(before)
    widths = [one.totals["buyers_range"]["90"]["high"] / one.totals["buyers"]["90"] for one in (found, plain)]
    assert widths[0] < widths[1]  # for its past periods were nearer, too
    assert plain.seasons is None


def test_what_is_said_of_each_customer_is_said_of_days_of_the_calendar():
    """In July, when demand is low, chances for 30 days are lower than for 30 days before Christmas: same pasts, same model."""
    made, until = drawn(5000, season(0.4, DAYS), 1), DAY_ONE + 3 * 365 + 181
    engine = made.engine()
    found, rows = run_forecast(engine, "GBP", until, ForecastOptions(model="pareto"))
    assert found.seasons is not None and found.seasons["taken"]
    said = engine.read(
        rows.select("person", "frequency", "recency", "age", "probability_purchase_30d", "median_days", "purchases")
    ).to_pydict()
    last = made.day[made.day < until]
    first = {int(person): int(day) for person, day in zip(made.person, made.first, strict=True)}
    assert len(said["person"]) == found.customers
    assert all(until - 1 - first[person] == age for person, age in zip(said["person"], said["age"], strict=True))
    assert max(said["recency"]) <= max(said["age"]) and max(last) < until
    assert sum(said["probability_purchase_30d"]) == pytest.approx(made.buyers(until, 30), rel=0.12)
    assert sum(said["purchases"]) > 0 and min(day for day in said["median_days"] if day is not None) > 0


def test_without_a_season_nothing_changes(monkeypatch: pytest.MonkeyPatch):
    made, until = drawn(4000, season(0.0, DAYS), 2), DAY_ONE + DAYS - 90
    engine = made.engine()
    found, plain = forecast(engine, until), on_the_calendar(engine, until, monkeypatch)
    assert found.seasons is not None and not found.seasons["taken"]
    assert found.parameters == plain.parameters
    for name in ("buyers", "buyers_spread"):
        assert found.totals[name] == pytest.approx(plain.totals[name], rel=1e-9)
    assert found.totals["buyers_range"]["90"] == pytest.approx(plain.totals["buyers_range"]["90"], rel=1e-9)


def test_between_two_and_three_years_a_season_shows_but_is_not_yet_proven():
    made, until = drawn(5000, season(0.4, DAYS), 1), DAY_ONE + MIN_DAYS_OF_DATA + 20
    found = forecast(made.engine(), until)
    assert found.seasons is not None and (found.seasons["taken"], found.seasons["periods"]) == (False, 0)
    assert np.argmax(found.seasons["factors"]) in (11, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "most"), [(0.3, 0.05), (0.0, 0.05)])
def test_error_of_buyers_with_and_without_the_clock(share: float, most: float, monkeypatch: pytest.MonkeyPatch):
    """Root mean square over shops and days of the year; where there is no season the clock changes it by nothing."""
    off, before = [], []
    for seed in range(12):
        made, until = drawn(8000, season(share, DAYS), seed), DAY_ONE + DAYS - 90 - 30 * seed
        engine, came = made.engine(), made.buyers(until, 90)
        off.append(forecast(engine, until).totals["buyers"]["90"] / came - 1)
        before.append(on_the_calendar(engine, until, monkeypatch).totals["buyers"]["90"] / came - 1)
    time_scale, plain = (float(np.sqrt(np.mean(np.square(one)))) for one in (off, before))
    assert time_scale <= most
    assert plain > 2 * time_scale if share else time_scale == pytest.approx(plain, abs=0.002)
