"""Money in metrics: a shop with three currencies, summed by hand and by hand-written SQL."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import CATALOGUE, named
from regulars.metrics.query import Query
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.vocabulary.shop import Settings


def pounds(**more: Any) -> Settings:
    return Settings(name="test", currency="GBP", timezone="Europe/London", **more)


def line(number: int, place: int, amount: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"order_id": str(number), "line_id": str(place), "product_id": f"p{place}", "quantity": quantity,
            "amount": Decimal(amount), **more}  # fmt: skip


def refund(name: str, day: str, amount: str, number: int | None = None, **more: Any) -> dict[str, Any]:
    return {"return_id": name, "order_id": None if number is None else str(number), "amount": Decimal(amount),
            "returned_at": datetime.fromisoformat(f"{day}T12:00:00"), **more}  # fmt: skip


TABLES: dict[str, list[dict[str, Any]]] = {
    "orders": [
        # Tax in the prices: 120 − 12 + 6 = 114, of which 19 is tax. Net: 100 − 10 + 5 = 95.
        order(1, "ana", "2024-03-04", "120", discount=Decimal(12), shipping=Decimal(6), tax=Decimal(19), tax_included=True),
        # Tax on top, in euros, on a Sunday: Friday's rate of 0.85 holds. Net: 85.00 + 4.25; paid 126 €.
        order(2, "ben", "2024-03-10", "100", currency="EUR", shipping=Decimal(5), tax=Decimal(21)),
        # Yen: 12,345 × 0.0053 = 65.4285.
        order(3, "ana", "2024-03-11", "12345", currency="JPY"),
        # A gift card of 50 beside a hat of 20; a guest.
        order(4, None, "2024-03-12", "70"),
        order(5, "cem", "2024-03-13", "33"),
        order(6, "cem", "2024-03-14", "999", status="cancelled"),
        order(7, "cem", "2024-03-15", "999", test=True),
    ],
    "order_lines": [
        line(1, 1, "72", 3, unit_cost=Decimal(10)), line(1, 2, "48", 1, unit_cost=Decimal(5)),
        line(2, 1, "100", 4, unit_cost=Decimal("7.50")), line(3, 1, "12345", 1, unit_cost=Decimal(1000)),
        line(4, 1, "50", 1, kind="gift card"), line(4, 2, "20", 1, unit_cost=Decimal(8)), line(5, 1, "33", 1, unit_cost=Decimal(3)),
        line(6, 1, "999"), line(7, 1, "999"),
    ],
    "returns": [
        refund("a", "2024-03-20", "24", 1, line_id="1", quantity=1, restocked=True),  # 24 of 114: 95 × 24/114 = 20
        refund("b", "2024-04-02", "126", 2, quantity=4),  # all of it
        refund("c", "2024-03-21", "999", 6),  # of an order that does not count
        refund("d", "2024-03-22", "12", tax=Decimal(2), quantity=1),  # of no order
    ],
    "exchange_rates": [
        {"day": date(2024, 3, 8), "currency": "EUR", "rate": Decimal("0.85")},
        {"day": date(2024, 3, 11), "currency": "EUR", "rate": Decimal("0.5")},
        {"day": date(2024, 3, 11), "currency": "JPY", "rate": Decimal("0.0053")},
    ],
    "spend": [
        {"day": date(2024, 3, 1), "channel": "ads", "amount": Decimal(10), "currency": "GBP"},
        {"day": date(2024, 3, 10), "channel": "ads", "amount": Decimal(20), "currency": "EUR"},
    ],
}  # fmt: skip

MARCH = {
    "orders": 5,
    # 95 + 89.25 + 65.43 + 20 + 33 − 20 − 89.25
    "net_revenue": 193.43,
    # 100 + 85 + 65.43 + 20 + 33
    "gross_revenue": 303.43,
    "discounts": 10,
    "units": 11,
    "refunds_by_order_day": 109.25,
    "refunds_by_return_day": 20,
    "unlinked_refunds": 10,
    "guest_order_share": 1 / 5,
    "average_order_value": 193.43 / 5,
    "orders_per_active_customer": 4 / 3,
    "average_revenue_per_customer": 173.43 / 3,
    # ana: 95 − 20 − 35 + 10 and 65.43 − 5.30; ben: 0 − 30 × 0.85; cem: 33 − 3.
    "average_profit_per_customer": (50 + 60.13 - 25.5 + 30) / 3,
    "average_profit_per_customer_after_marketing": (114.63 - 27) / 3,
    "customer_lifetime_value": 173.43 / 3,
    "customer_lifetime_value_profit": 114.63 / 3,
    "cost_coverage": 1,
    "product_return_rate": 5 / 11,
    "product_return_rate_orders": 2 / 5,
    "product_return_rate_value": 109.25 / 302.68,
}


@pytest.fixture(scope="module")
def three_currencies() -> TestShop:
    return shop(pounds(), **TABLES)


def march(made: TestShop) -> dict[str, Value]:
    facts = made.facts
    metrics = tuple(metric for metric in CATALOGUE if metric.name in MARCH)
    return {value.metric.name: value for value in run_query(Query(metrics, (facts.calendar.parse("2024-03"),)), facts)}


@pytest.mark.parametrize("name", MARCH)
def test_march_to_the_cent(three_currencies: TestShop, name: str) -> None:
    (value,) = run_query(
        Query((named(name),), (three_currencies.facts.calendar.parse("2024-03"),)), three_currencies.facts
    )
    assert value.value == pytest.approx(MARCH[name], abs=1e-9)


def test_answered_together_they_are_the_same(three_currencies: TestShop) -> None:
    assert {name: value.value for name, value in march(three_currencies).items()} == pytest.approx(MARCH, abs=1e-9)


def test_numerator_and_denominator_make_the_value(three_currencies: TestShop) -> None:
    for value in march(three_currencies).values():
        if value.denominator:
            assert value.value == pytest.approx((value.numerator or 0) / value.denominator)
        assert value.currency == ("GBP" if value.metric.unit == "money" else None)


def test_sums_of_the_facts_in_plain_sql(three_currencies: TestShop) -> None:
    con = three_currencies.con
    by_hand = con.execute(
        """
        SELECT count(*), sum(net_revenue), sum(net_revenue) FILTER (person IS NOT NULL) / count(DISTINCT person)
        FROM facts.orders WHERE DATE '1970-01-01' + day BETWEEN '2024-03-01' AND '2024-03-31'
        """
    ).fetchone()
    found = march(three_currencies)
    names = ("orders", "net_revenue", "average_revenue_per_customer")
    assert [found[name].value for name in names] == pytest.approx([float(number) for number in by_hand or ()])
    # What is on the lines is what the orders say.
    assert (
        con.execute("SELECT sum(net_revenue), sum(quantity) FROM facts.lines").fetchone()
        == con.execute("SELECT sum(net_revenue), sum(units) FROM facts.orders").fetchone()
    )
    assert (
        con.execute("SELECT sum(amount) FROM facts.returns WHERE linked").fetchone()
        == con.execute("SELECT sum(refunds) FROM facts.orders").fetchone()
    )


PROFITS = (
    "average_profit_per_customer",
    "average_profit_per_customer_after_marketing",
    "customer_lifetime_value_profit",
)


def without_one_cost() -> dict[str, list[dict[str, Any]]]:
    lines = [row if row["order_id"] != "5" else {**row, "unit_cost": None} for row in TABLES["order_lines"]]
    return {**TABLES, "order_lines": lines}


def test_one_unknown_cost_makes_profit_unknown_and_says_how_much_is_known() -> None:
    found = march(shop(pounds(), **without_one_cost()))
    assert [found[name].value for name in PROFITS] == [None, None, None]
    assert found["cost_coverage"].value == pytest.approx(270.43 / 303.43)
    assert found["net_revenue"].value == pytest.approx(MARCH["net_revenue"])


def test_a_default_margin_makes_it_known_and_leaves_the_coverage_as_it_is() -> None:
    found = march(shop(pounds(default_margin=Decimal("0.4")), **without_one_cost()))
    # cem: 33 × 0.4 = 13.2 instead of 30.
    assert found["average_profit_per_customer"].value == pytest.approx((114.63 - 30 + 13.2) / 3)
    assert found["cost_coverage"].value == pytest.approx(270.43 / 303.43)


def test_an_unknown_cost_of_another_month_does_no_harm() -> None:
    later = order(8, "ana", "2024-04-02", "10")
    tables = {**TABLES, "orders": [*TABLES["orders"], later], "order_lines": [*TABLES["order_lines"], line(8, 1, "10")]}
    found = march(shop(pounds(), **tables))
    assert found["average_profit_per_customer"].value == pytest.approx(MARCH["average_profit_per_customer"])


def test_spend_without_a_rate_makes_what_it_enters_unknown() -> None:
    spend = [{"day": date(2024, 3, 20), "channel": "ads", "amount": Decimal(10), "currency": "USD"}]
    found = march(shop(pounds(), **{**TABLES, "spend": spend}))
    assert found["average_profit_per_customer_after_marketing"].value is None
    assert found["average_profit_per_customer"].value == pytest.approx(MARCH["average_profit_per_customer"])


def test_a_shop_in_yen_has_no_cents() -> None:
    made = shop(
        Settings(name="test", currency="JPY", timezone="Asia/Tokyo"),
        orders=[
            order(1, "ana", "2024-03-04", "1100", currency="JPY", tax=Decimal(100), tax_included=True),
            order(2, "ana", "2024-03-04", "3.33", currency="EUR"),
        ],
        exchange_rates=[{"day": date(2024, 3, 4), "currency": "EUR", "rate": Decimal("162.35")}],
    )
    found = made.con.execute("SELECT net_revenue FROM facts.orders ORDER BY order_id").fetchall()
    # 3.33 × 162.35 = 540.6255
    assert found == [(1000,), (541,)]
