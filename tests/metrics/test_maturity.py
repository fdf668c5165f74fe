"""A period is mature on the day on which the last event that it waits for could have come, and not a day before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from metrics.shops import SETTINGS, TestShop, shop
from regulars.metrics.catalogue import named
from regulars.metrics.query import Query
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Metric
from regulars.metrics.shapes.metric import Maturity, setting

JUNE = "2024-06"
WINDOW = 14


def sold(*days: date) -> TestShop:
    """A shop that sold one piece on each of these days; the first came back at once."""
    orders = [
        {"order_id": str(n), "customer_id": f"c{n}", "ordered_at": datetime(d.year, d.month, d.day, 12), "gross": 10}
        for n, d in enumerate(days)
    ]
    lines = [{"order_id": order["order_id"], "line_id": "1", "quantity": 1, "amount": 10} for order in orders]
    for order in orders:
        order["currency"] = "GBP"
    back = {"return_id": "r", "order_id": "0", "returned_at": orders[0]["ordered_at"], "quantity": 1, "amount": 10}
    settings = replace(SETTINGS, return_window=WINDOW)
    return shop(settings, orders=orders, order_lines=lines, returns=[back])


def mature(made: TestShop, metric: str | Metric, active_window: int = 365) -> bool:
    facts, asked = made.facts, named(metric) if isinstance(metric, str) else metric
    question = Query((asked,), (facts.calendar.parse(JUNE),), active_window=active_window)
    (value,) = run_query(question, facts)
    return value.mature


@pytest.mark.parametrize(("after", "expected"), [(WINDOW - 1, False), (WINDOW, True), (WINDOW + 1, True)])
def test_returns_of_the_last_day_have_the_whole_return_window(after: int, expected: bool) -> None:
    last = date(2024, 6, 30) + timedelta(days=after)
    assert mature(sold(date(2024, 6, 3), last), "product_return_rate") is expected


@pytest.mark.parametrize(("before", "expected"), [(89, False), (90, True), (91, True)])
def test_churn_waits_for_a_whole_active_window_before_the_period(before: int, expected: bool) -> None:
    first = date(2024, 6, 1) - timedelta(days=before)
    assert mature(sold(first, date(2024, 7, 5)), "customer_churn_rate", active_window=90) is expected


@pytest.mark.parametrize(
    "metric", ["time_between_purchases", "time_between_purchases_median", "time_between_purchases_p90"]
)
@pytest.mark.parametrize(("before", "expected"), [(89, False), (90, True)])
def test_gaps_wait_for_data_that_could_hold_long_ones(metric: str, before: int, expected: bool) -> None:
    """In a shop of three months no gap is longer than three months: time alone makes them longer."""
    first = date(2024, 6, 1) - timedelta(days=before)
    assert mature(sold(first, date(2024, 7, 5)), metric, active_window=90) is expected


@pytest.mark.parametrize(
    ("maturity", "before", "after", "expected"),
    [
        (Maturity(), 0, 0, True),
        (Maturity(days=7), 0, 6, False), (Maturity(days=7), 0, 7, True),
        (Maturity(days=7, of="returns"), 0, 6, False), (Maturity(days=7, of="returns"), 0, 7, True),
        (Maturity(days=7, of="tickets"), 0, 60, False),
        (Maturity(days=setting("return_window")), 0, WINDOW - 1, False),
        (Maturity(days=setting("return_window")), 0, WINDOW, True),
        (Maturity(history=10), 9, 0, False), (Maturity(history=10), 10, 0, True),
        (Maturity(days=3, history=setting("active_window")), 90, 2, False),
        (Maturity(days=3, history=setting("active_window")), 89, 3, False),
        (Maturity(days=3, history=setting("active_window")), 90, 3, True),
    ],
    ids=str,
)  # fmt: skip
def test_a_metric_says_as_data_what_it_waits_for(maturity: Maturity, before: int, after: int, expected: bool) -> None:
    made = sold(date(2024, 6, 1) - timedelta(days=before), date(2024, 6, 30) + timedelta(days=after))
    assert mature(made, replace(named("orders"), maturity=maturity), active_window=90) is expected


@pytest.mark.parametrize(
    ("maturity", "words"),
    [
        (Maturity(), "at once"),
        (Maturity(days=14, of="answers"), "once answers reach 14 days beyond the period's last day"),
        (Maturity(history=setting("active_window")), "once the data reach one active window back before the period's start"),
    ],
)  # fmt: skip
def test_it_says_in_words_what_it_waits_for(maturity: Maturity, words: str) -> None:
    assert str(maturity) == words


@pytest.mark.parametrize("name", ["currency", "default_margin", "window"])
def test_what_is_no_number_of_days_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        setting(name)
