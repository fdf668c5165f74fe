"""A load on a disk that fails at one step, or from it on: the shop is as before or as after, whole, and the message is short."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from cli.conftest import Command
from warehouse.disk import recorder, steps, watched

SPREAD = 12
"""How many of the load's steps fail, each in a load of its own."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "more.csv"
    made.write_text("order_id,customer_id,ordered_at,currency,gross\n77,dee,2024-03-03 10:00,GBP,7.70\n")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("forever", [False, True], ids=["once", "from then on"])
def test_whichever_step_of_a_load_fails_the_shop_is_as_before_or_as_after(
    command: Command, program: list[str], first_shop: Path, file: Path, tmp_path: Path, forever: bool
):
    library = recorder(tmp_path)

    def load(place: Path, **options: object) -> tuple[Path, subprocess.CompletedProcess[str]]:
        shop = Path(shutil.copytree(first_shop, place / "shop"))
        words = [*program, "load", str(file), "--shop", str(shop)]
        environment = watched(library, shop / "warehouse", **options)
        return shop, subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)

    def orders(shop: Path) -> int:
        said = command("metric", "orders", "--grain", "all", "--format", "json", "--shop", shop)
        return json.loads(said.out)[0]["value"]

    shop, done = load(tmp_path / "whole", log=tmp_path / "steps")
    assert done.returncode == 0 and orders(shop) == 6
    # DuckDB ends the process where it cannot shorten its journal: that is as good as killed.
    expected = {0: 6, 4: 6, 1: 5, -signal.SIGABRT: 5}
    last = len(steps(tmp_path / "steps"))
    codes = set()
    for step in [*range(1, last, max(1, last // SPREAD)), last]:
        more = {"fail_at": step} | ({"fail_from": 1} if forever else {})
        shop, done = load(tmp_path / str(step), **more)
        place = (step, last, done.returncode, done.stderr)
        assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 2, place
        assert orders(shop) == expected[done.returncode], place
        checked = command("check", "--shop", shop)
        assert checked.code == 0, (place, checked)
        codes.add(done.returncode)
        shutil.rmtree(shop)
    assert 1 in codes
