"""Loading: a whole shop from its exports, and a few late orders into it."""

from __future__ import annotations

import shutil
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench.measuring import BenchError, Place, Stopwatch
from regulars.services.app import App
from regulars.simulate import MARKETPLACE_EMAIL
from regulars.vocabulary.shop import SETTINGS_FILE, Shop
from regulars.warehouse.versions.connection import log_folder
from regulars.warehouse.versions.folder import VersionFolder

CURRENCY, TIMEZONE = "GBP", "Europe/London"
MEMORY_LIMIT = "5 GB"
"""What the database may hold while it loads, so that the whole process stays within what a load should take."""
_WITH_LINES = "shop with lines"
OPEN, PARSE, STORE, PERSONS, DERIVE, PUBLISH = "open", "parse_and_validate", "store", "persons", "derive", "publish"


@dataclass(frozen=True)
class Moment:
    """A point in time, by the clock and in seconds of processors since the process began."""

    clock: float
    busy: float

    @classmethod
    def now(cls) -> Moment:
        """This one."""
        return cls(time.perf_counter(), time.process_time())


class Marks:
    """A load's Progress: notes when which step began and when a part of it was done."""

    def __init__(self) -> None:
        self.began = Moment.now()
        self.steps: dict[str, Moment] = {}
        self.derived: list[Moment] = []
        self.now = ""

    def start(self, step: str, total: int) -> None:  # noqa: ARG002
        """A step begins."""
        self.steps.setdefault(step, Moment.now())
        self.now = step

    def advance(self) -> None:
        """A part of it is done."""
        if self.now == "deriving":
            self.derived.append(Moment.now())

    def parts(self) -> dict[str, Moment]:
        """Seconds of each part of a load that has just ended, by the clock and of processors: they add up to the whole."""
        derived = self.derived or [self.steps["deriving"]]
        moments = {
            OPEN: self.steps["reading"],
            PARSE: self.steps["storing"],
            STORE: self.steps["deriving"],
            PERSONS: derived[0],
            DERIVE: derived[-1],
            PUBLISH: Moment.now(),
        }
        starts = (self.began, *moments.values())[:-1]
        return {
            name: Moment(end.clock - start.clock, end.busy - start.busy)
            for (name, end), start in zip(moments.items(), starts, strict=True)
        }


def whole(place: Place, watch: Stopwatch, files: Sequence[str], keep: bool = False) -> None:
    """Load the files into a shop that has nothing yet; with `keep` the last one becomes the shop that is asked.

    One with order lines stays in a folder of its own, for what it takes on the disk.
    """
    folder = place.scratch("shop")
    for _ in watch.runs():
        shutil.rmtree(folder, ignore_errors=True)
        app = App(new_shop(folder))
        _timed(app, [place.data(name) for name in files], watch)
        _insist(app, _orders_of(place), f"Loading {', '.join(files)}")
    kept = place.shop if keep else place.scratch(_WITH_LINES) if "order_lines.csv" in files else None
    if kept is not None:
        shutil.rmtree(kept, ignore_errors=True)
        folder.rename(kept)
    else:
        shutil.rmtree(folder)


def new_shop(folder: Path) -> Shop:
    """An empty shop, as every load is measured in."""
    Shop.create(folder, currency=CURRENCY, timezone=TIMEZONE, shared_addresses=(MARKETPLACE_EMAIL,))
    with (folder / SETTINGS_FILE).open("a", encoding="utf-8") as settings:
        settings.write(f'\n[machine]\nmemory_limit = "{MEMORY_LIMIT}"\n')
    return Shop.open(folder)


def stored(place: Place, watch: Stopwatch, what: str, lines: bool = False) -> None:
    """What the shop takes on the disk per counted order: its current `version`, or its `log`."""
    shop = Shop.open(place.scratch(_WITH_LINES) if lines else place.shop)
    with watch.timing():
        versions = VersionFolder(shop.warehouse)
        number = versions.pointer().number
        assert number is not None
        files = versions.files(number) if what == "version" else log_folder(shop.warehouse).iterdir()
        size = sum(file.stat().st_size for file in files)
    watch.bytes_per_order = size / _orders_of(place)


def day(place: Place, watch: Stopwatch, base: int, rows: int, cold: bool = False) -> None:
    """Load a day's orders into a shop of so many, again and again; the first such load writes down what later ones find.

    cold: from the command line, each in a process of its own.
    """
    folder, files = place.scratch("shop of a day"), days(place, base, rows, watch.most + 1)
    shutil.rmtree(folder, ignore_errors=True)
    app = App(new_shop(folder))
    app.load(files[:2])
    for number in watch.runs():
        before = _orders_in(app)
        file = files[number + 2]
        if cold:
            watch.process([sys.executable, "-m", "regulars", "load", str(file), "--shop", str(folder)])
        else:
            _timed(app, [file], watch)
        _insist(app, before + _counted(file), f"Loading {file.name}")
    shutil.rmtree(folder)


def days(place: Place, base: int, rows: int, number: int) -> list[Path]:
    """The first orders of the generated ones, at most `base`, and files of `rows` each with those that follow."""
    with duckdb.connect() as con:
        orders = place.data("orders.parquet")
        (found,) = con.execute(f"SELECT count(*) FROM '{orders}'").fetchall()
        first = min(base, int(found[0]) - number * rows)
        placed = f"(SELECT row_number() OVER (ORDER BY ordered_at, order_id) AS place, * FROM '{orders}')"
        con.execute(f"CREATE TABLE placed AS FROM {placed} WHERE place <= {first + number * rows}")
        files = []
        for part in range(number + 1):
            start, end = (first + (part - 1) * rows, first + part * rows) if part else (0, first)
            file = place.scratch(f"day_{part}.csv")
            file.parent.mkdir(parents=True, exist_ok=True)
            con.execute(
                f"COPY (SELECT * EXCLUDE place FROM placed WHERE place > {start} AND place <= {end}) TO '{file}' (HEADER)"
            )
            files.append(file)
    return files


def late(place: Place, watch: Stopwatch, files: Sequence[str]) -> None:
    """Load each file of late orders into a copy of the shop, one after the other."""
    folder = place.scratch("late shop")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(place.shop, folder)
    app = App(Shop.open(folder))
    for number in watch.runs():
        before, rows = _orders_in(app), _lines(place.data(files[number])) - 1
        _timed(app, [place.data(files[number])], watch)
        _insist(app, before + rows, f"Loading {files[number]}")
    shutil.rmtree(folder)


def one(place: Place, watch: Stopwatch, visits: int) -> None:
    """Load one order into a copy of the shop that holds so many visits, a fifth of them of known customers, several times."""
    folder, file = place.scratch("shop with visits"), place.scratch("one.csv")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(place.shop, folder)
    app = App(Shop.open(folder))
    if visits:
        export = place.scratch("visits.parquet")
        with duckdb.connect() as con:
            con.execute(_VISITS.format(orders=place.data("orders.parquet"), visits=visits, file=export))
        app.load([export])
        export.unlink()
    before = _orders_in(app)
    # The first load after all visits writes down what later ones find.
    for number in (-1, *watch.runs()):
        file.write_text(
            f"order_id,customer_id,ordered_at,gross,currency\none-{number},one,2024-03-02 10:00,10.00,{CURRENCY}\n",
            encoding="utf-8",
        )
        if number < 0:
            app.load([file])
        else:
            _timed(app, [file], watch)
        _insist(app, before + number + 2, "Loading one order")
    shutil.rmtree(folder)


_VISITS = """
    COPY (
        WITH known AS (SELECT customer_id, row_number() OVER () - 1 AS place
                       FROM (SELECT DISTINCT customer_id FROM '{orders}' WHERE customer_id IS NOT NULL))
        SELECT 'v' || i AS visit_id, 'b' || i // 4 AS visitor_id, CASE WHEN i % 5 = 0 THEN customer_id END AS customer_id,
            first + (last - first) * (i / {visits}) AS started_at, ['ads', 'mail', 'search'][1 + i % 3] AS channel,
            ['phone', 'desk'][1 + i % 2] AS device, ['GB', 'DE', 'FR', 'IE'][1 + i % 4] AS country
        FROM (SELECT i, i % customers AS place FROM range({visits}) r(i), (SELECT count(*) AS customers FROM known))
        JOIN known USING (place)
        CROSS JOIN (SELECT min(ordered_at) AS first, max(ordered_at) AS last FROM '{orders}')
    ) TO '{file}' (FORMAT parquet)"""


def many(place: Place, watch: Stopwatch, files: int, packed: bool) -> None:
    """Load as many files of one order each, in a folder or, `packed`, in one zip archive, into a shop that has nothing yet."""
    source = place.scratch("many.zip" if packed else "many")
    source.parent.mkdir(parents=True, exist_ok=True)
    contents = {
        f"orders_{number:05d}.csv": "order_id,email,ordered_at,gross,currency\n"
        f"A{number},a{number}@example.com,2024-03-02 10:00,10.00,{CURRENCY}\n"
        for number in range(files)
    }
    if packed:
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in contents.items():
                archive.writestr(name, text)
    else:
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for name, text in contents.items():
            (source / name).write_text(text, encoding="utf-8")
    folder = place.scratch("shop of many files")
    for _ in watch.runs():
        shutil.rmtree(folder, ignore_errors=True)
        app = App(new_shop(folder))
        with watch.timing():
            app.load([source])
        _insist(app, files, f"Loading {files:,} files")
    shutil.rmtree(folder)


def _timed(app: App, files: list[Path], watch: Stopwatch) -> None:
    marks = Marks()
    with watch.timing():
        result = app.load(files, progress=marks)
    for part, taken in marks.parts().items():
        watch.seconds[part].append(taken.clock)
        watch.busy[part].append(taken.busy)
    rejected = sum(count.rejected for count in result.files.values())
    if rejected:
        raise BenchError(f"{rejected:,} rows of {', '.join(file.name for file in files)} were rejected.")


def _insist(app: App, expected: int, what: str) -> None:
    found = _orders_in(app)
    if found != expected:
        raise BenchError(f"{what} left {found:,} counted orders instead of {expected:,}.")


def _orders_in(app: App) -> int:
    with app.warehouse.read() as con:
        return int(con.execute("SELECT count(*) FROM facts.orders").fetchall()[0][0])


def _orders_of(place: Place) -> int:
    """Counted orders of the generated file, as DuckDB alone counts them: the shop's own connections read no such file."""
    return _counted(place.data("orders.parquet"))


def _counted(file: Path) -> int:
    with duckdb.connect() as con:
        return int(con.execute(f"SELECT count(*) FROM '{file}' WHERE status = 'counted'").fetchall()[0][0])


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)
