"""Up to which day each table is covered: what one load of one source brought together tells of the same days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cli.conftest import ORDERS
from regulars.app import App
from regulars.vocabulary.shop import Shop
from regulars.warehouse.load.run import LoadOptions

RETURNS = "return_id,order_id,returned_at,amount\nr1,1,2024-01-20,10.10\n"


@pytest.fixture
def app(tmp_path: Path) -> App:
    shop = Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London", name=None, shared_addresses=())
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "returns.csv").write_text(RETURNS)
    return App(shop)


def ends(app: App) -> dict[str, str]:
    with app.warehouse.read() as con:
        rows = con.execute("SELECT table_name, DATE '1970-01-01' + last_day FROM facts.coverage").fetchall()
    return {name: str(day) for name, day in rows}


def test_a_file_alone_reaches_to_its_last_row(app: App, tmp_path: Path) -> None:
    app.load([tmp_path / "orders.csv"])
    app.load([tmp_path / "returns.csv"])
    assert (ends(app)["orders"], ends(app)["returns"]) == ("2024-03-31", "2024-01-20")


def test_files_of_one_load_and_source_reach_equally_far(app: App, tmp_path: Path) -> None:
    app.load([tmp_path / "orders.csv", tmp_path / "returns.csv"])
    assert (ends(app)["orders"], ends(app)["returns"]) == ("2024-03-31", "2024-03-31")
    later = tmp_path / "later.csv"
    later.write_text(RETURNS.replace("r1,1,2024-01-20", "r2,1,2024-04-15"))
    app.load([later])
    assert (ends(app)["orders"], ends(app)["returns"]) == ("2024-03-31", "2024-04-15")


def test_covers_until_extends_the_tables_of_its_load_alone(app: App, tmp_path: Path) -> None:
    app.load([tmp_path / "orders.csv"])
    later = LoadOptions(covers_until=date(2024, 5, 31))
    app.load([tmp_path / "returns.csv"], options=later)
    assert (ends(app)["orders"], ends(app)["returns"]) == ("2024-03-31", "2024-05-31")
    app.undo(2)
    assert "returns" not in ends(app)
