"""The statements that are compiled beforehand are those that would be compiled, whatever the shop's settings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from regulars.vocabulary.shop import Settings
from regulars.warehouse.derive import shipped as module
from regulars.warehouse.derive.shipped import shipped, shipped_names
from regulars.warehouse.derive.statements import EVERYTHING, GROUPS, TOUCHED, Place, names_statement, statements

ODD = {"GBP": "Europe/London", "JPY": "Asia/Tokyo", "KWD": "Asia/Kuwait", "CLF": "America/Santiago"}
"""A currency of each number of decimal places."""


@pytest.mark.parametrize("currency", ODD)
@pytest.mark.parametrize("place", [EVERYTHING, TOUCHED], ids=["everything", "touched"])
def test_they_are_what_would_be_compiled(currency: str, place: Place):
    settings = Settings(name="Shop", currency=currency, timezone=ODD[currency])
    for group in GROUPS:
        assert shipped(settings, group, place) == statements(settings, group, place), "Run make statements."
    assert shipped_names() == names_statement(place)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(name="Shop", currency="GBP", timezone="UTC", default_margin=Decimal("0.4")),
        Settings(name="Shop", currency="GBP", timezone="UTC", gift_cards=("Voucher",)),
    ],
    ids=["a margin", "gift cards"],
)
def test_a_shop_with_rules_of_its_own_has_its_statements_compiled(settings: Settings):
    usual = Settings(name="Shop", currency="GBP", timezone="UTC")
    assert statements(settings, "orders") != statements(usual, "orders")
    assert shipped(settings, "orders", EVERYTHING) is None
    assert shipped(usual, "orders", Place(dialect="trino")) is None


def test_those_of_other_declarations_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = Settings(name="Shop", currency="GBP", timezone="UTC")
    monkeypatch.setattr(module, "FILE", tmp_path / "statements.json")
    other = module.FILE
    try:
        for text in (None, '{"made from": "something else"}'):
            if text is not None:
                other.write_text(text)
            module._content.cache_clear()
            assert shipped(settings, "orders", EVERYTHING) is None
            assert shipped_names() is None
    finally:
        module._content.cache_clear()
