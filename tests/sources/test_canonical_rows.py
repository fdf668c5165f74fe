"""Rows drawn from each table's declaration, written as files in our own columns: all that keep its rules load as they are."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from properties import few
from regulars.load.files import expand
from regulars.load.run import Input, LoadOptions, load
from regulars.sources.catalogue import recognise
from regulars.vocabulary.shop import Settings
from regulars.warehouse.schema import Column, Kind, Table
from regulars.warehouse.tables import TABLES
from warehouse.memory import warehouse_in_memory

NOW = datetime(2026, 1, 1)
IDS = st.from_regex(r"[A-Z][0-9]{1,3}", fullmatch=True)
TEXTS = st.sampled_from(["Soap", "blue, large", 'the "old" one', "Zoë", "two\nlines", "A1"])
MONEY = st.integers(0, 5_000).map(lambda cents: Decimal(cents) / 100)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2025, 1, 1)).map(lambda at: at.replace(microsecond=0))
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.ID: IDS,
    Kind.TEXT: TEXTS,
    Kind.INSTANT: INSTANTS,
    Kind.DAY: st.dates(date(2020, 1, 1), date(2020, 1, 9)),
    Kind.MONEY: MONEY,
    Kind.INTEGER: st.integers(0, 12),
    Kind.NUMBER: MONEY,
    Kind.FLAG: st.booleans(),
    Kind.JSON: st.just("{}"),
}
WRITTEN = {Kind.INSTANT: lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}", Kind.FLAG: lambda flag: "true" if flag else "false"}


def values_of(column: Column) -> st.SearchStrategy[Any]:
    """What a field of the column may hold; None for an empty field."""
    if column.name == "currency":
        value: st.SearchStrategy[Any] = st.just("GBP")
    elif column.choices:
        value = st.sampled_from(column.choices)
    else:
        value = VALUES[column.kind]
    lowest = column.low
    if lowest is not None:
        value = value.filter(lambda drawn: drawn >= lowest)
    if column.name == "source_order_id":  # orders that share one are given its order_id: tested in test_order_ids.py
        return st.none()
    return st.none() | value if column.nullable or column.default is not None else value


@given(data=st.data())
def test_values_below_the_lowest_allowed_are_not_drawn(data: st.DataObject):
    assert data.draw(values_of(Column("stars", Kind.INTEGER, "from 1 to 5", low=1))) >= 1


def rows_of(table: Table) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows with keys of their own."""
    row = st.fixed_dictionaries({column.name: values_of(column) for column in table.columns})
    return st.lists(row, min_size=1, max_size=9, unique_by=lambda one: tuple(one[name] or "" for name in table.key))


@dataclass
class Loaded:
    """The rows that stand in the table, and the reasons of those that do not, by line."""

    rows: list[tuple[Any, ...]]
    reasons: dict[int, list[str]]


def loaded(table: Table, rows: list[dict[str, Any]], folder: Path) -> Loaded:
    names = [column.name for column in table.columns]
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            writer.writerow(
                ["" if row[c.name] is None else WRITTEN.get(c.kind, str)(row[c.name]) for c in table.columns]
            )
    con = warehouse_in_memory()
    source = recognise(path.name, names)
    assert [mapping.table for mapping in source.mappings] == [table.name]
    load(
        con, [Input(file, source) for file in expand([path])], settings=Settings(name="s", currency="GBP", timezone="UTC"),
        command="test", options=LoadOptions(accept_rejects=True), now=NOW,
    )  # fmt: skip
    stored = con.execute(f"SELECT {', '.join(map(quoted, names))} FROM main.{table.name}").fetchall()
    lines = dict(con.execute("SELECT line, reasons FROM main.rejects").fetchall())
    con.close()
    return Loaded(stored, lines)


def quoted(name: str) -> str:
    return f'"{name}"'


def judged(table: Table, row: dict[str, Any]) -> tuple[tuple[Any, ...], set[str]]:
    """The row as it must stand in the table, defaults in place, and the reasons of the rules that it breaks."""
    con = duckdb.connect()
    filled = ", ".join(
        f"coalesce(?::{c.kind.sql}, {c.default})::{c.kind.sql} AS {quoted(c.name)}"
        if c.default is not None
        else f"?::{c.kind.sql} AS {quoted(c.name)}"
        for c in table.columns
    )
    con.execute(f"CREATE TABLE row_ AS SELECT {filled}", [row[c.name] for c in table.columns])
    (stored,) = con.execute("FROM row_").fetchall()
    broken = {rule.reason for rule in table.rules if con.execute(f"SELECT {rule.broken} FROM row_").fetchall()[0][0]}
    con.close()
    return stored, broken


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@settings(max_examples=few(2), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_row_loads_as_it_is_unless_it_breaks_a_rule(table: Table, data: st.DataObject, tmp_path: Path):
    rows = data.draw(rows_of(table))
    found = loaded(table, rows, tmp_path)
    expected = [judged(table, row) for row in rows]
    if table.replaced_by:  # a broken line takes the others of its order with it
        spoilt = {row[table.replaced_by[0]] for row, (_, broken) in zip(rows, expected, strict=True) if broken}
        kept = [
            stored for row, (stored, _) in zip(rows, expected, strict=True) if row[table.replaced_by[0]] not in spoilt
        ]
    else:
        kept = [stored for stored, broken in expected if not broken]
        assert {frozenset(reasons) for reasons in found.reasons.values()} == {frozenset(b) for _, b in expected if b}
    assert sorted(found.rows, key=repr) == sorted(kept, key=repr)


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("spend", {"day": "2024-05-01", "last_day": "2024-05-31", "channel": "ads", "amount": "900", "currency": "GBP"},
         "the row sums up several days; export the spend day by day, or spread it in a mapping (spread = true)"),
        ("answers", {"answer_id": "1", "survey": "s", "kind": "nps", "score": "11", "scale_low": "0", "scale_high": "10",
                     "high_is": "good", "answered_at": "2024-05-01"}, "the score lies outside its scale"),
        ("holdouts", {"assignment_id": "1", "campaign": "c", "arm": "control", "assigned_at": "2024-05-01"},
         "arm: 'control' is not one of send, holdout"),
        ("carts", {"cart_id": "1", "opened_at": "2024-05-01", "updated_at": "2024-05-01", "last_step": "paid", "items": "1"},
         "last_step: 'paid' is not one of cart, contact, shipping, payment"),
        ("message_days", {"day": "2024-05-01", "campaign": "may", "channel": "email", "sent": "10", "opened": "12"},
         "more messages were opened than were sent"),
        ("tickets", {"ticket_id": "1", "opened_at": "2024-05-02", "closed_at": "2024-05-01", "status": "closed"},
         "the request is closed before it was opened"),
        ("leads", {"lead_id": "1", "created_at": "2024-05-02", "converted_at": "2024-05-01"},
         "the lead became a customer before it was created"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_row_that_cannot_be_is_rejected_in_words(name: str, row: dict[str, str], reason: str, tmp_path: Path):
    (table,) = (table for table in TABLES if table.name == name)
    path = tmp_path / f"{name}.csv"
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    con = warehouse_in_memory()
    source = recognise(path.name, row)
    assert source.mappings[0].table == table.name
    load(
        con, [Input(file, source) for file in expand([path])], settings=Settings(name="s", currency="GBP", timezone="UTC"),
        command="test", options=LoadOptions(accept_rejects=True), now=NOW,
    )  # fmt: skip
    assert con.execute("SELECT reasons FROM main.rejects").fetchall() == [([reason],)]
