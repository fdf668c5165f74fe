"""What came of forecasts that were kept."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.app import App
from regulars.forecast.shop.making import Wish


@pytest.mark.slow
def test_what_came_is_counted_for_spans_that_are_over(app: App):
    app.forecast(Wish(as_of=date(2025, 10, 2)))  # 90 days before the last day of the data
    app.forecast(Wish(as_of=date(2025, 11, 1)))
    app.forecast()
    recent, middle, long_ago = app.forecasts()
    found = {(one.as_of, one.days): one for one in app.hindsight()}
    assert list(found) == [(middle.as_of, 30), (long_ago.as_of, 30), (long_ago.as_of, 90)]
    assert recent.as_of == date(2025, 12, 31)
    with app.warehouse.read() as con:
        for (as_of, days), one in found.items():
            came = con.execute(
                "SELECT count(DISTINCT person) FROM facts.orders WHERE epoch_ms(day::BIGINT * 86400000)::DATE > $1"
                " AND epoch_ms(day::BIGINT * 86400000)::DATE <= $1 + $2::INTEGER"
                " AND person IN (SELECT person FROM facts.predictions WHERE as_of = $1)",
                [as_of, days],
            ).fetchall()
            assert came == [(one.came,)] and one.came > 20
            (kept,) = (forecast for forecast in (middle, long_ago) if forecast.as_of == as_of)
            assert one.forecast == kept.totals["buyers"][str(days)]
            assert one.spread == kept.totals["buyers_spread"][str(days)]


def test_a_shop_without_forecasts_has_nothing_to_look_back_on(app: App):
    assert app.hindsight() == ()
