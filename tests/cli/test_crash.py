"""`regulars load` killed at any moment, several at once, and questions asked meanwhile: the command a shop runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from regulars.services.check import log_faults
from regulars.vocabulary.shop import Shop
from regulars.warehouse.versions import Warehouse
from warehouse.killing import kill_again_and_again, state

LINES = 20
"""Orders in each file."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London").folder


def load(folder: Path, number: int) -> list[str]:
    """The command that loads a file of its own, with orders that no other file has."""
    file = folder.parent / f"orders_{number}.csv"
    orders = (f"{number}-{i},c{i % 7},2024-03-{i + 1:02d},GBP,{i}.50" for i in range(LINES))
    file.write_text("\n".join(["order_id,customer_id,ordered_at,currency,gross", *orders]) + "\n")
    return [sys.executable, "-m", "regulars", "load", str(file), "--shop", str(folder)]


def whole(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Which files are loaded; each wholly, in the log, in the books and in the facts."""

    def numbers(sql: str) -> list[tuple[object, ...]]:
        return con.execute(sql).fetchall()

    files = numbers("SELECT split_part(order_id, '-', 1)::INT AS n, count(*) FROM orders GROUP BY n ORDER BY n")
    assert {count for _, count in files} == {LINES}
    assert numbers("SELECT count(*) FROM facts.orders") == [(LINES * len(files),)]
    assert numbers("SELECT sum(n) FROM facts.gaps WHERE histogram = 'before'") == [(LINES * len(files),)]
    assert numbers("SELECT count(*), sum(used) FROM load_files") == [(len(files), LINES * len(files))]
    assert list(log_faults(con)) == []
    return [int(str(number)) for number, _ in files]


@pytest.mark.parametrize("times", [4, pytest.param(150, marks=pytest.mark.slow)])
def test_a_load_killed_at_any_moment_leaves_the_last_version_whole(folder: Path, times: int) -> None:
    killed = kill_again_and_again(folder / "warehouse", lambda number: load(folder, number), whole, times)
    assert killed > times / 3


@pytest.mark.slow
def test_loads_at_once_lose_nothing_and_questions_are_always_answered(folder: Path) -> None:
    assert subprocess.run(load(folder, 0), capture_output=True).returncode == 0
    loads = [subprocess.Popen(load(folder, n), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for n in range(1, 4)]
    asking = [sys.executable, "-m", "regulars", "metric", "orders", "--shop", str(folder), "--format", "csv"]
    answers = 0
    while any(process.poll() is None for process in loads):
        asked = subprocess.run(asking, capture_output=True, text=True)
        assert (asked.returncode, asked.stderr) == (0, "")
        answers += 1
    assert [process.communicate()[1].decode() for process in loads if process.returncode] == []
    assert answers
    assert state(Warehouse(folder / "warehouse"), whole) == [0, 1, 2, 3]
