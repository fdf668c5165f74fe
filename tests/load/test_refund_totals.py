"""Shopify shows what was refunded of an order so far: each load dates what is new by the file that shows it."""

from __future__ import annotations

import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from load.shop import Shop
from properties import few
from regulars.load.run import LoadResult
from regulars.sources.shops.shopify_orders import shopify_orders
from regulars.warehouse.log import undo
from sources.test_shopify import ORDER, export

JANUARY, FEBRUARY, MARCH = (f"2024-0{month} 10:00:00 +0000" for month in ("1-10", "2-20", "3-20"))


def order(name: str, created: str, refunded: str) -> dict[str, str]:
    return ORDER | {
        "Name": name, "Email": f"{name[1:]}@example.com", "Currency": "GBP", "Created at": created, "Subtotal": "60.00",
        "Total": "60.00", "Shipping": "0.00", "Taxes": "0.00", "Lineitem price": "60.00", "Refunded Amount": refunded,
    }  # fmt: skip


JAN = (order("#1", JANUARY, "0.00"),)
FEB = (order("#1", JANUARY, "20.00"), order("#2", FEBRUARY, "0.00"))
MAR = (order("#1", JANUARY, "40.00"), order("#2", FEBRUARY, "0.00"), order("#3", MARCH, "0.00"))


def load(shop: Shop, *files: tuple[dict[str, str], ...], now: datetime | None = None, **options: bool) -> LoadResult:
    named = {f"{number}.csv": (export(*rows), shopify_orders) for number, rows in enumerate(files)}
    return shop.load(named, now=now, **options)  # type: ignore[arg-type]


def refunds(shop: Shop) -> list[tuple[object, ...]]:
    """Month and amount of what was given back."""
    return shop.rows("SELECT month(returned_at), amount::INT FROM returns WHERE amount > 0 ORDER BY ALL")


def test_each_load_dates_what_is_new_by_its_latest_time(shop: Shop) -> None:
    assert load(shop, JAN).warnings == []
    assert load(shop, FEB).warnings == [
        "0.csv: 1 order had more refunded than was known before. The file does not say when, so the difference is dated"
        " 2024-02-20, the latest time in it."
    ]
    assert refunds(shop) == [(2, 20)]
    load(shop, MAR)
    assert refunds(shop) == [(2, 20), (3, 20)]


def test_no_difference_is_dated_after_the_load(shop: Shop) -> None:
    """The clock of the shop is an hour ahead of the machine's."""
    load(shop, JAN)
    load(shop, FEB, now=datetime(2024, 2, 20, 9))
    assert shop.rows("SELECT returned_at, amount::INT FROM returns WHERE amount > 0") == [
        (datetime(2024, 2, 20, 9), 20)
    ]


def test_three_exports_in_one_load_are_as_three_loads(shop: Shop) -> None:
    assert sum("had more refunded" in warning for warning in load(shop, JAN, FEB, MAR).warnings) == 2
    assert refunds(shop) == [(2, 20), (3, 20)]


def test_the_last_export_alone_gives_the_total_once_as_the_order_dates_it(shop: Shop) -> None:
    assert load(shop, MAR).warnings == []
    assert refunds(shop) == [(1, 40)]


def test_a_total_that_did_not_grow_keeps_its_dates(shop: Shop) -> None:
    for file in (JAN, FEB, MAR):
        load(shop, file)
    later = (*MAR, order("#4", "2024-04-05 10:00:00 +0000", "0.00"))
    assert load(shop, later).warnings == []
    assert load(shop, MAR, again=True).warnings == []
    load(shop, later, replace=True)
    assert refunds(shop) == [(2, 20), (3, 20)]


def test_undoing_a_load_leaves_what_the_others_show(shop: Shop) -> None:
    for file in (JAN, FEB, MAR):
        load(shop, file)
    undo(shop.con, 2)
    assert refunds(shop) == [(2, 20), (3, 20)]
    undo(shop.con, 3)
    assert refunds(shop) == []
    load(shop, MAR)
    assert refunds(shop) == [(3, 40)]


def test_an_older_export_loaded_later_counts_as_the_later_load(shop: Shop) -> None:
    for file in (JAN, FEB, MAR, FEB):
        load(shop, file, again=True)
    assert refunds(shop) == [(2, 20)]
    load(shop, JAN, again=True)
    assert refunds(shop) == []
    load(shop, MAR, again=True)
    assert refunds(shop) == [(2, 20), (3, 20)]


def test_a_file_without_the_column_changes_no_refund(shop: Shop) -> None:
    load(shop, FEB)
    without = [{name: value for name, value in row.items() if name != "Refunded Amount"} for row in MAR]
    load(shop, tuple(without))
    assert refunds(shop) == [(1, 20)]


FILE = st.dictionaries(st.integers(1, 3), st.integers(0, 3).map(lambda tens: 10 * tens), min_size=1)
"""Orders and what was refunded of each so far."""
STEP = st.one_of(
    st.tuples(st.just("load"), st.lists(FILE, min_size=1, max_size=2)),
    st.tuples(st.just("replace"), st.lists(FILE, min_size=1, max_size=2)),
    st.tuples(st.just("undo"), st.integers(1, 8)),
)


@settings(max_examples=few(5), deadline=None)
@given(st.lists(STEP, min_size=1, max_size=7))
def test_an_orders_refunds_add_up_to_the_latest_total(steps: list[tuple[str, object]]) -> None:
    """Worked out with dictionaries: the last load that is not undone and shows the order, none before a replacing one."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        loads: dict[int, tuple[bool, dict[int, int]]] = {}
        dates: dict[tuple[object, ...], object] = {}
        for day, (what, value) in enumerate(steps, 1):
            if what == "undo":
                if value in loads:
                    undo(shop.con, value)  # type: ignore[arg-type]
                    del loads[value]  # type: ignore[arg-type]
            else:
                files = [
                    tuple(
                        order(f"#{n}", f"2024-01-{day:02} 10:00:00 +0000", f"{total}.00") for n, total in file.items()
                    )
                    for file in value  # type: ignore[attr-defined]
                ]
                number = load(shop, *files, again=True, replace=what == "replace").load_id
                merged = {n: total for file in value for n, total in file.items()}  # type: ignore[attr-defined]
                loads[number] = (what == "replace", merged)
            since = max((number for number, (replaced, _) in loads.items() if replaced), default=0)
            expected: dict[str, int] = {}
            for number in sorted(loads):
                if number >= since:
                    expected |= {f"#{n}": total for n, total in loads[number][1].items()}
            found = dict(shop.rows("SELECT order_id, sum(amount) FROM returns GROUP BY ALL HAVING sum(amount) > 0"))
            assert found == {n: Decimal(total) for n, total in expected.items() if total}
            assert shop.rows("SELECT count(*) FROM returns WHERE amount < 0") == [(0,)]
            if what != "undo":
                for *part, at in shop.rows("SELECT order_id, return_id, returned_at FROM returns"):
                    assert dates.setdefault(tuple(part), at) == at, "what was known stays where it was"
            else:
                dates = {
                    tuple(part): at
                    for *part, at in shop.rows("SELECT order_id, return_id, returned_at FROM log.returns")
                }
