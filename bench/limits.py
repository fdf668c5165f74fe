"""What nothing can beat: plain DuckDB reading the same files, scanning the same rows; the disk copying the same file."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from bench.measuring import Place, Stopwatch
from regulars.app import App
from regulars.vocabulary.shop import Shop
from regulars.warehouse.versions.folder import VersionFolder


def read_files(place: Place, watch: Stopwatch, names: Sequence[str]) -> None:
    """Each file into a table in memory, its types guessed."""
    for _ in watch.runs():
        con = duckdb.connect()
        with watch.timing():
            for name in names:
                con.execute(f"CREATE TABLE \"{name}\" AS FROM '{place.data(name)}'")
        con.close()


def scan_orders(place: Place, watch: Stopwatch) -> None:
    """The four columns that the states of customers follow from, of all orders in the shop."""
    with App(Shop.open(place.shop)).warehouse.read() as con:
        sql = "SELECT sum(person), sum(day), sum(previous_day), sum(next_day) FROM facts.orders"
        con.execute(sql).fetchall()
        for _ in watch.runs():
            with watch.timing():
                con.execute(sql).fetchall()


def copy_version(place: Place, watch: Stopwatch) -> None:
    """The copy of the shop's warehouse file that every load begins with."""
    files = VersionFolder(Shop.open(place.shop).warehouse)
    number = files.pointer().number
    assert number is not None
    target = place.scratch("copy.duckdb")
    for _ in watch.runs():
        target.unlink(missing_ok=True)
        with watch.timing():
            files.copy(number, target)
    target.unlink()
