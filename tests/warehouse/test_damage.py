"""Forty bytes overwritten in any block of a version: an answer is right or refused, and a version is whole or named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.versions import Warehouse
from regulars.warehouse.versions.verify import damaged_block
from warehouse.damage import overwrite, places

ROWS = 40_000
TABLES = ("log", "facts", "deleted")
ANSWER = [(ROWS, ROWS, ROWS // 2)]


def ask(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """What each table holds, each row read."""
    whole = (f"(SELECT count(*) FROM {table} WHERE length(text) = 32 AND md5(i::TEXT) = text)" for table in TABLES)
    return con.execute(f"SELECT {', '.join(whole)}").fetchall()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with a primary key, deleted rows and two versions."""
    folder = tmp_path_factory.mktemp("sound") / "warehouse"
    with Warehouse(folder).write("first") as con:
        for table in TABLES:
            con.execute(f"CREATE TABLE {table} (i INTEGER {'PRIMARY KEY' if table == 'log' else ''}, text TEXT)")
            con.execute(f"INSERT INTO {table} SELECT range, md5(range::TEXT) FROM range({ROWS})")
    with Warehouse(folder).write("second") as con:
        con.execute("DELETE FROM deleted WHERE i % 2 = 0")
    return folder


@pytest.fixture
def warehouse(sound: Path, tmp_path: Path) -> Warehouse:
    return Warehouse(Path(shutil.copytree(sound, tmp_path / "warehouse")))


def damaged_in_turn(warehouse: Warehouse) -> Iterator[tuple[Path, int]]:
    """The current version, damaged at one place after another."""
    file = warehouse.folder / f"v{warehouse.number:06d}" / "shop.duckdb"
    sound = file.read_bytes()
    for place in places(file):
        overwrite(file, place)
        yield file, place
        file.write_bytes(sound)


def refused(error: WarehouseError, file: Path) -> None:
    assert str(file) in str(error)
    assert "\n" not in str(error)
    assert "regulars rollback" in error.hint


def test_the_fixture_is_whole(warehouse: Warehouse):
    assert [version.fault for version in warehouse.versions(check=True)] == ["", ""]
    with warehouse.read() as con:
        assert ask(con) == ANSWER


def test_every_damaged_block_is_found(warehouse: Warehouse):
    for _, place in damaged_in_turn(warehouse):
        assert warehouse.fault(2), place


@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 12_288, 300_000, -262_144, -1])
def test_a_file_cut_short_is_found(warehouse: Warehouse, length: int):
    file = warehouse.folder / "v000002" / "shop.duckdb"
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[:length])
    assert warehouse.fault(2)


def test_a_block_of_zeros_is_found(warehouse: Warehouse):
    file = warehouse.folder / "v000002" / "shop.duckdb"
    content = bytearray(file.read_bytes())
    assert any(content[12_288 : 12_288 + 262_144])
    content[12_288 : 12_288 + 262_144] = bytes(262_144)
    file.chmod(0o644)
    file.write_bytes(content)
    assert warehouse.fault(2)


def test_a_reader_answers_rightly_or_names_the_file(warehouse: Warehouse):
    refusals = 0
    for file, _ in damaged_in_turn(warehouse):
        try:
            with warehouse.read() as con:
                assert ask(con) == ANSWER
        except WarehouseError as error:
            refused(error, file)
            refusals += 1
    assert refusals > 5


def change(warehouse: Warehouse, tables: Sequence[str]) -> None:
    with warehouse.write("another") as con:
        for table in tables:
            con.execute(f"INSERT INTO {table} SELECT {ROWS} + range, 'new' FROM range(3)")
            con.execute(f"UPDATE {table} SET text = 'old' WHERE i % 1000 = 1")


@pytest.mark.parametrize("writes", [True, False], ids=["writes everywhere", "writes nothing"])
def test_no_writer_passes_damage_on(warehouse: Warehouse, writes: bool):
    """Where what it writes takes the place of all that is damaged, the new version is whole."""
    before, refusals = sorted(warehouse.folder.iterdir()), 0
    pointer = (warehouse.folder / "current").read_bytes()
    for file, _ in damaged_in_turn(warehouse):
        try:
            change(warehouse, TABLES if writes else ())
        except WarehouseError as error:
            refused(error, file)
            assert sorted(warehouse.folder.iterdir()) == before
            refusals += 1
        else:
            assert warehouse.fault(3) == ""
            shutil.rmtree(warehouse.folder / "v000003")
            (warehouse.folder / "current").write_bytes(pointer)
    assert refusals > 5


def test_the_way_out_works(warehouse: Warehouse):
    for _ in damaged_in_turn(warehouse):
        assert warehouse.rollback().number == 1
        with warehouse.read() as con:
            assert con.execute("SELECT count(*) FROM deleted").fetchall() == [(ROWS,)]
        (warehouse.folder / "current").write_text("v000002\nhighest 2\n")


def test_an_error_that_is_no_damage_stays_what_it_is(warehouse: Warehouse):
    with pytest.raises(duckdb.CatalogException), warehouse.read() as con:
        con.execute("FROM nothing")
    with pytest.raises(ZeroDivisionError), warehouse.write("wrong"):
        raise ZeroDivisionError


@pytest.mark.parametrize("headers", [0, 1, 2])
def test_a_file_cut_off_within_its_headers_is_no_database(sound: Path, tmp_path: Path, headers: int):
    file = tmp_path / "cut.duckdb"
    file.write_bytes((sound / "v000002" / "shop.duckdb").read_bytes()[: headers * 4096])
    assert damaged_block(file) == "it is no database"
