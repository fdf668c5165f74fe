"""Medians and largest shares beside means, against plain Python: of orders, of customers in a period, and of all time."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metrics.rollups.shop_of_rollups import ALL, SETTINGS, tables, without_rollups
from metrics.shops import TestShop, shop
from properties import few
from regulars.metrics.catalogue import SHOWN_BESIDE
from regulars.metrics.query import Query, periods_of
from regulars.metrics.rollups.refresh import refresh
from regulars.metrics.run_query import run_query
from regulars.vocabulary.calendar import Grain, Period

Order = tuple[int, str | None, str, Decimal]
"""Epoch day, person, country of the order (or of the person's first order), net revenue."""


def orders_of(con: object, country: str) -> list[Order]:
    found = con.execute(  # type: ignore[attr-defined]
        f"SELECT day, person, coalesce({country}, 'unknown'), net_revenue FROM facts.orders"
    ).fetchall()
    return [(day, person, place, money) for day, person, place, money in found]


def sums_of_persons(orders: list[Order]) -> dict[object, Decimal]:
    sums: dict[object, Decimal] = defaultdict(Decimal)
    for _, person, _, money in orders:
        if person is not None:
            sums[person] += money
    return sums


def share(part: Decimal, whole: Decimal) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


def expected(name: str, orders: list[Order], first: int, beyond: int) -> float | None:
    """By its definition, of the orders of one group."""
    start = -(10**6) if name.startswith("customer_lifetime") else first
    chosen = [order for order in orders if start <= order[0] < beyond]
    sums = sums_of_persons(chosen)
    if name == "average_order_value_median":
        return float(median(order[3] for order in chosen)) if chosen else None
    if name.endswith("_median"):
        return float(median(sums.values())) if sums else None
    whole = (
        sum((order[3] for order in chosen), Decimal())
        if name.startswith("average_order")
        else sum(sums.values(), Decimal())
    )
    return share(max(sums.values()), whole) if sums else None


def shop_of(seed: int) -> TestShop:
    made = shop(SETTINGS, **tables(seed))
    refresh(made.con, SETTINGS, rule=ALL)
    return made


@pytest.fixture(scope="module")
def made() -> TestShop:
    return shop_of(3)


def check(made: TestShop, grain: Grain, split: bool) -> int:
    periods: tuple[Period, ...] = periods_of(made.facts, grain, date(2023, 12, 1), None)
    compared = 0
    for metric in SHOWN_BESIDE:
        of_order = metric.name.startswith("average_order")
        orders = orders_of(made.con, "country" if of_order else "first_country")
        question = Query((metric,), periods, ("country",) if split else (), active_window=40)
        for facts in (made.facts, without_rollups(made.facts)):
            for value in run_query(question, facts):
                mine = [order for order in orders if not split or order[2] == value.split["country"]]
                should = expected(metric.name, mine, value.period.first, value.period.beyond)
                assert value.value == (None if should is None else pytest.approx(should, rel=1e-12)), (
                    metric.name,
                    value.period,
                )
                compared += should is not None
    return compared


@pytest.mark.parametrize("split", [False, True], ids=["whole", "by country"])
@pytest.mark.parametrize("grain", [Grain.MONTH, Grain.YEAR, Grain.ALL, Grain.WEEK])
def test_by_definition(made: TestShop, grain: Grain, split: bool) -> None:
    assert check(made, grain, split) > 5


@settings(max_examples=few(1), deadline=None, suppress_health_check=list(HealthCheck))
@example(11)
@given(st.integers(0, 10_000))
def test_of_any_shop(seed: int) -> None:
    assert check(shop_of(seed), Grain.QUARTER, split=False) > 0
