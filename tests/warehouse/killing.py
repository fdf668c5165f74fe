"""Kill a command that writes a warehouse at random moments, again and again, and look at what it leaves."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from regulars.vocabulary.errors import NothingLoaded
from regulars.warehouse.versions import Warehouse

EXPECTED = re.compile(r"cache|current|lock|log|v\d{6}")
"""What lies in a warehouse when nobody writes."""


def state(warehouse: Warehouse, whole: Callable[[duckdb.DuckDBPyConnection], object]) -> object:
    """What `whole` says about the current version; None before the first one."""
    try:
        with warehouse.read() as con:
            return whole(con)
    except NothingLoaded:
        return None


def kill_again_and_again(
    folder: Path,
    command: Callable[[int], Sequence[str]],
    whole: Callable[[duckdb.DuckDBPyConnection], object],
    times: int,
    seed: int = 0,
) -> int:
    """Start `command(n)` for n = 1, 2, …, kill each (SIGKILL) at a random moment of its life; count those that died.

    `whole` looks at a version: it asserts that the version is whole and returns what it holds. After each kill the
    current version is either the one before or the next one, whole both ways. Now and then a command is let live: it
    must work, and clear what the killed ones left.
    """
    warehouse = Warehouse(folder)
    moments = random.Random(seed)
    lasts = _run(command(0))
    killed = 0
    for number in range(1, times + 1):
        before, version = state(warehouse, whole), warehouse.number
        process = subprocess.Popen(command(number), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            # Now and then later than it takes, as a busy machine makes it slower.
            process.wait(timeout=moments.uniform(0, lasts * 1.1))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors.decode()
        killed += process.returncode != 0
        after = state(warehouse, whole)
        published = warehouse.number != version
        assert published or after == before
        assert published or process.returncode != 0
        assert all(kept.regulars for kept in warehouse.versions()), "a version cannot be read"
        if number % max(5, times // 30) == 0:
            lasts = _run(command(times + number))
            assert warehouse.number == (warehouse.versions()[-1].number)
            assert [name for name in sorted(f.name for f in folder.iterdir()) if not EXPECTED.fullmatch(name)] == []
    return killed


def _run(command: Sequence[str]) -> float:
    """Seconds that the command takes when nobody disturbs it."""
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began
