"""What a load runs: nothing about tables that nobody loaded."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regulars.services.app import App
from regulars.vocabulary.shop import Shop
from regulars.warehouse.derive.statements import GROUPS, SOURCE_TABLES
from regulars.warehouse.tables import TABLES

ORDERS = "order_id,customer_id,ordered_at,currency,gross\n"
VISITS = "visit_id,visitor_id,started_at,channel\n"


class Recording:
    """A connection that notes what it is asked to run, its cursors' statements too."""

    def __init__(self, con: duckdb.DuckDBPyConnection, said: list[str]) -> None:
        self._con, self._said = con, said

    def execute(self, sql: str, *parameters: Any) -> Any:
        self._said.append(sql)
        return self._con.execute(sql, *parameters)

    def cursor(self) -> Recording:
        return Recording(self._con.cursor(), self._said)

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_error: object) -> None:
        self._con.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All statements that are run."""
    found: list[str] = []
    connect = duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *place, **how: Recording(connect(*place, **how), found))
    return found


def named(statements: list[str], name: str) -> list[str]:
    """The statements that read or write the table, or the fact, of this name, but for counting the rows of a fact: so rollups learn
    that there is nothing to sum.
    """
    pattern = re.compile(
        rf'\b(?:main|log|facts|temp)"?\."?(?:(?:touched|changed|altered|added|removed)_)?{name}(?:_of_persons)?\b'
    )
    return [one for one in statements if pattern.search(one) and one != f"SELECT count(*) FROM facts.{name}"]


def file_of(folder: Path, table: str, numbers: range) -> Path:
    lines = {
        "orders": (ORDERS, "o{n},c{m},2024-0{d}-03 10:00,GBP,7.70\n"),
        "visits": (VISITS, "v{n},b{m},2024-0{d}-03 09:00,ads\n"),
    }
    head, row = lines[table]
    file = folder / f"{table}_{numbers.start}.csv"
    file.write_text(head + "".join(row.format(n=n, m=n % 7, d=1 + n % 6) for n in numbers))
    return file


def app(folder: Path) -> App:
    Shop.create(folder / "shop", currency="GBP", timezone="Europe/London")
    return App(Shop.open(folder / "shop"))


# A fact reads other tables than those it is made of, such as the rates of currencies, whether they hold anything or not.
OF_ORDERS = SOURCE_TABLES["orders"] | {read.table for fact in GROUPS["orders"] for read in fact.reads} | {"customers"}
OTHERS = sorted({table.name for table in TABLES} - OF_ORDERS)
OTHER_FACTS = sorted(
    {fact.name for group, facts in GROUPS.items() for fact in facts if group not in ("orders", "visits")}
)


def test_loads_of_orders_run_nothing_about_other_tables(tmp_path: Path, said: list[str]):
    shop = app(tmp_path)
    assert len(OTHERS) > 15
    shop.load([file_of(tmp_path, "orders", range(60))])
    made = ("CREATE OR REPLACE VIEW log.", "CREATE OR REPLACE TABLE facts.")
    for name in (*OTHERS, *OTHER_FACTS):
        assert all(one.startswith(made) for one in named(said, name)), name
    said.clear()
    shop.load([file_of(tmp_path, "orders", range(60, 160))])
    assert named(said, "orders")
    for name in (*OTHERS, *OTHER_FACTS):
        assert named(said, name) == [], name


def test_loads_run_few_statements(tmp_path: Path, said: list[str]):
    shop = app(tmp_path)
    for first, last, most in ((0, 60, 440), (60, 160, 400), (160, 260, 290)):  # the second builds all rollups anew
        said.clear()
        shop.load([file_of(tmp_path, "orders", range(first, last))])
        assert len(said) <= most


def test_what_is_made_of_lines_and_returns_is_only_declared_where_a_load_touches_none(tmp_path: Path, said: list[str]):
    shop = app(tmp_path)
    made = ("goods", "valued_returns", "ordered")
    for first in (0, 60):
        said.clear()
        shop.load([file_of(tmp_path, "orders", range(first, first + 60))])
        for name in made:
            (declared,) = (one for one in said if f"TABLE temp.{name} " in one)
            assert f"TABLE temp.{name} (" in declared, first
    lines, returns = tmp_path / "lines.csv", tmp_path / "returns.csv"
    lines.write_text("order_id,line_id,product_id,product_name,quantity,amount\no7,1,p1,Tea,1,7.70\n")
    returns.write_text("return_id,order_id,returned_at,amount\nr1,o7,2024-03-01 10:00,1.20\n")
    said.clear()
    shop.load([lines, returns])
    for name in made:
        (written,) = (one for one in said if f"TABLE temp.{name} " in one)
        assert f"TABLE temp.{name} AS SELECT" in written
    with shop.warehouse.read() as con:
        assert con.execute("SELECT order_id, amount FROM facts.returns").fetchall() == [("o7", Decimal("1.2000"))]
        assert len(con.execute("FROM facts.lines").fetchall()) == 120


def test_a_load_of_visits_runs_nothing_about_orders(tmp_path: Path, said: list[str]):
    shop = app(tmp_path)
    shop.load([file_of(tmp_path, "visits", range(60))])
    said.clear()
    shop.load([file_of(tmp_path, "visits", range(60, 160))])
    assert named(said, "visits")
    for name in ("order_lines", "products", *OTHERS, *OTHER_FACTS):
        assert named(said, name) == [], name


def test_facts_without_rows_have_no_file_until_rows_come(tmp_path: Path):
    shop = app(tmp_path)
    shop.load([file_of(tmp_path, "orders", range(60))])
    assert files(shop) == {"shop", "orders"}
    empty = columns(shop)
    shop.load([file_of(tmp_path, "visits", range(60))])
    assert files(shop) == {"shop", "orders", "visits"}
    after = columns(shop)
    assert after == empty
    with shop.warehouse.read() as con:
        (rows,) = con.execute("SELECT count(*) FROM facts.visits").fetchall()
    assert rows == (60,)
    shop.derive_again()
    assert columns(shop) == empty
    shop.undo(2)
    shop.derive_again()
    assert columns(shop) == empty


def files(shop: App) -> set[str]:
    return {file.stem for file in (shop.warehouse.folder / f"v{shop.warehouse.number:06d}").iterdir()}


def columns(shop: App) -> dict[str, list[tuple[str, str]]]:
    """The columns of all facts, with their types."""
    with shop.warehouse.read() as con:
        names = [fact.name for facts in GROUPS.values() for fact in facts]
        return {name: [row[:2] for row in con.execute(f"DESCRIBE facts.{name}").fetchall()] for name in names}


def test_orders_have_rows_among_lines_only_where_order_lines_are_loaded(tmp_path: Path):
    shop = app(tmp_path)
    shop.load([file_of(tmp_path, "orders", range(60))])
    shop.load([file_of(tmp_path, "orders", range(60, 80))])
    assert lines_of(shop) == []
    lines = tmp_path / "lines.csv"
    lines.write_text("order_id,line_id,product_id,product_name,quantity,amount\no7,1,p1,Tea,1,7.70\n")
    shop.load([lines])
    some = lines_of(shop)
    assert len(some) == 80
    assert [row for row in some if row[1]] == [("o7", "1", "Tea", Decimal("7.7000"))]
    shop.load([file_of(tmp_path, "orders", range(80, 85))])
    assert len(lines_of(shop)) == 85
    after = lines_of(shop)
    shop.derive_again()
    assert lines_of(shop) == after
    shop.undo(3)
    assert lines_of(shop) == []
    shop.derive_again()
    assert lines_of(shop) == []


def lines_of(shop: App) -> list[tuple[Any, ...]]:
    with shop.warehouse.read() as con:
        return con.execute("SELECT order_id, line_id, product, net_revenue FROM facts.lines ORDER BY ALL").fetchall()
