"""Real shops, forecast: Online Retail, whose customers do not tell whether any leave, and CDNOW, whose growth ended."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from forecast.simulated import cdnow
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases.pipeline import run_forecast
from regulars.services.forecasting import Forecasting
from regulars.vocabulary.errors import ForecastRefused
from regulars.vocabulary.shop import Shop

MAPPING = Path(__file__).resolve().parents[3] / "examples" / "online_retail.toml"


@pytest.mark.slow
def test_a_shop_nobody_leaves(data: Callable[[str], Path], tmp_path: Path):
    file = data("online_retail/online_retail.csv.gz")
    app = Forecasting(Shop.create(tmp_path, currency="GBP", timezone="Europe/London"))
    app.load([file], mapping=MAPPING)
    found = app.forecast()
    assert (found.model, found.status, found.customers) == ("nbd", "converged", 4338)
    assert "do not show whether customers drop out" in found.why
    assert found.value_of == "revenue" and "orders is not known" in found.value_why
    # Nobody leaves: all are customers still, and no value is lost with those who are silent.
    assert found.totals["customers_alive"] == 4338
    assert found.totals["profit"] is None and found.totals["profit_at_risk"] is None
    assert Decimal(found.totals["revenue_at_risk"]) == 0
    assert found.backtest is not None
    assert [one["as_of"] for one in found.backtest["quarters"]] == ["2011-09-10", "2011-06-12"]
    for one in found.backtest["quarters"]:
        assert one["buyers"]["forecast"] == pytest.approx(one["buyers"]["actual"], rel=0.25)
    with pytest.raises(ForecastRefused, match="nobody leaves"):
        app.forecast(ForecastOptions(model="pareto"))


@pytest.mark.slow
def test_ranges_on_cdnow_hold_more_often_than_chance_alone(data: Callable[[str], Path]):
    """Customers of one quarter, followed for a year and a half: all periods of 30 days that do not overlap, and one of 90."""
    made = cdnow(data("cdnow/CDNOW_sample.txt"))
    engine, first, end = made.engine(), made.day.min(), made.day.max() + 1
    assert (len(np.unique(made.person)), end - first) == (2357, 546)
    inside, by_chance = {30: 0, 90: 0}, {30: 0, 90: 0}
    origins = [(30, until) for until in range(end - 30, first + 269, -30)] + [(90, end - 90)]
    for days, until in origins:
        totals = run_forecast(engine, "USD", int(until), ForecastOptions())[0].totals
        came, stated, expected = (
            made.buyers(until, days),
            totals["buyers_range"][str(days)],
            totals["buyers"][str(days)],
        )
        inside[days] += stated["low"] <= came <= stated["high"]
        by_chance[days] += abs(came - expected) <= 1.2816 * totals["buyers_spread"][str(days)]
    assert len(origins) == 10
    assert (inside, by_chance) == ({30: 6, 90: 1}, {30: 4, 90: 0})  # docs/forecast.md says so
