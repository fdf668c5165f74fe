"""`regulars check`: whole shops pass; whatever is changed behind their back is named, and the exit status says so."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cli.conftest import BAD
from regulars.cli import run
from warehouse.damage import overwrite, places

ORDERS = 12_000
"""Enough for rollups to be kept."""

PARTS = ("file", "accounts", "log", "rollups")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with rollups, rejected lines, a load taken back and two versions more."""
    folder = tmp_path_factory.mktemp("sound")
    days = [f"{year}-{month:02d}-{day:02d}" for year in (2022, 2023) for month in range(1, 13) for day in range(1, 29)]
    rows = (
        f"n{n},c{n % 900},{days[n % len(days)]} 10:00,GBP,{('GB', 'FR')[n % 2]},{n % 90}.50\n" for n in range(ORDERS)
    )
    (folder / "orders.csv").write_text("order_id,customer_id,ordered_at,currency,country,gross\n" + "".join(rows))
    (folder / "bad.csv").write_text(BAD)
    (folder / "more.csv").write_text(
        "order_id,customer_id,ordered_at,currency,gross\nx1,dee,2024-01-03 10:00,GBP,7.70\n"
    )
    shop = str(folder / "shop")
    assert run(["init", shop, "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(folder / "orders.csv"), str(folder / "bad.csv"), "--accept-rejects", "--shop", shop]) == 0
    assert run(["load", str(folder / "more.csv"), "--shop", shop]) == 0
    assert run(["undo", "2", "--shop", shop]) == 0
    return folder / "shop"


@pytest.fixture
def shop(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "shop"))


def found(command: Callable, shop: Path, *words: str) -> tuple[int, dict[tuple[int, str], list[str]]]:
    said = command("check", "--format", "json", "--shop", shop, *words)
    return said.code, {(one["version"], one["part"]): one["faults"] for one in json.loads(said.out)}


def test_a_whole_shop_passes(command: Callable, shop: Path):
    assert found(command, shop) == (0, {(3, part): [] for part in PARTS})
    assert found(command, shop, "--all") == (0, {(n, part): [] for n in (1, 2, 3) for part in PARTS})
    said = command("check", "--shop", shop)
    assert [line.split() for line in said.out.splitlines()[1:5]] == [["3", part, "ok"] for part in PARTS]


CHANGES = {
    "a file's account": ("UPDATE load_files SET used = used + 1 WHERE name = 'orders.csv'", "accounts", "orders.csv do not add up"),
    "a reject gone": ("DELETE FROM rejects WHERE load_id = 1", "accounts", "1 rows were rejected, and 0 of them are stored"),
    "a fact changed": (
        "UPDATE orders.facts.orders SET net_revenue = net_revenue + 1 WHERE rowid % 2 = 0", "rollups", "net_revenue of 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "part", "words"), CHANGES.values(), ids=CHANGES.keys())
def test_what_was_changed_behind_its_back_is_named(command: Callable, shop: Path, sql: str, part: str, words: str):
    file = shop / "warehouse" / "v000003" / "shop.duckdb"
    with duckdb.connect() as con:
        for path in (file, file.with_name("orders.duckdb")):
            path.chmod(0o600)
            con.execute(f"ATTACH '{path}'")
        con.execute(f"USE shop; {sql}")
    code, parts = found(command, shop)
    assert code == 1
    assert words in "; ".join(parts[3, part])
    said = command("check", "--shop", shop)
    assert said.code == 1 and said.err.startswith(str(shop / "warehouse")) and "regulars rollback" in said.err


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "is missing (orders of load 1)"),
    "a byte changed": (lambda file: flip(file, 1000), "is damaged (orders of load 1)"),
    "cut short": (lambda file: file.write_bytes(file.read_bytes()[:-1]), "is damaged (orders of load 1)"),
}


def flip(file: Path, place: int) -> None:
    """Change one byte."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def file_of_the_log(shop: Path, load: int) -> Path:
    """The file with a load's orders."""
    (file,) = (shop / "warehouse" / "log").glob(f"orders-{load:06d}-*.parquet")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(("damage", "words"), FILES.values(), ids=FILES.keys())
def test_a_file_of_the_log_that_is_not_whole_is_named_with_the_remedy(
    command: Callable, shop: Path, damage: Callable[[Path], object], words: str
):
    file = file_of_the_log(shop, 1)
    damage(file)
    code, parts = found(command, shop)
    (said,) = parts[3, "log"]
    assert code == 1
    assert said.startswith(f"{file} {words}") and said.endswith("load its files again: regulars undo 1")
    assert command("metrics", "--shop", shop).code == 0, "an answer reads facts alone"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(damage, id=name, marks=() if name == "missing" else pytest.mark.slow)
        for name, (damage, _) in FILES.items()
    ],
)
def test_a_load_whose_file_is_not_whole_can_be_taken_back_and_loaded_again(
    command: Callable, shop: Path, sound: Path, damage: Callable[[Path], object]
):
    before = command("metrics", "--shop", shop, "--format", "json").out
    damage(file_of_the_log(shop, 1))
    assert command("undo", 1, "--shop", shop).code == 0
    files = (sound.parent / "orders.csv", sound.parent / "bad.csv")
    assert command("load", *files, "--accept-rejects", "--shop", shop).code == 0
    assert found(command, shop) == (0, {(5, part): [] for part in PARTS})
    assert command("metrics", "--shop", shop, "--format", "json").out == before


def test_deriving_needs_the_log_and_names_the_file_that_is_missing(command: Callable, shop: Path):
    file = file_of_the_log(shop, 1)
    file.unlink()
    settings = shop / "regulars.toml"
    settings.write_text(settings.read_text().replace('"Europe/London"', '"Asia/Tokyo"'))
    said = command("metrics", "--shop", shop)
    assert said.code == 1
    assert f"{file} is missing." in said.err and "regulars undo 1" in said.err
    assert "v000003" in (shop / "warehouse" / "current").read_text(), "nothing was changed"


def test_a_damaged_block_is_named_and_other_versions_are_checked_all_the_same(command: Callable, shop: Path):
    file = shop / "warehouse" / "v000002" / "shop.duckdb"
    overwrite(file, places(file)[5])
    assert found(command, shop)[0] == 0
    code, parts = found(command, shop, "--all")
    assert code == 1
    assert [key for key, faults in parts.items() if faults] == [(2, "file")]
    assert (2, "rollups") not in parts
    listed = command("versions", "--shop", shop).out.splitlines()
    assert ["damaged" in line for line in listed[1:4]] == [False, True, False]


def test_settings_that_changed_since_are_no_fault(command: Callable, shop: Path):
    settings = shop / "regulars.toml"
    settings.write_text(settings.read_text().replace('"Europe/London"', '"Asia/Tokyo"'))
    said = command("check", "--shop", shop)
    assert said.code == 0 and "not checked: the settings" in said.out


def test_what_killed_readers_spilled_is_cleared(command: Callable, shop: Path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    host = socket.gethostname()
    left = shop / "warehouse" / f"v000003.spill-{host}-{gone.pid}"
    used = shop / "warehouse" / f"v000003.spill-{host}-{os.getppid()}"
    for folder in (left, used):
        folder.mkdir()
    assert command("check", "--shop", shop).code == 0
    assert not left.exists() and used.exists()


def test_a_shop_without_a_load_has_nothing_to_check(command: Callable, tmp_path: Path):
    assert command("init", tmp_path / "new", "--currency", "GBP", "--timezone", "Europe/London").code == 0
    said = command("check", "--shop", tmp_path / "new")
    assert said.code == 1 and "Nothing has been loaded" in said.err
