"""The statements that are compiled beforehand are those that would be compiled, whatever the shop's settings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from regulars.vocabulary.shop import Settings
from regulars.warehouse.derive import precompiled as module
from regulars.warehouse.derive.precompiled import precompiled_product_names, precompiled_statements
from regulars.warehouse.derive.statements import (
    FULL_REFRESH,
    GROUPS,
    INCREMENTAL,
    Target,
    product_names_statement,
    statements,
)

ODD = {"GBP": "Europe/London", "JPY": "Asia/Tokyo", "KWD": "Asia/Kuwait", "CLF": "America/Santiago"}
"""A currency of each number of decimal places."""


@pytest.mark.parametrize("currency", ODD)
@pytest.mark.parametrize("target", [FULL_REFRESH, INCREMENTAL], ids=["everything", "touched"])
def test_they_are_what_would_be_compiled(currency: str, target: Target):
    settings = Settings(name="Shop", currency=currency, timezone=ODD[currency])
    for group in GROUPS:
        assert precompiled_statements(settings, group, target) == statements(settings, group, target), (
            "Run make statements."
        )
    assert precompiled_product_names() == product_names_statement(target)


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
    assert precompiled_statements(settings, "orders", FULL_REFRESH) is None
    assert precompiled_statements(usual, "orders", Target(dialect="trino")) is None


def test_those_of_other_declarations_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = Settings(name="Shop", currency="GBP", timezone="UTC")
    monkeypatch.setattr(module, "FILE", tmp_path / "statements.json")
    other = module.FILE
    try:
        for text in (None, '{"made from": "something else"}'):
            if text is not None:
                other.write_text(text)
            module._file_content.cache_clear()
            assert precompiled_statements(settings, "orders", FULL_REFRESH) is None
            assert precompiled_product_names() is None
    finally:
        module._file_content.cache_clear()
