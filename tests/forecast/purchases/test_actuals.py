"""What came of forecasts that were kept."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.forecast.options import ForecastOptions
from regulars.services.forecasting import Forecasting
from regulars.warehouse.identity.corrections import join


@pytest.mark.slow
def test_what_came_is_counted_for_spans_that_are_over(app: Forecasting):
    app.forecast(ForecastOptions(as_of=date(2025, 10, 2)))  # 90 days before the last day of the data
    app.forecast(ForecastOptions(as_of=date(2025, 11, 1)))
    app.forecast()
    recent, middle, long_ago = app.forecasts()
    found = {(one.as_of, one.days): one for one in app.actuals()}
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
            assert came == [(one.actual,)] and one.actual > 20
            (kept,) = (forecast for forecast in (middle, long_ago) if forecast.as_of == as_of)
            assert one.forecast == kept.totals["buyers"][str(days)]
            assert one.range == kept.buyers_range(days) and one.range is not None


def test_a_shop_without_forecasts_has_nothing_to_look_back_on(app: Forecasting):
    assert app.actuals() == ()


def test_customers_joined_later_are_still_those_who_came(app: Forecasting):
    """Joined, two customers are one, under the number of one of them: what the other did must not be lost."""
    app.forecast(ForecastOptions(as_of=date(2025, 11, 1)))
    (before,) = app.actuals()
    buyers = (
        "SELECT email FROM facts.persons WHERE email IS NOT NULL AND person {} (SELECT person FROM facts.orders"
        " WHERE person IS NOT NULL AND day BETWEEN 20394 AND 20423)"
        " AND person IN (SELECT person FROM facts.predictions) ORDER BY email LIMIT 3"
    )
    with app.warehouse.read() as con:
        came, stayed_away = (
            [email for (email,) in con.execute(buyers.format(how)).fetchall()] for how in ("IN", "NOT IN")
        )
    for one, other in zip(came[:2], stayed_away[:2], strict=True):
        app.change("join", lambda changes, pair=(one, other): join(changes, app.shop.settings, *pair))
    with app.warehouse.read() as con:
        moved = con.execute("SELECT count(*) FROM facts.moved_persons").fetchall()
        gone = con.execute("SELECT count(*) FROM facts.predictions ANTI JOIN facts.persons USING (person)").fetchall()
    assert moved == gone == [(2,)]
    (after,) = app.actuals()
    assert (after.actual, after.forecast) == (before.actual, before.forecast)
    # Two who both came and are one today count once.
    app.change("join", lambda changes: join(changes, app.shop.settings, came[0], came[2]))
    assert app.actuals()[0].actual == before.actual - 1
