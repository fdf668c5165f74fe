"""One simulated shop, and its exports, for all tests that only look."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.simulate import ShopShape, SimulatedShop, simulate, write_shopify


@pytest.fixture(scope="session")
def shop() -> SimulatedShop:
    return simulate(ShopShape(customers=4_000), seed=11)


@pytest.fixture(scope="session")
def exports(shop: SimulatedShop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_shopify(shop, folder)
    return folder
