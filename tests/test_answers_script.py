"""The reference of answers: equal shops answer alike, and a changed order is found wherever it shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from regulars.cli import run

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "answers.py"
ORDERS = "order_id,customer_id,ordered_at,currency,gross\n1,ana,2024-01-03,GBP,10\n2,ben,2024-02-03,GBP,{}\n"


def script(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def written(folder: Path, gross: int) -> Path:
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS.format(gross))
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(folder / "orders.csv"), "--shop", str(folder / "shop")]) == 0
    done = script("write", folder / "shop", folder / "answers", "orders", "gross_revenue", "net_promoter_score")
    assert done.returncode == 0, done
    return folder / "answers"


@pytest.mark.slow
def test_differences_of_two_references_are_named(tmp_path: Path) -> None:
    one, same, other = (written(tmp_path / name, gross) for name, gross in (("one", 20), ("same", 20), ("other", 21)))
    equal = script("compare", one, same)
    assert (equal.returncode, equal.stdout.split()[-2:]) == (0, ["0", "differences"]), equal
    changed = script("compare", one, other)
    assert changed.returncode == 1
    lines = changed.stdout.splitlines()
    assert "gross_revenue --grain all: values[0].value was 30, is 31" in lines
    assert not any(line.startswith(("orders ", "net_promoter_score ")) for line in lines)
    missing = tmp_path / "missing"
    missing.write_text("".join(one.read_text().splitlines(keepends=True)[1:]))
    assert "orders --grain month --compare: only before" in script("compare", one, missing).stdout
    assert script("compare").returncode == 2
