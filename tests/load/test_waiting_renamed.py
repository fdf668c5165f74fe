"""Orders that share a number and wait: lines, rows and refunds follow the order that Shopify's Id says, rates early or late."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from load.shop import RATES, Shop
from regulars.cli import run
from regulars.load.run import FileCount
from regulars.sources.shops.shopify_orders import shopify_orders
from regulars.vocabulary.shop import Settings
from regulars.warehouse.load_history import loads, waiting
from sources.test_shopify import ORDER, export
from sources.test_shopify import line as further

RATE = {"rates.csv": ("day,currency,rate\n2025-10-07,USD,0.8\n", RATES)}
EUR = Settings(name="test", currency="EUR", timezone="Europe/Berlin")


def order(number: str, currency: str, price: str, **more: str) -> dict[str, str]:
    amounts = {"Subtotal": price, "Total": price, "Shipping": "0.00", "Taxes": "0.00", "Lineitem price": price}
    return ORDER | {"Currency": currency, **amounts, "Id": number, **more}


def two_lines(number: str, currency: str) -> tuple[dict[str, str], ...]:
    """An order of 90 and 9, of which 5 was given back."""
    whole = order(number, currency, "99.00", **{"Refunded Amount": "5.00", "Lineitem price": "90.00"})
    return whole, further("Tea", "9.00")


FIRST = {"USD": order("501", "USD", "10.00"), "EUR": order("501", "EUR", "10.00")}


@pytest.mark.parametrize("together", [True, False], ids=["one load", "two loads"])
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("USD", "USD", (FileCount(1, waiting=1), FileCount(2, waiting=2))),
        ("EUR", "USD", (FileCount(1, used=1), FileCount(2, waiting=2))),
        ("USD", "EUR", (FileCount(1, waiting=1), FileCount(2, used=2))),
    ],
)
def test_each_of_two_orders_with_one_number_waits_for_itself(
    shop: Shop, together: bool, first: str, second: str, expected: tuple[FileCount, FileCount]
) -> None:
    files = {
        "a.csv": (export(FIRST[first]), shopify_orders),
        "b.csv": (export(*two_lines("901", second)), shopify_orders),
    }
    steps = [files] if together else [{name: file} for name, file in files.items()]
    counts: dict[str, FileCount] = {}
    for step in steps:
        counts |= shop.load(step, settings=EUR).files
    assert (counts["a.csv"], counts["b.csv"]) == expected
    waits = {
        (file, name, line)
        for file, name, line, currency in (("a.csv", "#1001", 2, first), ("b.csv", "#1001 (901)", 2, second))
        if currency == "USD"
    }
    assert {(one.file, one.order_id, one.line) for one in waiting(shop.con)} == waits
    later = shop.load(RATE, settings=EUR)
    assert later.released == sum(count.waiting for count in expected)
    assert shop.rows("SELECT order_id, gross::INT FROM orders ORDER BY ALL") == [("#1001", 10), ("#1001 (901)", 99)]
    assert shop.rows("SELECT order_id, sum(amount)::INT FROM order_lines GROUP BY ALL ORDER BY ALL") == [
        ("#1001", 10), ("#1001 (901)", 99),
    ]  # fmt: skip
    assert shop.rows("SELECT return_id, order_id FROM returns") == [("#1001 (901)/refund/5.0000", "#1001 (901)")]
    assert waiting(shop.con) == []
    assert all((load.used, load.waiting) == (load.read, 0) for load in loads(shop.con))


def test_a_renamed_order_waits_under_its_first_number(shop: Shop) -> None:
    shop.load({"a.csv": (export(FIRST["USD"]), shopify_orders)}, settings=EUR)
    renamed = (order("501", "USD", "12.00", Name="#1001-EX"),)
    counts = shop.load({"b.csv": (export(*renamed), shopify_orders)}, settings=EUR).files
    assert counts == {"b.csv": FileCount(1, waiting=1)}
    assert shop.load(RATE, settings=EUR).released == 2
    assert shop.rows("SELECT order_id, gross::INT FROM orders") == [("#1001", 12)]


GROWING = ("5.00", "25.00", "40.00")


@pytest.mark.parametrize("rates_at", [0, 1, 2, 3])
def test_refunds_that_grow_while_the_order_waits_are_as_with_rates_at_once(shop: Shop, rates_at: int) -> None:
    for month, refunded in enumerate(GROWING):
        if month == rates_at:
            shop.load(RATE, settings=EUR)
        latest = ORDER | {"Name": "#2000", "Id": "777", "Created at": f"2025-1{month}-20 12:00:00 +0000"}
        rows = (order("901", "USD", "99.00", **{"Refunded Amount": refunded}), latest)
        first = () if month else (FIRST["EUR"],)
        files = {f"{month}.csv": (export(*rows), shopify_orders)}
        if first:
            shop.load({"a.csv": (export(*first), shopify_orders)}, settings=EUR)
        shop.load(files, settings=EUR)
    if rates_at == 3:
        shop.load(RATE, settings=EUR)
    assert shop.rows("SELECT order_id, month(returned_at), amount::INT FROM returns ORDER BY ALL") == [
        ("#1001 (901)", 10, 5), ("#1001 (901)", 11, 20), ("#1001 (901)", 12, 15),
    ]  # fmt: skip


def test_net_revenue_in_the_shops_currency_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """10.00 USD and 99.00 - 5.00 USD at 0.8 EUR: 8.00 + 75.20 = 83.20 EUR."""
    shop = tmp_path / "shop"
    assert run(["init", str(shop), "--currency", "EUR", "--timezone", "Europe/Berlin"]) == 0
    (tmp_path / "a.csv").write_text(export(FIRST["USD"]))
    (tmp_path / "b.csv").write_text(export(*two_lines("901", "USD")))
    (tmp_path / "rates.csv").write_text("day,currency,rate\n2025-10-07,USD,0.8\n")
    for name in ("a.csv", "b.csv", "rates.csv"):
        assert run(["load", str(tmp_path / name), "--shop", str(shop)]) == 0
    values = {}
    for metric in ("orders", "net_revenue"):
        capsys.readouterr()
        assert run(["metric", metric, "--grain", "all", "--format", "json", "--shop", str(shop)]) == 0
        values[metric] = json.loads(capsys.readouterr().out)[0]["value"]
    assert values == {"orders": 2, "net_revenue": 83.20}
