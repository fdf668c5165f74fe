"""Orders that lack an exchange rate wait with all their rows, and are used when a later load brings the rate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load.shop import HEADER, LINES, ORDERS, RATES, Shop, own
from properties import few
from regulars.load.run import FileCount
from regulars.warehouse import log
from regulars.warehouse.load_history import loads, not_used, waiting

LINE_HEADER = "order_id,line_id,quantity,amount\n"
RATE_HEADER = "day,currency,rate\n"
FOREIGN = "1,2024-01-05,GBP,1,,\n2,2024-01-05,EUR,2,,\n3,2024-01-06,EUR,3,,\n"


def test_foreign_orders_wait_for_a_rate_of_their_day_or_the_week_before(shop: Shop) -> None:
    rates = RATE_HEADER + "2024-01-05,EUR,0.85\n2024-01-06,USD,0\n"
    orders = "1,2024-01-12,EUR,1,,\n2,2024-01-13,EUR,1,,\n3,2024-01-04,EUR,1,,\n4,2024-01-06,USD,1,,\n"
    result = shop.load({"orders.csv": (HEADER + orders, ORDERS), "rates.csv": (rates, RATES)})
    assert set(shop.amounts()) == {"1"}
    assert result.files["orders.csv"] == FileCount(read=4, used=1, waiting=3)
    assert [(one.line, one.reason) for one in waiting(shop.con, file="orders.csv")] == [
        (line, f"no exchange rate for {code} on {day} or the 7 days before")
        for line, code, day in ((3, "EUR", "2024-01-13"), (4, "EUR", "2024-01-04"), (5, "USD", "2024-01-06"))
    ]


def test_an_order_waits_with_its_lines_in_every_file_and_returns_with_them(shop: Shop) -> None:
    result = shop.load(
        {
            "orders.csv": (HEADER + FOREIGN, ORDERS),
            "lines.csv": (LINE_HEADER + "1,1,1,1\n2,1,1,1\n2,2,1,1\n3,1,1,3\n", LINES),
            "returns.csv": (
                "return_id,order_id,returned_at,amount\nr2,2,2024-01-09,1\nr0,,2024-01-09,1\n",
                own("returns"),
            ),
        }
    )
    assert result.files == {
        "orders.csv": FileCount(read=3, used=1, waiting=2),
        "lines.csv": FileCount(read=4, used=1, waiting=3),
        "returns.csv": FileCount(read=2, used=1, waiting=1),
    }
    assert shop.rows("SELECT count(*) FROM order_lines") == [(1,)]
    assert not_used(shop.con) == (0, 6)
    later = shop.load({"rates.csv": (RATE_HEADER + "2024-01-05,EUR,0.9\n", RATES)})
    assert (later.released, later.warnings) == (6, ["6 rows that waited for exchange rates are used now."])
    assert shop.amounts() == {"1": 1, "2": 2, "3": 3}
    assert shop.rows("SELECT order_id, line_id FROM order_lines ORDER BY ALL") == [
        ("1", "1"), ("2", "1"), ("2", "2"), ("3", "1"),
    ]  # fmt: skip
    assert shop.rows("SELECT return_id FROM returns ORDER BY ALL") == [("r0",), ("r2",)]
    assert [(load.read, load.used, load.waiting) for load in loads(shop.con)] == [(9, 9, 0), (1, 1, 0)]
    assert shop.rows('SELECT "table", inserted FROM load_tables WHERE load_id = 1 ORDER BY ALL') == [
        ("order_lines", 4), ("orders", 3), ("returns", 2),
    ]  # fmt: skip
    assert (waiting(shop.con), not_used(shop.con)) == ([], (0, 0))


def test_only_what_lacks_nothing_any_more_is_used(shop: Shop) -> None:
    shop.orders("1,2024-01-05,EUR,1,,\n2,2024-01-05,USD,2,,\n")
    assert shop.load({"rates.csv": (RATE_HEADER + "2024-01-05,USD,0.9\n", RATES)}).released == 1
    assert set(shop.amounts()) == {"2"}
    assert shop.orders("3,2024-01-05,GBP,1,,\n", name="others.csv").released == 0
    assert [one.order_id for one in waiting(shop.con)] == ["1"]


def test_undoing_the_load_takes_what_waited_away(shop: Shop) -> None:
    shop.orders(FOREIGN)
    log.undo(shop.con, 1)
    assert waiting(shop.con) == []
    assert shop.load({"rates.csv": (RATE_HEADER + "2024-01-05,EUR,0.9\n", RATES)}).released == 0
    assert shop.amounts() == {}


def test_a_row_that_waits_replaces_an_older_one_only_once_it_is_complete(shop: Shop) -> None:
    shop.orders("1,2024-01-05,GBP,1,,\n")
    shop.orders("1,2024-01-05,EUR,2,,\n", name="later.csv")
    assert shop.amounts() == {"1": Decimal(1)}
    shop.load({"rates.csv": (RATE_HEADER + "2024-01-05,EUR,0.9\n", RATES)})
    assert shop.amounts() == {"1": Decimal(2)}
    log.undo(shop.con, 2)
    assert shop.amounts() == {"1": Decimal(1)}


def test_a_newer_row_stays_when_an_older_one_stops_waiting(shop: Shop) -> None:
    shop.orders("1,2024-01-05,EUR,1,,\n")
    shop.orders("1,2024-01-05,GBP,2,,\n", name="later.csv")
    shop.load({"rates.csv": (RATE_HEADER + "2024-01-05,EUR,0.9\n", RATES)})
    assert shop.amounts() == {"1": Decimal(2)}


def test_the_same_file_again_after_its_rates_changes_nothing(shop: Shop) -> None:
    shop.orders(FOREIGN)
    assert "2 rows of it still wait" in " ".join(shop.orders(FOREIGN).warnings)
    shop.load({"rates.csv": (RATE_HEADER + "2024-01-05,EUR,0.9\n", RATES)})
    again = shop.orders(FOREIGN, again=True)
    assert (again.files["orders.csv"], again.tables["orders"].unchanged) == (FileCount(read=3, used=3), 3)
    assert "wait" not in " ".join(again.warnings)


def test_an_order_with_a_rejected_line_is_rejected_and_does_not_wait(shop: Shop) -> None:
    result = shop.load(
        {"orders.csv": (HEADER + FOREIGN, ORDERS), "lines.csv": (LINE_HEADER + "2,1,one,1\n3,1,1,3\n", LINES)}
    )
    assert result.files == {
        "orders.csv": FileCount(read=3, used=1, waiting=1, rejected=1),
        "lines.csv": FileCount(read=2, waiting=1, rejected=1),
    }


def test_a_file_of_which_all_rows_wait_is_not_refused(shop: Shop) -> None:
    rows = "".join(f"{n},2024-01-05,EUR,1,,\n" for n in range(30))
    result = shop.orders(rows, accept_rejects=False)
    assert result.files["orders.csv"] == FileCount(read=30, waiting=30)


order = st.tuples(st.integers(1, 6), st.sampled_from(["GBP", "EUR", "USD"]), st.integers(1, 9))


@pytest.mark.parametrize("rates_first", [True, False])
@settings(max_examples=few(5))
@given(st.lists(st.lists(order, min_size=1, max_size=5, unique_by=lambda row: row[0]), min_size=1, max_size=4))
def test_when_the_rates_come_makes_no_difference(
    tmp_path_factory: pytest.TempPathFactory, rates_first: bool, batches: list[list[tuple[int, str, int]]]
) -> None:
    """Plain Python says which version of each order counts: the last one that was loaded."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    rates = {"rates.csv": (RATE_HEADER + "2024-01-05,EUR,0.9\n2024-01-05,USD,0.8\n", RATES)}
    if rates_first:
        shop.load(rates)
    for number, batch in enumerate(batches):
        text = "".join(f"{order},2024-01-05,{currency},{gross},,\n" for order, currency, gross in batch)
        shop.orders(text, name=f"{number}.csv", again=True)
    if not rates_first:
        shop.load(rates)
    assert shop.amounts() == {str(order): gross for batch in batches for order, _, gross in batch}
    files = shop.rows("SELECT read, used, waiting, rejected, skipped FROM load_files")
    assert all(read == used and (wait, rejected, skipped) == (0, 0, 0) for read, used, wait, rejected, skipped in files)
    assert shop.rows("SELECT count(*) FROM main.waiting") == [(0,)]
