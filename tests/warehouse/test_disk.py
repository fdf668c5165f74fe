"""The order in which a version reaches the disk: a step that fails, a power cut after any step, a disk that lies."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.versions import Warehouse
from regulars.warehouse.versions.groups import schema_of, writable
from warehouse.damage import overwrite, places
from warehouse.disk import PowerCut, Step, digest, put, recorder, steps, watched
from warehouse.killing import EXPECTED

BEFORE, AFTER = [1, 2, 3], [1, 2, 3, 4]
ROWS = 5_000
"""Of each writer: more than one block of the file."""


def fill(con: duckdb.DuckDBPyConnection, number: int) -> None:
    """Write into the main file and into that of one group, and leave that of another group as it is."""
    for schema in ("main", writable(con, "changed")):
        con.execute(f"CREATE TABLE IF NOT EXISTS {schema}.t (n INTEGER, text TEXT)")
        con.execute(f"INSERT INTO {schema}.t SELECT ?, md5(range::TEXT) FROM range({ROWS})", [number])
    if number == 1:
        con.execute(f"CREATE TABLE {writable(con, 'kept')}.t AS SELECT md5(range::TEXT) AS text FROM range({ROWS})")


WRITER = f"""
import duckdb
import sys
from pathlib import Path
from regulars.warehouse.versions.groups import writable
from regulars.vocabulary.errors import RegularsError, StoredButFailed
from regulars.warehouse.versions import Warehouse

ROWS = {ROWS}
{inspect.getsource(fill)}
warehouse, number = Warehouse(Path(sys.argv[1])), int(sys.argv[2])
try:
    if len(sys.argv) > 3:
        warehouse.rollback()
    else:
        with warehouse.write(f"write {{number}}") as con:
            fill(con, number)
except RegularsError as error:
    print(error, error.hint, sep="\\n", file=sys.stderr)
    sys.exit(4 if isinstance(error, StoredButFailed) else 1)
"""


def command(folder: Path, number: int, *more: str) -> list[str]:
    return [sys.executable, "-c", WRITER, str(folder), str(number), *more]


def write(folder: Path, number: int) -> None:
    """What the command writes, by this process."""
    with Warehouse(folder).write(f"write {number}") as con:
        fill(con, number)


def state(folder: Path) -> list[int]:
    """Who wrote the current version; each of them all of its rows, into each file."""
    with Warehouse(folder).read() as con:
        counts, again, kept = (
            con.execute(
                f"SELECT {n}, count(*) FROM {schema}.t WHERE length(text) = 32 GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            for n, schema in (("n", "main"), ("n", schema_of(con, "changed")), ("0", schema_of(con, "kept")))
        )
    assert counts == again and kept == [(0, ROWS)]
    assert {count for _, count in counts} == {ROWS}
    return [number for number, _ in counts]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorder(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many versions as are kept: the next one removes the oldest."""
    folder = tmp_path_factory.mktemp("base") / "warehouse"
    for number in BEFORE:
        write(folder, number)
    return folder


@pytest.fixture
def folder(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "warehouse"))


def recorded(library: Path, folder: Path, *more: str) -> list[Step]:
    log = folder.parent / "steps"
    subprocess.run(command(folder, AFTER[-1], *more), env=watched(library, folder, log=log), check=True)
    return steps(log)


def moved(taken: list[Step], folder: Path, to: Path) -> list[Step]:
    """The same steps in another folder."""
    return [
        Step(one.what, *(where.replace(str(folder), str(to)) for where in (one.path, one.more)), one.content)
        for one in taken
    ]


def inside(path: str, folder: Path) -> str:
    """A path as it is called in the folder; "." for the folder itself."""
    return os.path.relpath(path, folder)


# A power cut -------------------------------------------------------------------------------------------------------------


def survivors(before: Path, taken: list[Step], place: Path, *, lost: str = "") -> set[tuple[int, ...]]:
    """The states that a shop may be in after a power cut at any moment; the syncs of what matches `lost` are left out."""
    disk, seen, found = PowerCut(before), set(), set()
    for step in [*taken, Step("end", str(before), "", b"")]:
        for left in disk.left():
            if (key := digest(left)) in seen:
                continue
            seen.add(key)
            put(left, place)
            found.add(tuple(state(place)))
        if not (step.what == "sync" and lost and re.fullmatch(lost, inside(step.path, before))):
            disk.take(step)
    return found


def test_after_a_power_cut_at_any_step_the_shop_opens(library: Path, folder: Path, tmp_path: Path):
    before = Path(shutil.copytree(folder, tmp_path / "before" / "warehouse"))
    taken = recorded(library, folder)
    assert survivors(before, moved(taken, folder, before), tmp_path / "left") == {tuple(BEFORE), tuple(AFTER)}


def test_what_was_published_stays_published(library: Path, folder: Path, tmp_path: Path):
    disk = PowerCut(folder)
    for step in recorded(library, folder):
        disk.take(step)
    for left in disk.left():
        put(left, tmp_path / "left")
        assert state(tmp_path / "left") == AFTER


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(r"building-\w+/.*", id="file"),
        *(
            pytest.param(lost, id=name, marks=pytest.mark.slow)
            for name, lost in (("version", r"building-\w+"), ("pointer", r"current\.new"), ("folder", r"\."))
        ),
    ],
)
def test_the_power_cut_finds_a_sync_that_is_left_out(library: Path, folder: Path, tmp_path: Path, lost: str):
    """The test of the test: without any one of the four, a shop is lost."""
    before = Path(shutil.copytree(folder, tmp_path / "before" / "warehouse"))
    taken = recorded(library, folder)
    with pytest.raises((WarehouseError, AssertionError)):
        survivors(before, moved(taken, folder, before), tmp_path / "left", lost=lost)


def test_each_thing_is_on_disk_before_what_names_it(library: Path, folder: Path):
    """After all that is done to it: DuckDB syncs the version, too, but what comes after that is ours."""
    taken = [step for step in recorded(library, folder) if Path(step.path).name not in ("lock",)]
    tells = [(step.what, re.sub(r"-\w+", "", inside(step.path, folder))) for step in taken]
    published = max(index for index, tell in enumerate(tells) if tell == ("rename", "current.new"))
    version = [tell for tell in tells[:published] if tell[1].startswith("building")]
    files = ("building/shop.duckdb", "building/changed.duckdb")
    sealed = [(what, file) for file in files for what in ("chmod", "sync")]
    assert version[-6:] == [*sealed, ("sync", "building"), ("rename", "building")]
    assert ("link", "v000003/kept.duckdb") in tells[:published]
    pointer = [tell for tell in tells[:published] if tell[1] == "current.new"]
    assert [what for what, _ in pointer] == ["create-empty", "write", "sync"]
    assert tells[published - 1] == ("sync", ".")
    assert tells[published + 1] == ("sync", ".")
    assert [what for what, name in tells[:published] if name.startswith("v")] == ["link"]
    assert [what for what, _ in tells[published + 2 :] if what != "chmod"] == ["rename", *4 * ["unlink"]]


# A step that fails -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "nth"),
    [
        ((), 20),
        (("rollback",), 4),
        pytest.param((), 1, marks=pytest.mark.slow),
        pytest.param(("rollback",), 1, marks=pytest.mark.slow),
    ],
    ids=["some of a write", "some of a rollback", "all of a write", "all of a rollback"],
)
@pytest.mark.parametrize("forever", [False, True], ids=["once", "from then on"])
def test_whichever_step_fails_the_state_is_old_or_new_and_said(
    library: Path, base: Path, tmp_path: Path, words: tuple[str, ...], forever: bool, nth: int
):
    after = BEFORE[:-1] if words else AFTER
    # DuckDB ends the process where it cannot shorten its journal: that is as good as killed.
    ended = {0: after, 4: after, 1: BEFORE, -signal.SIGABRT: BEFORE}
    place = Path(shutil.copytree(base, tmp_path / "count" / "warehouse"))
    last = len(recorded(library, place, *words))
    codes = set()
    for step in range(1, last + 1, nth):
        folder = Path(shutil.copytree(base, tmp_path / str(step) / "warehouse"))
        failing = {"fail_at": step, **({"fail_from": 1} if forever else {})}
        done = subprocess.run(
            command(folder, AFTER[-1], *words), env=watched(library, folder, **failing), capture_output=True, text=True
        )
        assert "Traceback" not in done.stderr, (step, done.stderr)
        assert len(done.stderr.splitlines()) == (2 if done.returncode else 0), (step, done.stderr)
        assert state(folder) == ended[done.returncode], (step, done.stderr)
        codes.add(done.returncode)
        write(folder, 9)
        assert [file.name for file in folder.iterdir() if not EXPECTED.fullmatch(file.name)] == []
        shutil.rmtree(folder.parent)
    assert 1 in codes


# A disk that lies --------------------------------------------------------------------------------------------------------


def lying(monkeypatch: pytest.MonkeyPatch, spoil, name: str) -> None:
    """Spoil the new version when it is synced for the last time: what is read back is not what was written."""
    sync = os.fsync

    def spoiled(descriptor: int) -> None:
        sync(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.name == name:
            spoil(path)

    monkeypatch.setattr(os, "fsync", spoiled)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        *(("shop.duckdb", spoil) for spoil in ("one block", "cut short", "another version", "no database")),
        ("changed.duckdb", "one block"),
        ("changed.duckdb", "no database"),
    ],
)
def test_a_version_that_is_not_what_was_written_is_not_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, spoil: str
):
    older = (folder / "v000002" / "shop.duckdb").read_bytes()

    def replace(file: Path) -> None:
        content = file.read_bytes()
        file.chmod(0o600)
        if spoil == "one block":
            overwrite(file, places(file)[-1])
        else:
            file.write_bytes(
                {"cut short": content[:-1000], "another version": older, "no database": b"x" * 5000}[spoil]
            )

    before = sorted(file.name for file in folder.iterdir())
    lying(monkeypatch, replace, name)
    with (
        pytest.raises(WarehouseError, match="could not be written") as refusal,
        Warehouse(folder).write("spoiled") as con,
    ):
        fill(con, AFTER[-1])
    assert "was not changed" in refusal.value.hint
    assert sorted(file.name for file in folder.iterdir()) == before
    assert state(folder) == BEFORE
