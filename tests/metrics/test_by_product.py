"""Totals of orders by what only their lines know: net revenue adds up to the whole, orders overlap."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import product as combinations
from typing import Any

import pytest

from metrics.rollups.shop_of_rollups import shop_of, told, without_rollups
from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import named
from regulars.metrics.compute.plan import Source
from regulars.metrics.customers.drill_down import rows
from regulars.metrics.query import Query, condition, overlap_note, periods_of
from regulars.metrics.query_result import Value, Verdict
from regulars.metrics.run_query import planned, run_query
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.errors import UsageError


def line(number: int, place: int, product: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"order_id": str(number), "line_id": str(place), "product_name": product, "quantity": 1,
            "amount": Decimal(amount), **more}  # fmt: skip


@pytest.fixture(scope="module")
def few_orders() -> TestShop:
    """ana buys a coat and two hats, ben a hat by another source under the same number, a guest something without lines."""
    return shop(
        orders=[
            # 100 − 10 + 5: the coat 60 × 95/100 = 57, each hat 20 × 95/100 = 19; one hat comes back.
            order(1, "ana", "2024-03-01", "100", country="DE", discount=Decimal(10), shipping=Decimal(5)),
            order(1, "ben", "2024-03-02", "20", country="FR", source="other"),
            order(2, None, "2024-03-03", "7", country="DE"),
            order(3, "ana", "2024-04-03", "30", country="DE"),
        ],
        order_lines=[
            line(1, 1, "coat", "60", category="warm"), line(1, 2, "hat", "20"), line(1, 3, "hat", "20", category="warm"),
            line(1, 1, "hat", "20", source="other"), line(3, 1, "hat", "30"),
        ],
        returns=[{"return_id": "r", "order_id": "1", "line_id": "2", "returned_at": datetime(2024, 3, 9), "quantity": 1,
                  "amount": Decimal(19)}],
    )  # fmt: skip


def ask(made: TestShop, name: str, split: str = "", where: str = "", period: str = "2024-03") -> dict[str, Value]:
    splits = tuple(filter(None, split.split(",")))
    conditions = tuple(condition(text) for text in filter(None, where.split(" ")))
    question = Query((named(name),), (made.facts.calendar.parse(period),), splits, conditions)
    return {", ".join(value.split.values()): value for value in run_query(question, made.facts)}


def numbers(made: TestShop, name: str, split: str = "", where: str = "") -> dict[str, float | None]:
    return {group: value.value for group, value in ask(made, name, split, where).items()}


def test_net_revenue_by_product_adds_up_to_the_whole(few_orders: TestShop) -> None:
    # The hat that came back keeps its part of discount and shipping.
    assert numbers(few_orders, "net_revenue", "product") == {"coat": 57, "hat": 38.0 - 19 + 20, "unknown": 7}
    assert numbers(few_orders, "net_revenue") == {"": 57 + 39 + 7}
    assert numbers(few_orders, "net_revenue", "category") == {"warm": 57 + 19, "unknown": 0 + 20 + 7}


def test_it_is_split_and_filtered_by_what_lines_know_besides(few_orders: TestShop) -> None:
    assert numbers(few_orders, "net_revenue", "product,country") == {
        "coat, DE": 57, "hat, DE": 19, "hat, FR": 20, "unknown, DE": 7,
    }  # fmt: skip
    assert numbers(few_orders, "net_revenue", "country", "product=hat") == {"DE": 19, "FR": 20}
    assert numbers(few_orders, "net_revenue", "product", "country=FR") == {"hat": 20}
    assert numbers(few_orders, "net_revenue", "first_product", "category=warm") == {"coat": 76}
    assert numbers(few_orders, "net_revenue", where="product=hat,coat category!=warm") == {"": 20}
    # Not by lines alone: the orders themselves answer.
    assert numbers(few_orders, "net_revenue", "country") == {"DE": 83, "FR": 20}


def test_units_are_those_of_lines_alone(few_orders: TestShop) -> None:
    assert numbers(few_orders, "units", "product") == {"coat": 1, "hat": 3, "unknown": 0}
    assert numbers(few_orders, "units") == {"": 4}


def test_orders_with_a_product_are_counted_once_each(few_orders: TestShop) -> None:
    assert numbers(few_orders, "orders", "product") == {"coat": 1, "hat": 2, "unknown": 0}
    assert numbers(few_orders, "orders", "category") == {"warm": 1, "unknown": 2}
    assert numbers(few_orders, "orders", where="product=hat,coat") == {"": 2}
    assert numbers(few_orders, "orders") == {"": 3}
    assert {overlap_note(value.metric) for value in ask(few_orders, "orders", "product").values()} == {
        "orders: values overlap; they do not add up"
    }
    assert {overlap_note(value.metric) for value in ask(few_orders, "net_revenue", "product").values()} == {""}


def test_what_only_orders_know_does_not_go_with_it(few_orders: TestShop) -> None:
    with pytest.raises(UsageError, match="net_revenue cannot be split by 'coupon'"):
        ask(few_orders, "net_revenue", "product,coupon")
    with pytest.raises(UsageError, match="net_revenue cannot be filtered by 'coupon'"):
        ask(few_orders, "net_revenue", "product", "coupon=SPRING")


def test_the_customers_behind_it_are_those_of_the_product(few_orders: TestShop) -> None:
    march = few_orders.facts.calendar.parse("2024-03")
    found = rows(named("net_revenue"), march, few_orders.facts, (condition("product=hat"),))
    assert [row.numerator for row in found] == [20, 19]


def test_a_shop_without_lines_knows_no_products() -> None:
    made = shop(orders=[order(1, "ana", "2024-03-01", "10")])
    assert numbers(made, "net_revenue") == {"": 10}
    assert {value.value for value in ask(made, "net_revenue", "product").values()} <= {None}
    assert numbers(made, "units") == {"": None}


@pytest.fixture(scope="module")
def many() -> TestShop:
    return shop_of(1)


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.FISCAL_YEAR])
def test_net_revenue_and_units_by_product_or_category_add_up_in_every_period(many: TestShop, grain: Grain) -> None:
    facts = many.facts
    periods = periods_of(facts, grain, None, None)
    for name, splits in combinations(
        ("net_revenue", "units"), (("product",), ("category",), ("product", "first_country"))
    ):
        whole = {value.period: value.value for value in run_query(Query((named(name),), periods), facts)}
        added = dict.fromkeys(periods, 0.0)
        for value in run_query(Query((named(name),), periods, splits), facts):
            added[value.period] += value.value or 0
        assert added == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("split", ["product", "category"])
def test_it_is_read_from_stored_sums_and_these_are_those_of_rows(many: TestShop, split: str) -> None:
    facts = many.facts
    question = Query((named("net_revenue"),), periods_of(facts, Grain.MONTH, None, None), (split,))
    run_query(question, facts)  # which builds its level, as no load stores it
    assert [(step.fact.name, step.source) for step in planned(question, facts)] == [("lines", Source.ROLLUP)]
    assert told(question, facts) == told(question, without_rollups(facts))


def test_its_changes_are_judged_like_those_of_other_totals() -> None:
    """Sales of hats halve within a year, those of coats stay."""
    orders, lines = [], []
    for year, month, customer in combinations((2023, 2024), (3,), range(200)):
        number = len(orders) + 1
        orders.append(order(number, f"c{customer}", f"{year}-{month:02}-{1 + customer % 28:02}", "30"))
        hat = customer % 2 == 0 or year == 2023
        lines.append(line(number, 1, "hat" if hat else "cap", "10"))
        lines.append(line(number, 2, "coat", str(20 + customer % 3)))
    made = shop(orders=[*orders, order(999, "z", "2024-05-01", "1")], order_lines=[*lines, line(999, 1, "coat", "1")])
    facts = made.facts
    question = Query((named("net_revenue"),), (facts.calendar.parse("2024-03"),), ("product",), compare=True)
    found = {value.split["product"]: value.year_earlier for value in run_query(question, facts)}
    assert found["hat"] is not None
    assert found["coat"] is not None
    assert (found["hat"].verdict, found["hat"].direction) == (Verdict.REAL, -1)
    assert found["coat"].verdict is Verdict.NOISE
