"""The machine's limits: they hold on every connection, and reaching one is said and changes nothing."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from regulars.vocabulary.errors import UnreadableFile, WarehouseError
from regulars.vocabulary.machine import Machine
from regulars.warehouse.versions import Warehouse

MUCH = "CREATE TABLE much AS SELECT i, md5(i::text) AS a, row_number() OVER (ORDER BY md5(i::text)) AS n FROM range(2000000) t(i)"


def setting(con: duckdb.DuckDBPyConnection, name: str) -> str:
    return str(con.execute(f"SELECT current_setting('{name}')").fetchall()[0][0])


def limited(folder: Path, **limits: str | int) -> Warehouse:
    return Warehouse(folder, Machine(**limits))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_limits_hold_for_readers_writers_and_all_at_once(tmp_path: Path):
    warehouse = limited(tmp_path, memory_limit="300 MB", spill_limit="1 GB", threads=1)
    with warehouse.write("one") as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS one")
        assert (setting(con, "memory_limit"), setting(con, "threads")) == ("286.1 MiB", "1")
    other = limited(tmp_path, memory_limit="200 MB")  # as after a change of the settings, in the same process
    with warehouse.read() as con, warehouse.read() as again, con.cursor() as cursor:
        for each in (con, again, cursor):
            assert setting(each, "max_temp_directory_size") == "953.6 MiB"
        with other.read() as third:
            assert setting(third, "memory_limit") == "190.7 MiB"
        assert [version.regulars != "" for version in warehouse.versions()] == [True]


def test_little_is_loaded_by_one_thread_and_read_by_all(tmp_path: Path):
    little, much = tmp_path / "little.csv", tmp_path / "much.csv"
    little.write_bytes(b"x" * 1_000_000)
    much.write_bytes(b"x" * 1_000_001)
    warehouse = limited(tmp_path / "warehouse", threads=3)
    for files, threads in (
        ([little], "1"),
        ([much], "3"),
        ([little, little], "3"),
        ([], "3"),
        ([tmp_path / "none"], "3"),
    ):
        with warehouse.write("a load", reads=iter(files)) as con:
            assert setting(con, "threads") == threads, files
        with warehouse.read() as con:
            assert setting(con, "threads") == "3"
    with warehouse.write("a large version") as con:
        con.execute("CREATE TABLE large AS SELECT hash(i) AS a FROM range(4_200_000) t(i)")
    with warehouse.write("a load", reads=[little]) as con:
        assert setting(con, "threads") == "3"


def test_what_does_not_fit_in_memory_is_moved_to_disk(tmp_path: Path):
    with limited(tmp_path, memory_limit="150 MB", threads=1).write("much") as con:
        con.execute("CREATE TEMP TABLE held AS SELECT md5(i::text) AS text FROM range(5000000) t(i)")
        assert con.execute("SELECT sum(size) FROM duckdb_temporary_files()").fetchall()[0][0] > 10_000_000
        assert con.execute("SELECT count(*), count(DISTINCT text[:3]) FROM held").fetchall() == [(5_000_000, 4_096)]
    assert names(tmp_path) == ["current", "lock", "v000001"]


@contextmanager
def refused(warehouse: Warehouse, *, writing: bool) -> Iterator[pytest.ExceptionInfo[WarehouseError]]:
    with warehouse.write("something") as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS one")
    before = names(warehouse.folder)
    with pytest.raises(WarehouseError) as told:
        yield told
    assert "The last version was not changed." in told.value.hint
    assert names(warehouse.folder) == before
    with warehouse.read() as con:
        assert con.execute("FROM t").fetchall() == [(1,)]


def test_too_little_room_to_move_it_to_is_said(tmp_path: Path):
    warehouse = limited(tmp_path, memory_limit="150 MB", spill_limit="1 MB", threads=1)
    with refused(warehouse, writing=True) as told, warehouse.write("much") as con:
        con.execute(MUCH)
    assert "memory_limit is 150 MB" in str(told.value) and "spill_limit, 1 MB" in str(told.value)
    assert "larger memory_limit or spill_limit in the section [machine] of regulars.toml" in told.value.hint


def test_what_cannot_be_moved_to_disk_is_said(tmp_path: Path):
    warehouse = limited(tmp_path, memory_limit="100 MB", threads=1)
    with refused(warehouse, writing=True) as told, warehouse.write("much") as con:
        con.execute("CREATE TABLE u AS SELECT string_agg(md5(i::text), '') AS text FROM range(20000000) t(i)")
    assert "memory_limit is 100 MB" in str(told.value)
    assert "larger memory_limit, or fewer threads" in told.value.hint


def test_a_question_that_takes_too_much_is_said_too(tmp_path: Path):
    warehouse = limited(tmp_path, memory_limit="100 MB", spill_limit="0 MB", threads=1)
    with refused(warehouse, writing=False) as told, warehouse.read() as con:
        con.execute("SELECT count(*) FROM (SELECT DISTINCT md5(i::text) FROM range(20000000) t(i))").fetchall()
    assert "memory_limit is 100 MB" in str(told.value)


def test_a_limit_that_was_taken_for_a_broken_file_is_still_a_limit(tmp_path: Path):
    def read() -> None:
        try:
            raise duckdb.OutOfMemoryException("Out of Memory Error: failed to pin block")
        except duckdb.Error:
            raise UnreadableFile("orders.csv is broken.") from None

    with pytest.raises(WarehouseError, match="more memory than allowed"), Warehouse(tmp_path).write("load"):
        read()


def test_other_errors_stay_what_they_are(tmp_path: Path):
    with pytest.raises(duckdb.CatalogException), Warehouse(tmp_path).write("load") as con:
        con.execute("FROM nothing")
    with pytest.raises(UnreadableFile), Warehouse(tmp_path).write("load"):
        raise UnreadableFile("orders.csv is broken.")
    with Warehouse(tmp_path).write("load"):
        pass
    with pytest.raises(OSError, match="No space left"), Warehouse(tmp_path).read():
        raise OSError(errno.ENOSPC, "No space left on device", "answer.csv")
    with pytest.raises(WarehouseError, match="memory is full"), Warehouse(tmp_path).write("load"):
        raise MemoryError
