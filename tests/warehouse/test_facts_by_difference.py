"""Every declared fact, derived by difference, equals the same fact derived from nothing, whatever its tables hold.

Rows are drawn from the declarations of the tables alone: types, choices, bounds, what may be empty. No fact can be declared
without being tested here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from properties import few
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.schema import Column, Kind, Table
from regulars.warehouse.tables import BY_NAME
from warehouse.test_difference import Shop

FEW = 3
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


def values(column: Column) -> st.SearchStrategy[Any]:
    """Values that the column may hold."""
    if column.choices:
        found = st.sampled_from(column.choices)
    elif column.name in TEXTS:
        found = st.sampled_from(TEXTS[column.name])
    elif column.kind in _KINDS:
        found = _KINDS[column.kind]
    else:
        found = st.integers(1, FEW).map(lambda number: f"{column.name}{number}")
    return st.none() | found if column.nullable else found


def rows(table: Table) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few rows of the table; several may have one key, of which the last counts."""
    return st.lists(st.fixed_dictionaries({column.name: values(column) for column in table.columns}), max_size=4)


def loads(fact: FactTable) -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """What one load may bring of the fact's own table, of those it reads, and of customers."""
    names = dict.fromkeys((fact.table.name, *(read.table for read in fact.reads), "customers"))
    return st.fixed_dictionaries({}, optional={name: rows(BY_NAME[name]) for name in names})


@pytest.mark.parametrize("fact", FACT_TABLES, ids=lambda fact: fact.name)
@settings(max_examples=few(3), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_fact_by_difference_is_the_fact_from_nothing(fact: FactTable, data: st.DataObject) -> None:
    shop = Shop()
    shop.load({})
    for _ in range(data.draw(st.integers(1, 4))):
        if shop.loads > 1 and data.draw(st.integers(0, 3)) == 0:
            shop.undo(data.draw(st.integers(2, shop.loads)))
        else:
            shop.load(data.draw(loads(fact)))
        event("by difference" if shop.ways and not shop.ways[-1] else "anew")
    shop.check()
