"""Costs without a day hold since ever, and a changed one from the day of the load that brings it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from regulars.load.run import LoadOptions
from regulars.services.app import App
from regulars.vocabulary.shop import Shop

COSTS = "product_id,unit_cost,currency\nmug,4.00,GBP\ntea,1.50,GBP\n"
SINCE_EVER = "1995-01-01"


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(Shop.create(tmp_path / "shop", currency="GBP", timezone="UTC", name=None, shared_addresses=()))


def load(app: App, text: str, **options: bool) -> list[str]:
    file = app.shop.folder.parent / "costs.csv"
    file.write_text(text)
    return [text for text in app.load([file], options=LoadOptions(**options)).warnings if "valid_from" in text]


def costs(app: App) -> list[tuple[str, str, Decimal]]:
    with app.warehouse.read() as con:
        rows = con.execute("SELECT product_id, valid_from, unit_cost FROM main.product_costs ORDER BY ALL").fetchall()
    return [(product, str(day), cost) for product, day, cost in rows]


def test_a_cost_without_a_day_holds_since_ever(app: App) -> None:
    assert load(app, COSTS) == []
    assert costs(app) == [("mug", SINCE_EVER, 4), ("tea", SINCE_EVER, Decimal("1.5"))]


def test_a_changed_cost_starts_on_the_day_of_its_load_and_is_told(app: App) -> None:
    load(app, COSTS)
    before = datetime.now(UTC).date()
    (told,) = load(app, COSTS.replace("4.00", "5.00"))
    today = costs(app)[1][1]
    assert today in {str(before), str(datetime.now(UTC).date())}
    assert told == (
        "costs.csv: 1 product costs something else than before, and the file has no start date (valid_from): the new cost"
        f" starts on {today}, the day of this load."
    )
    assert costs(app) == [("mug", SINCE_EVER, 4), ("mug", today, 5), ("tea", SINCE_EVER, Decimal("1.5"))]
    assert load(app, COSTS.replace("4.00", "5.0")) == []
    assert costs(app) == [("mug", SINCE_EVER, 4), ("mug", today, 5), ("tea", SINCE_EVER, Decimal("1.5"))]


def test_replacing_all_costs_leaves_nothing_of_those_before(app: App) -> None:
    load(app, COSTS)
    assert load(app, COSTS.replace("4.00", "5.00"), replace=True) == []
    assert costs(app) == [("mug", SINCE_EVER, 5), ("tea", SINCE_EVER, Decimal("1.5"))]


def test_a_file_with_a_history_of_costs_is_taken_as_it_says(app: App) -> None:
    load(app, COSTS)
    history = "product_id,unit_cost,currency,valid_from\nmug,3.00,GBP,\nmug,5.00,GBP,2024-01-01\n"
    assert load(app, history) == []
    assert costs(app) == [("mug", SINCE_EVER, 3), ("mug", "2024-01-01", 5), ("tea", SINCE_EVER, Decimal("1.5"))]
