"""Products that are neither shipped nor taxed: gift cards or digital goods, the owner is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from load.shop import SETTINGS, Shop
from regulars.sources.shops.shopify_orders import shopify_orders
from sources.test_shopify import ORDER, export

Warnings = Callable[..., list[str]]
REMEDY = ' Name gift cards in regulars.toml, gift_cards = ["…"], or write gift_cards = [] if you sell none.'


@pytest.fixture
def warnings(shop: Shop) -> Warnings:
    """A function that loads one order of each name, neither shipped nor taxed unless said otherwise."""

    def run(*names: str, shipped: str = "false", taxed: str = "false", **settings: object) -> list[str]:
        virtual = {"Lineitem requires shipping": shipped, "Lineitem taxable": taxed, "Currency": "GBP"}
        rows = [
            ORDER | virtual | {"Name": f"#{n}", "Lineitem name": name} for n, name in enumerate(names, 1)
        ]  # fmt: skip
        chosen = replace(SETTINGS, **settings)
        return shop.load({"o.csv": (export(*rows), shopify_orders)}, chosen, again=True).warnings

    return run


def test_they_are_counted_and_named(warnings: Warnings) -> None:
    start = "o.csv: 1 line is neither shipped nor taxed and may sell gift cards; they count as products"
    assert warnings("E-book", "Tip", "Geschenkkarte") == [f'{start}: "E-book".{REMEDY}']
    start = "o.csv: 5 lines are neither shipped nor taxed and may sell gift cards; they count as products"
    assert warnings("D", "C", "B", "A", "D") == [f'{start}: "D", "A", "B", ….{REMEDY}']


@pytest.mark.parametrize(("shipped", "taxed"), [("true", "false"), ("false", "true"), ("false", ""), ("", "false")])
def test_what_is_shipped_or_taxed_or_not_known_to_be_neither_is_a_product(
    warnings: Warnings, shipped: str, taxed: str
) -> None:
    assert warnings("E-book", shipped=shipped, taxed=taxed) == []


def test_what_the_setting_names_is_known(warnings: Warnings) -> None:
    assert warnings("FREUDE 50", "Freude 10", gift_cards=("Freude",)) == []
    assert len(warnings("FREUDE 50", "E-book", gift_cards=("Freude",))) == 1


def test_an_empty_setting_says_there_are_none(warnings: Warnings) -> None:
    assert warnings("E-book", gift_cards=()) == []
