"""A fact as an Ibis table, ready to be summed: filtered, split, and with the active window at hand."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import ibis
import ibis.expr.types as ir

from regulars.metrics.measures import AS_NOW, GAPS, HISTORIES, ORDERS, Fact
from regulars.metrics.question import Condition, Facts
from regulars.vocabulary.errors import UsageError
from regulars.warehouse.facts.gaps import gaps
from regulars.warehouse.facts.sequence import sequenced

UNKNOWN = "unknown"
BUCKET = "bucket"
PERSON = "person"
_OF_ORDERS = (ORDERS, HISTORIES, GAPS)


def relation(
    facts: Facts, fact: Fact, where: tuple[Condition, ...], active_window: int, by: tuple[str, ...] = ()
) -> ir.Table:
    """The fact's rows with `active_window` added. `by` are the columns it will be grouped by (splits, bucket, person)."""
    if fact in _OF_ORDERS:
        rows = _orders(facts, fact, where, by)
        if fact is GAPS:
            rows = gaps(rows, by) if where or by else facts.table("gaps")
            rows = rows.mutate(day_gone=rows.day + active_window)
    else:
        rows = _filtered(facts.table(fact.name), fact, where)
    return rows.mutate(active_window=ibis.literal(active_window))


def orders_of_customers(facts: Facts, where: tuple[Condition, ...], by: tuple[str, ...]) -> ir.Table:
    """The orders of known customers that meet the conditions, with the columns `by`."""
    return _orders(facts, HISTORIES, where, by)


def _orders(facts: Facts, fact: Fact, where: tuple[Condition, ...], by: tuple[str, ...]) -> ir.Table:
    rows = facts.table("orders")
    if {*by, *(one.column for one in where)} & {*AS_NOW}:
        people = facts.table("persons")
        told = {name: people[name.removeprefix("customer_")] for name in AS_NOW}
        people = people.select(told_person=people.person, **told)
        rows = rows.left_join(people, rows.person == people.told_person).drop("told_person")
    if where:
        # A filter on orders changes what "previous order" means: it is a metric within those orders.
        rows = sequenced(_filtered(rows, fact, where))
    return rows if fact is ORDERS else rows.filter(rows.person.notnull())


def split_columns(fact: Fact, splits: tuple[str, ...]) -> dict[str, str]:
    """Of the splits asked for, those the fact knows: word -> column."""
    return {split: fact.splits[split] for split in splits if split in fact.splits}


def with_unknown(column: ir.Value) -> ir.StringValue:
    """A split's value as text; nothing there is "unknown"."""
    return column.cast("string").fill_null(UNKNOWN)


def _filtered(rows: ir.Table, fact: Fact, where: tuple[Condition, ...]) -> ir.Table:
    for one in where:
        column = one.column
        if column not in fact.filters:
            column = fact.splits.get(column, "")
        if column not in rows.columns:
            known = sorted({*fact.filters, *fact.splits})
            raise UsageError(
                f"There is no column {one.column!r} in the fact {fact.name} to filter by.",
                f"Known: {', '.join(known)}.",
            )
        rows = rows.filter(_predicate(rows[column], one))
    return rows


def _predicate(column: ir.Value, one: Condition) -> ir.BooleanValue:
    values: list[object] = list(one.values)
    if column.type().is_numeric():
        try:
            values = [Decimal(value) for value in one.values]
        except InvalidOperation:
            raise UsageError(f"{one.column} is a number; {','.join(one.values)!r} is not.") from None
    else:
        column = with_unknown(column)
    if one.operator in ("=", "!="):
        found = column.isin(values)
        return found if one.operator == "=" else ~found
    if len(values) != 1:
        raise UsageError(f"{one} compares with several values; only = and != take a list.")
    comparisons = {
        "<": column < values[0],
        "<=": column <= values[0],
        ">": column > values[0],
        ">=": column >= values[0],
    }
    return comparisons[one.operator]
