"""Which changes are real, on shops made to have one, to have none, or to be too small to tell."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import named
from regulars.metrics.query import Query
from regulars.metrics.query_result import Value, Verdict
from regulars.metrics.run_query import run_query

VALUE_METRICS = ("average_order_value", "average_revenue_per_customer", "orders", "net_revenue")


def month(first: date, customers: int, mean: float, luck: random.Random, **more: Any) -> list[dict[str, Any]]:
    """One month's orders: each customer one or two, of about this much."""
    rows = []
    for customer in range(customers):
        for again in range(luck.choice((1, 1, 2))):
            day = first + timedelta(days=luck.randrange(28))
            name = f"{first}-{customer}-{again}-{more.get('channel', '')}"
            rows.append(
                order(name, f"c{customer}{more.get('channel', '')}", day, f"{luck.gauss(mean, mean / 4):.2f}", **more)
            )
    return rows


def two_months(customers: int, before: float, now: float, seed: int = 1) -> TestShop:
    luck = random.Random(seed)
    rows = month(date(2024, 4, 1), customers, before, luck) + month(date(2024, 5, 1), customers, now, luck)
    # May is complete: an order on its last day.
    return shop(orders=[*rows, order("last", "c0", "2024-05-31", str(round(now, 2)))])


def changes(
    made: TestShop, names: tuple[str, ...], period: str = "2024-05", splits: tuple[str, ...] = ()
) -> list[Value]:
    facts = made.facts
    question = Query(tuple(map(named, names)), (facts.calendar.parse(period),), splits, compare=True)
    return list(run_query(question, facts))


def verdict(made: TestShop, name: str, period: str = "2024-05") -> Verdict | None:
    (value,) = changes(made, (name,), period)
    return value.change.verdict if value.change else None


def test_a_price_rise_of_a_third_is_real() -> None:
    for value in changes(two_months(200, 30, 40), VALUE_METRICS[:2]):
        change = value.change
        assert change is not None and change.verdict is Verdict.REAL
        assert change.low is not None and change.high is not None and change.difference is not None
        assert 0 < change.low < change.difference < change.high
        assert value.value == pytest.approx((change.before or 0) + change.difference)


def test_what_differs_by_chance_is_noise() -> None:
    found = [verdict(two_months(200, 30, 30, seed), "average_order_value") for seed in range(6)]
    assert found.count(Verdict.NOISE) >= 5


@pytest.mark.parametrize(("customers", "expected"), [(29, Verdict.TOO_FEW), (30, Verdict.REAL)])
def test_under_30_customers_are_too_few(customers: int, expected: Verdict) -> None:
    assert verdict(two_months(customers, 30, 90), "average_order_value") is expected


def test_both_periods_must_have_enough_customers() -> None:
    luck = random.Random(1)
    rows = month(date(2024, 4, 1), 20, 30, luck) + month(date(2024, 5, 1), 200, 90, luck)
    assert verdict(shop(orders=[*rows, order("last", "c0", "2024-05-31")]), "average_order_value") is Verdict.TOO_FEW


def test_twice_as_many_orders_are_a_real_change() -> None:
    luck = random.Random(1)
    rows = month(date(2024, 4, 1), 200, 30, luck) + month(date(2024, 5, 1), 420, 30, luck)
    made = shop(orders=[*rows, order("last", "c0", "2024-05-31")])
    # Two months do not tell what is usual from month to month.
    assert {verdict(made, name) for name in ("orders", "net_revenue")} == {Verdict.MORE_THAN_CHANCE}


def test_an_incomplete_period_is_not_judged() -> None:
    luck = random.Random(1)
    rows = month(date(2024, 4, 1), 200, 30, luck) + month(date(2024, 5, 1), 200, 90, luck)
    (value,) = changes(shop(orders=rows), ("average_order_value",))
    assert not value.complete and value.value is not None
    assert value.change is not None and value.change.verdict is None


def test_a_period_before_the_data_is_not_judged() -> None:
    assert verdict(two_months(200, 30, 90), "average_order_value", "2024-04") is None


def test_a_period_that_the_datas_first_day_cuts_is_not_judged() -> None:
    """The files begin on 2024-04-25: April is not a fifth of May, it is a fifth of April."""
    luck = random.Random(1)
    may = month(date(2024, 5, 1), 300, 30, luck)
    april = [order(f"a{n}", f"a{n}", f"2024-04-{25 + n % 6}", "30.00") for n in range(60)]
    assert verdict(shop(orders=[*april, *may, order("last", "c0", "2024-05-31")]), "orders") is None


@pytest.mark.parametrize(
    "name",
    [
        "returning_customer_rate_lifetime", "repeat_customer_rate", "repeat_customer_rate_by_days",
        "customer_lifetime_value",
    ],
)  # fmt: skip
def test_what_time_alone_changes_is_not_judged(name: str) -> None:
    """All customers of April came again in May, none of those of May yet: only time passed between them."""
    april = [order(f"a{n}", f"a{n}", "2024-04-10", "30.00") for n in range(200)]
    again = [order(f"b{n}", f"a{n}", "2024-05-02", "30.00") for n in range(200)]
    new = [order(f"c{n}", f"c{n}", "2024-05-10", "30.00") for n in range(200)]
    rows = [*april, *again, *new, order("first", "x", "2024-04-01"), order("last", "x", "2024-05-31")]
    (value,) = changes(shop(orders=rows), (name,))
    assert value.change is not None and value.change.difference
    assert value.change.verdict is None


def test_an_immature_period_is_not_judged() -> None:
    """Churn with a window of 365 days needs a year of data before the period."""
    (value,) = changes(two_months(200, 30, 30), ("customer_churn_rate",))
    assert value.complete and not value.mature
    assert value.change is not None and value.change.verdict is None


def test_where_many_are_looked_at_one_lucky_difference_is_not_enough() -> None:
    """Forty channels alike: at 5 % each, two would be called real; at a false discovery rate of 10 % hardly any is."""
    luck = random.Random(4)
    rows = [order("last", "last", "2024-05-31", channel="last")]
    for number in range(40):
        for first in (date(2024, 4, 1), date(2024, 5, 1)):
            rows += month(first, 40, 30, luck, channel=f"{number:02d}")
    found = changes(shop(orders=rows), ("average_order_value",), splits=("channel",))
    intervals = [v.change for v in found if v.change and v.change.low is not None and v.split["channel"] != "last"]
    without_zero = [c for c in intervals if c.low is not None and c.high is not None and (c.low > 0 or c.high < 0)]
    assert without_zero, "the seed should give at least one lucky difference"
    assert sum(c.verdict is Verdict.REAL for c in intervals) < len(without_zero)
