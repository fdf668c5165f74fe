from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from regulars.simulate import ShopShape, SimulatedShop, baskets, simulate, write_shopify
from regulars.simulate.files import shopify

STATUS = {"paid": "counted", "partially_refunded": "counted", "refunded": "counted", "pending": "unpaid"}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def lines(exports: Path) -> list[dict[str, str]]:
    return rows_of(exports / "orders_export.csv")


@pytest.fixture(scope="module")
def firsts(lines: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {line["Name"]: line for line in lines if line["Financial Status"]}


def test_the_layouts_are_those_seen_in_the_wild(exports: Path, data: Callable[[str], Path]) -> None:
    seen = json.loads(data("exports/headers.json").read_text(encoding="utf-8"))
    for file, layout in (
        ("orders_export.csv", "shopify_orders_export"),
        ("customers_export.csv", "shopify_customers_export_new"),
    ):
        with (exports / file).open(encoding="utf-8") as export:
            assert export.readline().rstrip("\n") == seen[layout]["header"]


def test_one_row_per_line_and_the_orders_own_fields_on_its_first_row_only(
    shop: SimulatedShop, lines: list[dict[str, str]]
) -> None:
    assert len(lines) == shop.order_lines.num_rows
    seen: str | None = None
    for line in lines:
        first = line["Name"] != seen
        seen = line["Name"]
        for column in ("Financial Status", "Total", "Subtotal", "Currency", "Id", "Shipping Country", "Source"):
            assert bool(line[column]) == first
        assert line["Created at"]
        assert line["Lineitem price"]


def test_orders_stand_newest_first_and_together(firsts: dict[str, dict[str, str]], lines: list[dict[str, str]]) -> None:
    numbers = [int(line["Name"].removeprefix("#")) for line in lines]
    assert numbers == sorted(numbers, reverse=True)
    assert len(firsts) == len(set(numbers))


def test_orders_say_what_the_canonical_rows_say(shop: SimulatedShop, firsts: dict[str, dict[str, str]]) -> None:
    gross: dict[str, Decimal] = {}
    for row in shop.order_lines.to_pylist():
        gross[row["order_id"]] = gross.get(row["order_id"], Decimal(0)) + row["amount"]
    refunded: dict[str, Decimal] = {}
    for row in shop.returns.to_pylist():
        refunded[row["order_id"]] = refunded.get(row["order_id"], Decimal(0)) + row["amount"]
    orders = shop.orders.to_pylist()
    assert len(orders) == len(firsts)
    for order in orders:
        line = firsts[order["order_id"]]
        assert order["gross"] == gross[order["order_id"]]
        assert Decimal(line["Subtotal"]) == order["gross"] - order["discount"]
        assert Decimal(line["Discount Amount"]) == order["discount"]
        assert Decimal(line["Shipping"]) == order["shipping"]
        assert Decimal(line["Taxes"]) == order["tax"]
        assert Decimal(line["Total"]) == order["gross"] - order["discount"] + order["shipping"]
        assert Decimal(line["Refunded Amount"]) == refunded.get(order["order_id"], 0)
        assert (line["Cancelled at"] != "") == (order["status"] == "cancelled")
        if order["status"] != "cancelled":
            assert STATUS[line["Financial Status"]] == order["status"]
        for column, name in (
            ("Email", "email"),
            ("Phone", "phone"),
            ("Discount Code", "coupon"),
            ("Source", "channel"),
        ):
            assert (line[column] or None) == order[name]
        assert line["Shipping Country"] == order["country"]


def test_lines_say_what_the_canonical_rows_say(shop: SimulatedShop, lines: list[dict[str, str]]) -> None:
    canonical = {(row["order_id"], row["line_id"]): row for row in shop.order_lines.to_pylist()}
    position: dict[str, int] = {}
    for line in lines:
        position[line["Name"]] = position.get(line["Name"], 0) + 1
        row = canonical[line["Name"], str(position[line["Name"]])]
        quantity = int(line["Lineitem quantity"])
        assert quantity == row["quantity"]
        assert quantity * Decimal(line["Lineitem price"]) == row["amount"]
        assert Decimal(line["Lineitem discount"]) == row["discount"]
        assert (line["Lineitem sku"], line["Lineitem name"]) == (row["product_id"], row["product_name"])


def test_times_are_local_with_their_offset(shop: SimulatedShop, firsts: dict[str, dict[str, str]]) -> None:
    for order in shop.orders.to_pylist():
        created = datetime.strptime(firsts[order["order_id"]]["Created at"], "%Y-%m-%d %H:%M:%S %z")
        assert created.astimezone(UTC).replace(tzinfo=None) == order["ordered_at"]
        assert created.utcoffset() == created.astimezone(ZoneInfo("Europe/London")).utcoffset()
    assert {line["Created at"][-5:] for line in firsts.values()} == {"+0000", "+0100"}


def test_files_hold_the_traps_of_real_ones(lines: list[dict[str, str]], firsts: dict[str, dict[str, str]]) -> None:
    assert all(line["Shipping Zip"].startswith("'") for line in firsts.values())
    assert any("\n" in line["Notes"] for line in firsts.values())
    assert any("," in line["Lineitem name"] for line in lines)
    assert any('"' in line["Lineitem name"] for line in lines)
    assert any("ß" in line["Billing Name"] or "ł" in line["Billing Name"].lower() for line in firsts.values())
    states = {line["Financial Status"] for line in firsts.values()}
    assert states == {"paid", "partially_refunded", "refunded", "pending", "voided"}
    assert any(not line["Email"] and line["Phone"] for line in firsts.values())
    assert any(not line["Email"] and not line["Phone"] for line in firsts.values())


def test_customers_know_the_orders_that_count(shop: SimulatedShop, exports: Path) -> None:
    customers = rows_of(exports / "customers_export.csv")
    canonical = shop.customers.to_pylist()
    assert len(customers) == len(canonical)
    for line, row in zip(customers, canonical, strict=True):
        assert line["Customer ID"] == "'" + row["customer_id"]
        assert (line["Email"] or None, line["Phone"] or None) == (row["email"], row["phone"])
        assert (line["Default Address Country Code"] or None) == row["country"]
    counted = {row["order_id"] for row in shop.orders.to_pylist() if row["status"] == "counted"}
    recognisable = [row for row in shop.orders.to_pylist() if row["email"] or row["phone"]]
    assert sum(int(line["Total Orders"]) for line in customers) == sum(
        row["order_id"] in counted for row in recognisable
    )
    assert all(Decimal(line["Total Spent"]) >= 0 for line in customers)


def test_the_same_seed_writes_the_same_bytes(shop: SimulatedShop, exports: Path, tmp_path: Path) -> None:
    write_shopify(simulate(shop.shape, shop.seed), tmp_path)
    for path in sorted(path for path in exports.rglob("*") if path.is_file()):
        again = (tmp_path / path.relative_to(exports)).read_bytes()
        assert hashlib.sha256(again).digest() == hashlib.sha256(path.read_bytes()).digest(), path.name


def test_a_large_shop_takes_several_files_and_no_order_is_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baskets, "BLOCK", 500)
    monkeypatch.setattr(shopify, "BLOCKS_PER_FILE", 2)
    shop = simulate(ShopShape(customers=800), seed=8)
    seen: list[tuple[int, int]] = []
    larger = write_shopify(simulate(ShopShape(customers=1_600), seed=8), tmp_path)
    paths = write_shopify(shop, tmp_path, lambda done, whole: seen.append((done, whole)))
    assert [path.name for path in paths] == [
        *(f"orders_export_{n}.csv" for n in range(1, len(paths))),
        "customers_export.csv",
    ]
    assert len(paths) > 3
    assert len(larger) > len(paths)
    orders = [{line["Name"] for line in rows_of(path)} for path in paths[:-1]]
    assert sum(map(len, orders)) == len(set.union(*orders)) == shop.bought.size
    assert seen[-1] == (shop.bought.size, shop.bought.size)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*(path.name for path in paths), ".truth"])
