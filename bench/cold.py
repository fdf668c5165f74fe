"""The command line, as a whole process: from typing it to having its answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.measuring import Place, Stopwatch

_FLOOR = "import typer, rich.console, rich.table, numpy, duckdb; duckdb.connect().execute('SELECT 1')"
"""What no command that prints a table of numbers from DuckDB can do without."""


def floor(place: Place, watch: Stopwatch) -> None:  # noqa: ARG001 - the same for every shop
    """A process that imports what the command line stands on, and does nothing with it."""
    for _ in watch.runs():
        watch.process([sys.executable, "-c", _FLOOR])


def command(place: Place, watch: Stopwatch, words: Sequence[str]) -> None:
    """`regulars` with these words, asked of the shop. The disk's pages are in memory already."""
    line = [sys.executable, "-m", "regulars", *words, "--shop", str(place.shop)]
    for _ in watch.runs():
        watch.process(line)
