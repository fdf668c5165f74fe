"""A real shop, forecast: Online Retail, whose customers do not tell whether any leave."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from regulars.forecast.wish import Wish
from regulars.forecasting import Forecasting
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
    assert "do not tell whether any leave" in found.why
    assert found.value_of == "revenue" and "orders is not known" in found.value_why
    # Nobody leaves: all are customers still, and no value is lost with those who are silent.
    assert found.totals["alive"] == 4338
    assert found.totals["profit"] is None and found.totals["profit_at_risk"] is None
    assert Decimal(found.totals["revenue_at_risk"]) == 0
    assert found.backtest is not None
    assert [one["as_of"] for one in found.backtest["quarters"]] == ["2011-09-10", "2011-06-12"]
    for one in found.backtest["quarters"]:
        assert one["buyers"]["forecast"] == pytest.approx(one["buyers"]["came"], rel=0.25)
    with pytest.raises(ForecastRefused, match="nobody leaves"):
        app.forecast(Wish(model="pareto"))
