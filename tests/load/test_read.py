"""Every physical record is accounted for, under the number that a user counts."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.shop import HEADER, Shop
from properties import few
from regulars.load.files import expand
from regulars.load.run import FileCount


def row(number: int, email: str = "", gross: str = "1") -> str:
    return f"{number},2024-01-05,GBP,{gross},{email},\n"


def test_a_line_with_too_many_fields_is_kept_with_its_text(shop: Shop) -> None:
    result = shop.orders(row(2) + "3,2024-01-05,GBP,1,,,extra\n" + row(4, gross="x"))
    assert result.files["orders.csv"] == FileCount(read=3, used=1, rejected=2)
    assert shop.reasons() == {
        3: ["the line has more fields than the header has columns (6)"],
        4: ["gross: 'x' is not an amount (decimals after a point)"],
    }
    assert shop.rows("SELECT raw FROM rejects WHERE line = 3") == [('{"@text":"3,2024-01-05,GBP,1,,,extra"}',)]


def test_short_lines_are_filled_up_also_where_quotes_hold_line_breaks(shop: Shop) -> None:
    result = shop.orders('2,2024-01-05,GBP,1\n3,2024-01-05,GBP,1,"a\n\nb"\n4,2024-01-05\n')
    assert result.files["orders.csv"] == FileCount(read=3, used=2, rejected=1)
    assert shop.rows("SELECT email FROM orders WHERE order_id = '3'") == [("a\n\nb",)]
    assert shop.reasons() == {4: ["currency is missing", "gross is missing"]}


def test_blank_lines_count_as_lines_but_are_no_records(shop: Shop) -> None:
    result = shop.orders(row(2) + "\n\n" + row(5, gross="x") + "\n")
    assert result.files["orders.csv"] == FileCount(read=2, used=1, rejected=1)
    assert list(shop.reasons()) == [5]


def test_lines_with_nothing_but_delimiters_are_skipped(shop: Shop) -> None:
    assert shop.orders(row(2) + ",,,,,\n").files["orders.csv"] == FileCount(read=2, used=1, skipped=1)


@pytest.mark.parametrize("broken", ['3,2024-01-05,GBP,1,"never closed,\n', '3,2024-01-05,GBP,1,"a" b",\n'])
def test_a_quote_that_is_never_closed_costs_its_own_line_only(shop: Shop, broken: str) -> None:
    lines = row(2) + broken + "".join(row(n) for n in range(4, 3000)) + '3000,2024-01-05,GBP,1,"a\nb",\n' + row(3001)
    result = shop.orders(lines)
    assert result.files["orders.csv"] == FileCount(read=3000, used=2999, rejected=1)
    assert shop.reasons() == {3: ["a quote is opened and never closed"]}
    (raw,) = shop.rows("SELECT raw FROM rejects")[0]
    assert json.loads(str(raw)) == {"@text": broken.rstrip("\n")}


def test_two_quotes_that_look_like_a_pair(shop: Shop) -> None:
    """Line 3 opens a quote that line 5 does not close; line 5 by itself is sound."""
    lines = row(2) + '3,2024-01-05,GBP,1,"a,\n' + row(4) + '5,2024-01-05,GBP,1,b"x,\n' + row(6)
    assert shop.orders(lines).files["orders.csv"] == FileCount(read=5, used=4, rejected=1)
    assert list(shop.reasons()) == [3]
    assert shop.rows("SELECT email FROM orders WHERE order_id = '5'") == [('b"x',)]


def test_a_zero_byte_rejects_its_line(shop: Shop) -> None:
    result = shop.orders(row(2) + row(3, email="a\0b") + row(4))
    assert result.files["orders.csv"] == FileCount(read=3, used=2, rejected=1)
    assert shop.reasons() == {3: ["email holds a zero byte"]}


def test_mixed_line_ends(shop: Shop) -> None:
    content = (HEADER + row(2) + row(3) + row(4)).replace("\n", "\r\n", 2)
    assert shop.orders(content.removeprefix(HEADER)).files["orders.csv"].used == 3


def test_the_wrong_delimiter_leaves_one_column(shop: Shop) -> None:
    assert expand([shop.file("x.csv", "order_id~gross\n1~2\n")])[0].header() == ["order_id~gross"]


def test_numbers_are_right_in_a_large_file_read_by_several_threads(shop: Shop) -> None:
    shop.con.execute("SET threads = 4")
    bad = {70_001, 140_002, 199_999}
    many = {50_000, 150_000}
    lines = "".join(
        row(n, gross="x" if n in bad else "1", email='"a,b"' if n % 1000 == 0 else "").replace(
            ",\n", ",,x\n" if n in many else ",\n"
        )
        for n in range(2, 200_001)
    )
    result = shop.orders(lines)
    assert result.files["orders.csv"] == FileCount(read=199_999, used=199_994, rejected=5)
    assert set(shop.reasons()) == bad | many
    assert shop.rows("SELECT count(*) FROM rejects WHERE raw LIKE '%\"' || line || '%'") == [(5,)]


@settings(max_examples=few(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                "{n},2024-01-05,GBP,1,,",
                '{n},2024-01-05,GBP,1,"a\n\nb",',
                "",
                "{n},2024-01-05,GBP,x,,",
                "{n},1,2,3,4,5,6,7",
                '{n},2024-01-05,GBP,1,"open,',
                '{n},2024-01-05,GBP,1,5" pipe,',
                "{n}",
            ]
        ),
        max_size=30,
    )
)
def test_every_record_is_used_or_rejected_under_its_number(shop: Shop, records: list[str]) -> None:
    text = "".join(record.format(n=number) + "\n" for number, record in enumerate(records, start=2))
    fresh = Shop(shop.folder)
    count = fresh.orders(text).files["orders.csv"]
    assert count.read == sum(record != "" for record in records)
    good = {"{n},2024-01-05,GBP,1,,", '{n},2024-01-05,GBP,1,"a\n\nb",'}
    expected = {str(n) for n, record in enumerate(records, start=2) if record in good}
    assert expected <= set(fresh.amounts())
    wrong = {n for n, record in enumerate(records, start=2) if record.startswith("{n}") and "pipe" not in record} - {
        int(n) for n in expected
    }
    assert wrong <= set(fresh.reasons())
