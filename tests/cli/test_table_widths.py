"""Tables in terminals of 80 and of 120 columns: no value is cut, no word is broken, and no line is too long."""

from __future__ import annotations

import re
from datetime import date

import pytest

from cli.test_changes_shown import in_a_terminal
from regulars.cli.forecasts.segments import member_sheet, size_sheet
from regulars.metrics.customers.segments import SEGMENTS, Member, Size
from regulars.services.tables import Table
from regulars.warehouse.forecasts import StoredForecast

FORECAST = StoredForecast(date(2025, 12, 31), "pareto")
SIZES = [Size(segment, 12_345, 2_345.6, 1_234_567.89, 234_567.89) for segment in SEGMENTS]
MEMBER = Member(
    "6100000033520", "Willem Hobbs", "willem.hobbs.16761@example.com", "NL", 46, date(2025, 12, 22), 3310.35, 0.962,
    788.93, 14.76, 12.0,
)  # fmt: skip
SEGMENTS_TABLE = size_sheet(SIZES, FORECAST, "GBP")
MEMBERS_TABLE = member_sheet(SIZES[1], [MEMBER], FORECAST, "GBP")
LOADS_TABLE = Table(
    ["load", "at (UTC)", "source", "files", "read", "used", "waiting", "rejected", "skipped", "note"],
    [["1", "2026-11-28 12:45", "shopify", "orders_export.csv, customers_export.csv", "136,730", "136,730", "0", "0", "0",
      "covers until 2025-12-31"]],
    numbers=frozenset(["load", "read", "used", "waiting", "rejected", "skipped"]),
)  # fmt: skip
TABLES = {"segments": SEGMENTS_TABLE, "members": MEMBERS_TABLE, "loads": LOADS_TABLE}


def drawn(table: Table, monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", in_a_terminal(table, monkeypatch, width))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", TABLES)
def test_every_word_and_number_stands_whole_within_the_width(name: str, width: int, monkeypatch: pytest.MonkeyPatch):
    table = TABLES[name]
    text = drawn(table, monkeypatch, width)
    lines = [line.rstrip() for line in text.replace("\r", "").splitlines()]
    assert [line for line in lines if len(line) > width] == []
    words = {word for column in table.columns for word in column.split()}
    words |= {word for row in table.rows for cell in row for word in cell.split() if len(word) <= 18}
    assert words - set(text.split()) == set()
    for place, column in enumerate(table.columns):
        if column in table.numbers:
            assert all(row[place] in text for row in table.rows)


def test_what_fits_is_one_table(monkeypatch: pytest.MonkeyPatch):
    assert drawn(SEGMENTS_TABLE, monkeypatch, 80).count("───") > 0
    for table, width, parts in ((SEGMENTS_TABLE, 80, 1), (MEMBERS_TABLE, 160, 1), (MEMBERS_TABLE, 80, 2)):
        text = drawn(table, monkeypatch, width)
        assert len(re.findall(r"^ *─+\s*$", text, re.M)) == parts


def test_each_part_repeats_the_first_column(monkeypatch: pytest.MonkeyPatch):
    assert drawn(MEMBERS_TABLE, monkeypatch, 80).count("6100000033520") == 2
