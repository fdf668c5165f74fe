"""A load without any order in the shop's currency says so; one with a single such order does not."""

from __future__ import annotations

import pytest

from load.shop import Shop


@pytest.mark.parametrize(("currency", "expected"), [("EUR", True), ("GBP", False)])
def test_only_a_load_without_the_shops_currency_is_warned_of(shop: Shop, currency: str, expected: bool) -> None:
    warnings = shop.orders(f"1,2024-01-05,EUR,1,a@example.com,\n2,2024-01-05,{currency},1,b@example.com,\n").warnings
    assert any("no order of this load is in it" in warning for warning in warnings) is expected
