"""Rows drawn from the declarations of tables alone (types, choices, what may be empty), and what may happen to a shop of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import event
from hypothesis import strategies as st

from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.schema import Column, Kind, Table
from regulars.warehouse.tables import BY_NAME
from warehouse.test_difference import Shop, perform

ALWAYS_INCREMENTAL_ROWS = 3
"""Different values of an id or a text: rows meet each other."""
START = datetime(2024, 3, 30, 20, tzinfo=UTC).replace(tzinfo=None)
"""Hours before clocks go forward."""
TEXTS = {
    "currency": ["GBP"],
    "email": [f"{name}@example.com" for name in "abc"],
    "phone": ["+441632960961", "+441632960962"],
}
_KINDS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.INSTANT: st.integers(0, 30).map(lambda hours: START + timedelta(hours=hours)),
    Kind.DAY: st.integers(0, 3).map(lambda days: (START + timedelta(days=days)).date()),
    Kind.MONEY: st.integers(0, 3000).map(lambda cents: Decimal(cents) / 100),
    Kind.INTEGER: st.integers(0, 10),
    Kind.NUMBER: st.integers(1, 3).map(Decimal),
    Kind.FLAG: st.booleans(),
    Kind.JSON: st.just("{}"),
}
USUAL = {"status": "counted", "test": False}
"""Values that half of the rows have at least: an order that does not count changes little."""
PEOPLE = st.sampled_from(
    [*TEXTS["email"], *TEXTS["phone"], *(f"test:customer_id{number + 1}" for number in range(ALWAYS_INCREMENTAL_ROWS))]
)
SETTINGS = st.sampled_from(
    [
        {"timezone": "Asia/Tokyo"},
        {"timezone": "America/New_York"},
        {"default_margin": Decimal("0.3")},
        {"gift_cards": ("product_name1",)},
        {"shared_addresses": ("a@example.com",)},
        {"week_start": "sunday", "fiscal_year_start": 4},
    ]
)


def values(column: Column, *, known: bool = False) -> st.SearchStrategy[Any]:
    """Values that the column may hold; known: an id is always there."""
    if column.choices:
        drawn = st.sampled_from(column.choices)
    elif column.name in TEXTS:
        drawn = st.sampled_from(TEXTS[column.name])
    elif column.kind in _KINDS:
        drawn = _KINDS[column.kind]
    else:
        drawn = st.integers(1, ALWAYS_INCREMENTAL_ROWS).map(lambda number: f"{column.name}{number}")
    if column.name in USUAL and (not column.choices or USUAL[column.name] in column.choices):
        drawn = st.just(USUAL[column.name]) | drawn
    return st.none() | drawn if column.nullable and not (known and column.kind is Kind.ID) else drawn


WHO = ("customer_id", "email", "phone", "person_id")


def rows(table: Table, least: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few rows of the table, half of them about nobody; several may have one key, of which the last counts."""
    row = st.fixed_dictionaries({column.name: values(column) for column in table.columns})
    nobody = dict.fromkeys(one.name for one in table.columns if one.name in WHO and one.nullable)
    return st.lists(row | row.map(lambda one: one | nobody), min_size=least, max_size=least + 4)


def rows_with_new_keys(table: Table) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few rows that no earlier load can have, about the same customers, orders, visitors … as the rows of earlier loads."""
    ids = (Kind.ID, Kind.TEXT)
    names = {
        column.name: st.integers(1, ALWAYS_INCREMENTAL_ROWS).map(f"new{column.name}{{}}".format)
        for column in table.columns
        if column.name in table.key and column.kind in ids and not column.choices
    }
    row = st.fixed_dictionaries(
        {column.name: names.get(column.name, values(column, known=True)) for column in table.columns}
    )
    return st.lists(row | row.map(_by_number), min_size=1, max_size=4)


def _by_number(row: dict[str, Any]) -> dict[str, Any]:
    """The row about a customer known by number alone: shared addresses soon make one person of all."""
    return row | {name: None for name in WHO[1:] if name in row}


def further_loads(fact: FactTable) -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """A load by difference that concerns rows which are there: new rows of the fact's own table, of those it reads, or both."""
    read = {one.table: rows_with_new_keys(BY_NAME[one.table]) for one in fact.reads if one.table != fact.table.name}
    own = st.fixed_dictionaries({fact.table.name: rows_with_new_keys(fact.table)}, optional=read)
    return own | st.fixed_dictionaries(read) if read else own


def first_loads(fact: FactTable) -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """What a shop begins with: rows of the fact's own table and of customers."""
    own_rows = rows(fact.table, 2) | rows(fact.table, 2).map(lambda drawn: list(map(_by_number, drawn)))
    return st.fixed_dictionaries({fact.table.name: own_rows}, optional={"customers": rows(BY_NAME["customers"], 2)})


def loads(fact: FactTable) -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """What one load may bring of the fact's own table, of those it reads, and of customers."""
    names = dict.fromkeys((fact.table.name, *(read.table for read in fact.reads), "customers"))
    return st.fixed_dictionaries({}, optional={name: rows(BY_NAME[name]) for name in names})


def acts(fact: FactTable) -> st.SearchStrategy[tuple[str, Any]]:
    """Anything that may happen to a shop: loads, loads that replace, undos, persons joined and split, changed settings."""
    load = st.tuples(st.just("load"), loads(fact))
    return st.one_of(
        load,
        load,
        load,
        st.tuples(st.just("replace"), loads(fact)),
        st.tuples(st.just("undo"), st.integers(1, 3)),
        st.tuples(st.just("join"), st.tuples(PEOPLE, PEOPLE)),
        st.tuples(st.just("split"), st.tuples(PEOPLE, PEOPLE)),
        st.tuples(st.just("set"), SETTINGS),
    )


def history(fact: FactTable) -> st.SearchStrategy[list[tuple[str, Any]]]:
    """A first load and what happens after it."""
    first = st.tuples(st.just("load"), first_loads(fact))
    further = st.tuples(st.just("load"), further_loads(fact))
    later = st.lists(acts(fact), max_size=3)
    return st.builds(lambda one, more, rest, last: [one, more, *rest, last], first, further, later, acts(fact))


def happen(shop: Shop, done: list[tuple[str, Any]]) -> None:
    """Do all of it to a new shop, each write by difference where that is possible."""
    for act, what in done:
        before = len(shop.ways)
        perform(shop, act, what)
        event(f"{act}: {'refused' if len(shop.ways) == before else shop.ways[-1] or 'by difference'}")
