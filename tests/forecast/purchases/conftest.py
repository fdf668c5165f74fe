"""A simulated shop, loaded as a user would, and ways to work on copies of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import ibis
import pytest

from regulars.services.forecasting import Forecasting
from regulars.simulate import ShopShape, simulate, write_canonical
from regulars.vocabulary.shop import Shop
from regulars.warehouse.engine import Engine

UNTIL = date(2025, 12, 31)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecasting")
    files = write_canonical(simulate(ShopShape(customers=1500, months=24, until=UNTIL), seed=11), folder / "files")
    Forecasting(Shop.create(folder / "shop", currency="GBP", timezone="Europe/London")).load(files)
    return folder / "shop"


@pytest.fixture
def app(loaded: Path, tmp_path: Path) -> Forecasting:
    """A loaded shop of one's own, to change."""
    return Forecasting(Shop.open(Path(shutil.copytree(loaded, tmp_path / "shop"))))


@pytest.fixture(scope="session")
def facts(loaded: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The loaded shop, to read."""
    with Forecasting(Shop.open(loaded)).reading() as con:
        yield con


@pytest.fixture
def engine(facts: duckdb.DuckDBPyConnection) -> Iterator[Engine]:
    made = Engine(ibis.duckdb.from_connection(facts))
    yield made
    made.forget()
