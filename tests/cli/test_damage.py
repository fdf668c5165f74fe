"""A shop whose file is damaged: two lines that name the file and the way back, whatever is asked of it or loaded into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regulars.warehouse.versions import Warehouse
from warehouse.damage import overwrite, places

COMMANDS: dict[str, tuple[str, ...]] = {
    "metric": ("metric", "orders"),
    "drill-down": ("drill-down", "active_buyers", "--period", "2024-02"),
    "load": ("load", "{orders}"),
    "undo": ("undo", "1"),
    "loads": ("loads",),
    "rejects": ("rejects",),
}


@pytest.mark.parametrize("nth", [24, pytest.param(2, marks=pytest.mark.slow)], ids=["some blocks", "half of them"])
def test_any_damage_is_named_with_the_way_back(shop: Path, tmp_path: Path, command: Callable, nth: int):
    orders = tmp_path / "more.csv"
    orders.write_text("order_id,customer_id,ordered_at,currency,gross\n77,dee,2024-03-03 10:00,GBP,7.70\n")
    assert command("load", orders, "--shop", shop).code == 0
    orders.write_text(orders.read_text() + "78,dee,2024-03-04 10:00,GBP,7.70\n")
    file = shop / "warehouse" / f"v{Warehouse(shop / 'warehouse').number:06d}" / "shop.duckdb"
    content, refusals = file.read_bytes(), 0
    for place in places(file)[::nth]:
        overwrite(file, place)
        for words in COMMANDS.values():
            said = command(*(word.format(orders=orders) for word in words), "--shop", shop)
            if said.code:
                assert str(file) in said.err, (place, words)
                assert "regulars rollback" in said.err
                assert len(said.err.splitlines()) == 2
                refusals += 1
            elif words[0] in ("load", "undo"):  # all that was damaged was written anew
                warehouse = Warehouse(shop / "warehouse")
                assert warehouse.fault(warehouse.number) == ""
                (shop / "warehouse" / "current").write_text(f"{file.parent.name}\nhighest {warehouse.number}\n")
        file.write_bytes(content)
    assert refusals > len(COMMANDS) / 2
