"""Shopify's Id tells which order a row is: two shops' #1001 are two, a renamed order stays one, files without Id join in."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from load.shop import HEADER, ORDERS, Shop, own
from properties import few
from regulars.load import rejects
from regulars.load.run import LoadResult
from regulars.sources.shops.shopify_orders import shopify_orders
from regulars.warehouse.log import undo
from sources.test_shopify import ORDER, export
from sources.test_shopify import line as further


def order(name: str, number: str, price: str = "10.00", **more: str) -> dict[str, str]:
    amounts = {"Subtotal": price, "Total": price, "Shipping": "0.00", "Taxes": "0.00", "Lineitem price": price}
    return ORDER | {"Name": name, "Currency": "GBP", **amounts, "Id": number, **more}


def load(shop: Shop, *files: tuple[dict[str, str], ...], **options: bool) -> LoadResult:
    named = {f"{number}.csv": (export(*rows), shopify_orders) for number, rows in enumerate(files)}
    return shop.load(named, **options)  # type: ignore[arg-type]


def orders(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows("SELECT order_id, source_order_id, gross::INT FROM orders ORDER BY ALL")


SHOP1 = (order("#1001", "501"), order("#1002", "502"))
SHOP2 = (order("#1001", "901", "90.00", Email="z@example.com", **{"Refunded Amount": "5.00"}), further("Tea", "9.00"))
SHOP2 = (SHOP2[0] | {"Subtotal": "99.00", "Total": "99.00"}, SHOP2[1])
KEPT = "1 order has the order_id of another order of shopify and another source_order_id (#1001); both are stored."
THREE = [("#1001", "501", 10), ("#1001 (901)", "901", 99), ("#1002", "502", 10)]


def test_two_shops_with_one_number_are_two_orders_with_their_lines_and_refunds(shop: Shop) -> None:
    assert load(shop, SHOP1).warnings == []
    assert [warning[: len(KEPT)] for warning in load(shop, SHOP2).warnings] == [KEPT]
    assert orders(shop) == THREE
    lines = shop.rows("SELECT order_id, line_id, amount::INT FROM order_lines ORDER BY ALL")
    assert lines == [("#1001", "1", 10), ("#1001 (901)", "1", 90), ("#1001 (901)", "2", 9), ("#1002", "1", 10)]
    assert shop.rows("SELECT return_id, order_id FROM returns") == [("#1001 (901)/refund/5.0000", "#1001 (901)")]


def test_loading_either_again_changes_and_says_nothing(shop: Shop) -> None:
    load(shop, SHOP1)
    load(shop, SHOP2)
    for rows in (SHOP2, SHOP1):
        result = load(shop, rows, again=True)
        assert (result.warnings, {count.inserted + count.updated for count in result.tables.values()}) == ([], {0})
    assert orders(shop) == THREE


def test_both_in_one_load_are_apart_too(shop: Shop) -> None:
    assert [warning[: len(KEPT)] for warning in load(shop, SHOP1, SHOP2).warnings] == [KEPT]
    assert orders(shop) == THREE


def test_a_renamed_order_stays_one_under_its_first_number(shop: Shop) -> None:
    load(shop, (order("#1001", "501"),))
    renamed = (order("#1001-EX", "501", "12.00"), further("Tea", "3.00") | {"Name": "#1001-EX"})
    assert load(shop, (renamed[0] | {"Subtotal": "15.00", "Total": "15.00"}, renamed[1])).warnings == []
    assert orders(shop) == [("#1001", "501", 15)]
    assert shop.rows("SELECT order_id, sum(amount)::INT FROM order_lines GROUP BY ALL") == [("#1001", 15)]


def test_files_with_and_without_the_column_do_not_double_orders(shop: Shop) -> None:
    without = tuple({name: value for name, value in row.items() if name != "Id"} for row in SHOP1)
    for files in ((without, SHOP1, without), (SHOP1, without, SHOP1)):
        for rows in files:
            load(shop, rows, again=True)
            assert [name for name, *_ in orders(shop)] == ["#1001", "#1002"]
    load(shop, SHOP1, without, replace=True)
    assert [name for name, *_ in orders(shop)] == ["#1001", "#1002"]


def settled(shop: Shop) -> list[tuple[str | None, bool]]:
    return [(reject.unit, reject.settled) for reject in rejects.listed(shop.con)]


def test_a_reject_is_settled_by_its_own_order_not_by_one_of_that_number_in_another_shop(shop: Shop) -> None:
    wrong = (order("#1001", "901", "x"), further("Tea", "9.00"))
    load(shop, wrong)
    assert settled(shop) == [("#1001", False), ("#1001", False)]
    load(shop, SHOP1)
    assert settled(shop) == [("#1001", False), ("#1001", False)]
    load(shop, (order("#1001", "901", "90.00"),))
    assert orders(shop)[1] == ("#1001 (901)", "901", 90)
    assert settled(shop) == [("#1001", True), ("#1001", True)]


def test_a_reject_is_settled_by_its_order_under_another_number(shop: Shop) -> None:
    load(shop, (order("#1001", "501", "x"),))
    load(shop, (order("#1001-EX", "501"),))
    assert settled(shop) == [("#1001", True)]


def test_where_only_one_has_an_id_the_number_settles(shop: Shop) -> None:
    without = {name: value for name, value in order("#1001", "").items() if name != "Id"}
    load(shop, (order("#1001", "501", "x"),), (order("#1002", "502"),))
    load(shop, (without,))
    assert settled(shop) == [("#1001", True)]


def test_two_accounts_of_one_number_are_told_apart(shop: Shop) -> None:
    """The source's full name holds the account: an order of another account settles nothing."""
    shop.load({"a.csv": (HEADER + "1,2024-01-05,GBP,x,,\n", ORDERS)})
    shop.load({"b.csv": (HEADER + "1,2024-01-05,GBP,5,,\n", own("orders", name="own:uk"))})
    assert settled(shop) == [("1", False)]
    shop.load({"c.csv": (HEADER + "1,2024-01-05,GBP,5,,\n", ORDERS)})
    assert settled(shop) == [("1", True)]


NAMES = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3), min_size=1).filter(
    lambda names: len(set(names.values())) == len(names)
)
"""A file: the names of orders a to d, each name once."""
STEP = st.one_of(
    st.tuples(st.just("load"), st.lists(NAMES, min_size=1, max_size=2)), st.tuples(st.just("undo"), st.integers(1, 8))
)


@settings(max_examples=few(4), deadline=None)
@given(st.lists(STEP, min_size=1, max_size=7))
def test_there_are_as_many_orders_as_ids_whatever_they_are_called(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        loads: dict[int, dict[str, int]] = {}
        for price, (what, value) in enumerate(steps, 1):
            if what == "undo":
                if value in loads:
                    undo(shop.con, value)  # type: ignore[arg-type]
                    del loads[value]  # type: ignore[arg-type]
            else:
                files = [tuple(order(f"#{n}", number, f"{price}.00") for number, n in names.items()) for names in value]  # type: ignore[attr-defined]
                loads[load(shop, *files, again=True).load_id] = {number: price for names in value for number in names}  # type: ignore[attr-defined]
            expected: dict[str, int] = {}
            for number in sorted(loads):
                expected |= loads[number]
            found = shop.rows("SELECT source_order_id, gross FROM orders ORDER BY 1")
            assert found == sorted((number, Decimal(price)) for number, price in expected.items())
            lines = shop.rows(
                "SELECT count(*) FROM order_lines JOIN orders USING (source, order_id) WHERE amount = gross"
            )
            assert lines == [(len(expected),)]
