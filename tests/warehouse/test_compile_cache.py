"""What is compiled is kept in the version: once for all that it follows from, and for one release."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from regulars.warehouse import compile_cache as module
from regulars.warehouse.compile_cache import compile_once, ensure


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA facts")
        ensure(con)
        yield con


class Maker:
    """Counts how often it makes something."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> list[object]:
        self.times += 1
        return [f"SELECT {self.times}", ["ä 'quoted'", None, self.times]]


def test_it_is_made_once_and_read_as_it_was_made(con: duckdb.DuckDBPyConnection):
    make = Maker()
    first = compile_once(con, ("statements", "Europe/London", None), make)
    assert first == ["SELECT 1", ["ä 'quoted'", None, 1]]
    assert compile_once(con, ("statements", "Europe/London", None), make) == first
    assert make.times == 1


def test_what_follows_from_something_else_is_made_for_itself(con: duckdb.DuckDBPyConnection):
    make = Maker()
    all_told = [("a",), ("b",), ("a", "b"), ("ab",), ("a", 1), ("a", "1"), ("a", None), ("a", ("b",))]
    made = [compile_once(con, told, make)[0] for told in all_told]
    assert made == [f"SELECT {number}" for number in range(1, len(all_told) + 1)]
    assert [compile_once(con, told, make)[0] for told in all_told] == made


def test_another_release_makes_its_own_and_leaves_nothing_of_the_one_before(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
):
    make = Maker()
    for told in ("a", "b"):
        compile_once(con, (told,), make)
    monkeypatch.setattr(module, "release", lambda: "another")
    assert compile_once(con, ("a",), make)[0] == "SELECT 3"
    assert con.execute("SELECT count(*) FROM facts.compiled").fetchall() == [(1,)]
