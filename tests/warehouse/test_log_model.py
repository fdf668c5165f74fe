"""The log against plain Python: any loads, late, replacing, waiting, taken back, merged into one file, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties import few
from regulars.warehouse import log
from regulars.warehouse.log.compact import MOST_FILES, RECENT_LOADS, rewrite
from regulars.warehouse.log.data_files import create_views, files_of
from regulars.warehouse.tables import BY_NAME
from warehouse.memory import warehouse_in_memory

ORDERS, LINES = BY_NAME["orders"], BY_NAME["order_lines"]
TIMES = (None, datetime(2024, 2, 1), datetime(2024, 2, 2))

ROW = st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.integers(1, 2), st.integers(1, 9), st.sampled_from(TIMES))
"""source, order, line, amount, updated_at"""
ROWS = st.lists(ROW, max_size=6, unique_by=lambda row: row[:3])
STEP = st.one_of(
    st.tuples(st.just("load"), ROWS),
    st.tuples(st.just("load"), ROWS),
    st.tuples(st.just("replace"), ROWS),
    st.tuples(st.just("wait"), ROWS),
    st.tuples(st.just("use"), st.none()),
    st.tuples(st.just("undo"), st.integers(1, 6)),
    st.tuples(st.just("merge files"), st.integers(0, 5)),
)
Row = tuple[str, int, int, int, datetime | None]


@dataclass
class Model:
    """What must be current: every load's rows, and which loads replace, wait or are taken back."""

    loads: dict[int, list[Row]] = field(default_factory=dict)
    replaces: set[int] = field(default_factory=set)
    waits: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)

    def current(self) -> set[tuple[int, Row]]:
        """The current rows with their load: of each source and order the lines of one load."""
        since: dict[str, int] = {}
        for load in sorted(self.replaces - self.gone):
            since |= dict.fromkeys("ab", load)
        versions: dict[tuple[str, int], dict[int, list[Row]]] = {}
        for load, rows in self.loads.items():
            for row in rows if load not in self.waits | self.gone else []:
                if load >= since.get(row[0], 0):
                    versions.setdefault(row[:2], {}).setdefault(load, []).append(row)
        found: set[tuple[int, Row]] = set()
        for by_load in versions.values():
            newest = {load: max((row[4] for row in rows if row[4]), default=None) for load, rows in by_load.items()}
            known = max((time for time in newest.values() if time), default=datetime(1, 1, 1))
            winner = max(by_load, key=lambda load: (newest[load] or known, load))
            found |= {(winner, row) for row in by_load[winner]}
        return found


class Log:
    """A log of order lines, and of the orders that waiting rows belong to."""

    def __init__(self) -> None:
        self.con, self.model, self.number = warehouse_in_memory(), Model(), 0

    def step(self, what: str, given: object) -> None:
        if what in ("load", "replace", "wait"):
            self.load(what, list(given))  # type: ignore[call-overload]
        elif what == "use":
            self.use_waiting()
        elif what == "undo" and given in self.model.loads.keys() - self.model.gone:
            log.undo(self.con, int(str(given)))
            self.model.gone.add(int(str(given)))
        elif what == "merge files":
            files = [file for file in files_of(self.con, LINES) if file.number % 3 != given]
            if len(files) > 1:
                rewrite(self.con, LINES, files)
                create_views(self.con, LINES)

    def load(self, what: str, rows: list[Row]) -> None:
        self.number += 1
        self.con.execute(
            "INSERT INTO loads VALUES (?, timezone('UTC', now()), '', '', ?, NULL, NULL)",
            [self.number, what == "replace"],
        )
        self.model.loads[self.number] = rows
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE drawn"
            " (source TEXT, order_id TEXT, line_id TEXT, amount INTEGER, updated_at TIMESTAMP)"
        )
        for row in rows:
            self.con.execute("INSERT INTO drawn VALUES (?, ?, ?, ?, ?)", list(row))
        named = {"source", "order_id", "line_id", "amount", "updated_at"}
        values = ", ".join(
            column.name if column.name in named else f"NULL::{column.kind.sql} AS {column.name}"
            for column in log.stored_columns(LINES)
        )
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {values} FROM drawn")
        if what == "wait":
            self.model.waits.add(self.number)
            log.append_waiting(self.con, LINES, self.number, "staged")
        else:
            if what == "replace":
                self.model.replaces.add(self.number)
            log.merge(self.con, LINES, self.number, "staged", ("a", "b") if what == "replace" else ())

    def use_waiting(self) -> None:
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE complete AS SELECT DISTINCT load_id, source, order_id FROM log.order_lines WHERE waiting"
        )
        log.release_waiting(self.con, [LINES], "temp.complete")
        self.model.waits.clear()

    def current(self) -> list[tuple[int, Row]]:
        rows = self.con.execute(
            "SELECT load_id, source, order_id::INT, line_id::INT, amount::INT, updated_at FROM main.order_lines"
        ).fetchall()
        return [(load, tuple(row)) for load, *row in rows]  # type: ignore[misc]

    def check(self) -> None:
        current = self.current()
        assert len(current) == len(set(current))
        assert set(current) == self.model.current()
        every = self.con.execute(
            "SELECT load_id, source, order_id::INT, line_id::INT, amount::INT, updated_at, current, waiting FROM log.order_lines"
        ).fetchall()
        kept = [(load, row) for load, rows in self.model.loads.items() if load not in self.model.gone for row in rows]
        assert sorted((load, tuple(row)) for load, *row, _, _ in every) == sorted(kept, key=repr) or len(every) == len(
            kept
        )
        assert {(load, tuple(row)) for load, *row, _, _ in every} == set(kept)
        assert {load for load, *_, waits in every if waits} <= self.model.waits
        assert {(load, tuple(row)) for load, *row, now, _ in every if now} == set(current)


@settings(max_examples=few(15), deadline=None)
@given(st.lists(STEP, min_size=2, max_size=7))
def test_current_rows_are_those_that_plain_python_finds(steps: list[tuple[str, object]]) -> None:
    made = Log()
    for what, given_ in steps:
        made.step(what, given_)
        made.check()
    made.con.close()


def test_many_files_become_one_by_year_and_every_load_in_them_can_be_taken_back() -> None:
    made = Log()
    for number in range(1, MOST_FILES + 2):
        made.load("load", [("a", number % 7, 1, number % 9 + 1, None), ("b", number, 2, 3, None)])
        if number == 4:
            made.load("wait", [("a", 1, 1, 8, TIMES[2])])
    made.con.execute("UPDATE loads SET \"at\" = '2023-05-01' WHERE load_id < 9")
    before = made.current()
    log.compact(made.con)
    made.check()
    assert sorted(made.current(), key=repr) == sorted(before, key=repr)
    files = files_of(made.con, LINES)
    assert len(files) == 2 + RECENT_LOADS
    assert sorted(len(file.loads) for file in files)[-2:] == [8, 9]
    for load in (3, 12, 22, 1, 5):
        made.step("undo", load)
        made.check()
    made.step("use", None)
    made.check()


def test_a_large_file_is_not_written_again_with_a_few_small_ones() -> None:
    made = Log()
    made.load("load", [("a", number, 1, 5, None) for number in range(1, 400)])
    for number in range(MOST_FILES + 2):
        made.load("load", [("b", number, 1, 5, None)])
    large = files_of(made.con, LINES)[0]
    log.compact(made.con)
    assert large in files_of(made.con, LINES)
    made.check()


def test_order_of_many_rows_is_kept_when_files_are_merged() -> None:
    """Hidden rows are known by their number: more rows than a group of a Parquet file, written by several threads."""
    con, rows = warehouse_in_memory(), 300_000
    columns = ", ".join(
        {"source": "'a' AS source", "order_id": "range::TEXT AS order_id", "line_id": "'1' AS line_id"}.get(
            column.name, f"NULL::{column.kind.sql} AS {column.name}"
        )
        for column in log.stored_columns(LINES)
    )
    for load, first in ((1, 0), (2, rows // 2), (3, rows)):
        con.execute("INSERT INTO loads VALUES (?, now()::TIMESTAMP, '', '', false, NULL, NULL)", [load])
        con.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {columns} FROM range({first}, {first + rows})")
        log.merge(con, LINES, load, "staged")
    said = "SELECT load_id, count(*), min(order_id::INT), max(order_id::INT) FROM order_lines GROUP BY ALL ORDER BY ALL"
    before = con.execute(said).fetchall()
    assert before == [(1, 150_000, 0, 149_999), (2, 150_000, 150_000, 299_999), (3, 300_000, 300_000, 599_999)]
    rewrite(con, LINES, files_of(con, LINES))
    create_views(con, LINES)
    assert con.execute(said).fetchall() == before
    log.undo(con, 2)
    assert con.execute(said).fetchall() == [(1, 300_000, 0, 299_999), (3, 300_000, 300_000, 599_999)]


@pytest.fixture
def made() -> Log:
    return Log()


def log_files(made: Log) -> set[str]:
    (place,) = made.con.execute("SELECT current_setting('file_search_path')").fetchall()[0]
    return {file.name for file in Path(place).iterdir()}


def test_nothing_is_written_for_tables_and_loads_without_rows(made: Log) -> None:
    made.load("load", [])
    made.load("replace", [])
    assert log_files(made) == set()


def test_a_table_that_nothing_loaded_has_no_file_and_no_hidden_rows(made: Log) -> None:
    made.load("load", [("a", 1, 1, 1, None)])
    assert made.con.execute('SELECT "table", rows FROM log_files').fetchall() == [("order_lines", 1)]
    assert made.con.execute("SELECT count(*) FROM log_hidden").fetchall() == [(0,)]
    assert made.con.execute("SELECT count(*) FROM main.visits").fetchall() == [(0,)]
