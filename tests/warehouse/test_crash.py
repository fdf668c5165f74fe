"""Killed writers, writers at once, readers meanwhile: in processes of their own, as on a shop's machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from regulars.warehouse.versions import Warehouse
from warehouse import writer
from warehouse.killing import EXPECTED, kill_again_and_again, state

READER = """
import sys
from pathlib import Path
from regulars.vocabulary.errors import NothingLoaded
from regulars.warehouse.versions import Warehouse

warehouse, stop = Warehouse(Path(sys.argv[1])), Path(sys.argv[2])
answers = 0
while not stop.exists() or not answers:
    try:
        with warehouse.read() as con:
            counts = con.execute(
                "SELECT (SELECT count(*) FROM facts.a), (SELECT count(*) FROM facts.b),"
                " (SELECT count(*) FROM facts.c)"
            ).fetchone()
            assert counts[0] == counts[1] == counts[2] > 0, counts
            answers += 1
    except NothingLoaded:
        assert answers == 0
print(answers)
"""


def command(folder: Path, number: int, times: int = 1) -> list[str]:
    return [sys.executable, writer.__file__, str(folder), str(number), str(times)]


def whole(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Who has written this version; each of them wrote all of its rows to every table."""
    written = []
    for table in writer.TABLES:
        counts = dict(con.execute(f"SELECT writer, count(DISTINCT text) FROM facts.{table} GROUP BY writer").fetchall())
        assert set(counts.values()) == {writer.ROWS}
        written.append(sorted(counts))
    assert written[0] == written[1] == written[2]
    return written[0]


@pytest.mark.parametrize("times", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_killed_at_any_moment_the_last_version_stays_whole(tmp_path: Path, times: int):
    """tests/cli/test_crash.py does the same to the real command, and 300 times; this finds the reason sooner."""
    killed = kill_again_and_again(tmp_path, lambda number: command(tmp_path, number), whole, times)
    assert killed > times / 4


def test_killed_while_nothing_is_there_yet(tmp_path: Path):
    warehouse = Warehouse(tmp_path / "warehouse")
    for number in range(10):
        process = subprocess.Popen(command(warehouse.folder, number), stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=number * 0.08)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        state(warehouse, whole)  # nothing, or what was written: never damage
    assert subprocess.run(command(warehouse.folder, 99)).returncode == 0
    found = state(warehouse, whole)
    assert isinstance(found, list)
    assert found[-1] == 99
    assert all(EXPECTED.fullmatch(file.name) for file in warehouse.folder.iterdir())


def test_writers_at_once_lose_nothing_and_readers_are_never_refused(tmp_path: Path):
    folder, stop = tmp_path / "warehouse", tmp_path / "stop"
    reading = [sys.executable, "-c", READER, str(folder), str(stop)]
    readers = [subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    writers = [
        subprocess.Popen(command(folder, start, 4), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for start in (100, 200, 300)
    ]
    told = []
    for process in writers:
        said, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        told += said.splitlines()
    stop.touch()
    for process in readers:
        answers, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        assert int(answers) > 0
    warehouse = Warehouse(folder)
    assert state(warehouse, whole) == [start + turn for start in (100, 200, 300) for turn in range(4)]
    assert warehouse.number == 12
    assert any(line.startswith("Waiting for another writer: write ") for line in told)
    assert len(warehouse.versions()) == 3


DYING = """
import os, signal, sys
from pathlib import Path
from regulars.warehouse.versions import Warehouse
from regulars.warehouse.versions.groups import writable

folder, last = Path(sys.argv[1]), int(sys.argv[2])
steps = 0
STEPS = ("open", "os.rename", "os.remove", "os.chmod", "os.link", "os.mkdir", "os.rmdir")

def die(event, arguments):
    global steps
    if event in STEPS and str(arguments[0]).startswith(str(folder)):
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
with Warehouse(folder).write(f"die at step {last}") as con:
    for schema in ("main", writable(con, "group")):
        con.execute(f"CREATE TABLE IF NOT EXISTS {schema}.t (i INTEGER)")
        con.execute(f"INSERT INTO {schema}.t VALUES (?)", [last])
"""


def test_killed_at_each_step_on_disk(tmp_path: Path):
    """Before every single thing that a write does to a file: the moments that chance rarely finds."""
    warehouse = Warehouse(tmp_path / "warehouse")

    def rows(con: duckdb.DuckDBPyConnection) -> list[int]:
        places = ("main", "group_group.facts")
        places = ("main", "group_group.facts")
        main, group = (con.execute(f"SELECT i FROM {place}.t ORDER BY i").fetchall() for place in places)
        assert main == group
        return [row[0] for row in main]

    before: list[int] = []
    for step in range(1, 100):
        died = subprocess.run([sys.executable, "-c", DYING, str(warehouse.folder), str(step)]).returncode != 0
        after = state(warehouse, rows) or []
        assert after == [*before, step] or (died and after == before)
        before = after
        if not died:
            break
    assert 8 < step < 60
    assert all(EXPECTED.fullmatch(file.name) for file in warehouse.folder.iterdir())


def test_the_lock_of_a_killed_writer_is_free(tmp_path: Path):
    holding = f"""
import time
from pathlib import Path
from regulars.warehouse.versions import Warehouse
with Warehouse(Path({str(tmp_path)!r})).write("for ever") as con:
    con.execute("CREATE TABLE half (i INTEGER)")
    print("writing", flush=True)
    time.sleep(1000)
"""
    holder = subprocess.Popen([sys.executable, "-c", holding], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "writing\n"
    holder.kill()
    holder.communicate()
    told: list[str] = []
    with Warehouse(tmp_path).write("next", waiting=told.append) as con:
        assert con.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("about",)]
    assert told == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["current", "lock", "v000001"]
