"""Every form that docs/dates-and-numbers.md lists is read as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from regulars.load.fields.fragments import DateOrder
from regulars.load.formats.xlsx import formatted
from regulars.load.parse import Locale, field_text, parsed, unparsable_reason, without_offset
from regulars.warehouse.schema import Kind

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "dates-and-numbers.md").read_text(encoding="utf-8")
DATES, ORDERED, REFUSED, POINTS, COMMAS, WORKBOOK = (
    [tuple(cell.strip() for cell in row.split("|")[1:-1]) for row in block.splitlines()[2:]]
    for block in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE)
)


def cases(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    assert len(rows) > 5
    return [(re.fullmatch("`(.*)`", row[0])[1], *row[1:]) for row in rows]  # type: ignore[index]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'Europe/Berlin'")
        yield con


def read(
    con: duckdb.DuckDBPyConnection, kind: Kind, texts: list[str], locale: Locale
) -> dict[str, tuple[object, bool]]:
    """The value of each text, and whether it comes without an offset."""
    value = parsed(kind, "t", locale)
    value = f"timezone('UTC', {value})" if kind is Kind.INSTANT else value
    fields = f"(SELECT x, {field_text(kind, 'x')} AS t FROM (SELECT unnest(?) AS x))"
    rows = con.execute(f"SELECT x, {value}, {without_offset('t')} FROM {fields}", [texts]).fetchall()
    return {text: (found, local) for text, found, local in rows}


def moment(con: duckdb.DuckDBPyConnection, words: str) -> object:
    """2024-12-08 09:15:51 of Berlin, or of UTC where it says so."""
    text, zone = (words.removesuffix(" UTC"), "UTC") if words.endswith(" UTC") else (words, "Europe/Berlin")
    return con.execute("SELECT timezone('UTC', timezone(?, ?::TIMESTAMP))", [zone, text]).fetchall()[0][0]


@pytest.mark.parametrize("dressed", ["{}", " {}\t", "'{}", "\u00a0{}"])
def test_dates(con: duckdb.DuckDBPyConnection, dressed: str) -> None:
    expected = {dressed.format(written): (moment(con, at), not at.endswith(" UTC")) for written, at in cases(DATES)}
    assert read(con, Kind.INSTANT, list(expected), Locale()) == expected


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda text: text.replace(" ", "  ")])
def test_the_case_and_the_width_of_a_blank_do_not_matter(con, change) -> None:
    expected = {change(written): (moment(con, at), not at.endswith(" UTC")) for written, at in cases(DATES)}
    assert read(con, Kind.INSTANT, list(expected), Locale()) == expected


def test_a_day_is_the_one_that_is_written(con: duckdb.DuckDBPyConnection) -> None:
    days = read(con, Kind.DAY, [written for written, _ in cases(DATES)], Locale())
    # Nowhere in the list does the offset change the day.
    assert {written: day for written, (day, _) in days.items()} == {
        written: date.fromisoformat(at[:10]) for written, at in cases(DATES)
    }


@pytest.mark.parametrize("order", ["dmy", "mdy", "ymd"])
def test_dates_of_numbers_alone(con: duckdb.DuckDBPyConnection, order: DateOrder) -> None:
    ordered = {written: at for written, said, at in cases(ORDERED) if said == order}
    instants = read(con, Kind.INSTANT, list(ordered), Locale(date_order=order))
    assert instants == {written: (moment(con, at), True) for written, at in ordered.items()}
    days = read(con, Kind.DAY, list(ordered), Locale(date_order=order))
    assert days == {written: (date.fromisoformat(at[:10]), True) for written, at in ordered.items()}


@pytest.mark.parametrize("order", ["dmy", "mdy", "ymd"])
def test_what_is_clear_is_read_in_every_order(con: duckdb.DuckDBPyConnection, order: DateOrder) -> None:
    """But a year of two digits beside a month's name, where dates begin with the year."""
    short = ("Sep-30-26", "10-Dez-25") if order == "ymd" else ()
    clear = {written: moment(con, at) for written, at in cases(DATES)}
    values = read(con, Kind.INSTANT, list(clear), Locale(date_order=order))
    assert {w: v for w, (v, _) in values.items()} == {w: None if w in short else at for w, at in clear.items()}


@pytest.mark.parametrize(("written", "reason"), cases(REFUSED))
def test_what_is_no_date(con: duckdb.DuckDBPyConnection, written: str, reason: str) -> None:
    assert read(con, Kind.INSTANT, [written], Locale())[written][0] is None
    words = con.execute(
        f"SELECT {unparsable_reason(Kind.INSTANT, 'at', 'x', Locale())} FROM (SELECT ? AS x)", [written]
    )
    assert words.fetchall() == [(f"at: '{written}' {reason}",)]


@pytest.mark.parametrize(("rows", "locale"), [(POINTS, Locale()), (COMMAS, Locale(decimal=","))])
@pytest.mark.parametrize("kind", [Kind.MONEY, Kind.NUMBER])
def test_numbers(con, rows: list[tuple[str, ...]], locale: Locale, kind: Kind) -> None:
    values = read(con, kind, [written for written, _ in cases(rows)], locale)
    expected = {written: None if value == "nothing" else Decimal(value) for written, value in cases(rows)}
    assert {written: value for written, (value, _) in values.items()} == expected
    assert con.execute(f"SELECT {field_text(kind, 'x')} FROM (SELECT '--' AS x)").fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("written", "locale"), [(t, Locale()) for t in ("12a", "1,23,4", "12,50")] + [("12.50", Locale(","))]
)
def test_what_is_no_number(con: duckdb.DuckDBPyConnection, written: str, locale: Locale) -> None:
    assert f"`{written}`" in PAGE
    assert read(con, Kind.MONEY, [written], locale)[written][0] is None


def test_numbers_of_a_workbook_in_their_formats() -> None:
    for written, number_format, loaded in cases(WORKBOOK):
        shown = formatted(int(written), number_format.strip("`"))
        assert (written if shown is None else shown) == loaded, number_format
