"""Where the value lies."""

from __future__ import annotations

import re

from regulars.reports.charts.theme import BLUE, MILD_GREY
from regulars.reports.forecasts.customers import Part
from regulars.reports.forecasts.value import chances, tenths
from reports.forecasts import forecast
from reports.svg import marks, said, words

TENTHS = [Part(number, 100, value) for number, value in enumerate((500, 200, 120, 80, 60, 20, 10, 6, 3, 1), start=1)]


def test_tenths_of_customers_hold_unequal_shares():
    found = tenths(forecast(), TENTHS)
    assert found is not None
    assert found.title == "One customer in ten holds 50 % of the profit to come, the least valuable half 4 %"
    shares = [word for word in words(found.chart) if re.fullmatch(r"[\d.]+ %", word)]
    assert shares == ["50 %", "20 %", "12 %", "8 %", "6 %", "2 %", "1 %", "0.6 %", "0.3 %", "0.1 %"]
    assert (len(marks(found.chart, "rect", BLUE)), len(marks(found.chart, "rect", MILD_GREY))) == (1, 9)
    assert "expected within 365 days, of 1,000 customers" in said(found.chart)


def test_chances_show_all_ten_bands_and_who_hangs_in_between():
    found = chances(forecast(value_of="revenue"), [Part(0, 700, 100.0), Part(4, 200, 500.0), Part(9, 100, 400.0)])
    assert found is not None
    assert found.title == (
        "70 % of the customers have a chance below 30 % to buy within 90 days, and hold 10 % of the revenue to come"
    )
    seen = words(found.chart)
    bands = [f"{low} – {low + 10} %" for low in range(90, -1, -10)]
    assert [word for word in seen if word in bands] == bands
    assert {"70 %", "20 %", "50 %", "40 %", "share of the revenue expected within 365 days"} <= set(seen)


def test_no_picture_where_nothing_is_expected_of_anybody():
    assert tenths(forecast(), [Part(1, 5, 0.0)]) is None
    assert chances(forecast(), []) is None
