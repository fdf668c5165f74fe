"""A machine that is too small for a load or a simulated shop: little memory, a full disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regulars.cli import run
from regulars.warehouse.tables import TABLES
from regulars.warehouse.versions import Warehouse

REFUSED = 1
LITTLE = "250 MB"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A function from a size in MB to a disk of that size, empty. Skips where this user may not mount one."""
    mounted: list[Path] = []

    def mount(size: int) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        if os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("a small disk takes a user who may mount one")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", place], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", place], check=True)


def new_shop(folder: Path, *machine: str) -> Path:
    marketplace = ("--shared-address", "*@marketplace.example.com")
    assert run(["init", str(folder), "--currency", "GBP", "--timezone", "Europe/London", *marketplace]) == 0
    settings = folder / "regulars.toml"
    settings.write_text("\n".join((settings.read_text(), "[machine]", *machine, "")))
    return folder


def everything(shop: Path) -> dict[str, tuple[object, ...]]:
    """What a warehouse says, table by table: how many rows, and a sum over all of them that no order of rows changes."""
    with Warehouse(shop / "warehouse").read() as con:
        found = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'facts'").fetchall()
        names = [f"main.{table.name}" for table in TABLES] + [f"facts.{name}" for (name,) in found]
        assert len(names) > len(TABLES)
        rows = {name: con.execute(f"SELECT count(*), sum(hash(r)::HUGEINT) FROM {name} r").fetchone() for name in names}
    return {name: row or () for name, row in rows.items()}


@pytest.mark.slow
def test_a_load_that_does_not_fit_in_memory_finishes_on_disk(command, tmp_path: Path):
    exports = tmp_path / "exports"
    assert command("simulate", exports, "--orders", "200k", "--format", "parquet").code == 0
    free, tight = new_shop(tmp_path / "free"), new_shop(tmp_path / "tight", f'memory_limit = "{LITTLE}"')
    nowhere = new_shop(tmp_path / "nowhere", f'memory_limit = "{LITTLE}"', 'spill_limit = "0 MB"')

    said = command("load", exports, "--shop", nowhere)  # so that the limit is really reached
    assert (said.code, said.out) == (REFUSED, "") and "spill_limit, 0 MB" in said.err and "Traceback" not in said.err
    assert "Set a larger memory_limit or spill_limit" in said.err and len(said.err.splitlines()) == 2
    assert "Nothing has been loaded" in command("metrics", "--shop", nowhere).err

    assert command("load", exports, "--shop", free).code == 0
    assert command("load", exports, "--shop", tight).code == 0
    assert everything(tight) == everything(free)
    first, second = (command("metrics", "--shop", shop).out.replace(str(shop), "SHOP") for shop in (tight, free))
    assert "Net revenue" in first and first == second
    stood = {path.name for path in (tight / "warehouse").iterdir()}
    assert stood - {"cache"} == {"current", "lock", "log", "v000001"}


def test_a_changed_limit_derives_nothing_again(command, shop: Path):
    settings = shop / "regulars.toml"
    settings.write_text(settings.read_text() + '\n[machine]\nmemory_limit = "500 MB"\nthreads = 1\n')
    said = command("metrics", "--shop", shop)
    assert (said.code, said.err) == (0, "")
    assert len(json.loads(command("versions", "--shop", shop, "--format", "json").out)) == 1


def test_a_full_disk_leaves_the_last_version_and_room_lets_the_same_load_through(command, disk, tmp_path: Path):
    place: Path = disk(200)
    small, large = tmp_path / "small", tmp_path / "large"
    assert command("simulate", small, "--orders", "500", "--format", "parquet").code == 0
    assert command("simulate", large, "--orders", "10k", "--seed", 2, "--format", "parquet").code == 0
    shop = new_shop(place / "shop")
    assert command("load", small, "--shop", shop).code == 0
    answer = command("metrics", "--shop", shop).out
    assert "net_revenue" in answer
    before, stood = everything(shop), sorted(path.name for path in (shop / "warehouse").iterdir())

    size = (shop / "warehouse" / "v000001" / "shop.duckdb").stat().st_size
    for room in (size // 2, 2 * size):  # the copy of the last version does not fit, or what is loaded into it
        with (place / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, shutil.disk_usage(place).free - room)
        said = command("load", large, "--shop", shop, "--source", "large")
        assert (said.code, said.out) == (REFUSED, ""), said
        assert said.err == (
            "The disk is full: the new version could not be written.\n"
            f"The last version was not changed. Make room where {shop / 'warehouse'} lies and repeat the command.\n"
        )
        assert sorted(path.name for path in (shop / "warehouse").iterdir()) == stood
        assert everything(shop) == before
        assert command("metrics", "--shop", shop).out == answer

    (place / "ballast").unlink()
    assert command("load", large, "--shop", shop, "--source", "large").code == 0
    assert command("metrics", "--shop", shop).out != answer


@pytest.mark.parametrize("kind", ["parquet", "csv", "shopify"])
@pytest.mark.parametrize("known", [True, False], ids=["known before", "met on the way"])
def test_a_simulated_shop_that_the_disk_cannot_hold(command, disk, tmp_path: Path, kind: str, known: bool):
    place: Path = disk(64)
    asked = ("--orders", "20k", "--format", kind)
    assert command("simulate", tmp_path / "elsewhere", *asked).code == 0
    takes = sum(path.stat().st_size for path in (tmp_path / "elsewhere").rglob("*") if path.is_file())
    assert command("simulate", place / "shop", "--orders", "100", "--format", kind).code == 0
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    with (place / "ballast").open("wb") as ballast:
        room = takes // 3 if known else int(takes * 0.96)
        os.posix_fallocate(ballast.fileno(), 0, shutil.disk_usage(place).free - room)
    said = command("simulate", place / "shop", *asked)
    assert (said.code, said.out) == (REFUSED, ""), said
    assert ("has room for" if known else "The disk is full") in said.err
    assert len(said.err.splitlines()) == 2
    (place / "ballast").unlink()
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before
    assert command("simulate", place / "shop", *asked).code == 0
