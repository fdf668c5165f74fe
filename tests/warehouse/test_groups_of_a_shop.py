"""A shop in files: a load changes those of the groups it must, and all facts are as if derived anew."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from regulars.metrics.rollups.refresh import refresh
from regulars.metrics.rollups.rollup import StorageRule
from regulars.services.app import App
from regulars.vocabulary.shop import Shop
from regulars.warehouse.derive.statements import GROUPS

ORDERS = "order_id,customer_id,visit_id,ordered_at,gross,currency,country\n"
VISITS = "visit_id,visitor_id,customer_id,started_at,channel\n"
ANSWERS = "answer_id,survey,kind,score,scale_low,scale_high,high_is,answered_at,customer_id,person_id\n"


def write(folder: Path, table: str, lines: str) -> Path:
    file = folder / f"{table}.csv"
    file.write_text(lines)
    return file


def orders(numbers: range) -> str:
    rows = (
        f"o{n},c{n % 17},v{n},2024-{1 + n % 12:02d}-{1 + n % 27:02d} 10:00,{n % 50}.50,GBP,{('GB', 'FR')[n % 2]}\n"
        for n in numbers
    )
    return ORDERS + "".join(rows)


def visits(numbers: range) -> str:
    rows = (f"v{n},b{n % 40},,2024-{1 + n % 12:02d}-{1 + n % 27:02d} 09:00,{('ads', 'mail')[n % 2]}\n" for n in numbers)
    return VISITS + "".join(rows)


def run_query(number: int, person: str = "") -> str:
    day = f"2024-{1 + number % 12:02d}-{1 + number % 27:02d} 11:00"
    return f"a{number},shop,nps,{number % 11},0,10,good,{day},c{number % 17},{person}\n"


def answers(numbers: range, person: str = "") -> str:
    return ANSWERS + "".join(run_query(n, person) for n in numbers)


def facts(app: App) -> dict[str, Counter[tuple[object, ...]]]:
    """All rows of all facts but of rollups, to which a difference adds rows."""
    with app.warehouse.read() as con:
        views = con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'facts'").fetchall()
        names = [name for (name,) in views if not name.startswith(("rollup_", "gaps_"))]
        return {name: Counter(con.execute(f"FROM facts.{name}").fetchall()) for name in names}


@pytest.fixture
def app(tmp_path: Path) -> App:
    Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London")
    app = App(Shop.open(tmp_path / "shop"))
    files = {"orders": orders(range(300)), "visits": visits(range(400)), "answers": answers(range(60))}
    app.load([write(tmp_path, table, lines) for table, lines in files.items()])
    return app


def changed(app: App) -> set[str]:
    """The files that the current version shares with no other one."""
    folder = app.warehouse.folder / f"v{app.warehouse.number:06d}"
    return {file.stem for file in folder.iterdir() if file.stat().st_nlink == 1}


CHANGES = {
    "orders": (("orders", orders(range(298, 304))), {"shop", "orders"}),
    "visits that orders name": (("visits", VISITS + "v7,b77,c3,2024-03-04 09:00,mail\n"), {"shop", "visits", "orders"}),
    "visits that no order names": (("visits", visits(range(395, 405))), {"shop", "visits"}),
    "answers": (("answers", answers(range(50, 70))), {"shop", "answers"}),
    "customers who join": (("answers", answers(range(60, 62), "p")), {"shop", "answers", "orders"}),
    "orders that are known": (("orders", orders(range(298, 300))), {"shop"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "files"),
    [
        pytest.param(*change, id=name, marks=() if "orders" in change[1] else pytest.mark.slow)
        for name, change in CHANGES.items()
    ],
)
def test_a_load_changes_the_files_it_must_and_what_they_say_is_right(
    app: App, tmp_path: Path, given: tuple[str, str], files: set[str]
):
    app.load([write(tmp_path, *given)])
    assert changed(app) == files
    after = facts(app)
    app.undo(2)
    app.load([write(tmp_path, *given)])
    assert facts(app) == after
    app.derive_again()
    assert changed(app) == {"shop", "orders", "visits", "answers"}
    assert facts(app) == after


def test_rollups_lie_with_their_facts_and_are_built_again_in_place(app: App):
    rule = StorageRule(small=1000, compressed=1000)
    with app.warehouse.write("rollups of a small shop") as con:
        refresh(con, app.shop.settings, rule=rule)
    with app.warehouse.write("again") as con:
        refresh(con, app.shop.settings, rule=rule)
        tables = con.execute(
            "SELECT DISTINCT database_name, regexp_extract(table_name, '[a-z]+$') FROM duckdb_tables()"
            " WHERE table_name LIKE 'rollup\\_%' ESCAPE '\\'"
        ).fetchall()
        places = set(tables)
        assert {("group_orders", "orders"), ("group_orders", "cohorts"), ("group_visits", "visits")} <= places
        assert ("group_answers", "answers") in places
        assert {place for place, _ in places} <= {f"group_{group}" for group in GROUPS}
        levels = con.execute(
            "SELECT DISTINCT table_name FROM facts.rollups WHERE is_stored AND table_name <> 'gaps'"
        ).fetchall()
        assert len(levels) > 5
        for (table,) in levels:
            assert con.execute(f"SELECT count(*) > 0 FROM facts.{table}").fetchall() == [(True,)]
