"""Files and folders on systems that refuse what Linux allows."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from regulars.cli import run
from regulars.system import disk
from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.versions import Warehouse


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch):
    """Has our code take the ways of Windows, without long pauses."""
    monkeypatch.setattr(disk, "WINDOWS", True)
    monkeypatch.setattr(disk, "PAUSES", (0.001, 0.001, 0.001))


class Refusing:
    """Refuses to replace the file `name` the first `times` times, as Windows does while a reader has it open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, times: float) -> None:
        self.times, self.asked = times, 0
        replace = os.replace

        def refused(source: Path, target: Path, **how: int) -> None:
            if Path(target).name == name:
                self.asked += 1
                if self.asked <= self.times:
                    raise PermissionError(errno.EACCES, "Access is denied", str(source), 5, str(target))
            replace(source, target, **how)

        monkeypatch.setattr(os, "replace", refused)


def rows(warehouse: Warehouse) -> list[int]:
    with warehouse.read() as con:
        return [number for (number,) in con.execute("SELECT i FROM t ORDER BY i").fetchall()]


def write(warehouse: Warehouse, number: int) -> None:
    with warehouse.write(f"row {number}") as con:
        con.execute("CREATE TABLE IF NOT EXISTS t (i INTEGER)")
        con.execute("INSERT INTO t VALUES (?)", [number])


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse")
    write(warehouse, 1)
    return warehouse


def test_a_pointer_that_readers_have_open_is_replaced_at_the_third_attempt(warehouse, windows, monkeypatch):
    refusing = Refusing(monkeypatch, "current", 2)
    write(warehouse, 2)
    assert refusing.asked == 3
    assert rows(warehouse) == [1, 2]


def test_a_pointer_that_stays_open_is_named_and_nothing_is_half_done(warehouse, windows, monkeypatch):
    with monkeypatch.context() as patched:
        Refusing(patched, "current", float("inf"))
        with pytest.raises(WarehouseError) as refused:
            write(warehouse, 2)
    assert str(refused.value) == (
        f"{warehouse.folder / 'current'} cannot be used: another program has it open; close that program and repeat the"
        " command."
    )
    assert rows(warehouse) == [1]
    write(warehouse, 3)
    assert rows(warehouse) == [1, 3]
    assert sorted(path.name for path in warehouse.folder.iterdir()) == ["current", "lock", "v000001", "v000002"]


def test_on_linux_a_refusal_is_final_and_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    refusing = Refusing(monkeypatch, "file", 1)
    (tmp_path / "staged").write_text("new")
    with pytest.raises(PermissionError):
        disk.replace(tmp_path / "staged", tmp_path / "file")
    assert refusing.asked == 1


def test_a_version_that_a_reader_has_open_goes_with_a_later_write(warehouse, windows, monkeypatch):
    def held(path: Path, target: Path) -> None:
        if Path(path).name == "v000001":
            raise PermissionError(errno.EACCES, "Access is denied", str(path), 5, str(target))
        rename(path, target)

    rename = os.rename
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", held)
        for number in range(2, 6):
            write(warehouse, number)
    assert sorted(path.name for path in warehouse.folder.glob("v*")) == ["v000001", "v000003", "v000004", "v000005"]
    write(warehouse, 6)
    assert sorted(path.name for path in warehouse.folder.glob("v*")) == ["v000004", "v000005", "v000006"]
    assert rows(warehouse) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_folder_that_cannot_be_synced_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    fsync, refused = os.fsync, []

    def only_files(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            refused.append(descriptor)
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    warehouse = Warehouse(tmp_path / "warehouse")
    write(warehouse, 1)
    assert rows(warehouse) == [1] and refused


def test_a_file_that_cannot_be_synced_and_a_folder_on_a_failing_disk_are_errors(tmp_path: Path, monkeypatch):
    (tmp_path / "file").touch()
    for path, number in ((tmp_path / "file", errno.EINVAL), (tmp_path, errno.EIO)):

        def failing(_descriptor: int, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match=os.strerror(number)):
            disk.sync(path)


def test_read_only_files_are_removed_where_the_system_asks_for_the_attribute(tmp_path: Path, windows, monkeypatch):
    """Windows removes no read-only file. Linux does, so this asks for the attribute before it removes."""
    unlink = os.unlink

    def strict(path: str | Path, *, dir_fd: int | None = None) -> None:
        if not os.stat(path, dir_fd=dir_fd).st_mode & 0o200:
            raise PermissionError(errno.EACCES, "Access is denied", str(path))
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", strict)
    version = tmp_path / "v000001"
    version.mkdir()
    for path in (version / "shop.duckdb", tmp_path / "file"):
        path.touch()
        path.chmod(0o400)
    disk.remove(version)
    disk.remove(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_waits_for_a_file_that_is_being_replaced(tmp_path: Path, windows, monkeypatch):
    monkeypatch.setattr(disk, "PAUSES", (0.05,) * 100)
    file = tmp_path / "current"
    file.write_text("v000001")
    opening, refused = Path.open, threading.Event()

    def denied(path: Path, *how, **more):
        if path == file and not refused.is_set():
            refused.set()
            raise PermissionError(errno.EACCES, "Access is denied", str(path))
        return opening(path, *how, **more)

    monkeypatch.setattr(Path, "open", denied)
    assert disk.read_text(file) == "v000001" and refused.is_set()


@pytest.mark.parametrize("path", ["NUL", "con.csv", "exports/Aux", "shop/com1.svg", r"C:\shops\PRN", "lpt9 .txt"])
def test_names_that_windows_keeps_for_devices_are_refused_there_alone(path: str, monkeypatch: pytest.MonkeyPatch):
    disk.require_file_name(Path(path))
    monkeypatch.setattr(disk, "WINDOWS", True)
    with pytest.raises(disk.DeviceName, match="Windows keeps the name") as refused:
        disk.require_file_name(Path(path))
    assert refused.value.filename == str(Path(path))


@pytest.mark.parametrize("path", ["console.csv", "shops/nulls", "com10", r"C:\shops\aux-shop", "..", "C:\\", "my.con"])
def test_other_names_are_no_devices(path: str, windows):
    disk.require_file_name(Path(path))


def test_no_shop_and_no_file_is_written_under_the_name_of_a_device(tmp_path: Path, windows, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for words in (("init", "nul", "--currency", "GBP", "--timezone", "UTC"), ("simulate", "con", "--customers", "10")):
        assert run([*words]) == 1
        assert "Windows keeps the name" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_copied_where_the_file_system_has_no_second_names(warehouse, monkeypatch: pytest.MonkeyPatch):
    """As exFAT and many network shares."""

    def refused(path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(Path, "hardlink_to", refused)
    for number in (2, 3):
        write(warehouse, number)
    assert rows(warehouse) == [1, 2, 3]
    assert all(file.stat().st_nlink == 1 for file in warehouse.folder.rglob("*.duckdb"))
