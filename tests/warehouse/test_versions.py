"""Versions: what a reader sees, what a writer leaves behind, and the way back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

import regulars
from regulars.vocabulary.errors import NothingLoaded, WarehouseError
from regulars.warehouse.versions import Warehouse, set_version_properties, version_properties
from warehouse.damage import overwrite


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")


def add(warehouse: Warehouse, row: int) -> None:
    with warehouse.write(f"add {row}") as con:
        con.execute("CREATE TABLE IF NOT EXISTS t (i INTEGER)")
        con.execute("INSERT INTO t VALUES (?)", [row])


def rows(warehouse: Warehouse) -> list[int]:
    with warehouse.read() as con:
        return [row[0] for row in con.execute("SELECT i FROM t ORDER BY i").fetchall()]


def files(warehouse: Warehouse) -> list[str]:
    return sorted(file.name for file in warehouse.folder.iterdir())


def numbers(warehouse: Warehouse) -> list[int]:
    return [version.number for version in warehouse.versions()]


def test_a_shop_without_a_load_says_so(warehouse: Warehouse):
    with pytest.raises(NothingLoaded) as refusal, warehouse.read():
        pass
    assert "regulars load" in refusal.value.hint
    assert warehouse.versions() == []
    assert warehouse.number is None
    assert not warehouse.folder.exists()  # asking writes nothing


def test_each_version_is_the_last_one_changed(warehouse: Warehouse):
    add(warehouse, 1)
    add(warehouse, 2)
    assert rows(warehouse) == [1, 2]
    assert warehouse.number == 2
    assert files(warehouse) == ["current", "lock", "v000001", "v000002"]


def test_the_pointer_is_text_with_the_folder_s_name_first(warehouse: Warehouse):
    add(warehouse, 1)
    assert (warehouse.folder / "current").read_text() == "v000001\nhighest 1\n"


def test_a_version_tells_where_it_comes_from(warehouse: Warehouse):
    add(warehouse, 1)
    with warehouse.write("load orders.csv") as con:
        set_version_properties(con, {"settings": "GBP", "shop": "Anna's"})
        set_version_properties(con, {"settings": "EUR"})
    version = warehouse.versions()[-1]
    assert (version.number, version.purpose, version.current, version.based_on) == (2, "load orders.csv", True, 1)
    assert version.regulars == regulars.__version__
    assert abs(datetime.now(UTC) - version.at) < timedelta(minutes=1)
    with warehouse.read() as con:
        assert version_properties(con)["settings"] == "EUR"
        assert version_properties(con)["shop"] == "Anna's"


def test_a_write_that_fails_leaves_nothing(warehouse: Warehouse):
    add(warehouse, 1)
    before = files(warehouse)
    with pytest.raises(duckdb.ConversionException), warehouse.write("fails") as con:
        con.execute("INSERT INTO t VALUES (2); INSERT INTO t VALUES ('two')")
    assert rows(warehouse) == [1]
    assert files(warehouse) == before
    add(warehouse, 3)
    assert rows(warehouse) == [1, 3]


def test_a_first_write_that_fails_leaves_a_shop_without_a_load(warehouse: Warehouse):
    with pytest.raises(KeyboardInterrupt), warehouse.write("interrupted"):
        raise KeyboardInterrupt
    with pytest.raises(NothingLoaded), warehouse.read():
        pass
    assert warehouse.versions() == []


def test_a_transaction_left_open_is_not_published_half(warehouse: Warehouse):
    add(warehouse, 1)
    with pytest.raises(duckdb.TransactionException), warehouse.write("forgets to commit") as con:
        con.execute("BEGIN; INSERT INTO t VALUES (2)")
    assert rows(warehouse) == [1]


def test_a_result_left_open_does_not_lock_readers_out(warehouse: Warehouse):
    add(warehouse, 1)
    with warehouse.write("leaves a result open") as con:
        con.execute("INSERT INTO t VALUES (2)")
        unread = con.execute("SELECT * FROM range(1000000)").to_arrow_reader(10)
        unread.read_next_batch()
    script = f"""
from pathlib import Path
from regulars.warehouse.versions import Warehouse

with Warehouse(Path({str(warehouse.folder)!r})).read() as con:
    print(con.execute("SELECT count(*) FROM t").fetchone())
"""
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (elsewhere.stdout, elsewhere.stderr) == ("(2,)\n", "")
    add(warehouse, 3)
    del unread
    add(warehouse, 4)
    assert rows(warehouse) == [1, 2, 3, 4]
    assert files(warehouse) == ["current", "lock", *(f"v{number:06d}" for number in range(2, 5))]


def test_the_last_three_are_kept(warehouse: Warehouse):
    for row in range(1, 9):
        add(warehouse, row)
    assert numbers(warehouse) == [6, 7, 8]
    assert files(warehouse) == ["current", "lock", *(f"v{number:06d}" for number in range(6, 9))]


def test_a_reader_keeps_its_version_while_it_is_pruned(warehouse: Warehouse):
    with warehouse.write("a million rows") as con:
        con.execute("CREATE TABLE t AS SELECT range AS i, md5(range::text) AS text FROM range(1000000)")
    with warehouse.read() as con:
        assert con.execute("SELECT min(i) FROM t").fetchone() == (0,)
        for number in range(2, 9):
            add_nothing(warehouse, number)
        assert not (warehouse.folder / "v000001").exists()
        assert con.execute("SELECT count(DISTINCT text) FROM t").fetchone() == (1_000_000,)


def add_nothing(warehouse: Warehouse, number: int) -> None:
    with warehouse.write(f"version {number}"):
        pass


def test_a_version_cannot_be_written_to(warehouse: Warehouse):
    add(warehouse, 1)
    with warehouse.read() as con, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        con.execute("INSERT INTO t VALUES (2)")
    assert not (warehouse.folder / "v000001" / "shop.duckdb").stat().st_mode & 0o222


def test_times_are_utc_whatever_the_machine_thinks(warehouse: Warehouse):
    add(warehouse, 1)
    question = "SELECT current_setting('TimeZone')"
    with warehouse.read() as con:
        assert con.execute(question).fetchone() == ("UTC",)
        assert con.cursor().execute(question).fetchone() == ("UTC",)
    with warehouse.write("ask") as con:
        assert con.execute(question).fetchone() == ("UTC",)


def test_rows_keep_their_numbers_while_a_version_is_written(warehouse: Warehouse):
    """Where rows were deleted, a checkpoint moves others: even a write of other tables would then renumber these."""
    rows_ = 5 * 122_880
    with warehouse.write("many rows") as con:
        con.execute(f"CREATE TABLE many AS SELECT range AS i FROM range({rows_})")
        con.execute("CREATE TABLE long (text TEXT)")
    with warehouse.write("delete some, write much") as con:
        con.execute("DELETE FROM many WHERE hash(i) % 10 < 6")
        numbered = "SELECT sum(hash(i, rowid)) FROM many"
        before = con.execute(numbered).fetchone()
        for _ in range(4):
            con.execute("INSERT INTO long SELECT repeat(md5(range::TEXT), 1000) FROM range(3300)")
        assert con.execute(numbered).fetchone() == before


def test_what_a_reader_spills_goes_with_it(warehouse: Warehouse):
    add(warehouse, 1)
    before = files(warehouse)
    with warehouse.read() as con:
        con.execute("SET memory_limit = '100MB'")
        con.execute("SELECT count(*) FROM (SELECT md5(range::text) AS t FROM range(3000000) ORDER BY t LIMIT 2900000)")
        assert any(".spill-" in name for name in files(warehouse))
    assert files(warehouse) == before


def flat(warehouse: Warehouse, number: int) -> None:
    """Make a version one file, as an older Regulars wrote it."""
    folder = warehouse.folder / f"v{number:06d}"
    (folder / "shop.duckdb").rename(folder.with_suffix(".duckdb"))
    folder.rmdir()
    pointer = warehouse.folder / "current"
    pointer.write_text(pointer.read_text().replace(f"{folder.name}\n", f"{folder.name}.duckdb\n"))


def test_versions_of_one_file_are_read_changed_and_gone_back_to(warehouse: Warehouse):
    add(warehouse, 1)
    add(warehouse, 2)
    flat(warehouse, 1)
    flat(warehouse, 2)
    assert rows(warehouse) == [1, 2]
    add(warehouse, 3)
    assert files(warehouse) == ["current", "lock", "v000001.duckdb", "v000002.duckdb", "v000003"]
    assert rows(warehouse) == [1, 2, 3]
    assert [version.fault for version in warehouse.versions(check=True)] == ["", "", ""]
    assert warehouse.rollback(1).number == 1
    assert rows(warehouse) == [1]
    assert (warehouse.folder / "current").read_text() == "v000001.duckdb\nhighest 3\n"
    add(warehouse, 4)
    add(warehouse, 5)
    assert files(warehouse) == ["current", "lock", "v000003", "v000004", "v000005"]


# The way back -------------------------------------------------------------------------------------


def test_rollback_and_forward_again(warehouse: Warehouse):
    for row in (1, 2, 3):
        add(warehouse, row)
    assert warehouse.rollback().number == 2
    assert rows(warehouse) == [1, 2]
    assert warehouse.rollback(1).number == 1
    assert rows(warehouse) == [1]
    assert warehouse.rollback(3).current
    assert rows(warehouse) == [1, 2, 3]
    assert [version.current for version in warehouse.versions()] == [False, False, True]


def test_after_a_rollback_the_next_version_takes_a_new_number(warehouse: Warehouse):
    for row in (1, 2, 3):
        add(warehouse, row)
    warehouse.rollback(1)
    add(warehouse, 4)
    assert rows(warehouse) == [1, 4]
    assert numbers(warehouse) == [1, 3, 4]
    # Going back from here undoes the last write; it does not bring back what was rolled back before.
    assert warehouse.rollback().number == 1
    with pytest.raises(WarehouseError, match="no version before 1"):
        warehouse.rollback()


def test_rollback_to_a_version_that_is_not_there(warehouse: Warehouse):
    with pytest.raises(WarehouseError, match="no version to go back to"):
        warehouse.rollback()
    add(warehouse, 1)
    add(warehouse, 2)
    with pytest.raises(WarehouseError, match="no version 7") as refusal:
        warehouse.rollback(7)
    assert refusal.value.hint == "Choose one of: 1, 2."
    assert rows(warehouse) == [1, 2]


def test_when_the_version_before_was_pruned_the_next_older_one_is_taken(warehouse: Warehouse):
    for row in range(1, 4):
        add(warehouse, row)
    warehouse.rollback(1)
    add(warehouse, 4)  # based on 1, which stays as long as 4 is the newest
    assert numbers(warehouse) == [1, 3, 4]
    add(warehouse, 5)
    assert numbers(warehouse) == [3, 4, 5]
    assert warehouse.rollback().number == 4
    assert warehouse.rollback().number == 3


# Damage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pointer", [None, "", "v000002", "\x00" * 40, "v000009\nhighest 9\n", "v000009.duckdb\nhighest 9\n", "ü\n"]
)
def test_a_damaged_pointer_is_named_and_repaired(warehouse: Warehouse, pointer: str | None):
    add(warehouse, 1)
    add(warehouse, 2)
    if pointer is None:
        (warehouse.folder / "current").unlink()
    else:
        (warehouse.folder / "current").write_text(pointer)
    for attempt in (warehouse.read, lambda: warehouse.write("another")):
        with pytest.raises(WarehouseError) as refusal, attempt():
            pass
        assert not isinstance(refusal.value, NothingLoaded)
        assert "regulars rollback" in refusal.value.hint
    assert warehouse.rollback().number == 2
    assert rows(warehouse) == [1, 2]
    add(warehouse, 3)
    assert rows(warehouse) == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"x" * 5000])
def test_a_damaged_version_is_named_and_left_behind(warehouse: Warehouse, content: bytes):
    add(warehouse, 1)
    add(warehouse, 2)
    broken = warehouse.folder / "v000002" / "shop.duckdb"
    broken.chmod(0o644)
    broken.write_bytes(content)
    with pytest.raises(WarehouseError, match=r"v000002/shop\.duckdb cannot be used") as refusal, warehouse.read():
        pass
    assert "regulars rollback" in refusal.value.hint
    assert [version.purpose for version in warehouse.versions()] == ["add 1", "(this version cannot be read)"]
    assert [bool(version.fault) for version in warehouse.versions(check=True)] == [False, True]
    assert warehouse.rollback().number == 1
    add(warehouse, 3)
    assert rows(warehouse) == [1, 3]
    assert warehouse.number == 3


def test_a_folder_in_the_pointers_place_is_named_and_moved_aside(warehouse: Warehouse):
    add(warehouse, 1)
    (warehouse.folder / "current").unlink()
    (warehouse.folder / "current").mkdir()
    (warehouse.folder / "current" / "mine.txt").write_text("not ours")
    with pytest.raises(WarehouseError, match="pointer to the current version is damaged") as refusal, warehouse.read():
        pass
    assert "regulars rollback" in refusal.value.hint
    assert warehouse.rollback().number == 1
    add(warehouse, 2)
    assert rows(warehouse) == [1, 2]
    (aside,) = (name for name in files(warehouse) if name.startswith("was-current-"))
    assert (warehouse.folder / aside / "mine.txt").read_text() == "not ours"


def test_going_back_passes_over_versions_that_are_not_whole(warehouse: Warehouse):
    for row in (1, 2, 3):
        add(warehouse, row)
    overwrite(warehouse.folder / "v000002" / "shop.duckdb", 12_288 + 1000)
    with pytest.raises(WarehouseError, match="no version 2, or it is damaged") as refusal:
        warehouse.rollback(2)
    assert refusal.value.hint == "Choose one of: 1, 3."
    assert warehouse.rollback().number == 1
    assert rows(warehouse) == [1]


def test_leftovers_of_killed_processes_go_with_the_next_write(warehouse: Warehouse):
    add(warehouse, 1)
    for name in ("building-0a", "removed-v000000", "v000002"):  # the last renamed, but never pointed to
        (warehouse.folder / name).mkdir()
        (warehouse.folder / name / "shop.duckdb").write_bytes(b"half")
    (warehouse.folder / "building-0a" / "shop.duckdb.wal").write_bytes(b"half")
    (warehouse.folder / "building-0a.spill-there-7").mkdir()
    (warehouse.folder / "current.new").write_text("v0000")
    gone = subprocess.Popen(["true"])
    gone.wait()
    (warehouse.folder / f"v000001.spill-{socket.gethostname()}-{gone.pid}").mkdir()
    probability_alive = warehouse.folder / f"v000001.spill-{socket.gethostname()}-{os.getpid()}"
    elsewhere = warehouse.folder / "v000001.spill-another-machine-1"
    probability_alive.mkdir()
    elsewhere.mkdir()
    assert numbers(warehouse) == [1]
    add(warehouse, 2)
    assert files(warehouse) == ["current", "lock", "v000001", elsewhere.name, probability_alive.name, "v000002"]
    assert rows(warehouse) == [1, 2]


# Together -----------------------------------------------------------------------------------------


def test_the_second_writer_waits_and_is_told_for_whom(warehouse: Warehouse):
    told: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with warehouse.write("load orders.csv") as con:
            con.execute("CREATE TABLE t (i INTEGER)")
            con.execute("INSERT INTO t VALUES (1)")
            inside.set()
            while not told:
                time.sleep(0.01)

    writer = threading.Thread(target=first)
    writer.start()
    inside.wait()
    with warehouse.write("second", waiting=told.append) as con:
        con.execute("INSERT INTO t VALUES (2)")
    writer.join()
    assert rows(warehouse) == [1, 2]
    assert len(told) == 1
    assert told[0].startswith("Waiting for another writer: load orders.csv (by ")
    assert f"process {os.getpid()}, since 20" in told[0]
    assert (warehouse.folder / "lock").read_text() == ""


@pytest.mark.parametrize("limit", ["file", "body"])
def test_a_full_disk_is_said_and_leaves_nothing(warehouse: Warehouse, limit: str):
    with warehouse.write("some megabytes") as con:
        con.execute("CREATE TABLE t AS SELECT range AS i, md5(range::text) AS text FROM range(100000)")
    before = files(warehouse)
    size = (warehouse.folder / "v000001" / "shop.duckdb").stat().st_size
    allowed = size // 2 if limit == "file" else size + 100_000  # the copy fails, or what is written to it does
    script = f"""
import resource, signal
from pathlib import Path
from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.versions import Warehouse

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as with a full disk, writing fails
resource.setrlimit(resource.RLIMIT_FSIZE, ({allowed}, {allowed}))
try:
    with Warehouse(Path({str(warehouse.folder)!r})).write("too much") as con:
        con.execute("CREATE TABLE u AS SELECT md5(range::text) AS text FROM range(300000)")
except WarehouseError as error:
    print(error, error.hint)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.startswith("The disk is full: the new version could not be written."), done
    assert done.stderr == ""
    assert files(warehouse) == before
    with warehouse.read() as con:
        assert con.execute("SELECT count(*) FROM t").fetchone() == (100_000,)


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path):
    (tmp_path / "warehouse").write_text("a file, not a folder")
    with pytest.raises(WarehouseError, match="cannot be used"), Warehouse(tmp_path / "warehouse").write("load"):
        pass


def test_finding_the_current_version_opens_no_database(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch):
    add(warehouse, 1)

    def refuse(*_words: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(duckdb, "connect", refuse)
    assert warehouse.number == 1
    with pytest.raises(AssertionError):
        rows(warehouse)
