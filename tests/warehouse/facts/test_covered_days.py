"""Up to which day each table is covered: what one load of one source brought together tells of the same days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cli.conftest import ORDERS
from regulars.load.run import LoadOptions
from regulars.services.app import App
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import Shop

RETURNS = "return_id,order_id,returned_at,amount\nr1,1,2024-01-20,10.10\n"


@pytest.fixture
def app(tmp_path: Path) -> App:
    shop = Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London", name=None, shared_addresses=())
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "returns.csv").write_text(RETURNS)
    return App(shop)


def covered(app: App) -> dict[str, tuple[str, str]]:
    with app.warehouse.read() as con:
        days = "DATE '1970-01-01' + first_day, DATE '1970-01-01' + last_day"
        rows = con.execute(f"SELECT table_name, {days} FROM facts.coverage").fetchall()
    return {name: (str(first), str(last)) for name, first, last in rows}


def ends(app: App) -> dict[str, str]:
    return {name: last for name, (_, last) in covered(app).items()}


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


@pytest.mark.parametrize("replace", [False, True])
def test_orders_loaded_again_leave_the_returns_covered_as_they_were(app: App, tmp_path: Path, replace: bool) -> None:
    app.load([tmp_path / "orders.csv", tmp_path / "returns.csv"])
    before = covered(app)
    assert before["returns"] == ("2024-01-03", "2024-03-31")
    again = tmp_path / "again.csv"
    again.write_text(ORDERS.replace(".10\n", ".11\n").replace(",5.00", ",6.00"))
    app.load([again], options=LoadOptions(replace=replace))
    assert covered(app) == before
    app.undo(1)
    assert covered(app).keys() & {"orders", "returns"} == {"orders"}


def test_returns_loaded_again_alone_stay_covered_until_they_are_replaced(app: App, tmp_path: Path) -> None:
    app.load([tmp_path / "orders.csv", tmp_path / "returns.csv"])
    again = tmp_path / "again.csv"
    again.write_text(RETURNS.replace("10.10", "9.90"))
    app.load([again])
    assert covered(app)["returns"] == ("2024-01-03", "2024-03-31")
    app.load([again], options=LoadOptions(replace=True))
    assert covered(app)["returns"] == ("2024-01-20", "2024-01-20")


def test_covers_until_extends_the_tables_of_its_load_alone(app: App, tmp_path: Path) -> None:
    app.load([tmp_path / "orders.csv"])
    later = LoadOptions(covers_until=date(2024, 5, 31))
    app.load([tmp_path / "returns.csv"], options=later)
    assert (ends(app)["orders"], ends(app)["returns"]) == ("2024-03-31", "2024-05-31")
    app.undo(2)
    assert "returns" not in ends(app)


def test_what_covers_until_said_holds_when_a_later_load_brings_all_rows_again(app: App, tmp_path: Path) -> None:
    app.load([tmp_path / "orders.csv"], options=LoadOptions(covers_until=date(2024, 4, 30)))
    again = tmp_path / "again.csv"
    again.write_text(ORDERS.replace("1000.00", "999.00"))
    app.load([again])
    assert ends(app)["orders"] == "2024-04-30"
    app.load([again], options=LoadOptions(replace=True))
    assert ends(app)["orders"] == "2024-03-31"
    app.undo(3)
    assert ends(app)["orders"] == "2024-04-30"
    app.undo(1)
    assert ends(app)["orders"] == "2024-03-31"


def test_a_file_without_rows_covers_its_table_until_the_day_given(app: App, tmp_path: Path) -> None:
    app.load([tmp_path / "returns.csv"])
    (tmp_path / "none.csv").write_text(RETURNS.splitlines()[0] + "\n")
    result = app.load([tmp_path / "none.csv"], options=LoadOptions(covers_until=date(2024, 5, 31)))
    assert (result.tables, ends(app)) == ({}, {"returns": "2024-05-31"})


def test_a_day_before_the_last_row_is_warned_of_and_cuts_nothing_off(app: App, tmp_path: Path) -> None:
    files = [tmp_path / "orders.csv", tmp_path / "returns.csv"]
    result = app.load(files, options=LoadOptions(covers_until=date(2024, 2, 15)))
    assert [warning for warning in result.warnings if "covers" in warning] == [
        "--covers-until 2024-02-15 is before the last rows of this load (orders 2024-03-31); its tables are covered up to them."
    ]
    assert (ends(app)["orders"], ends(app)["returns"]) == ("2024-03-31", "2024-03-31")


def test_the_last_row_s_day_is_the_shop_s(app: App, tmp_path: Path) -> None:
    """Half past eleven of a summer night in UTC is the next day in London."""
    (tmp_path / "late.csv").write_text("order_id,ordered_at,currency,gross\n9,2024-06-30T23:30:00Z,GBP,5\n")
    result = app.load([tmp_path / "late.csv"], options=LoadOptions(covers_until=date(2024, 6, 30)))
    assert any("(orders 2024-07-01)" in warning for warning in result.warnings)


def test_no_file_covers_days_to_come(app: App, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    with pytest.raises(UsageError, match="lies in the future: today is") as refused:
        app.load([tmp_path / "orders.csv"], options=LoadOptions(covers_until=today + timedelta(days=3)))
    assert refused.value.hint == "Give the last day that the files cover, or omit --covers-until."
    assert app.warehouse.number is None
    app.load([tmp_path / "orders.csv"], options=LoadOptions(covers_until=today))
    assert ends(app)["orders"] == str(today)
