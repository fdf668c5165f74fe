"""Customer data is for the shop's owner alone, whatever the umask; for the folder's group where the shop is shared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import BAD, ORDERS
from regulars.cli import run
from regulars.vocabulary.machine import Machine
from regulars.warehouse.versions import Warehouse

UMASKS = ["022", *(pytest.param(umask, marks=pytest.mark.slow) for umask in ("000", "077"))]


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}


def under(umask: str, folder: Path, *words: str) -> None:
    command = ["sh", "-c", f'umask {umask}; exec "$@"', "sh", sys.executable, "-m", "regulars", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def share(folder: Path) -> None:
    settings = folder / "regulars.toml"
    settings.write_text(settings.read_text().replace("# [machine]", "[machine]\nshared = true\n#"))


@pytest.mark.parametrize("umask", UMASKS)
def test_nobody_else_reads_what_a_shop_holds(tmp_path: Path, umask: str):
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "bad.csv").write_text(BAD)
    under(umask, tmp_path, "init", "shop", "--currency", "GBP", "--timezone", "Europe/London")
    under(umask, tmp_path, "load", "orders.csv", "bad.csv", "--shop", "shop", "--accept-rejects")
    under(umask, tmp_path, "rejects", "--export", "rejects.csv", "--shop", "shop")
    assert {name: mode for name, mode in modes(tmp_path / "shop").items() if mode & 0o077} == {}
    assert (tmp_path / "rejects.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("umask", UMASKS)
def test_the_group_of_a_shared_shop_reads_and_writes(tmp_path: Path, umask: str):
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "bad.csv").write_text(BAD)
    under(umask, tmp_path, "init", "shop", "--currency", "GBP", "--timezone", "Europe/London")
    share(tmp_path / "shop")
    under(umask, tmp_path, "load", "orders.csv", "bad.csv", "--shop", "shop", "--accept-rejects")
    under(umask, tmp_path, "rejects", "--export", "rejects.csv", "--shop", "shop")
    found = modes(tmp_path / "shop" / "warehouse")
    files = {name: mode for name, mode in found.items() if name.startswith("v000001/")}
    log = {name: mode for name, mode in found.items() if name.startswith("log/")}
    assert found == {".": 0o770, "lock": 0o660, "current": 0o660, "log": 0o770, "v000001": 0o770, **files, **log}
    assert [(name.split("-")[0], mode) for name, mode in log.items()] == [("log/orders", 0o440)]
    assert set(files.values()) == {0o440} and "v000001/shop.duckdb" in files and len(files) > 1
    assert (tmp_path / "rejects.csv").stat().st_mode & 0o777 == 0o660


def test_a_shop_of_before_is_closed_by_the_next_write(shop: Path):
    warehouse = shop / "warehouse"
    warehouse.chmod(0o755)
    assert run(["metric", "average_order_value", "--shop", str(shop)]) == 0  # whose median's results go into the cache
    assert [*(warehouse / "cache").rglob("*.parquet")] != []
    for file in (*warehouse.iterdir(), *(warehouse / "cache").rglob("*")):
        file.chmod(0o755 if file.is_dir() else 0o644)
    with Warehouse(warehouse).write("next"):
        pass
    assert {name: mode for name, mode in modes(warehouse).items() if mode & 0o077} == {}
    with Warehouse(warehouse, Machine(shared=True)).write("shared from now on"):
        pass
    assert {name for name, mode in modes(warehouse).items() if not mode & 0o040} == set()


NOBODY = 65534


@pytest.mark.parametrize(
    ("closed", "mode", "words", "named"),
    [
        ("", 0o700, ("loads",), "regulars.toml"),
        ("warehouse", 0o700, ("loads",), "current"),
        ("warehouse/v000001", 0o700, ("loads",), "v000001/shop.duckdb"),
        ("warehouse/v000001/shop.duckdb", 0o600, ("loads",), "v000001/shop.duckdb"),
        ("warehouse/lock", 0o600, ("undo", "1"), "lock"),
    ],
    ids=["shop", "warehouse", "version", "its file", "lock"],
)
def test_what_is_closed_is_named_with_who_may_open_it(
    command: Callable, first_shop: Path, closed: str, mode: int, words: tuple[str, ...], named: str
):
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        shop = Path(shutil.copytree(first_shop, Path(place) / "shop"))
        for path in (Path(place), shop, *shop.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        (shop / closed).chmod(mode)
        command("loads", "--shop", first_shop)  # what it imports may lie where nobody else reads
        command("undo", "9", "--shop", first_shop)
        try:
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
            said = command(*words, "--shop", shop)
        finally:
            os.seteuid(0)
            os.setegid(0)
    first, second = said.err.splitlines()
    assert said.code == 1
    assert named in first and "denied" in first
    assert "shared = true" in second and "rollback" not in second
