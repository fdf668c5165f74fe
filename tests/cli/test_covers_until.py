"""Up to which day files cover the shop: load --covers-until, what it refuses, and where it is shown."""

from __future__ import annotations

import json
from pathlib import Path

from cli.conftest import ORDERS, Command


def test_the_command_says_how_far_the_files_reach(command: Command, tmp_path: Path) -> None:
    orders, shop = tmp_path / "orders.csv", tmp_path / "shop"
    orders.write_text(ORDERS)
    command("init", shop, "--currency", "GBP", "--timezone", "Europe/London")
    for day in ("", "tomorrow", "31.05.2024", "2024-02-30"):
        refused = command("load", orders, "--covers-until", day, "--shop", shop)
        assert refused.code == 2 and f"{day!r} is no day such as 2011-10-31" in refused.err
    refused = command("load", orders, "--covers-until", "2999-01-01", "--shop", shop)
    assert refused.code == 2 and "2999-01-01 lies in the future" in refused.err and refused.out == ""
    alone = "A file covers the days up to its last row; if it covers more, add --covers-until DAY."
    said = command("load", orders, "--shop", shop)
    assert "Covered up to: orders 2024-03-31." in said.out and alone in said.out
    said = command("load", orders, "--covers-until", "2024-05-31", "--shop", shop)
    assert said.code == 0 and "--covers-until has no effect without a new file" in said.out
    said = command("load", orders, "--covers-until", "2024-05-31", "--again", "--shop", shop)
    assert "Covered up to: orders 2024-05-31." in said.out and alone not in said.out
    listed = command("loads", "--shop", shop).out.splitlines()
    assert ["covers until 2024-05-31" in line for line in listed] == [False, False, True]
    loads = json.loads(command("loads", "--format", "json", "--shop", shop).out)
    assert [load["covers_until"] for load in loads] == [None, "2024-05-31"]
