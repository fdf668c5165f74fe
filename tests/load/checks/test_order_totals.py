"""An order's own totals are held against its lines: what differs by more than a cent is counted and named."""

from __future__ import annotations

import pytest

from load.shop import LINES, ORDERS, Shop
from regulars.sources.shops.shopify_orders import shopify_orders
from sources.test_shopify import ORDER, export, line

HEADER = "order_id,ordered_at,currency,gross,email\n"
LINE_HEADER = "order_id,line_id,quantity,amount,kind\n"


def own(*orders: tuple[str, str]) -> tuple[str, object]:
    """Orders (number, gross) in our own columns."""
    return HEADER + "".join(f"{number},2024-03-01,GBP,{gross},a@example.com\n" for number, gross in orders), ORDERS


def lines(*rows: str) -> tuple[str, object]:
    return LINE_HEADER + "".join(f"{row}\n" for row in rows), LINES


def warned(shop: Shop, **files: tuple[str, object]) -> list[str]:
    return shop.load({f"{name}.csv": content for name, content in files.items()}).warnings  # type: ignore[misc]


def test_a_gross_that_differs_from_the_lines_is_named_with_both_amounts(shop: Shop) -> None:
    found = warned(shop, o=own(("1", "65"), ("2", "10")), l=lines("1,1,1,10,", "1,2,1,5,", "2,1,1,10,"))
    assert found == [
        "1 order of regulars has a gross that differs from the sum of its lines: 1 (gross 65.00, lines 15.00). The lines count."
    ]


def test_all_are_counted_and_the_first_are_named(shop: Shop) -> None:
    numbers = [str(number) for number in range(1, 6)]
    found = warned(shop, o=own(*((n, "1200.5") for n in numbers)), l=lines(*(f"{n},1,1,1200," for n in numbers)))
    named = ", ".join(f"{n} (gross 1,200.50, lines 1,200.00)" for n in numbers[:3])
    assert found == [
        f"5 orders of regulars have a gross that differs from the sum of their lines: {named}, …. The lines count."
    ]


def test_lines_that_come_later_are_held_against_the_order(shop: Shop) -> None:
    assert warned(shop, o=own(("1", "20"), ("2", "10"))) == []
    assert len(warned(shop, l=lines("1,1,1,10,"))) == 1
    assert warned(shop, l2=lines("1,1,1,10,", "1,2,1,10,")) == []


@pytest.mark.parametrize(
    ("gross", "rows"),
    [
        ("20.01", ["1,1,1,20,"]),  # a cent of rounding
        ("20", ["1,1,1,20,", "1,2,1,3,tip", "1,3,1,4,shipping", "1,4,1,5,duty"]),
        ("32", ["1,1,1,20,", "1,2,1,3,tip", "1,3,1,4,shipping", "1,4,1,5,duty"]),
        ("70", ["1,1,1,20,", "1,2,1,50,gift card"]),
        ("10", ["1,1,1,30,", "1,2,-1,-20,"]),
        ("0", ["1,1,1,20,"]),  # the amounts are left to the lines
    ],
)
def test_what_agrees_is_not_warned_of(shop: Shop, gross: str, rows: list[str]) -> None:
    assert warned(shop, o=own(("1", gross)), l=lines(*rows)) == []


def shopify(shop: Shop, *rows: dict[str, str]) -> list[str]:
    return warned(shop, s=(export(*({"Currency": "GBP"} | row for row in rows)), shopify_orders))


POUNDS = ORDER | {"Currency": "GBP", "Shipping": "0.00", "Taxes": "0.00", "Discount Amount": "0.00"}


def test_shopifys_subtotal_above_its_lines_says_that_lines_are_missing(shop: Shop) -> None:
    found = shopify(shop, POUNDS | {"Subtotal": "65.00", "Total": "65.00"}, line("Tea", "5.00"))
    assert found == [
        "s.csv: 1 order has a Subtotal above the sum of its lines, so lines are missing: #1001 (Subtotal 65.00, lines 25.00)."
        " The Subtotal counts; export the orders again."
    ]


def test_shopifys_lines_above_subtotal_and_discounts_are_named(shop: Shop) -> None:
    discount = {"Subtotal": "12.00", "Total": "12.00", "Discount Amount": "3.00"}
    found = shopify(shop, POUNDS | discount, line("Tea", "5.00"))
    assert found == [
        "s.csv: 1 order has lines above Subtotal and discounts: #1001 (total 15.00, lines 25.00). The Subtotal counts, the rest is"
        " taken for a discount; edited orders look so."
    ]


@pytest.mark.parametrize(
    "amounts",
    [
        {"Subtotal": "17.00", "Total": "17.00", "Discount Amount": "3.00"},
        {"Subtotal": "17.00", "Total": "17.00", "Discount Amount": "7.95"},  # 4.95 of it off the shipping
        {"Subtotal": "17.00", "Total": "17.00", "Lineitem discount": "3.00"},
        {"Subtotal": "17.00", "Total": "17.00", "Discount Amount": ""},  # nothing to hold against
        {"Subtotal": "", "Total": "20.00"},
        {"Subtotal": "20.01", "Total": "20.01"},
    ],
)
def test_shopifys_discounts_explain_the_difference(shop: Shop, amounts: dict[str, str]) -> None:
    assert shopify(shop, POUNDS | amounts) == []


def test_a_tip_beside_or_within_the_subtotal_is_no_difference(shop: Shop) -> None:
    for subtotal in ("20.00", "22.00"):
        assert shopify(shop, POUNDS | {"Subtotal": subtotal, "Total": "22.00"}, line("Tip", "2.00")) == []


def test_an_order_twice_in_the_file_is_summed_once(shop: Shop) -> None:
    assert shopify(shop, POUNDS, POUNDS) == []
