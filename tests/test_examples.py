"""The scripts in examples/ run as their first line says, on a simulated shop."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.cli import run

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    assert run(["simulate", str(folder / "exports"), "--customers", "900", "--months", "20"]) == 0
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(folder / "exports"), "--shop", str(folder / "shop")]) == 0
    return folder / "shop"


def output(script: str, *arguments: object) -> str:
    command = [sys.executable, EXAMPLES / script, *map(str, arguments)]
    environment = os.environ | {"PYTHONUTF8": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_script_is_run_here() -> None:
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == ["repeat_customers.py", "who_is_leaving.py"]


def test_repeat_customers(shop: Path) -> None:
    lines = output("repeat_customers.py", shop).splitlines()
    assert lines[0] == "repeat_customer_rate"
    assert {"2025-Q3", "2025-Q4"} <= {line.split(" ")[0] for line in lines if line}
    countries = lines[next(place for place, line in enumerate(lines) if line.startswith("Highest")) + 1 :]
    shares = [float(line.partition(": ")[2].partition("%")[0]) for line in countries]
    assert shares == sorted(shares, reverse=True) and 1 <= len(shares) <= 5


def test_who_is_leaving(shop: Path, tmp_path: Path) -> None:
    lines = output("who_is_leaving.py", shop, tmp_path / "leaving.csv").splitlines()
    with (tmp_path / "leaving.csv").open(encoding="utf-8") as file:
        customers = [*csv.DictReader(file)]
    assert lines[-1].startswith(f"{len(customers):,} customers, ")
    assert all(customer["email"] and float(customer["value_at_risk"]) > 0 for customer in customers)
    size = next(line for line in lines if line.startswith("worth_keeping_and_leaving"))
    assert size.split()[2] == f"{len(customers):,}"
