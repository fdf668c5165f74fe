"""The command line, as a whole process: from typing it to having its answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.measuring import Place, Stopwatch


def command(place: Place, watch: Stopwatch, words: Sequence[str]) -> None:
    """`regulars` with these words, asked of the shop. The disk's pages are in memory already."""
    line = [sys.executable, "-m", "regulars", *words, "--shop", str(place.shop)]
    for _ in watch.runs():
        watch.process(line)
