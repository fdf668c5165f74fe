"""Lines that are no record: they cost their own orders, and nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.shop import HEADER, ORDERS, Shop, own
from properties import few
from regulars.load import rejects
from regulars.load.run import FileCount

LINES = own("order_lines")
LINE_HEADER = "order_id,line_id,quantity,amount,product_name\n"
NEVER_CLOSED = "a quote is opened and never closed"
NOT_DOUBLED = "a quote inside a quoted field is not doubled"


def test_undoubled_quotes_cost_one_order_of_ten(shop: Shop) -> None:
    good = [f"A{n},c{n}@example.com,2024-03-0{n + 1} 10:00,10.00,GBP,X\n" for n in range(1, 9)]
    header = "order_id,email,ordered_at,gross,currency,coupon\n"
    broken = 'Q1,q@example.com,2024-03-03 10:00,10.00,GBP,"Frame "8" oak"\n'
    bad_date = "D1,d@example.com,31/02/2024,10.00,GBP,X\n"
    result = shop.load({"own.csv": ("".join([header, *good[:4], broken, *good[4:], bad_date]), ORDERS)})
    assert result.files["own.csv"] == FileCount(read=10, used=8, rejected=2)
    assert set(shop.amounts()) == {f"A{n}" for n in range(1, 9)}
    assert shop.reasons() == {6: [NOT_DOUBLED], 11: ["ordered_at: '31/02/2024' is not a date and time"]}


def test_a_good_line_of_a_broken_line_s_order_goes_with_it(shop: Shop) -> None:
    header = "order_id,customer_id,ordered_at,currency,gross,channel\n"
    lines = 'o13,c6,2024-03-14,GBP,43.25,"The "best" one, really",x\no13,c6,2024-03-14,GBP,43.25,ab\n'
    result = shop.load({"o.csv": (header + lines, ORDERS)})
    assert result.files["o.csv"] == FileCount(read=2, rejected=2)
    assert shop.reasons() == {2: [NOT_DOUBLED], 3: ["order 'o13' has a rejected line: 'o.csv line 2'"]}


def test_bad_lines_below_a_broken_one_are_rejected_alone(shop: Shop) -> None:
    header = "order_id,customer_id,ordered_at,currency,gross,channel\n"
    lines = 'o1,c6,2024-03-14,GBP,43.25,"The "best" one, really",x\n' + "".join(
        f"o{n},c6,{day},GBP,{n},web\n"
        for n, day in enumerate(("2024-03-14", "notadate", "2024-03-14", "alsobad", "2024-03-14"), start=2)
    )
    result = shop.load({"o.csv": (header + lines, ORDERS)})
    assert result.files["o.csv"] == FileCount(read=6, used=3, rejected=3)
    assert set(shop.amounts()) == {"o2", "o4", "o6"}
    raw = {line: json.loads(str(text)) for line, text in shop.rows("SELECT line, raw FROM rejects")}
    assert raw[2] == {"@text": lines.splitlines()[0]}
    assert raw[4] == dict(zip(header.strip().split(","), ["o3", "c6", "notadate", "GBP", "3", "web"], strict=True))


def test_the_order_of_a_broken_line_is_found_behind_its_broken_field(shop: Shop) -> None:
    header = "product_name,order_id,line_id,quantity,amount\n"
    lines = '"Frame "8" oak, oiled",2,1,1,5\nBrush,2,2,1,5\nSoap,3,1,1,5\n'
    shop.load(
        {
            "orders.csv": (HEADER + "2,2024-01-05,GBP,10,,\n3,2024-01-05,GBP,5,,\n", ORDERS),
            "lines.csv": (header + lines, LINES),
        }
    )
    assert set(shop.amounts()) == {"3"}
    assert shop.rows("SELECT order_id, line_id FROM order_lines") == [("3", "1")]


@pytest.mark.parametrize("count", [1, 2])
def test_an_inch_mark_in_a_field_without_quotes_is_text(shop: Shop, count: int) -> None:
    """Also where the file has an odd number of quotes: the same line is read alike, however the file is read."""
    lines = "".join(f'{n},1,1,5,Pipe 5" x 3\n' for n in range(count))
    shop.load({"lines.csv": (LINE_HEADER + lines, LINES)})
    assert shop.rows("SELECT product_name FROM order_lines") == [('Pipe 5" x 3',)] * count


def test_blanks_around_quotes_are_no_part_of_a_field(shop: Shop) -> None:
    lines = '1,1,1,5, "Soap, green" \n2,1,1,5,"Brush "\n3,1,1,5,"never closed\n'
    shop.load({"lines.csv": (LINE_HEADER + lines, LINES)})
    assert shop.rows("SELECT order_id, product_name FROM order_lines ORDER BY 1") == [
        ("1", "Soap, green"),
        ("2", "Brush"),
    ]
    assert shop.reasons() == {4: [NEVER_CLOSED]}


def test_empty_fields_beyond_the_last_column_do_no_harm(shop: Shop) -> None:
    """Read fast, and line by line because of the broken last line."""
    good = "1,2024-01-05,GBP,1,,,\n2,2024-01-05,GBP,1,,\n"
    assert shop.orders(good).files["orders.csv"] == FileCount(read=2, used=2)
    assert shop.orders(good + '3,2024-01-05,GBP,1,"x,\n').files["orders.csv"] == FileCount(read=3, used=2, rejected=1)


@pytest.mark.parametrize("extra", ["", '4,2024-01-05,GBP,1,"x,\n'])
def test_a_broken_line_of_many_characters_is_kept_whole(shop: Shop, extra: str) -> None:
    """DuckDB keeps the first 10,000 bytes of a line that it cannot tell apart."""
    long = "2,2024-01-05,GBP,1,," + "ä" * 30_000 + ",more"
    shop.orders(long + "\n3,2024-01-05,GBP,1,,\n" + extra)
    assert shop.rows("SELECT raw FROM rejects WHERE line = 2") == [
        (json.dumps({"@text": long}, ensure_ascii=False, separators=(",", ":")),)
    ]
    assert set(shop.amounts()) == {"3"}


def test_a_line_that_is_too_long_leaves_its_start_its_size_and_its_digest(shop: Shop) -> None:
    long = "3,2024-01-05,GBP,1," + "é" * 5_000_000 + ","
    result = shop.orders("2,2024-01-05,GBP,1,,\n" + long + "\n4,2024-01-05,GBP,1,,\n")
    assert result.files["orders.csv"] == FileCount(read=3, used=2, rejected=1)
    assert shop.reasons() == {3: ["the line is longer than 1,000,000 bytes"]}
    (raw,) = shop.rows("SELECT raw FROM rejects")[0]
    assert json.loads(str(raw)) == {
        "@text": long[:1000],
        "@size": str(len(long.encode())),
        "@sha256": hashlib.sha256(long.encode()).hexdigest(),
    }


@pytest.mark.parametrize("place", [1, *(pytest.param(place, marks=pytest.mark.slow) for place in (0, 2))])
def test_a_line_of_json_that_is_too_long_is_one_reject_and_the_others_load(shop: Shop, place: int) -> None:
    good = [
        json.dumps({"order_id": n, "ordered_at": "2024-01-05", "currency": "GBP", "gross": n, "email": e})
        for n, e in ((1, "a"), (2, "b" * 15_900_000))  # the second is long and still read
    ]
    long = '{"order_id": 3, "email": "' + "é" * 8_000_000 + '"}'
    late = json.dumps({"order_id": 4, "ordered_at": "never", "currency": "GBP", "gross": 4})
    lines = [*good[:place], long, *good[place:], late]
    result = shop.load({"orders.jsonl": ("\n\n".join(lines), ORDERS)})  # the blank lines between count
    assert result.files["orders.jsonl"] == FileCount(read=4, used=2, rejected=2)
    assert set(shop.amounts()) == {"1", "2"}
    assert shop.reasons() == {
        1 + 2 * place: ["the line is longer than 16,000,000 bytes"],
        7: ["ordered_at: 'never' is not a date and time"],
    }
    (raw,) = shop.rows("SELECT raw FROM rejects WHERE line < 7")[0]
    assert json.loads(str(raw)) == {
        "@text": long[:1000],
        "@size": str(len(long.encode())),
        "@sha256": hashlib.sha256(long.encode()).hexdigest(),
    }


def test_the_start_of_a_long_line_cannot_be_loaded_as_if_it_were_the_line(shop: Shop, tmp_path: Path) -> None:
    shop.orders("2,2024-01-05,GBP,1," + "x" * 2_000_000 + ",\n")
    (path,) = rejects.export(shop.con, tmp_path / "rejects.csv")
    again = shop.load({"rejects.csv": (path.read_text(), ORDERS)})
    assert again.files["rejects.csv"] == FileCount(read=1, rejected=1)
    assert shop.amounts() == {}


def test_broken_lines_are_exported_fixed_and_loaded_again(shop: Shop, tmp_path: Path) -> None:
    lines = '1,1,1,5,"Frame "8" oak"\n2,1,1,5,"never closed\n3,1,1,5,Soap, green\n4,1,1,5,Brush\n'
    shop.load({"lines.csv": (LINE_HEADER + lines, LINES)})
    (path,) = rejects.export(shop.con, tmp_path / "rejects.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["product_name"] for row in rows] == ['Frame "8" oak', '"never closed', "Soap, green"]
    fixed = path.read_text().replace('"""never closed"', "Closed")
    assert shop.load({"rejects.csv": (fixed, LINES)}).files["rejects.csv"] == FileCount(read=3, used=3)
    assert shop.rows("SELECT order_id, product_name FROM order_lines ORDER BY 1") == [
        ("1", 'Frame "8" oak'),
        ("2", "Closed"),
        ("3", "Soap, green"),
        ("4", "Brush"),
    ]


KINDS = {
    "good": "{order},{line},1,1,Soap",
    "quoted": '{order},{line},1,1,"Soap, ""green"""',
    "inch": '{order},{line},1,1,Pipe 5" x 3',
    "two lines": '{order},{line},1,1,"Soap\ngreen"',
    "short": "{order},{line},1,1",
    "more empty": "{order},{line},1,1,Soap,,",
    "undoubled": '{order},{line},1,1,"Frame "8" oak"',
    "undoubled with commas": '{order},{line},1,1,"The "best" one, really",x',
    "undoubled before a quote": '{order},{line},1,1,8" oak,"',
    "opened": '{order},{line},1,1,"open, oak',
    "too many": "{order},{line},1,1,Soap,x",
    "bad number": "{order},{line},one,1,Soap",
    "blank": "",
}
"""Written as a shop's plugin may; what is right or wrong with each is decided below by the csv module alone."""


@settings(max_examples=few(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(sorted(KINDS))), min_size=1, max_size=25))
def test_of_orders_with_many_lines_only_those_with_a_broken_line_are_lost(
    shop: Shop, records: list[tuple[int, str]]
) -> None:
    text, wrong, lost, products = LINE_HEADER, set(), set(), {}
    for number, (order, kind) in enumerate(records, start=2):
        record = KINDS[kind].format(order=order, line=number)
        text += record + "\n"
        if not record:
            continue
        fields = told_apart(record)
        if fields is None or any(fields[5:]) or fields[2] != "1":
            wrong.add(number)
            lost.add(order)
        else:
            products[number] = fields[4] if len(fields) > 4 and fields[4] else None
    opened = sum(kind == "opened" for _, kind in records)
    fresh = Shop(shop.folder)
    result = fresh.load({"lines.csv": (text, LINES)})
    count = result.files["lines.csv"]
    filled = {number: order for number, (order, kind) in enumerate(records, start=2) if kind != "blank"}
    if opened == 0:  # with them, a field may run from one opened quote to the next quote
        assert count.read == len(filled)
    assert count.read == count.used + count.rejected
    if opened == 0:
        stored = fresh.rows("SELECT line_id::BIGINT, product_name FROM order_lines")
        assert dict(stored) == {n: products[n] for n, order in filled.items() if order not in lost}
        assert set(fresh.reasons()) == {n for n, order in filled.items() if order in lost}
        assert {n for n, why in fresh.reasons().items() if not why[0].startswith("order '")} == wrong


def told_apart(record: str) -> list[str] | None:
    """The record's fields by Python's csv module, None where its quotes are broken."""
    try:
        (fields,) = csv.reader(io.StringIO(record, newline=""), strict=True)
    except csv.Error:
        return None
    return fields
