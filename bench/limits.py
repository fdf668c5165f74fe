"""What nothing can beat: plain DuckDB reading the same files, scanning the same rows; the disk copying the same file."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import duckdb

from bench.load import days
from bench.measuring import Place, Stopwatch
from regulars.services.app import App
from regulars.system.disk import copy
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


def append_day(place: Place, watch: Stopwatch, base: int, rows: int) -> None:
    """A day's orders into a table on the disk, every customer's history found again, and the numbers of every month."""
    first, *later = days(place, base, rows, watch.most)
    file = place.scratch("append.duckdb")
    for number in watch.runs():
        file.unlink(missing_ok=True)
        con = duckdb.connect(str(file))
        con.execute(f"CREATE TABLE orders AS FROM '{first}'; CHECKPOINT")
        with watch.timing():
            con.execute(f"INSERT INTO orders BY NAME FROM '{later[number]}'; {_HISTORIES}; CHECKPOINT")
        con.close()
    file.unlink(missing_ok=True)


_HISTORIES = """
    CREATE TABLE histories AS SELECT *, row_number() OVER w AS order_number, lag(ordered_at) OVER w AS previous,
        lead(ordered_at) OVER w AS next, first_value(country) OVER w AS first_country, first_value(channel) OVER w AS first_channel
        FROM orders WHERE status = 'counted'
        WINDOW w AS (PARTITION BY coalesce(customer_id::TEXT, lower(email)) ORDER BY ordered_at);
    CREATE TABLE months AS SELECT date_trunc('month', ordered_at) AS month, country, count(*) AS orders,
        sum(gross - discount + shipping) AS net, count(*) FILTER (order_number > 1) AS repeated,
        count(DISTINCT coalesce(customer_id::TEXT, lower(email))) AS customers FROM histories GROUP BY ALL"""


def scan_orders(place: Place, watch: Stopwatch) -> None:
    """The four columns that the states of customers follow from, of all orders in the shop."""
    with App(Shop.open(place.shop)).warehouse.read() as con:
        sql = "SELECT sum(person), sum(day), sum(previous_day), sum(next_day) FROM facts.orders"
        con.execute(sql).fetchall()
        for _ in watch.runs():
            with watch.timing():
                con.execute(sql).fetchall()


def copy_version(place: Place, watch: Stopwatch) -> None:
    """All files of a version of the shop, of which a load copies those that it changes."""
    files = VersionFolder(Shop.open(place.shop).warehouse)
    number = files.pointer().number
    assert number is not None
    target = place.scratch("copy")
    for _ in watch.runs():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        with watch.timing():
            for file in files.files(number):
                copy(file, target / file.name)
    shutil.rmtree(target)
