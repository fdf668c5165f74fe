"""A price of a piece taken for a line's total, or the reverse, shows in lines of several pieces."""

from __future__ import annotations

import pytest

from load.shop import LINES, Shop

SOLD = [(number, f"p{number % 4}", 1 + number % 3) for number in range(60)]
"""Sixty lines: (order, product, pieces); forty of them of two or three pieces."""
PRICE = {"p0": 10, "p1": 25, "p2": 3, "p3": 80}


def warnings(shop: Shop, amounts: list[float], sold: list[tuple[int, str, int]] = SOLD) -> list[str]:
    rows = [f"{n},1,{product},{pieces},{amount}\n" for (n, product, pieces), amount in zip(sold, amounts, strict=True)]
    return shop.load({"l.csv": ("order_id,line_id,product_id,quantity,amount\n" + "".join(rows), LINES)}).warnings


def test_amounts_that_grow_with_the_pieces_say_nothing(shop: Shop) -> None:
    assert warnings(shop, [PRICE[product] * pieces for _, product, pieces in SOLD]) == []


def test_a_total_multiplied_by_the_pieces_once_more_is_noticed(shop: Shop) -> None:
    assert warnings(shop, [PRICE[product] * pieces * pieces for _, product, pieces in SOLD]) == [
        "l.csv: in 40 of 40 lines of several pieces a product costs n times as much a piece as alone (n pieces)."
        " If the file's column holds a line's total, map it as the amount without multiplying it."
    ]


def test_a_price_that_was_not_multiplied_is_noticed(shop: Shop) -> None:
    assert warnings(shop, [PRICE[product] for _, product, _ in SOLD]) == [
        "l.csv: in 40 of 40 lines of several pieces (n) a product costs an nth of what it costs alone."
        " If the file's column holds the price of a piece, map the amount as quantity times price."
    ]


def test_a_fifth_of_the_lines_is_enough(shop: Shop) -> None:
    def amounts(wrong: int) -> list[float]:
        several = [number for number, _, pieces in SOLD if pieces > 1][:wrong]
        return [PRICE[p] * pieces * (pieces if number in several else 1) for number, p, pieces in SOLD]

    assert len(warnings(shop, amounts(10))) == 1
    assert warnings(shop, amounts(7)) == []


@pytest.mark.parametrize("share", [0.9, 0.75, 0.6])
def test_a_discount_for_several_pieces_says_nothing(shop: Shop, share: float) -> None:
    assert warnings(shop, [PRICE[p] * (n if n == 1 else n * share) for _, p, n in SOLD]) == []


def test_a_few_lines_say_nothing(shop: Shop) -> None:
    assert warnings(shop, [PRICE[p] * n * n for _, p, n in SOLD[:12]], SOLD[:12]) == []
