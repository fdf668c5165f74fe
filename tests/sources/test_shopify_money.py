"""What Shopify orders earn once loaded: cases of owners, each with the amount worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import duckdb
import pytest

from regulars.sources.shops.shopify_orders import shopify_orders
from regulars.vocabulary.shop import Settings
from regulars.warehouse.derive import derive
from sources.conftest import Load
from sources.test_shopify import export

Earned = Callable[..., Decimal]


def order(name: str, subtotal: str, price: str, item: str = "Soap", **more: str) -> dict[str, str]:
    """The first line of an order of one piece, with nothing charged for shipping."""
    return {
        "Name": name, "Email": f"{name[1:]}@example.com", "Financial Status": "paid", "Currency": "EUR",
        "Created at": "2024-03-01 10:00:00 +0100", "Subtotal": subtotal, "Shipping": "0.00", "Taxes": "0.00", "Total": subtotal,
        "Discount Amount": "0.00", "Refunded Amount": "0.00", "Lineitem quantity": "1", "Lineitem name": item,
        "Lineitem price": price, "Lineitem requires shipping": "true", "Lineitem taxable": "true", **more,
    }  # fmt: skip


def line(name: str, price: str, item: str, quantity: str = "1", **more: str) -> dict[str, str]:
    return {"Name": name, "Lineitem quantity": quantity, "Lineitem name": item, "Lineitem price": price, **more}


@pytest.fixture
def earned(con: duckdb.DuckDBPyConnection, load_file: Load) -> Earned:
    """A function that loads lines of an orders export and returns the net revenue of all orders."""

    def run(*lines: dict[str, str], **settings: object) -> Decimal:
        if lines:
            load_file(shopify_orders, export(*lines))
        derive(con, Settings(name="shop", currency="EUR", timezone="UTC", **settings))  # type: ignore[arg-type]
        row = con.execute("SELECT sum(net_revenue) FROM facts.orders").fetchone()
        assert row is not None
        found: Decimal = row[0]
        return found

    return run


def test_an_exchange_earns_what_was_bought_less_what_came_back(earned: Earned) -> None:
    exchange = (order("#1", "10.00", "30.00"), line("#1", "20.00", "Soap return", "-1"))
    assert earned(*exchange, order("#2", "10.00", "10.00")) == 20


def test_a_rebate_is_taken_off_its_order(earned: Earned) -> None:
    assert earned(order("#1", "25.00", "30.00"), line("#1", "-5.00", "Rabatt"), order("#2", "10.00", "10.00")) == 35


VIRTUAL = {"Lineitem requires shipping": "false", "Lineitem taxable": "false"}


def test_gift_cards_are_no_revenue_in_whatever_language(earned: Earned) -> None:
    names = ("Geschenkgutschein 50 €", "e-Gift Voucher", "Carte-cadeau 50")
    sold = [order(f"#{n}", "50.00", "50.00", name, **VIRTUAL) for n, name in enumerate(names, 3)]
    taxed = order("#1", "50.00", "50.00", "Gift Card - 50", **{"Lineitem requires shipping": "false"})
    paid_with_one = order("#2", "50.00", "50.00", **{"Payment Method": "gift_card"})
    assert earned(taxed, paid_with_one, *sold) == 50


def test_the_shops_own_names_of_gift_cards_count_without_loading_again(
    con: duckdb.DuckDBPyConnection, earned: Earned
) -> None:
    sold = (order("#1", "50.00", "50.00", "FREUDE 50", **VIRTUAL), order("#2", "9.00", "9.00", "Freudentee"))
    assert earned(*sold) == 59
    assert earned(gift_cards=("Freude ",)) == 9
    assert earned(gift_cards=()) == 59


def test_a_lost_line_does_not_lower_the_order(con: duckdb.DuckDBPyConnection, earned: Earned) -> None:
    lines = (order("#1", "65.00", "10.00"), line("#1", "5.00", "Tea"))
    assert earned(*lines, order("#2", "10.00", "10.00")) == 75
    assert con.execute("SELECT gross, discount FROM orders WHERE order_id = '#1'").fetchall() == [(65, 0)]
    assert con.execute("SELECT quantity, amount FROM order_lines WHERE line_id = 'missing'").fetchall() == [(0, 50)]


def test_a_difference_of_a_cent_is_rounding(con: duckdb.DuckDBPyConnection, earned: Earned) -> None:
    assert earned(order("#1", "10.01", "10.00")) == 10
    assert con.execute("SELECT count(*) FROM order_lines").fetchall() == [(1,)]
