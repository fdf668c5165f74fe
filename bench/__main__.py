"""The bench's command line: `make bench`, or `python -m bench --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench import history
from bench.figures import FIGURES, chosen
from bench.history import CUSTOMERS, ORDERS, Record
from bench.measuring import ROOT, BenchError, Place
from bench.peers.environments import FOLDERS, prepare
from bench.report import table
from bench.run import run_size, skipped

_QUICK = {ORDERS: 20_000, CUSTOMERS: 2_357}
_A_ROW_IS_A_LINE = 1000
"""The width where nobody looks: what reads a pipe or a file finds each row in one line."""


def _sizes(text: str) -> list[int]:
    return [int(part.replace("_", "")) for part in text.split(",")]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench", description="What Regulars costs, beside its limits and its peers.")
    add = parser.add_argument
    said = " and ".join(f"{size:,} {counts}" for counts, size in _QUICK.items())
    add("--orders", type=_sizes, default=[1_000_000, 10_000_000], metavar="N,N",
        help="sizes of shop; 50_000_000 wants 24 GB of memory and 80 GB of disk [1_000_000,10_000_000]")  # fmt: skip
    add("--customers", type=_sizes, default=[2_357, 100_000, 1_000_000, 10_000_000], metavar="N,N",
        help="numbers of customers to forecast, of figures forecast_* [2_357,100_000,1_000_000,10_000_000]")  # fmt: skip
    add("--only", default="", metavar="PATTERN", help="only figures like this (load_*), and what they are held against")
    add(
        "--quick",
        action="store_true",
        help=f"a smoke run: {said}, two runs each, no line of history",
    )
    add("--keep", type=Path, metavar="FOLDER", help="keep the generated shops here and use them again")
    add("--lines", action="store_true", help="also load order lines")
    add("--no-install", action="store_true", help="use the peers' environments only where they are ready")
    add("--environments", type=Path, default=ROOT, metavar="FOLDER", help="where the peers' environments lie")
    add("--results", type=Path, metavar="FILE", help=f"JSON lines are added here [{history.FILE.relative_to(ROOT)}]")
    add("--list", action="store_true", help="only name the figures")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Measure, show the table, add to the history. 1 where a figure fails or a peer's answer differs."""
    given = _options().parse_args(words)
    console = Console(width=None if sys.stdout.isatty() else _A_ROW_IS_A_LINE, highlight=False)
    telling = Console(stderr=True, highlight=False)
    if given.list:
        for figure in FIGURES:
            console.print(f"{figure.name}: {figure.what}", markup=False)
        return 0
    figures = chosen(given.only, lines=given.lines)
    if not figures:
        telling.print(f"No figure is like {given.only!r}; --list shows all.", markup=False)
        return 1

    def tell(what: str) -> None:
        telling.print(what, markup=False)

    wanted = [name for name in FOLDERS if any(figure.environment == name for figure in figures)]
    environments = {
        name: prepare(name, given.environments.resolve(), install=not given.no_install, tell=tell) for name in wanted
    }
    versions: dict[str, str] = {}
    for environment in environments.values():
        versions |= {} if environment.missing else environment.versions()
    sizes = {ORDERS: given.orders, CUSTOMERS: given.customers}
    if given.quick:
        sizes = {counts: [size] for counts, size in _QUICK.items()}
    began = history.this_run(whole=False, versions=versions)
    whole = {counts for counts in sizes if not given.quick and _all_of(counts) <= {figure.name for figure in figures}}
    results = given.results or (None if given.quick else history.FILE)
    found: list[Record] = []
    try:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=None if given.quick else _room()) as temporary:
            asked = {figure.counts for figure in figures}
            for counts, size in ((one, size) for one in sizes if one in asked for size in sizes[one]):
                folder = str(size) if counts == ORDERS else f"{size}_{counts}"
                place = Place((given.keep or Path(temporary)).resolve() / folder)
                run = replace(began, whole=counts in whole)
                measured = run_size(
                    counts, size, place, figures, run, environments, lines=given.lines, quick=given.quick, tell=tell
                )
                if results:
                    history.append(measured, results)
                found += measured
    except BenchError as error:
        telling.print(str(error), markup=False)
        return 1
    console.print(table(found, skipped(figures, environments, sizes)))
    return 0


def _all_of(counts: str) -> set[str]:
    return {figure.name for figure in FIGURES if figure.counts == counts and not figure.optional}


def _room() -> Path:
    """Where large shops are made: beside the repository's own files, as /tmp may lie in memory."""
    room = ROOT / "bench" / "shops"
    room.mkdir(exist_ok=True)
    return room


if __name__ == "__main__":
    sys.exit(main())
