"""The net revenue of each line: every order of shops drawn at random against fractions, and the rules one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from metrics.shops import TestShop, order, shop
from properties import few
from regulars.vocabulary.shop import Settings
from warehouse.facts.ledger import Ledger, Line, Refund, Sale, as_money
from warehouse.facts.test_order_money import ledgers, sales

FRIDAY = date(2024, 3, 8)
GBP = Ledger("GBP", 2, {})
PRODUCTS = (None, None, "hat", "coat", "scarf")


@st.composite
def sales_with_details(draw: st.DrawFn) -> Sale:
    """Orders with discounts of lines, and refunds that name a product instead of a line, or beside it."""
    sale = draw(sales())
    cents = st.none() | st.integers(0, 999).map(lambda number: str(Decimal(number) / 100))
    lines = tuple(replace(one, discount=draw(cents) if one.kind == "product" else None) for one in sale.lines)
    refunds = tuple(replace(one, product=draw(st.sampled_from(PRODUCTS))) for one in sale.refunds)
    return replace(sale, lines=lines, refunds=refunds)


def shop_of(ledger: Ledger, sold: list[Sale]) -> TestShop:
    chosen = Settings(name="test", currency=ledger.currency, timezone="Europe/London")
    return shop(chosen, **ledger.tables(sold))


def parts_of(made: TestShop) -> dict[int, dict[str, Decimal]]:
    """By order and line_id."""
    found: dict[int, dict[str, Decimal]] = {}
    for order_id, line_id, part in made.con.execute(
        "SELECT order_id, line_id, net_revenue FROM facts.lines"
    ).fetchall():
        assert line_id not in found.setdefault(int(order_id), {})
        found[int(order_id)][line_id] = part
    return found


OTHERWISE = """SELECT o.order_id FROM facts.orders o LEFT JOIN
    (SELECT source, order_id, sum(net_revenue) AS net_revenue, sum(quantity) AS units FROM facts.lines GROUP BY ALL) l
    USING (source, order_id) WHERE o.net_revenue <> coalesce(l.net_revenue, 0) OR o.units <> coalesce(l.units, 0)"""
"""The orders whose lines do not add up to them."""


@settings(max_examples=few(3), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(ledgers(), st.lists(sales_with_details(), min_size=10, max_size=30))
def test_every_line_earns_what_fractions_say_and_lines_add_up_to_their_order(ledger: Ledger, sold: list[Sale]) -> None:
    made = shop_of(replace(ledger, default_margin=None), sold)
    found = parts_of(made)
    for number, sale in enumerate(sold):
        said = {line: as_money(part) for line, part in ledger.parts(sale).items()}
        assert found.get(number, {}) == said, sale
    assert made.con.execute(OTHERWISE).fetchall() == []


def parts(*lines: Line, ledger: Ledger = GBP, currency: str = "GBP", **more: Any) -> list[str]:
    """The net revenue of each line of one order, then what belongs to none, where there is any."""
    found = parts_of(shop_of(ledger, [Sale(FRIDAY, currency, lines, **more)])).get(0, {})
    return [f"{found[place]:f}".rstrip("0").rstrip(".") for place in sorted(found, key=lambda line: (line == "", line))]


def test_shipping_is_spread_by_amount() -> None:
    assert parts(Line(1, "30"), Line(5, "70"), shipping="10") == ["33", "77"]


def test_equal_lines_take_the_last_coins_by_line_id() -> None:
    assert parts(*[Line(1, "10")] * 3, shipping="5") == ["11.67", "11.67", "11.66"]


def test_the_largest_remainder_takes_the_coin() -> None:
    # 1 × 0.26, 0.33 and 0.41: 26, 33 and 41 hundredths of a penny more than nothing.
    assert parts(Line(1, "26"), Line(1, "33"), Line(1, "41"), shipping="0.01") == ["26", "33", "41.01"]


def test_a_discount_of_the_order_takes_coins_away_in_the_same_way() -> None:
    assert parts(*[Line(1, "10")] * 3, discount="5") == ["8.33", "8.33", "8.34"]


def test_a_discount_of_a_line_stays_there_and_the_rest_is_spread() -> None:
    # 16 off, of which 6 off the first line; 10 are spread as 30 to 70.
    assert parts(Line(1, "30", discount="6"), Line(1, "70"), discount="16") == ["21", "63"]


def test_a_refund_of_a_line_stays_there() -> None:
    assert parts(Line(1, "30"), Line(1, "70"), refunds=(Refund("20", line=1),)) == ["30", "50"]


def test_a_refund_of_a_product_is_taken_from_its_dearest_line() -> None:
    lines = (Line(1, "30", product="hat"), Line(2, "60", product="hat"), Line(1, "90", product="coat"))
    assert parts(*lines, refunds=(Refund("20", product="hat"),)) == ["30", "40", "90"]


def test_a_refund_that_names_nothing_of_the_order_is_spread() -> None:
    lines = (Line(1, "30", product="hat"), Line(1, "70", product="coat"))
    for refund in (Refund("10"), Refund("10", product="scarf")):
        assert parts(*lines, refunds=(refund,)) == ["27", "63"]


def test_a_full_refund_without_a_line_leaves_no_line_anything() -> None:
    assert parts(Line(1, "30"), Line(1, "70"), shipping="5", discount="7", refunds=(Refund("all"),)) == ["0", "0"]


def test_included_tax_is_taken_out_of_every_part() -> None:
    # 24 + 12 − 6 + 6 = 36 with 6 of tax: lines of 20 and 10, a discount and shipping of 5.
    assert parts(Line(1, "24"), Line(1, "12"), discount="6", shipping="6", tax="6", tax_included=True) == ["20", "10"]


def test_what_came_back_in_the_order_and_rebates_get_nothing_of_the_rest() -> None:
    assert parts(Line(2, "50"), Line(-1, "-10"), Line(1, "-5"), shipping="4") == ["54", "-10", "-5"]


def test_without_a_positive_amount_the_rest_is_spread_by_quantity() -> None:
    assert parts(Line(1, "0"), Line(2, "0"), Line(0, "0"), shipping="3") == ["1", "2", "0"]


def test_without_a_positive_quantity_either_the_rest_belongs_to_no_line() -> None:
    assert parts(Line(0, "0"), shipping="3") == ["0", "3"]
    assert parts(Line(-1, "-10"), shipping="3") == ["-10", "3"]


def test_an_order_without_product_lines_belongs_to_no_line() -> None:
    assert parts(gross="50", discount="5", shipping="3") == []  # no order line is loaded at all
    assert parts(Line(1, "50", "gift card"), shipping="3") == ["3"]
    assert parts(Line(1, "50", "gift card")) == []


def test_yen_are_spread_whole_and_dinars_to_the_fils() -> None:
    three = (Line(1, "500"),) * 3
    assert parts(*three, shipping="100", currency="JPY", ledger=Ledger("JPY", 0, {})) == ["534", "533", "533"]
    assert parts(*three, shipping="1", currency="KWD", ledger=Ledger("KWD", 3, {})) == ["500.334", "500.333", "500.333"]


def test_a_foreign_order_is_spread_in_the_coins_of_the_shop() -> None:
    ledger = Ledger("GBP", 2, {("EUR", FRIDAY): "0.8567"})
    # 10 € are 8.57; 0.10 € are 0.09, of which the first of three takes a third.
    assert parts(*[Line(1, "10")] * 3, shipping="0.10", currency="EUR", ledger=ledger) == ["8.6", "8.6", "8.6"]


@pytest.mark.parametrize("amount", ["0.01", "99999999.99"])
def test_large_and_small_weights_are_spread_exactly(amount: str) -> None:
    lines = (Line(1, "99999999.99"), Line(1, amount), Line(1, "0.01"))
    found = parts(*lines, shipping="9999999.97")
    assert sum(map(Decimal, found)) == sum(Decimal(one.amount) for one in lines) + Decimal("9999999.97")


def test_orders_of_two_sources_with_one_number_stay_apart() -> None:
    orders = [order(1, "ana", FRIDAY.isoformat(), "10", shipping=Decimal(1), source=name) for name in ("a", "b")]
    line = {"order_id": "1", "line_id": "1", "quantity": 1, "amount": Decimal(10)}
    back = {
        "return_id": "r",
        "order_id": "1",
        "line_id": "1",
        "returned_at": FRIDAY,
        "amount": Decimal(5),
        "source": "b",
    }
    made = shop(orders=orders, order_lines=[{**line, "source": name} for name in ("a", "b")], returns=[back])
    found = made.con.execute("SELECT source, net_revenue FROM facts.lines ORDER BY 1").fetchall()
    assert found == [("a", 11), ("b", 6)]
