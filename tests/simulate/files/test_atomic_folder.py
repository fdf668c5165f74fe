from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from regulars.simulate import ShopShape, SimulatedShop, simulate, write_canonical, write_shopify
from regulars.simulate.files.atomic_folder import atomic_folder
from regulars.vocabulary.errors import NoRoom, UsageError


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_fails_leaves_the_folder_as_it_was(shop: SimulatedShop, tmp_path: Path) -> None:
    write_canonical(shop, tmp_path, tables=["customers"])
    before = files_of(tmp_path)

    def stop(done: int, all_orders: int) -> None:
        raise KeyboardInterrupt

    for write in (write_shopify, write_canonical):
        with pytest.raises(KeyboardInterrupt):
            write(shop, tmp_path, progress=stop)
        assert files_of(tmp_path) == before


def test_a_file_that_was_not_simulated_is_not_overwritten(shop: SimulatedShop, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("my own")
    with pytest.raises(UsageError, match=r"orders\.csv is there already, and was not simulated"):
        write_canonical(shop, tmp_path, "csv")
    assert files_of(tmp_path) == {"orders.csv": b"my own"}
    write_canonical(shop, tmp_path, "parquet")
    assert (tmp_path / "orders.csv").read_text() == "my own"


def test_another_format_takes_the_place_of_the_first(shop: SimulatedShop, tmp_path: Path) -> None:
    write_shopify(shop, tmp_path)
    write_canonical(shop, tmp_path, "parquet", ["orders"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".truth", "orders.parquet"]


def test_a_disk_that_is_too_small_is_known_before(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="would take about 1,000,000,000 MB"), atomic_folder(tmp_path, ["a.csv"], 1e15):
        raise AssertionError
    assert files_of(tmp_path) == {}


_FULL = f"Error writing bytes: {os.strerror(errno.ENOSPC)}"


@pytest.mark.parametrize("said", [OSError(errno.ENOSPC, ""), OSError(_FULL)], ids=repr)
def test_a_full_disk_is_named(tmp_path: Path, said: Exception) -> None:
    def fail() -> None:
        with atomic_folder(tmp_path, ["a.csv"], 0) as inside:
            (inside / "a.csv").write_text("half")
            raise said

    with pytest.raises(NoRoom, match="The disk is full"):
        fail()
    assert files_of(tmp_path) == {}


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    with atomic_folder(tmp_path, ["a.csv"], 0) as inside:
        with pytest.raises(UsageError, match="Another command is writing"), atomic_folder(tmp_path, ["b.csv"], 0):
            raise AssertionError
        (inside / "a.csv").write_text("a")
        (inside / ".truth").mkdir()
        (inside / ".truth" / "truth.json").write_text(json.dumps({"files": ["a.csv"]}))
    assert set(files_of(tmp_path)) == {"a.csv", ".truth/truth.json"}


def test_files_left_by_a_kill_between_two_renames_are_known_as_ours(shop: SimulatedShop, tmp_path: Path) -> None:
    (tmp_path / ".unfinished").write_text(
        json.dumps({"files": ["orders_export_9.csv", "orders.csv", "../x", "/etc/x"]})
    )
    (tmp_path / "orders_export_9.csv").write_text("of the killed one")
    (tmp_path / "orders.csv").write_text("of the killed one")
    write_canonical(shop, tmp_path, "csv", ["orders"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".truth", "orders.csv"]
    assert (tmp_path / "orders.csv").stat().st_size > 1_000


@pytest.mark.parametrize("kind", [pytest.param("shopify", marks=pytest.mark.slow), "parquet"])
def test_a_killed_command_leaves_nothing_that_looks_finished(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "killed"
    asked = [sys.executable, "-m", "regulars", "simulate", str(folder), "--orders", "600k", "--format", kind]
    with subprocess.Popen(asked, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(folder.glob(".writing/*")):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in folder.iterdir()] == [".writing"]
    small = simulate(ShopShape(customers=50), seed=1)
    write_shopify(small, folder)
    assert sorted(path.name for path in folder.iterdir()) == [".truth", "customers_export.csv", "orders_export.csv"]
