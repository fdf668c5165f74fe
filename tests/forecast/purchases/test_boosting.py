"""Gradient boosting, where scikit-learn is installed."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from regulars.forecast.conventions import BACKTEST_DAYS
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases import baselines
from regulars.forecast.purchases.backtest import backtest_model, backtest_periods, preceding_periods, report
from regulars.forecast.purchases.baselines import boosted
from regulars.forecast.purchases.pipeline import run_forecast
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine

FIRST, UNTIL = epoch_day(date(2024, 1, 1)), epoch_day(date(2026, 1, 1))


def test_it_learns_from_the_quarter_before_and_from_none_later(engine: Engine):
    orders = engine.fact("orders")
    hidden = backtest_periods(engine, orders, FIRST, UNTIL, 1500)
    before = preceding_periods(engine, orders, hidden, FIRST, 1500)
    assert [one.start + BACKTEST_DAYS for one in before] == [one.start for one in hidden]
    assert before[0] is hidden[1]
    assert preceding_periods(engine, orders, hidden, FIRST + 300, 1500) == []


def test_it_is_better_than_nothing_and_no_wonder(engine: Engine):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    orders = engine.fact("orders")
    hidden = backtest_periods(engine, orders, FIRST, UNTIL, 1500)
    scores = boosted(preceding_periods(engine, orders, hidden, FIRST, 1500), hidden)
    said = report({"pareto": backtest_model("pareto", hidden)}, "pareto")
    assert scores.keys() < said["models"]["pareto"].keys()
    for name in ("brier", "mean_absolute_error"):
        assert scores[name] < said["naive"][name]
        assert scores[name] == pytest.approx(said["models"]["pareto"][name], rel=0.25)


def test_without_it_a_forecast_is_made_all_the_same(
    facts: duckdb.DuckDBPyConnection, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)
    forecast, _ = run_forecast(engine, "GBP", UNTIL, ForecastOptions(model="mbg"))
    assert forecast.backtest is not None and "boosting" not in forecast.backtest
