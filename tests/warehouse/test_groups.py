"""Groups of facts in files of their own: what a write does not change is a link, wherever a table lies it is named alike."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.versions import Warehouse
from regulars.warehouse.versions.groups import begin, drop, leave_out_others, schema_of, show, writable
from warehouse.damage import overwrite, places

GROUPS = ("answers", "visits")


def fill(con: duckdb.DuckDBPyConnection, *groups: str) -> None:
    """Write a table of each group anew: its name, twice."""
    con.execute("CREATE SCHEMA IF NOT EXISTS facts")
    for group in groups:
        schema = begin(con, group)
        con.execute(f"CREATE TABLE {schema}.{group} AS SELECT '{group}' AS name FROM range(2)")
        show(con, schema, group)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse")
    with warehouse.write("first") as con:
        fill(con, *GROUPS)
    return warehouse


def add(warehouse: Warehouse, *groups: str) -> None:
    with warehouse.write("add") as con:
        for group in groups:
            con.execute(f"INSERT INTO {writable(con, group)}.{group} VALUES ('new')")


def counted(warehouse: Warehouse, number: int | None = None) -> list[int]:
    with warehouse.read(number) as con:
        return [con.execute(f"SELECT count(*) FROM facts.{group}").fetchall()[0][0] for group in GROUPS]


def file(warehouse: Warehouse, number: int, name: str) -> Path:
    return warehouse.folder / f"v{number:06d}" / f"{name}.duckdb"


def test_what_a_write_does_not_change_is_a_link(warehouse: Warehouse):
    add(warehouse, "visits")
    assert [counted(warehouse, number) for number in (1, 2)] == [[2, 2], [2, 3]]
    same = {name: file(warehouse, 1, name).samefile(file(warehouse, 2, name)) for name in ("shop", *GROUPS)}
    assert same == {"shop": False, "answers": True, "visits": False}


def test_files_are_copied_where_the_file_system_has_no_links(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_words: object, **_options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    add(warehouse, "visits")
    assert counted(warehouse) == [2, 3]
    assert not file(warehouse, 1, "answers").samefile(file(warehouse, 2, "answers"))
    assert file(warehouse, 1, "answers").read_bytes() == file(warehouse, 2, "answers").read_bytes()
    assert not file(warehouse, 2, "answers").stat().st_mode & 0o222
    assert [version.fault for version in warehouse.versions(check=True)] == ["", ""]


def test_a_linked_file_stays_when_the_versions_before_go(warehouse: Warehouse):
    for _ in range(4):
        add(warehouse, "visits")
    assert [version.number for version in warehouse.versions()] == [3, 4, 5]
    assert counted(warehouse) == [2, 6]
    assert [version.fault for version in warehouse.versions(check=True)] == ["", "", ""]


def test_readers_keep_their_version_while_its_groups_are_changed(warehouse: Warehouse):
    with warehouse.read() as con:
        result = con.cursor().execute("SELECT name FROM facts.visits")
        for _ in range(4):
            add(warehouse, *GROUPS)
            assert con.execute("SELECT count(*) FROM facts.visits").fetchall() == [(2,)]
        assert not file(warehouse, 1, "visits").exists()
        assert result.fetchall() == [("visits",)] * 2
    assert counted(warehouse) == [6, 6]


def test_a_result_left_open_keeps_no_group_from_being_changed(warehouse: Warehouse):
    with warehouse.write("leaves results open") as con:
        before = con.cursor().execute("SELECT name FROM facts.visits")
        con.execute(f"INSERT INTO {writable(con, 'visits')}.visits VALUES ('new')")
        after = con.cursor().execute("SELECT name FROM facts.visits")
    add(warehouse, *GROUPS)
    assert counted(warehouse) == [3, 4]
    del before, after
    assert counted(warehouse) == [3, 4]


def test_a_write_that_fails_leaves_nothing_of_its_groups(warehouse: Warehouse):
    def fail(con: duckdb.DuckDBPyConnection) -> None:
        con.execute(f"INSERT INTO {writable(con, 'visits')}.visits VALUES ('new')")
        begin(con, "answers")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), warehouse.write("fails") as con:
        fail(con)
    assert sorted(path.name for path in warehouse.folder.iterdir()) == ["current", "lock", "v000001"]
    assert counted(warehouse) == [2, 2]


def test_a_group_is_begun_anew_again_and_again(warehouse: Warehouse):
    with warehouse.write("twice") as con:
        fill(con, *GROUPS)
        con.execute(f"CREATE TABLE {writable(con, 'visits')}.only_now AS SELECT 1 AS one")
        show(con, writable(con, "visits"), "only_now")
        fill(con, *GROUPS)
        with pytest.raises(duckdb.CatalogException):
            con.execute("FROM facts.only_now")
    add(warehouse, "visits")
    assert counted(warehouse) == [2, 3]


def test_a_group_that_is_no_more_is_left_out(warehouse: Warehouse):
    with warehouse.write("without answers") as con:
        leave_out_others(con, ["visits"])
    assert sorted(path.name for path in (warehouse.folder / "v000002").iterdir()) == ["shop.duckdb", "visits.duckdb"]
    with warehouse.read() as con:
        assert con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'facts'").fetchall() == [
            ("visits",)
        ]


def test_a_table_takes_the_place_of_one_in_the_main_file(warehouse: Warehouse):
    """As in a version of an older Regulars."""
    with warehouse.write("older") as con:
        leave_out_others(con, [])
        con.execute("CREATE TABLE facts.visits AS SELECT 'older' AS name; CREATE TABLE facts.sums AS SELECT 1 AS one")
    with warehouse.write("newer") as con:
        assert con.execute("FROM facts.visits").fetchall() == [("older",)]
        fill(con, *GROUPS)
        drop(con, writable(con, "visits"), "sums")
    assert counted(warehouse) == [2, 2]
    with warehouse.read() as con:
        assert con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'shop'").fetchall() == [
            ("about",)
        ]


def test_without_files_all_tables_lie_together():
    with duckdb.connect() as con:
        fill(con, *GROUPS)
        assert {schema_of(con, "visits"), writable(con, "visits")} == {"facts"}
        drop(con, "facts", "visits")
        assert con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall() == [("facts", "answers")]


# Damage ------------------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named_with_the_way_back(warehouse: Warehouse):
    add(warehouse, "visits")
    file(warehouse, 2, "visits").unlink()
    for attempt in (warehouse.read, lambda: warehouse.write("another")):
        with pytest.raises(WarehouseError, match=r"v000002/visits\.duckdb") as refusal, attempt():
            pass
        assert "regulars rollback" in refusal.value.hint
    assert [version.fault for version in warehouse.versions(check=True)] == ["", "visits.duckdb is missing"]
    assert warehouse.rollback().number == 1
    assert counted(warehouse) == [2, 2]


def refused(error: WarehouseError, damaged: Path) -> None:
    assert str(damaged) in str(error)
    assert "regulars rollback" in error.hint


def test_a_damaged_block_of_any_file_is_named_and_never_passed_on(warehouse: Warehouse):
    add(warehouse, "visits")
    for name in GROUPS:
        damaged = file(warehouse, 2, name)
        content = damaged.read_bytes()
        for place in places(damaged):
            overwrite(damaged, place)
            assert warehouse.fault(2).startswith(f"{name}.duckdb: ")
            try:
                with warehouse.read() as con:
                    assert con.execute(f"SELECT count(*) FROM facts.{name} WHERE length(name) > 2").fetchall()
            except WarehouseError as error:
                refused(error, damaged)
            try:
                add(warehouse, *GROUPS)
            except WarehouseError as error:
                refused(error, damaged)
            else:
                assert warehouse.fault(3) == ""
                shutil.rmtree(warehouse.folder / "v000003")
                (warehouse.folder / "current").write_text("v000002\nhighest 2\n")
        damaged.write_bytes(content)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_file_of_somebody_else_is_copied(tmp_path: Path):
    """Linux links no file that one may not write to and that belongs to somebody else."""
    place = Path("/tmp") / f"regulars-groups-{os.getpid()}"
    place.mkdir()
    try:
        warehouse = Warehouse(place / "warehouse")
        with warehouse.write("first") as con:
            fill(con, *GROUPS)
        for path in (place, *place.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666 if path.name in ("lock", "current") else 0o444)
        try:
            os.seteuid(65534)
            add(warehouse, "visits")
            assert counted(warehouse) == [2, 3]
        finally:
            os.seteuid(0)
    finally:
        shutil.rmtree(place)
