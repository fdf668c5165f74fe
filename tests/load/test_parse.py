"""What a field means, one by one. The shop is in London; the expectations are worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from properties import few
from regulars.load.parse import Locale, parsed, stripped, unparsable_reason, without_offset
from regulars.vocabulary.safe_text import without_formula
from regulars.warehouse.schema import Kind

POINT, COMMA = Locale(), Locale(decimal=",")
DMY, MDY = Locale(date_order="dmy"), Locale(date_order="mdy")


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'Europe/London'")
    return con


def value(con: duckdb.DuckDBPyConnection, kind: Kind, text: str, locale: Locale = POINT) -> object:
    sql = parsed(kind, stripped("x"), locale)
    sql = f"timezone('UTC', {sql})" if kind is Kind.INSTANT else sql
    return con.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS x)", [text]).fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.34", "12.34"),
        (" 12.34 ", "12.34"),
        ("1,234.5", "1234.5"),
        ("1,234,567.89", "1234567.89"),
        ("$205.00", "205"),
        ("€ 12", "12"),
        ("12 EUR", "12"),
        ("'-30", "-30"),
        ("(12.50)", "-12.5"),
        ("12.50-", "-12.5"),
        ("-$5.00", "-5"),
        ("1 234.50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("1\u00a0234", "1234"),
        ("1.23456", "1.2346"),
        ("19.990000000001", "19.99"),
    ],
)
def test_amounts(con: duckdb.DuckDBPyConnection, text: str, expected: str) -> None:
    assert value(con, Kind.MONEY, text) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    ["12,5", "abc", "NaN", "inf", "--5", "1.2.3", "12a", ".", "-", "$205.00 $175.00", "999999999999999", "1,23,4"],
)
def test_no_amounts(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(con, Kind.MONEY, text) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("12,34", "12.34"), ("1.234,5", "1234.5"), ("1.234", "1234"), ("12", "12"), ("12.50", None)]
)
def test_amounts_with_a_decimal_comma(con: duckdb.DuckDBPyConnection, text: str, expected: str | None) -> None:
    assert value(con, Kind.MONEY, text, COMMA) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", 3), ("3.0", 3), ("1,000", 1000), ("'-2", -2), ("3.7", None), ("x", None), ("1e30", None)],
)
def test_whole_numbers(con: duckdb.DuckDBPyConnection, text: str, expected: int | None) -> None:
    assert value(con, Kind.INTEGER, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("TRUE", True), ("no", False), ("1", True), ("0", False), ("maybe", None)]
)
def test_flags(con: duckdb.DuckDBPyConnection, text: str, expected: bool | None) -> None:
    assert value(con, Kind.FLAG, text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'123", "123"),
        ("007", "007"),
        (" a b ", "a b"),
        ("1.23E+15", None),
        ("7.0", "7"),
        ("'7.0", "7"),
        ("700.00", "700"),
        ("7.50", "7.50"),
        ("7,000", "7,000"),
        ("1.2.0", "1.2.0"),
        ("A7.0", "A7.0"),
        ("'", "'"),
        (".0", ".0"),
    ],
)
def test_ids(con: duckdb.DuckDBPyConnection, text: str, expected: str | None) -> None:
    assert value(con, Kind.ID, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("7,0", "7"), ("7,00", "7"), ("7.0", "7"), ("7.000", "7.000"), ("7,5", "7,5")]
)
def test_ids_beside_a_decimal_comma(con: duckdb.DuckDBPyConnection, text: str, expected: str) -> None:
    assert value(con, Kind.ID, text, COMMA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-05 10:00:00", datetime(2024, 1, 5, 10)),
        ("2024-07-05T10:00", datetime(2024, 7, 5, 9)),
        ("2024-07-05", datetime(2024, 7, 4, 23)),
        ("2025-10-07 09:50:26 +0200", datetime(2025, 10, 7, 7, 50, 26)),
        ("2025-10-07 09:50:26 -05:30", datetime(2025, 10, 7, 15, 20, 26)),
        ("2025-10-07T09:50:26+02", datetime(2025, 10, 7, 7, 50, 26)),
        ("2025-10-07T09:50:26.125Z", datetime(2025, 10, 7, 9, 50, 26, 125_000)),
        ("2025-10-07 09:50:26 UTC", datetime(2025, 10, 7, 9, 50, 26)),
        ("Oct 7, 2025, 9:50 PM", datetime(2025, 10, 7, 20, 50)),
        ("Jan 7, 2025, 12:10 PM", datetime(2025, 1, 7, 12, 10)),
        ("Jan 7, 2025, 12:10 AM", datetime(2025, 1, 7, 0, 10)),
        ("7 Jan 72", datetime(1972, 1, 7)),
        ("7 Jan 69", datetime(2069, 1, 7)),
        ("7 October 2025", datetime(2025, 10, 6, 23)),
        # The clocks jump from 01:00 to 02:00 on 31 March 2024, and back from 02:00 to 01:00 on 27 October.
        ("2024-03-31 01:30", datetime(2024, 3, 31, 1, 30)),
        ("2024-10-27 01:30", datetime(2024, 10, 27, 1, 30)),
    ],
)
def test_times(con: duckdb.DuckDBPyConnection, text: str, expected: datetime) -> None:
    assert value(con, Kind.INSTANT, text) == expected


@pytest.mark.parametrize(
    "text",
    ["31/02/2024", "03/04/2024", "5.1.24", "2024-02-30", "0024-01-01", "20224-01-01", "epoch", "infinity", "45000"],
)
@pytest.mark.parametrize("kind", [Kind.INSTANT, Kind.DAY])
def test_no_times(con: duckdb.DuckDBPyConnection, text: str, kind: Kind) -> None:
    assert value(con, kind, text) is None


def test_dates_read_in_the_order_that_the_source_says(con: duckdb.DuckDBPyConnection) -> None:
    assert value(con, Kind.DAY, "03/04/2024", DMY) == date(2024, 4, 3)
    assert value(con, Kind.DAY, "03/04/2024", MDY) == date(2024, 3, 4)
    assert value(con, Kind.DAY, "3.4.24", DMY) == date(2024, 4, 3)
    assert value(con, Kind.INSTANT, "12/31/2024 11:00 PM", MDY) == datetime(2024, 12, 31, 23)
    assert value(con, Kind.DAY, "31/02/2024", DMY) is None


def test_a_day_is_the_one_that_is_written(con: duckdb.DuckDBPyConnection) -> None:
    for text in ("2024-07-05", "2024/7/5", "2024-07-05 00:00:00", "2024-07-05T23:59:00-0900", "5 Jul 2024"):
        assert value(con, Kind.DAY, text) == date(2024, 7, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-05", True),
        ("2024-01-05 10:00", True),
        ("2024-01-05 10:00:00-05", False),
        ("2024-01-05T10:00Z", False),
        ("2024-01-05 10:00 UTC", False),
        ("Oct 7, 2025, 9:50 PM", True),
        ("2024-01-05 10:00:00 +0200", False),
    ],
)
def test_whether_a_time_names_its_offset(con: duckdb.DuckDBPyConnection, text: str, expected: bool) -> None:
    assert con.execute(f"SELECT {without_offset('x')} FROM (SELECT ? AS x)", [text]).fetchall() == [(expected,)]


@pytest.mark.parametrize(
    ("kind", "locale", "text", "reason"),
    [
        (Kind.INSTANT, POINT, "yesterday", "at: 'yesterday' is not a date and time"),
        (
            Kind.DAY,
            POINT,
            "13/01/2024",
            "at: '13/01/2024' is not written as 2024-01-13; add --dates dmy",
        ),
        (Kind.DAY, POINT, "31/02/2024", "at: '31/02/2024' is not a date"),
        (
            Kind.MONEY,
            POINT,
            "1.234,50",
            "at: '1.234,50' is not an amount: decimals must follow a point, or add --decimal ,",
        ),
        (Kind.MONEY, POINT, "1,2345,678", "at: '1,2345,678' is not an amount (decimals after a point)"),
        (
            Kind.INSTANT,
            POINT,
            "03/04/2024",
            "at: '03/04/2024' can be read as two dates; add --dates dmy or --dates mdy",
        ),
        (Kind.DAY, DMY, "31/02/2024", "at: '31/02/2024' is not a date written as dmy, nor as 2024-12-31"),
        (
            Kind.MONEY,
            COMMA,
            "12.50",
            "at: '12.50' is not an amount: decimals must follow a comma, or add --decimal .",
        ),
        (Kind.FLAG, POINT, "it's", "at: 'it’s' is neither yes nor no"),
        (Kind.INTEGER, POINT, "x" * 99, f"at: '{'x' * 60}…' is not a whole number (decimals after a point)"),
    ],
)
def test_reasons_are_in_words(
    con: duckdb.DuckDBPyConnection, kind: Kind, locale: Locale, text: str, reason: str
) -> None:
    assert con.execute(
        f"SELECT {unparsable_reason(kind, 'at', 'x', locale)} FROM (SELECT ? AS x)", [text]
    ).fetchall() == [(reason,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'=1+1", "=1+1"),
        ("'+44 1632", "+44 1632"),
        ("'@sum", "@sum"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("''", "''"),
    ],
)
def test_text_without_the_apostrophe_against_formulas(con: duckdb.DuckDBPyConnection, text: str, expected: str) -> None:
    assert value(con, Kind.TEXT, text) == expected


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.ID, Kind.MONEY, Kind.INTEGER, Kind.FLAG, Kind.DAY, Kind.INSTANT])
@settings(max_examples=few(20))
@given(text=st.text().filter(lambda text: "\x00" not in text and not text.startswith("'")))
@example(text="=1+1")
@example(text="-1+1")
@example(text="\t=1")
@example(text="+44 1632 960961")
def test_a_field_kept_from_running_as_a_formula_is_what_it_was(
    con: duckdb.DuckDBPyConnection, kind: Kind, text: str
) -> None:
    assert value(con, kind, without_formula(text)) == value(con, kind, text)
