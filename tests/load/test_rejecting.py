"""What is rejected, with every reason, and what goes with it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from load.shop import HEADER, LINES, ORDERS, RATES, Shop
from regulars.load import rejects
from regulars.load.run import FileCount
from regulars.vocabulary.errors import LoadRefused, UsageError

LINE_HEADER = "order_id,line_id,quantity,amount\n"


def test_all_reasons_of_a_line_are_given_not_the_first(shop: Shop) -> None:
    shop.load(
        {
            "orders.csv": (
                "order_id,ordered_at,currency,gross,shipping,status\n1,31/02/2024,XXQ,-3,-1,shipped\n,2024-01-05,GBP,1,,\n",
                ORDERS,
            )
        }
    )
    assert shop.reasons() == {
        2: [
            "currency: 'XXQ' is not a currency code; use three letters, such as EUR",
            "gross is negative; money given back belongs in returns",
            "ordered_at: '31/02/2024' is not a date and time",
            "shipping: '-1' is below 0",
            "status: 'shipped' is not one of counted, cancelled, failed, draft, unpaid",
        ],
        3: ["order_id is missing"],
    }


def test_three_date_styles_in_one_file(shop: Shop) -> None:
    shop.orders("1,2024-01-05,GBP,1,,\n2,05/01/2024,GBP,1,,\n3,5 January 2024,GBP,1,,\n")
    assert set(shop.amounts()) == {"1", "3"}
    assert "two dates" in shop.reasons()[3][0]


def test_a_bad_line_rejects_its_whole_order_in_every_file(shop: Shop) -> None:
    result = shop.load(
        {
            "orders.csv": (HEADER + "1,2024-01-05,GBP,1,,\n2,2024-01-05,GBP,5,,\n", ORDERS),
            "lines.csv": (LINE_HEADER + "1,1,1,1\n2,1,one,2\n2,2,1,3\n", LINES),
        }
    )
    assert result.files == {
        "orders.csv": FileCount(read=2, used=1, rejected=1),
        "lines.csv": FileCount(read=3, used=1, rejected=2),
    }
    assert shop.amounts() == {"1": Decimal(1)}
    assert shop.rows("SELECT file, line, unit, reasons FROM rejects ORDER BY ALL") == [
        ("lines.csv", 3, "2", ["quantity: 'one' is not a whole number (decimals after a point)"]),
        ("lines.csv", 4, "2", ["order '2' has a rejected line: 'lines.csv line 3'"]),
        ("orders.csv", 3, "2", ["order '2' has a rejected line: 'lines.csv line 3'"]),
    ]


def test_a_line_that_cannot_be_told_apart_rejects_the_order_it_seems_to_belong_to(shop: Shop) -> None:
    shop.load(
        {
            "orders.csv": (HEADER + "1,2024-01-05,GBP,1,,\n2,2024-01-05,GBP,5,,\n", ORDERS),
            "lines.csv": (LINE_HEADER + "1,1,1,1\n2,1,1,2\n2,2,1,3,x\n", LINES),
        }
    )
    assert set(shop.amounts()) == {"1"}
    assert shop.rows("SELECT order_id FROM order_lines") == [("1",)]


def test_orders_of_another_account_stay(shop: Shop) -> None:
    other = LINES.__class__(**{**LINES.__dict__, "name": "other"})
    shop.load({"orders.csv": (HEADER + "2,2024-01-05,GBP,5,,\n", ORDERS), "l.csv": (LINE_HEADER + "2,1,x,2\n", other)})
    assert set(shop.amounts()) == {"2"}


def test_the_same_key_twice(shop: Shop) -> None:
    result = shop.orders(
        "1,2024-01-05,GBP,1,,\n1,2024-01-05,GBP,1,,\n"  # alike: one row
        "2,2024-01-05,GBP,1,,2024-02-01\n2,2024-01-05,GBP,2,,2024-02-02\n"  # the newer one
        "3,2024-01-05,GBP,1,,2024-02-01\n3,2024-01-05,GBP,2,,2024-02-01\n"  # no telling
        "4,2024-01-05,GBP,1,,\n4,2024-01-05,GBP,2,,2024-02-01\n"  # no telling either
    )
    assert result.files["orders.csv"] == FileCount(read=8, used=4, rejected=4)
    assert shop.amounts() == {"1": Decimal(1), "2": Decimal(2)}
    assert shop.reasons()[6] == [
        "order_id '3' occurs more than once in orders (lines 6, 7); in a mapping, group_by makes one row of several lines,"
        " and content() gives each line an id"
    ]


def test_the_same_key_in_two_files_takes_the_later_file_unless_the_other_is_newer(shop: Shop) -> None:
    shop.load(
        {
            "a.csv": (HEADER + "1,2024-01-05,GBP,1,,\n2,2024-01-05,GBP,1,,2024-03-01\n", ORDERS),
            "b.csv": (HEADER + "1,2024-01-05,GBP,2,,\n2,2024-01-05,GBP,2,,2024-02-01\n", ORDERS),
        }
    )
    assert shop.amounts() == {"1": Decimal(2), "2": Decimal(1)}


def test_lines_of_an_order_in_two_files_are_one_set_or_the_other(shop: Shop) -> None:
    shop.load({"a.csv": (LINE_HEADER + "1,1,1,1\n1,2,1,1\n", LINES), "b.csv": (LINE_HEADER + "1,3,1,1\n", LINES)})
    assert shop.rows("SELECT line_id FROM order_lines") == [("3",)]


def test_rates_that_stored_orders_need_cannot_be_taken_away(shop: Shop) -> None:
    shop.load({"r.csv": ("day,currency,rate\n2024-01-05,EUR,0.85\n", RATES)})
    shop.orders("1,2024-01-05,EUR,1,,\n")
    with pytest.raises(LoadRefused, match="no exchange rate for 1 orders in EUR"):
        shop.load({"r.csv": ("day,currency,rate\n2024-02-05,EUR,0.85\n", RATES)}, replace=True)
    assert shop.rows("SELECT count(*) FROM exchange_rates") == [(1,)]


def test_strict_refuses_the_whole_load(shop: Shop) -> None:
    with pytest.raises(LoadRefused, match="1 row would be rejected") as caught:
        shop.orders("1,2024-01-05,GBP,1,,\n2,2024-01-05,GBP,x,,\n", strict=True)
    assert "gross" in caught.value.hint
    assert shop.rows("SELECT (SELECT count(*) FROM loads), (SELECT count(*) FROM log.orders)") == [(0, 0)]


def test_rejects_are_exported_fixed_and_loaded_again(shop: Shop, tmp_path: Path) -> None:
    shop.load(
        {
            "orders.csv": (HEADER + "1,2024-01-05,GBP,x,,\n2,2024-01-05,GBP,5,,\n3,2024-01-05,GBP,7,,,x\n", ORDERS),
            "lines.csv": (LINE_HEADER + "2,1,one,5\n", LINES),
        }
    )
    assert shop.amounts() == {}
    written = rejects.export(shop.con, tmp_path / "rejects.csv")
    assert not any(reject.settled for reject in rejects.listed(shop.con))
    assert [path.name for path in written] == ["rejects.csv", "rejects-2.csv"]
    orders, lines = (path.read_text() for path in written)
    assert orders.splitlines()[0] == HEADER.strip() + ",rejected_file,rejected_line,rejected_because"
    fixed = orders.replace("GBP,x", "GBP,1").replace('GBP,7,,",x",', "GBP,7,,,")
    result = shop.load({"rejects.csv": (fixed, ORDERS), "rejects-2.csv": (lines.replace("one", "1"), LINES)})
    assert shop.amounts() == {"1": Decimal(1), "2": Decimal(5), "3": Decimal(7)}
    assert {name: count.rejected for name, count in result.files.items()} == {"rejects.csv": 0, "rejects-2.csv": 0}
    assert len(rejects.listed(shop.con, load_id=1)) == 4
    settled = [(reject.unit, reject.settled) for reject in rejects.listed(shop.con, load_id=1)]
    assert sorted(settled, key=str) == [("1", True), ("2", True), ("2", True), (None, False)]


def test_an_export_overwrites_no_file(shop: Shop, tmp_path: Path) -> None:
    shop.load({"o.csv": (HEADER + "1,2024-01-05,GBP,x,,\n", ORDERS), "lines.csv": (LINE_HEADER + "2,1,one,5\n", LINES)})
    (tmp_path / "rejects-2.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"rejects-2\.csv exists already"):
        rejects.export(shop.con, tmp_path / "rejects.csv")
    assert (tmp_path / "rejects-2.csv").read_text() == "mine"
    assert not (tmp_path / "rejects.csv").exists()


def test_a_value_that_all_lines_share_is_shown(shop: Shop) -> None:
    shop.orders("1,2024-01-05,XXQ,1,,\n2,2024-01-05,XXQ,y1,,\n3,2024-01-05,GBP,y2,,\n")
    assert [(reason, count) for reason, count, _ in rejects.summary(shop.con)] == [
        ("currency: 'XXQ' is not a currency code; use three letters, such as EUR", 2),
        ("gross: '…' is not an amount (decimals after a point)", 2),
    ]


def test_rejects_are_listed_in_pages_and_counted_by_reason(shop: Shop) -> None:
    shop.orders("".join(f"{n},2024-01-05,GBP,x{n},,\n" for n in range(2, 12)))
    assert [reject.line for reject in rejects.listed(shop.con, limit=3, offset=2)] == [4, 5, 6]
    assert rejects.listed(shop.con, file="other.csv") == []
    assert rejects.listed(shop.con, limit=1)[0].fields["gross"] == "x2"
    assert rejects.summary(shop.con) == [
        ("gross: '…' is not an amount (decimals after a point)", 10, "orders.csv line 2")
    ]
    with pytest.raises(UsageError, match="Load 7 rejected nothing"):
        rejects.export(shop.con, Path("unused.csv"), load_id=7)
