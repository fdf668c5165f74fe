"""The commands run where Python has nothing that only Linux and macOS have, as on Windows."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from posix_only import MODULES, OS_NAMES, SIGNAL_NAMES

# Blocks modules and names, then runs one command. filelock and numpy bring what each system has, and choose it by
# sys.platform: they are imported before. On Linux `posix` is what Python's own `os` is made of, and `statvfs` what its
# `shutil` asks. WINDOWS has our code take the ways of Windows that Linux can go as well.
WITHOUT_POSIX = """
import importlib.abc, os, signal, sys
import filelock, numpy

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in modules:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)

modules, os_names, signal_names = ({*names.split()} for names in sys.argv[1:4])
for name in modules:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocked())
for module, names in ((os, os_names), (signal, signal_names)):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
sys.argv[:4] = ["regulars"]
from regulars.system import disk
disk.WINDOWS = True
from regulars.cli import run
sys.exit(run(sys.argv[1:]))
"""
LISTS = [" ".join(sorted(names)) for names in (MODULES - {"posix"}, OS_NAMES - {"statvfs"}, SIGNAL_NAMES)]

# Python's own output encoding, a user's name, and no database of timezones.
WINDOWS_HAS = {"PYTHONIOENCODING": "", "USER": "maria", "PYTHONTZPATH": ""}


@pytest.fixture
def command(tmp_path: Path):
    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_POSIX, *LISTS, *words],
            capture_output=True, cwd=tmp_path, env={**os.environ, **WINDOWS_HAS},
        )  # fmt: skip
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr.decode()
        return done.stdout.decode()

    return run


ORDERS = """order_id,ordered_at,gross,currency,customer_id,email
1,2026-01-05T10:00:00Z,10.00,GBP,a,a@shop.example
2,2026-02-05T10:00:00Z,20.00,GBP,b,b@shop.example
3,2026-02-06T10:00:00Z,30.50,GBP,a,a@shop.example
"""


def orders_of(text: str) -> dict[str, float]:
    return {row["period"]: float(row["value"]) for row in csv.DictReader(text.splitlines())}


def test_a_shop_is_made_loaded_asked_marked_and_taken_back(command, tmp_path: Path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    ask = ("metric", "net_revenue", "--shop", "shop", "--format", "csv")
    command("init", "shop", "--currency", "GBP", "--timezone", "Europe/London")
    assert "3" in command("load", "orders.csv", "--shop", "shop", "--covers-until", "2026-02-28")
    first = orders_of(command(*ask))
    assert (first["2026-01"], first["2026-02"]) == (10.0, 50.5)
    assert "net_revenue" in command("metrics", "--shop", "shop")

    (tmp_path / "more.csv").write_text(ORDERS.splitlines()[0] + "\n4,2026-02-07T10:00:00Z,5.00,GBP,c,c@shop.example\n")
    for load in range(2, 4):  # versions of before are removed
        command("load", "more.csv", "--shop", "shop")
        assert orders_of(command(*ask))["2026-02"] == 55.5
        command("undo", str(load), "--shop", "shop")
        assert orders_of(command(*ask)) == first
    versions = sorted(path.name for path in (tmp_path / "shop" / "warehouse").iterdir())
    assert len([name for name in versions if name.startswith("v0")]) == 3
    assert not [name for name in versions if name.startswith(("removed-", "building-"))]

    command("events", "add", "2026-02-03", "new checkout", "--shop", "shop")
    assert (tmp_path / "shop" / "events.csv").read_bytes() == b"date,event\n2026-02-03,new checkout\n"
    assert "new checkout" in command("events", "list", "--shop", "shop")
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == ["events.csv", "regulars.toml", "warehouse"]


def test_a_shop_is_simulated(command, tmp_path: Path):
    command("simulate", "exports", "--customers", "200")
    command("simulate", "exports", "--customers", "100")
    assert not [path.name for path in (tmp_path / "exports").iterdir() if path.name.startswith(".writing")]
    assert json.loads((tmp_path / "exports" / ".truth" / "truth.json").read_text())["files"]


@pytest.mark.slow
def test_the_demo_runs(command, tmp_path: Path):
    assert "average_profit_per_customer" in command("demo")
    assert "Kept" in command("demo")
    names = sorted(path.name for path in (tmp_path / "demo" / "shop").iterdir())
    assert names == ["regulars.toml", "warehouse"]


def test_a_path_with_blanks_stands_in_double_quotes_in_hints(command, tmp_path: Path):
    (tmp_path / "my files").mkdir()
    (tmp_path / "my files" / "orders.csv").write_text(ORDERS)
    said = command("init", "my shop", "--currency", "GBP", "--timezone", "Europe/London")
    assert 'regulars load FILE… --shop "my shop"' in said
    assert 'regulars metrics --shop "my shop"' in command("load", r"my files/*.csv", "--shop", "my shop")
