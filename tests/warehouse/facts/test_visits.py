"""A visitor is one person, the latest known; an order of nobody known lies with its visit, and a return with its order."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from metrics.shops import TestShop, order, shop
from warehouse.test_difference import Shop
from warehouse.test_difference import order as whole_order

START = datetime(2024, 3, 1, 12)


def visit(
    visit_id: str, visitor: str | None, customer: str | None = None, hours: int = 0, **more: Any
) -> dict[str, Any]:
    return {
        "visit_id": visit_id, "visitor_id": visitor, "customer_id": customer, "started_at": START + timedelta(hours=hours), **more,
    }  # fmt: skip


def person(made: TestShop, customer: str) -> int:
    (found,) = made.con.execute("SELECT person FROM facts.persons WHERE customer = ?", [customer]).fetchone()
    return int(found)


def visits(made: TestShop) -> dict[str, tuple[str, int | None, int]]:
    rows = made.con.execute("SELECT visit_id, visitor, person, bucket FROM facts.visits").fetchall()
    return {visit_id: tuple(rest) for visit_id, *rest in rows}


def scattered(text: str) -> int:
    return int(hashlib.md5(text.encode()).hexdigest()[:2], 16) % 32


def test_a_visitor_is_the_person_known_last_in_all_visits() -> None:
    made = shop(
        visits=[
            visit("1", "x"), visit("2", "x", "ana", 1), visit("3", "x", "ben", 2), visit("4", "x", None, 3),
            visit("5", "y"), visit("6", None), visit("7", None, "ana"), visit("y", None),
        ]
    )  # fmt: skip
    found, ana, ben = visits(made), person(made, "ana"), person(made, "ben")
    assert {found[one][1] for one in "1234"} == {ben}
    assert found["7"][1] == ana
    assert {found[one][1] for one in ("5", "6", "y")} == {None}
    assert len({found[one][0] for one in "1234"}) == 1
    assert len({found[one][0] for one in ("1", "5", "6", "7", "y")}) == 5, "a visit's number is no visitor's"
    assert {found[one][2] for one in "1234"} == {ben % 32}
    assert found["5"][2] == scattered(found["5"][0])


def test_an_order_of_nobody_lies_in_the_bucket_of_its_visit_and_a_return_with_its_order() -> None:
    returned = {"returned_at": START + timedelta(days=3), "quantity": 1, "amount": 5}
    made = shop(
        visits=[visit("1", "x", "ana"), visit("2", "y"), visit("3", "x")],
        orders=[
            order("o1", None, "2024-03-02", visit_id="1"), order("o2", None, "2024-03-02", visit_id="2"),
            order("o3", None, "2024-03-02", visit_id="3"), order("o4", "ben", "2024-03-02", visit_id="1"),
            order("o5", None, "2024-03-02"), order("o6", None, "2024-03-02", visit_id="gone"),
        ],
        order_lines=[{"order_id": "o2", "line_id": "1", "quantity": 1, "amount": 10}],
        returns=[{"return_id": "r2", "order_id": "o2", **returned}, {"return_id": "r5", "order_id": "o5", **returned},
                 {"return_id": "r", **returned}],
    )  # fmt: skip
    buckets = dict(made.con.execute("SELECT order_id, bucket FROM facts.orders").fetchall())
    ana, ben, found = person(made, "ana"), person(made, "ben"), visits(made)
    assert buckets == {
        "o1": ana % 32, "o2": found["2"][2], "o3": ana % 32, "o4": ben % 32, "o5": scattered("o5"), "o6": scattered("o6"),
    }  # fmt: skip
    assert made.con.execute("SELECT bucket FROM facts.lines WHERE order_id = 'o2'").fetchall() == [(found["2"][2],)]
    assert dict(made.con.execute("SELECT return_id, bucket FROM facts.returns").fetchall()) == {
        "r2": found["2"][2], "r5": scattered("o5"), "r": scattered("r"),
    }  # fmt: skip


@pytest.mark.parametrize("fact", ["orders", "lines", "returns"])
def test_guests_are_no_customers_though_their_visitor_is_known(fact: str) -> None:
    made = shop(
        visits=[visit("1", "x", "ana")],
        orders=[order("o1", None, "2024-03-02", visit_id="1")],
        order_lines=[{"order_id": "o1", "line_id": "1", "quantity": 1, "amount": 10}],
        returns=[{"return_id": "r", "order_id": "o1", "returned_at": START, "quantity": 1, "amount": 5}],
    )
    assert made.con.execute(f"SELECT person FROM facts.{fact}").fetchall() == [(None,)]


def test_orders_follow_their_visits_by_difference() -> None:
    """A visitor who is known later takes the visit, its order, and what came back of it, into another bucket."""
    loaded = Shop()
    first = {
        "visits": [visit("1", "x"), visit("2", "y")],
        "orders": [
            whole_order("o1", START, Decimal(10), visit_id="1"),
            whole_order("o2", START, Decimal(10), visit_id="2"),
        ],
        "returns": [{"return_id": "r", "order_id": "o1", "returned_at": START, "quantity": 1, "amount": 5}],
    }
    loaded.load(first)
    before = dict(loaded.con.execute("SELECT order_id, bucket FROM facts.orders").fetchall())
    loaded.load({"visits": [visit("3", "x", "ana", 5)]})
    assert loaded.ways[-1] == "", "by difference"
    (ana,) = loaded.con.execute("SELECT person % 32 FROM facts.persons WHERE customer = 'ana'").fetchone()
    after = dict(loaded.con.execute("SELECT order_id, bucket FROM facts.orders").fetchall())
    assert after == {"o1": ana, "o2": before["o2"]}
    assert loaded.con.execute("SELECT bucket FROM facts.returns").fetchall() == [(ana,)]
    loaded.load({"orders": [whole_order("o3", START, Decimal(10), visit_id="3")]})
    assert loaded.con.execute("SELECT bucket FROM facts.orders WHERE order_id = 'o3'").fetchall() == [(ana,)]
    loaded.check()
