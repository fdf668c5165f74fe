"""Rows that are made as their file is read are those of the careful way, which every file takes in which anything is wrong.

A mapping with `where = "true"` leaves out no line and always goes the careful way: it is what the other is held against.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.shop import Shop, own
from load.test_plausible import NOW, OF_KIND, row_of
from properties import few
from regulars.load.files import expand
from regulars.load.inputs.content import read_content
from regulars.load.mapping import Source
from regulars.load.parse import BLANKS, Locale
from regulars.load.rows.direct import read_directly
from regulars.load.stage import Stage, compile_plans
from regulars.load.workspace import Workspace
from regulars.vocabulary.errors import RegularsError
from regulars.warehouse.schema import MAX_VALUES, Column, Kind, Table
from regulars.warehouse.tables import TABLES

UNREADABLE = {
    Kind.ID: "1.23E+15", Kind.INSTANT: "31/02/2024", Kind.DAY: "31/02/2024", Kind.MONEY: "x", Kind.NUMBER: "x",
    Kind.INTEGER: "1.5", Kind.FLAG: "perhaps", Kind.JSON: "{",
}  # fmt: skip
BROKEN_RULES: dict[str, dict[str, str]] = {
    "the scale ends before it starts": {"scale_low": "5", "scale_high": "5", "score": "5"},
    "the score lies outside its scale": {"score": "11"},
    "the row sums up several days; export the spend day by day, or spread it in a mapping (spread = true)": {
        "day": "2024-03-01", "last_day": "2024-03-02",
    },
    "the row sums up more than a year": {"day": "2023-01-01", "last_day": "2024-03-02"},
    "the row ends before it starts": {"day": "2024-03-02", "last_day": "2024-03-01"},
    "the rate is not above zero": {"rate": "0"},
    "more messages arrived than were sent": {"sent": "1", "delivered": "2"},
    "more messages were opened than were sent": {"sent": "1", "opened": "2"},
    "more messages were clicked than were sent": {"sent": "1", "clicked": "2"},
    "the first reply comes before the request": {"first_reply_at": "2024-02-01"},
    "the bot's first reply comes before the request": {"first_bot_reply_at": "2024-02-01"},
    "the first resolution comes before the request": {"first_resolved_at": "2024-02-01"},
    "the last resolution comes before the first": {"last_resolved_at": "2024-02-01"},
    "the request is opened again before it was opened": {"first_reopened_at": "2024-02-01"},
    "the request is closed before it was opened": {"closed_at": "2024-02-01"},
    "the call ends before it starts": {"left_at": "2024-02-01", "answered_at": ""},
    "the call is answered outside its own time": {"answered_at": "2024-02-01"},
    "the call is answered without a time": {"outcome": "answered", "answered_at": ""},
    "the cart changed before it was opened": {"updated_at": "2024-02-01"},
    "the lead is qualified before it was created": {"qualified_at": "2024-02-01"},
    "the lead became a customer before it was created": {"converted_at": "2024-02-01"},
    "the subscription ends before it starts": {"ended_at": "2024-02-01"},
    "gross is negative; money given back belongs in returns": {"gross": "-1"},
    "the discount is larger than the order": {"gross": "1", "discount": "2"},
    "the tax is as large as the whole order": {"gross": "1", "shipping": "0", "tax": "1", "tax_included": "true"},
    "the quantity is negative and the amount is not": {"quantity": "-1", "amount": "1"},
    "the pieces cost more than any real ones can (quantity × unit_cost)": {"quantity": "1000000", "unit_cost": "1000000"},
    "the tax is larger than the refund": {"amount": "1", "tax": "2"},
    "the parcel arrived before it left": {"delivered_at": "2024-02-01"},
}  # fmt: skip
"""By the reason of each rule of a table, what breaks it: a rule that is declared anew needs its line here."""


def bad_values(column: Column) -> list[str]:
    """A value for every check of the column that its declaration calls for."""
    found = [UNREADABLE[column.kind]] if column.kind in UNREADABLE else []
    found += ["nonsense", "!Pending is no status"] if column.choices else []
    found += [str(column.low - 1)] if column.low is not None else []
    found += ["2999-01-01", "1990-01-01"] if column.past else []
    found += [str(MAX_VALUES[column.kind] + 1)] if column.kind in MAX_VALUES else []
    found += ["QQQ"] if column.name == "currency" else []
    return found + ([""] if not column.nullable and column.default is None else [])


def damages(table: Table) -> list[dict[str, str]]:
    """Whatever can be wrong with a row of the table alone, one thing each: the fields to change."""
    fields = [{column.name: value} for column in table.columns for value in bad_values(column)]
    return [*fields, {"updated_at": "31/02/2024"}, *(BROKEN_RULES[rule.reason] for rule in table.rules)]


def written(table: Table, changes: list[dict[str, str]]) -> str:
    """A file with a row for each of `changes` to a good one, with keys of their own."""
    names = [*(column.name for column in table.columns), *(() if table.has("updated_at") else ("updated_at",))]
    good = dict.fromkeys(names, "") | row_of(table) | {"updated_at": "2024-03-02"}
    first = table.column(table.key[0])
    rows = []
    for n, change in enumerate(changes):
        key = f"{date(2023, 1, 1) + timedelta(days=n)}" if first.kind in (Kind.DAY, Kind.INSTANT) else f"k{n}"
        rows.append(good | {first.name: key} | change)
    lines = (",".join('"' + row[name].replace('"', '""') + '"' if row[name] else "" for name in names) for row in rows)
    return "\n".join((",".join(names), *lines)) + "\n"


def careful(source: Source) -> Source:
    return replace(source, mappings=tuple(replace(mapping, where="true") for mapping in source.mappings))


def made_directly(shop: Shop, content: str | bytes, source: Source) -> bool:
    (file,) = expand([shop.file("direct.csv", content)])
    with Workspace(shop.con) as workspace:
        looked = read_content(workspace, file)
        plans = compile_plans(shop.con, source, {})
        stage = Stage(0, file, source, source.name, "Europe/London", Locale(), NOW, plans, size=looked.size)
        return read_directly(workspace, stage, looked)


def outcome(folder: Path, files: dict[str, tuple[str | bytes, Source]], **options: bool) -> dict[str, Any]:
    """All that a load leaves behind, and what it says."""
    shop = Shop(folder)
    found: dict[str, Any] = {}
    try:
        found["result"] = shop.load(files, now=NOW, **options)
    except RegularsError as error:
        found["error"] = (type(error), str(error))
    tables = {mapping.table for _, source in files.values() for mapping in source.mappings}
    for name in sorted(tables):
        # A file with blank lines is stored in any order.
        found[name] = shop.rows(f"SELECT * EXCLUDE (file_no, row_no) FROM log.{name} ORDER BY ALL")
    found["rejects"] = shop.rows("SELECT * FROM main.rejects ORDER BY ALL")
    found["waiting"] = shop.rows("SELECT * FROM main.waiting ORDER BY ALL")
    found["files"] = shop.rows("SELECT * EXCLUDE digest FROM main.load_files ORDER BY ALL")
    return found


def require_the_same(folder: Path, files: dict[str, tuple[str | bytes, Source]], **options: bool) -> dict[str, Any]:
    found = outcome(folder, files, **options)
    expected = outcome(folder, {name: (text, careful(source)) for name, (text, source) in files.items()}, **options)
    assert found == expected
    return found


@pytest.mark.parametrize(
    "table", [pytest.param(t, id=t.name, marks=[] if t.name == "orders" else pytest.mark.slow) for t in TABLES]
)
def test_nothing_that_can_be_wrong_with_a_row_passes(shop: Shop, table: Table) -> None:
    source, every = own(table.name), damages(table)
    assert made_directly(shop, written(table, [{}, {}]), source)
    for change in every:
        assert not made_directly(shop, written(table, [{}, change]), source), change
    found = outcome(shop.folder, {"all.csv": (written(table, [{}, *every]), source)})
    # What is spread or has a key alone may be rejected for its neighbours' sake; no damage is none.
    assert {line for _, _, line, *_ in found["rejects"]} >= set(range(3, len(every) + 3))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_good_rows_are_those_of_the_careful_way(shop: Shop, table: Table) -> None:
    free = [
        column
        for column in table.columns
        if column.nullable and not column.choices and column.name not in ("last_day", "currency")
    ]
    content = written(table, [{}, *({column.name: OF_KIND[column.kind]} for column in free)])
    assert made_directly(shop, content, own(table.name))
    found = require_the_same(shop.folder, {"good.csv": (content, own(table.name))})
    assert found["rejects"] == []
    assert found[table.name]


ORDERS = "order_id,ordered_at,currency,gross,email,updated_at\n"
GOOD = "o1,2024-03-01,GBP,1,a@b.c,\n" * 1 + "o2,2024-03-02 10:00:00+01,GBP,2.50,,2024-03-03\n"
FILES: dict[str, str | bytes] = {
    "clean": ORDERS + GOOD,
    "no rows": ORDERS,
    "no line end": ORDERS + GOOD.rstrip("\n"),
    "windows line ends": (ORDERS + GOOD).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + ORDERS + GOOD,
    "not UTF-8": (ORDERS + GOOD.replace("a@b.c", "é@b.c")).encode("cp1252"),
    "short line": ORDERS + GOOD + "o3,2024-03-01,GBP,3\n",
    "long line": ORDERS + GOOD + "o3,2024-03-01,GBP,3,,,7\n" + "o4,2024-03-01,GBP,4,,\n",
    "blank line": ORDERS + GOOD + "\no4,2024-03-01,GBP,4,,\n",
    "empty fields": ORDERS + GOOD + ",,,,,\no4,2024-03-01,GBP,4,,\n",
    "line break in quotes": ORDERS + GOOD + 'o3,2024-03-01,GBP,3,"a\nb",\n',
    "open quote": ORDERS + GOOD + 'o3,2024-03-01,GBP,3,"a,\no4,2024-03-01,GBP,4,,\n',
    "zero byte": ORDERS + GOOD + "o3,2024-03-01,GBP,3,a\0b,\n",
    "the same row twice": ORDERS + GOOD + GOOD,
    "a key twice": ORDERS + GOOD + "o1,2024-03-01,GBP,7,,\no5,2024-03-01,GBP,5,,\n",
    "a newer row": ORDERS + GOOD + "o2,2024-03-01,GBP,7,,2024-03-09\n",
    "no exchange rate": ORDERS + GOOD + "o3,2024-03-01,JPY,700,,\n",
    "blanks": ORDERS + "".join(f'"{b}o{n}{b}","{b}2024-03-01","GBP{b}"," 1{b}","{b}",\n' for n, b in enumerate(BLANKS)),
    "formula": ORDERS + "'o1,'2024-03-01,'GBP,'1,'=1+1,\n",
    "other column": ORDERS.replace("email", "mail") + GOOD,
    "lacks a column": ORDERS.replace("gross", "total") + GOOD,
}  # fmt: skip


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
def test_a_file_ends_as_by_the_careful_way(shop: Shop, what: str, strict: bool) -> None:
    require_the_same(
        shop.folder, {"orders.csv": (FILES[what], own("orders"))}, accept_rejects=not strict, strict=strict
    )


LINES = "order_id,line_id,product_id,quantity,amount\no1,1,p,1,1\no2,1,p,1,2.5\n"
OTHERS: dict[str, tuple[str, str]] = {
    "a later file of the same orders": ("orders", ORDERS + "o2,2024-03-05,GBP,7,,\no9,2024-03-05,GBP,9,,\n"),
    "an older file of the same orders": ("orders", ORDERS + "o2,2024-03-05,GBP,7,,2024-03-02\n"),
    "a file with a bad line of an order": ("orders", ORDERS + "o9,2024-03-01,GBP,x,,\no2,2024-03-01,GBP,x,,\n"),
    "lines": ("order_lines", LINES),
    "bad lines": ("order_lines", LINES + "o2,2,p,1,x\n"),
    "rates": ("exchange_rates", "day,currency,rate\n2024-03-01,JPY,0.005\n"),
    "customers": ("customers", "customer_id,email\nc1,a@b.c\nc1,a@b.d\n"),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("what", ["clean", "a key twice", "no exchange rate"])
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_files_end_together_as_by_the_careful_way(shop: Shop, what: str, other: str, first: bool) -> None:
    table, text = OTHERS[other]
    files = {"orders.csv": (FILES[what], own("orders")), "other.csv": (text, own(table))}
    require_the_same(shop.folder, dict(sorted(files.items(), reverse=not first)))


@pytest.mark.parametrize("options", [{"skip_refused": True, "accept_rejects": False}, {"replace": True}], ids=str)
def test_files_that_are_judged_again_end_as_by_the_careful_way(shop: Shop, options: dict[str, bool]) -> None:
    bad = ORDERS + "".join(f"x{n},2024-03-01,GBP,x,,\n" for n in range(20)) + "o2,2024-03-01,GBP,1,,\n"
    files = {
        "a.csv": (FILES["clean"], own("orders")),
        "b.csv": (bad, own("orders")),
        "c.csv": (LINES, own("order_lines")),
    }
    require_the_same(shop.folder, files, **options)


FIELDS = st.sampled_from(
    ["", " ", "o1", "o2", "2024-03-01", "2024-03-01 10:00", "2024-03-01T10:00:00Z", "5 Jan 2024", "05/01/2024", "1", "1.5", "-1",
     "(2)", "1,234.5", "x", "'=1", "GBP", "gbp", "EUR", "XYZ", "a@b.c", "--", "1e99", "é", "7.0", "1.2E+10", "a\tb", "\u00a01"]
)  # fmt: skip


@settings(max_examples=few(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(FIELDS, min_size=1, max_size=7), max_size=4), st.integers(0, 3))
def test_any_file_ends_as_by_the_careful_way(shop: Shop, rows: list[list[str]], good: int) -> None:
    drawn = "".join(",".join(f'"{field}"' if "," in field else field for field in row) + "\n" for row in rows)
    sure = "".join(f"k{n},2024-03-01,GBP,{n},,\n" for n in range(good))
    require_the_same(shop.folder, {"orders.csv": (ORDERS + sure + drawn, own("orders"))})


def test_the_moment_of_the_load_is_the_limit_of_the_past(shop: Shop) -> None:
    """Two days after it, clocks and zones included, is still past."""
    assert datetime(2024, 5, 1, 12) == NOW
    for at, direct in (("2024-05-03 12:00:00Z", True), ("2024-05-03 12:00:01Z", False)):
        assert made_directly(shop, ORDERS + f"o1,{at},GBP,1,,\n", own("orders")) is direct
