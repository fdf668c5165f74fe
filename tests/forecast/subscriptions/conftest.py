"""A shop with subscriptions whose future is known, loaded as a user would, and copies of it to work on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forecast.subscriptions.population import Plan, Subscription, drawn, write
from regulars.services.app import App
from regulars.services.forecasting import Forecasting
from regulars.vocabulary.shop import SETTINGS_FILE, Shop

BOX = Plan("box", 1, alpha=0.7, beta=3.0, subscribers=900, price=20.0, early=True)
CLUB = Plan("club", 12, alpha=0.8, beta=2.0, subscribers=500, price=120.0)
TINY = Plan("tiny", 1, alpha=1.0, beta=4.0, subscribers=60, price=35.0)


@pytest.fixture(scope="session")
def subscribers() -> list[Subscription]:
    """Everybody who subscribed in three years, with all that will become of them."""
    return drawn([BOX, CLUB, TINY], seed=3)


@pytest.fixture(scope="session")
def loaded(subscribers: list[Subscription], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("subscribed")
    shop = Shop.create(folder / "shop", currency="GBP", timezone="Europe/London").folder
    settings = shop / SETTINGS_FILE
    settings.write_text('subscriptions_renew = { club = "year" }\n' + settings.read_text())
    App(Shop.open(shop)).load(write(subscribers, folder / "files"))
    return shop


@pytest.fixture
def app(loaded: Path, tmp_path: Path) -> Forecasting:
    """A loaded shop of one's own, to change."""
    return Forecasting(Shop.open(Path(shutil.copytree(loaded, tmp_path / "shop"))))
