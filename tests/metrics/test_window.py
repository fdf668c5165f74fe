"""Which active window a shop's own gaps propose."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from metrics.shops import order, shop
from regulars.metrics.window import suggest


def shop_of_gaps(*gaps: int):
    """One customer for each gap: two orders so many days apart."""
    start = date(2023, 1, 1)
    orders = [
        order(f"{number}-{which}", f"c{number}", start + timedelta(days=gap * which))
        for number, gap in enumerate(gaps)
        for which in (0, 1)
    ]
    return shop(orders=orders)


def test_nine_in_ten_returning_purchases_lie_within_the_window():
    found = suggest(shop_of_gaps(*range(1, 101)).facts)
    assert (found.window, found.share, found.purchases) == (90, 0.9, 100)
    assert "90 days" in found.reason and "90.0 %" in found.reason


def test_a_month_is_the_shortest_window():
    assert suggest(shop_of_gaps(*[3] * 40).facts).window == 30


def test_several_orders_of_one_day_are_one_purchase():
    found = suggest(shop_of_gaps(*[0] * 50, *[40] * 30).facts)
    assert (found.window, found.purchases) == (40, 30)


@pytest.mark.parametrize("returning", [0, 29])
def test_too_few_purchases_propose_nothing(returning: int):
    found = suggest(shop_of_gaps(*[10] * returning, 0).facts)
    assert (found.window, found.purchases) == (None, returning)


def test_a_young_shop_is_told_that_longer_gaps_cannot_be_seen():
    assert "too few to see longer gaps" in suggest(shop_of_gaps(*[100] * 30).facts).reason
    assert "too few to see longer gaps" not in suggest(shop_of_gaps(*[40] * 39, 300).facts).reason
