"""Where a load's time goes: seconds of processors per SQL statement, `python -m bench.statements --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from rich.console import Console
from rich.table import Table

from bench import data, load
from bench.measuring import Place, Stopwatch
from regulars.services.app import App
from regulars.warehouse.versions import warehouse
from regulars.warehouse.versions.connection import connect

LOADS = ("first", "late", "day")
_OURS = "src/regulars/"


@dataclass(frozen=True)
class Ran:
    """A statement that was run: its seconds of processors, all threads together, where in Regulars, and its beginning."""

    busy: float
    place: str
    sql: str


class Recorder:
    """A DuckDB connection that notes each statement run through it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, ran: list[Ran]) -> None:
        self._con, self._ran = con, ran

    def execute(self, sql: Any, *arguments: Any, **more: Any) -> Recorder:
        """Run a statement and note it."""
        began = time.process_time()
        try:
            self._con.execute(sql, *arguments, **more)
        finally:
            self._ran.append(Ran(time.process_time() - began, _place(), " ".join(str(sql).split())))
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def cursor(self) -> Recorder:
        """Another connection to the same database, noted too."""
        return Recorder(self._con.cursor(), self._ran)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *error: object) -> None:
        self._con.close()


def _place() -> str:
    """The innermost line of Regulars that is being run."""
    for frame in reversed(traceback.extract_stack()):
        _, ours, inside = frame.filename.replace("\\", "/").partition(_OURS)
        if ours:
            return f"{inside}:{frame.lineno}"
    return "elsewhere"


@contextmanager
def recording() -> Iterator[list[Ran]]:
    """Note every statement that is run through the connections of a warehouse opened inside."""
    ran: list[Ran] = []

    def recorded(*arguments: Any, **more: Any) -> Any:
        return Recorder(connect(*arguments, **more), ran)

    with patch.object(warehouse, "connect", recorded):
        yield ran


def profile(place: Place, which: str, orders: int, lines: bool) -> tuple[float, list[Ran]]:
    """Load what `which` of LOADS says, into shops made of generated files.

    first: a whole shop; late: 10,000 late orders into it; day: a day's 100 orders into 100,000. Returns the load's seconds of
    processors, and its statements.
    """
    data.make(place, Stopwatch(most=1), orders, lines)
    files = [place.data(f"{name}.csv") for name in ("customers", "orders", *(("order_lines",) if lines else ()))]
    loads = {"first": [files], "late": [files, *([place.data(f"late_{number}.csv")] for number in range(2))]}
    if which == "day":
        loads["day"] = [[file] for file in load.days(place, 100_000, 100, 3)]
    app = App(load.new_shop(place.shop))
    # As in the bench, what only the first load of its kind does, such as imports, is no part of a later one.
    for earlier in loads[which][:-1]:
        app.load(earlier)
    with recording() as ran:
        began = time.process_time()
        app.load(loads[which][-1])
        return time.process_time() - began, ran


def tables(busy: float, ran: Sequence[Ran], most: int) -> Iterator[Table]:
    """By module of Regulars, then the `most` statements that take longest, with shares of the whole load."""
    of_module: dict[str, list[float]] = defaultdict(list)
    for statement in ran:
        of_module[statement.place.partition(":")[0]].append(statement.busy)
    by_module = Table(
        "module", "statements", "seconds", "share", title=f"{busy:.2f} CPU seconds, {len(ran)} statements"
    )
    modules = sorted(of_module.items(), key=lambda item: -sum(item[1]))
    for module, seconds in modules[:most]:
        by_module.add_row(module, str(len(seconds)), f"{sum(seconds):.2f}", f"{sum(seconds) / busy:.0%}")
    rest = [second for _, seconds in modules[most:] for second in seconds]
    by_module.add_row("other modules", str(len(rest)), f"{sum(rest):.2f}", f"{sum(rest) / busy:.0%}")
    python = busy - sum(statement.busy for statement in ran)
    by_module.add_row("outside of SQL", "", f"{python:.2f}", f"{python / busy:.0%}")
    yield by_module
    longest = Table("seconds", "share", "place", "statement")
    for statement in sorted(ran, key=lambda statement: -statement.busy)[:most]:
        longest.add_row(f"{statement.busy:.2f}", f"{statement.busy / busy:.0%}", statement.place, statement.sql[:60])
    yield longest


def main(words: Sequence[str] | None = None) -> int:
    """Profile one load and show its tables."""
    parser = argparse.ArgumentParser("bench.statements", description="CPU seconds of each SQL statement of a load.")
    parser.add_argument("--load", choices=LOADS, default="first", help="a whole shop, late orders, or a day's [first]")
    parser.add_argument("--orders", type=lambda text: int(text.replace("_", "")), default=1_000_000, metavar="N")
    parser.add_argument("--lines", action="store_true", help="also load order lines")
    parser.add_argument("--most", type=int, default=20, metavar="N", help="rows of each table [20]")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        busy, ran = profile(Place(Path(folder)), options.load, options.orders, options.lines)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    for table in tables(busy, ran, options.most):
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
