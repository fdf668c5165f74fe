"""Which files a load refuses, and what it says when rows of one file replace those of another."""

from __future__ import annotations

from decimal import Decimal

import pytest

from load.shop import HEADER, LINES, ORDERS, Shop
from regulars.load.run import FileCount
from regulars.vocabulary.errors import LoadRefused

LINE_HEADER = "order_id,line_id,quantity,amount\n"


def orders(good: int, bad: int, start: int = 0) -> str:
    numbered = [(n, "5" if n < good else "x") for n in range(good + bad)]
    return HEADER + "".join(f"{start + n},2024-01-05,GBP,{gross},,\n" for n, gross in numbered)


@pytest.mark.parametrize(
    ("good", "bad", "refused"),
    [
        (0, 1, True),
        (1, 20, False),  # 20 rejected rows are allowed, whatever their share
        (1, 21, True),
        (399, 21, False),  # 5 % exactly
        (398, 21, True),
        (380, 20, False),
    ],
)
def test_more_than_20_rejected_rows_and_more_than_5_percent_refuse_a_file(
    shop: Shop, good: int, bad: int, refused: bool
) -> None:
    files = {"orders.csv": (orders(good, bad), ORDERS)}
    if refused:
        with pytest.raises(
            LoadRefused, match=rf"orders\.csv: {bad} of {good + bad} rows would be rejected: gross: '.*' is"
        ) as e:
            shop.load(files, accept_rejects=False)
        assert f"({bad}, such as orders.csv line {good + 2})" in str(e.value)
        assert shop.rows("SELECT (SELECT count(*) FROM loads), (SELECT count(*) FROM log.orders)") == [(0, 0)]
    result = shop.load(files, accept_rejects=refused)
    assert result.files["orders.csv"] == FileCount(read=good + bad, used=good, rejected=bad)
    assert len(shop.amounts()) == good


def test_a_file_that_the_mapping_leaves_out_whole_is_refused(shop: Shop) -> None:
    mapping = ORDERS.mappings[0]
    none = ORDERS.__class__(
        **{**ORDERS.__dict__, "mappings": (mapping.__class__(mapping.table, mapping.columns, "gross < 0"),)}
    )
    with pytest.raises(LoadRefused, match="none of its 2 rows is used"):
        shop.load({"orders.csv": (orders(2, 0), none)}, accept_rejects=False)


@pytest.mark.parametrize("rows", ["", ",,,,,\n"])
def test_a_file_without_rows_is_not_refused(shop: Shop, rows: str) -> None:
    result = shop.load(
        {"none.csv": (HEADER + rows, ORDERS), "orders.csv": (orders(2, 0), ORDERS)}, accept_rejects=False
    )
    assert result.files["none.csv"].used == 0 and len(shop.amounts()) == 2


def test_without_the_refused_files_the_others_load_as_if_alone(shop: Shop) -> None:
    """Order 1 has its lines in the refused file."""
    files = {
        "lines.csv": (LINE_HEADER + "1,1,1,7\n" + "".join(f"{n},1,one,1\n" for n in range(100, 121)), LINES),
        "orders.csv": (orders(3, 1), ORDERS),
    }
    with pytest.raises(LoadRefused, match="1 file is refused"):
        shop.load(files, accept_rejects=False)
    result = shop.load(files, accept_rejects=False, skip_refused=True)
    assert result.files == {"orders.csv": FileCount(read=4, used=3, rejected=1)}
    assert list(result.refused) == ["lines.csv"] and any("lines.csv" in warning for warning in result.warnings)
    assert shop.rows("SELECT count(*) FROM order_lines") == [(0,)]
    assert shop.rows("SELECT name, used FROM load_files") == [("orders.csv", 3)]
    with pytest.raises(LoadRefused, match="refused"):
        shop.load({"lines.csv": files["lines.csv"]}, accept_rejects=False, skip_refused=True)


def lines(good: range, bad: range) -> str:
    rows = [f"{n},1,1,5\n" for n in good] + [f"{n},1,one,5\n" for n in bad]
    return LINE_HEADER + "".join(rows)


def test_a_good_file_loads_without_the_refused_file_that_spoils_its_orders(shop: Shop) -> None:
    """Every line is bad and every order good: the orders are rejected for the lines' sake alone."""
    files = {"lines.csv": (lines(range(0), range(30)), LINES), "orders.csv": (orders(30, 0), ORDERS)}
    with pytest.raises(LoadRefused, match="2 files are refused"):
        shop.load(files, accept_rejects=False)
    result = shop.load(files, accept_rejects=False, skip_refused=True)
    assert result.files == {"orders.csv": FileCount(read=30, used=30)}
    assert list(result.refused) == ["lines.csv"] and len(shop.amounts()) == 30
    assert shop.rows("SELECT count(*) FROM rejects") == [(0,)]


def test_a_file_with_refusing_rejects_of_its_own_is_left_out_too(shop: Shop) -> None:
    """Orders 0 to 29 are good beside bad lines, 30 to 59 bad: both files have 30 bad rows of their own."""
    files = {
        "lines.csv": (lines(range(0), range(30)), LINES),
        "orders.csv": (orders(30, 30), ORDERS),
        "more.csv": (orders(3, 0, start=100), ORDERS),
    }
    result = shop.load(files, accept_rejects=False, skip_refused=True)
    assert list(result.refused) == ["lines.csv", "orders.csv"]
    assert sorted(shop.amounts()) == ["100", "101", "102"]


def test_a_file_is_refused_for_faults_that_show_once_another_is_left_out(shop: Shop) -> None:
    """The lines' quantities hide that the same orders stand twice in orders.csv, in two versions of the same moment."""
    twice = orders(30, 0) + orders(30, 0).removeprefix(HEADER).replace("GBP,5", "GBP,6")
    files = {
        "lines.csv": (lines(range(0), range(30)), LINES),
        "orders.csv": (twice, ORDERS),
        "more.csv": (orders(3, 0, start=100), ORDERS),
    }
    result = shop.load(files, accept_rejects=False, skip_refused=True)
    assert list(result.refused) == ["lines.csv", "orders.csv"]
    assert sorted(shop.amounts()) == ["100", "101", "102"]
    with pytest.raises(LoadRefused, match=r"2 files are refused.*lines\.csv: .*orders\.csv: 60 of 60"):
        shop.load({name: files[name] for name in ("lines.csv", "orders.csv")}, accept_rejects=False, skip_refused=True)


def test_two_files_that_spoil_each_other_are_both_left_out(shop: Shop) -> None:
    """Fifteen bad rows each, which alone would refuse neither: nobody can say which of the two is at fault."""
    files = {
        "orders.csv": (orders(15, 15), ORDERS),
        "lines.csv": (lines(range(15, 30), range(15)), LINES),
        "more.csv": (orders(3, 0, start=100), ORDERS),
    }
    result = shop.load(files, accept_rejects=False, skip_refused=True)
    assert list(result.refused) == ["orders.csv", "lines.csv"]
    assert sorted(shop.amounts()) == ["100", "101", "102"]


def test_rows_of_one_file_that_replace_those_of_another_are_counted(shop: Shop) -> None:
    first, second = orders(5, 0), orders(3, 0, start=2).replace("GBP,5", "GBP,6")
    result = shop.load({"a.csv": (first, ORDERS), "b.csv": (second, ORDERS)})
    assert result.warnings[0] == "orders: 3 rows of a.csv are replaced by rows of b.csv with the same order_id."
    assert shop.amounts() == {str(n): Decimal(5 if n < 2 else 6) for n in range(5)}


def test_the_newer_row_replaces_whatever_the_order_of_the_files(shop: Shop) -> None:
    rows = {"a.csv": "1,2024-01-05,GBP,1,,2024-03-01\n", "b.csv": "1,2024-01-05,GBP,2,,2024-02-01\n"}
    result = shop.load({name: (HEADER + row, ORDERS) for name, row in rows.items()})
    assert result.warnings[0] == "orders: 1 row of b.csv is replaced by rows of a.csv with the same order_id."
    assert shop.amounts() == {"1": Decimal(1)}
