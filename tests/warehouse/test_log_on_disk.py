"""The files of the log: how large they are, who removes them, and what a power cut, a rollback or a moved folder leaves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from regulars.load.run import LoadOptions
from regulars.services.app import App
from regulars.services.check import log_faults
from regulars.vocabulary.errors import LoadRefused
from regulars.vocabulary.shop import Shop
from regulars.warehouse.versions.folder import KEPT
from warehouse.disk import PowerCut, Step, digest, put, recorder, steps, watched

HEADER = "order_id,customer_id,email,ordered_at,currency,country,gross\n"


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London"))


def file(app: App, name: str, first: int, count: int, amount: str = "1.50") -> Path:
    """A file of orders from a number on."""
    rows = (
        f"{n},c{n % 97},c{n % 97}@shop.example,2024-0{n % 9 + 1}-1{n % 10} 10:{n % 60:02d}:07,GBP,GB,{amount}\n"
        for n in range(first, first + count)
    )
    path = app.shop.folder.parent / name
    path.write_text(HEADER + "".join(rows))
    return path


def on_disk(app: App) -> set[str]:
    return {path.name for path in (app.shop.warehouse / "log").glob("*")}


def stored(app: App) -> tuple[list[tuple[str, float]], set[str]]:
    """The current orders with their amounts, and the files that the version lists; all of these are whole."""
    with app.warehouse.read() as con:
        assert list(log_faults(con)) == []
        names = {name for (name,) in con.execute("SELECT name FROM main.log_files").fetchall()}
        orders = con.execute("SELECT order_id, gross::DOUBLE FROM main.orders ORDER BY order_id::INT").fetchall()
        assert con.execute("SELECT count(*) FROM facts.orders").fetchall() == [(len(orders),)]
    return orders, names


def test_an_order_takes_about_thirty_bytes_once_and_none_in_a_version(app: App) -> None:
    app.load([file(app, "orders.csv", 0, 20_000)])
    for number in range(3):
        app.load([file(app, f"{number}.csv", 30_000 + number, 1)])
    size = sum(path.stat().st_size for path in (app.shop.warehouse / "log").iterdir())
    assert size < 30 * 20_000
    with app.warehouse.read() as con:
        assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'log'").fetchall() == [(0,)]


def test_a_moved_shop_reads_its_log_where_it_lies(app: App, tmp_path: Path) -> None:
    app.load([file(app, "orders.csv", 0, 5)])
    moved = tmp_path / "else where, [now]*"
    shutil.move(app.shop.folder, moved)
    again = App(Shop.open(moved))
    again.derive_again()
    again.load([file(again, "more.csv", 5, 2)])
    assert [number for number, _ in stored(again)[0]] == [str(n) for n in range(7)]


def test_after_a_rollback_the_next_load_has_its_number_and_a_file_of_its_own(app: App) -> None:
    app.load([file(app, "a.csv", 0, 2)])
    app.load([file(app, "b.csv", 2, 2)])
    app.warehouse.rollback()
    assert app.load([file(app, "c.csv", 7, 1)]).load_id == 2
    assert [number for number, _ in stored(app)[0]] == ["0", "1", "7"]
    app.warehouse.rollback(2)
    assert [number for number, _ in stored(app)[0]] == ["0", "1", "2", "3"]


def test_what_a_killed_writer_left_goes_with_the_next_write_and_nothing_else(app: App) -> None:
    app.load([file(app, "a.csv", 0, 2)])
    place = app.shop.warehouse / "log"
    (kept,) = on_disk(app)
    shutil.copy(place / kept, place / "orders-000002-00ff00ff00ff.parquet")
    (place / "notes.txt").write_text("mine")
    app.derive_again()
    assert on_disk(app) == {kept, "notes.txt"}


def test_files_that_no_kept_version_lists_go(app: App) -> None:
    app.load([file(app, "a.csv", 0, 2)])
    app.load([file(app, "b.csv", 2, 2)])
    app.undo(2)
    _, listed = stored(app)
    assert len(on_disk(app)) == 2 and len(listed) == 1, "an older version lists both"
    for _ in range(KEPT - 1):
        app.derive_again()
    assert on_disk(app) == listed


@pytest.mark.parametrize("skip", [False, True])
def test_refused_files_leave_no_file_of_the_log(app: App, skip: bool) -> None:
    good, bad = file(app, "a.csv", 0, 2), file(app, "b.csv", 2, 20, amount="ten")
    if skip:
        assert app.load([good, bad], options=LoadOptions(skip_refused=True)).refused.keys() == {"b.csv"}
        assert len(stored(app)[0]) == 2
        assert on_disk(app) == stored(app)[1]
    else:
        with pytest.raises(LoadRefused):
            app.load([good, bad])
        assert on_disk(app) == set()


def test_a_load_that_fails_late_leaves_no_file_of_the_log(app: App) -> None:
    app.load([file(app, "a.csv", 0, 2)])
    with pytest.raises(ZeroDivisionError):
        app.change("fail", lambda changes: store_and_fail(changes.con))
    assert on_disk(app) == stored(app)[1]


def store_and_fail(con: duckdb.DuckDBPyConnection) -> None:
    from regulars.warehouse.log.data_files import stored_columns, write_file
    from regulars.warehouse.tables import BY_NAME

    columns = ", ".join(f"NULL::{column.kind.sql} AS {column.name}" for column in stored_columns(BY_NAME["visits"]))
    assert write_file(con, BY_NAME["visits"], f"(SELECT {columns})", [7])
    1 / 0  # noqa: B018


def test_after_a_power_cut_at_any_step_every_listed_file_is_there(app: App, tmp_path: Path) -> None:
    app.load([file(app, "a.csv", 0, 2)])
    late, place = file(app, "b.csv", 2, 2), app.shop.warehouse
    before = Path(shutil.copytree(place, tmp_path / "before"))
    command = [sys.executable, "-m", "regulars", "load", str(late), "--shop", str(app.shop.folder)]
    environment = watched(recorder(tmp_path), place, log=tmp_path / "steps")
    subprocess.run(command, env=environment, check=True, capture_output=True)
    disk, seen, found = PowerCut(before), set(), set()
    for step in [*steps(tmp_path / "steps"), Step("end", str(place), "", b"")]:
        for left in disk.left():
            key = digest(left)
            if key not in seen:
                seen.add(key)
                put(left, place)
                found.add(len(stored(app)[0]))
        path, more = (text.replace(str(place), str(before)) for text in (step.path, step.more))
        disk.take(Step(step.what, path, more, step.content))
    assert found == {2, 4}
