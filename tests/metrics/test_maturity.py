"""A period is mature on the day on which the last event that it waits for could have come, and not a day before."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from metrics.shops import SETTINGS, TestShop, shop
from regulars.metrics.catalogue import named
from regulars.metrics.query import answer
from regulars.metrics.question import Question

JUNE = "2024-06"
WINDOW = 14


def sold(*days: date) -> TestShop:
    """A shop that sold one piece on each of these days."""
    orders = [
        {"order_id": str(n), "customer_id": f"c{n}", "ordered_at": datetime(d.year, d.month, d.day, 12), "gross": 10}
        for n, d in enumerate(days)
    ]
    lines = [{"order_id": order["order_id"], "line_id": "1", "quantity": 1, "amount": 10} for order in orders]
    for order in orders:
        order["currency"] = "GBP"
    return shop(SETTINGS.model_copy(update={"return_window": WINDOW}), orders=orders, order_lines=lines)


def mature(made: TestShop, metric: str, active_window: int = 365) -> bool:
    facts = made.facts
    question = Question((named(metric),), (facts.calendar.parse(JUNE),), active_window=active_window)
    (value,) = answer(question, facts)
    return value.ripe


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
