"""What was sold by product, as a shop asks for it on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.cli import run

ORDERS = """\
order_id,customer_id,ordered_at,currency,gross,shipping
1,ana,2024-01-03 10:00,GBP,30.00,1.00
2,ben,2024-01-05 10:00,GBP,20.00,0
3,cem,2024-02-29 10:00,GBP,9.00,0
"""
LINES = """\
order_id,line_id,product_name,category,quantity,amount
1,1,Hat,Clothes,1,10.00
1,2,Mug,Kitchen,1,20.00
2,1,Hat,Clothes,2,20.00
"""
OVERLAP = "orders: values overlap; they do not add up"


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("products")
    (folder / "orders.csv").write_text(ORDERS)
    (folder / "order_lines.csv").write_text(LINES)
    shop = folder / "shop"
    assert run(["init", str(shop), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(folder / "orders.csv"), str(folder / "order_lines.csv"), "--shop", str(shop)]) == 0
    return shop


def test_net_revenue_by_product_adds_up_and_orders_say_that_they_do_not(command, shop):
    net = command("metric", "net_revenue", "--split", "product", "--period", "2024-01", "--shop", shop)
    assert [line.split()[1:3] for line in net.out.splitlines()[2:]] == [["Hat", "30.33"], ["Mug", "20.67"]]
    orders = command("metric", "orders", "--split", "product", "--period", "2024-01", "--shop", shop)
    assert [line.split()[1:3] for line in orders.out.splitlines()[2:4]] == [["Hat", "2"], ["Mug", "1"]]
    assert orders.out.splitlines()[-1] == OVERLAP
    for asked in ((), ("--split", "country")):
        assert OVERLAP not in command("metric", "orders", *asked, "--shop", shop).out


def test_all_metrics_split_by_category_have_it(command, shop):
    found = command("metrics", "--split", "category", "--period", "2024-01", "--shop", shop, "--format", "csv").out
    rows = [line.split(",") for line in found.splitlines()[1:]]
    values = {(row[0], place): row for row in rows for place in row if place in ("Clothes", "Kitchen")}
    assert "30.33" in values["net_revenue", "Clothes"]
    assert {name for name, _ in values} >= {"orders", "net_revenue", "units"}


def test_rows_are_the_customers_who_bought_the_product(command, shop):
    found = command("drill-down", "net_revenue", "--where", "product=Mug", "--period", "2024-01", "--shop", shop)
    assert "ana" in found.out
    assert "20.67" in found.out
    assert "ben" not in found.out


def test_explain_says_how_it_is_found(command, shop):
    said = command("explain", "net_revenue", "--shop", shop).out
    assert "By product or category it adds up to the whole" in said
    assert "product, category" in said
    assert "SQL 2 of 2" in said


def test_a_shop_without_lines_is_told_what_is_missing(command, first_shop):
    refused = command("metric", "net_revenue", "--split", "product", "--shop", first_shop)
    assert refused.code != 0
    assert "order_lines" in refused.err


def test_what_orders_know_is_not_known_together_with_products(command, shop):
    refused = command("metric", "net_revenue", "--split", "product", "--where", "coupon=X", "--shop", shop)
    assert refused.code == 2
    assert "cannot be filtered by 'coupon' together with what lines alone know, such as product" in refused.err
    assert command("metric", "net_revenue", "--where", "coupon=X", "--shop", shop).code == 0


def test_lines_without_their_orders_ask_for_the_orders(command, tmp_path):
    (tmp_path / "order_lines.csv").write_text(LINES)
    assert command("init", tmp_path / "shop", "--currency", "GBP", "--timezone", "Europe/London").code == 0
    assert command("load", tmp_path / "order_lines.csv", "--shop", tmp_path / "shop").code == 0
    refused = command("metric", "units", "--shop", tmp_path / "shop")
    assert "regulars tables order_lines; regulars tables orders" in refused.err
