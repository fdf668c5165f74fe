"""Facts as Ibis tables: filtered, with the columns of splits and the active window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.metrics.deferred import Deferred
from regulars.metrics.measures import (
    CURRENT_CUSTOMER_ATTRIBUTES,
    FORECASTS,
    GAP_DAYS,
    GAPS_AFTER,
    GAPS_BEFORE,
    HISTOGRAMS,
    OF_FIRST,
    ORDERS,
    PREDICTIONS,
    PREDICTIONS_BY_FIRST_ORDER,
    SUBSCRIPTION_FORECASTS,
    SUBSCRIPTIONS,
    Expression,
    Fact,
)
from regulars.metrics.query import Condition, Facts
from regulars.vocabulary.errors import UsageError
from regulars.warehouse.facts.orders.gaps import NONE
from regulars.warehouse.facts.orders.sequence import with_history
from regulars.warehouse.forecasts import customer_predictions, with_current_persons, with_forecast_days
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import number, smaller

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNKNOWN = "unknown"
BUCKET = "bucket"
PERSON = "person"
MONEY_SCALE = 10_000
"""Money is summed as integers of ten-thousandths, so that sums are exact."""


def relation(
    facts: Facts, fact: Fact, where: tuple[Condition, ...], active_window: int, by: tuple[str, ...] = ()
) -> ir.Table:
    """Return a fact's rows that meet the conditions, with the further column `active_window`.

    Args:
        facts: Facts of the shop.
        fact: The fact.
        where: The conditions.
        active_window: Active window in days.
        by: Columns that the rows will be grouped by: splits, bucket, person.
    """
    if histogram := histogram_of(fact, where, by):
        rows = facts.table(histogram)
        rows = rows.filter(rows.histogram == HISTOGRAMS[fact]).mutate(day_gone=rows.day + active_window)
    elif fact.table == "orders":
        rows = _orders(facts, fact, where, by)
        view = FactView(rows, fact, active_window)
        rows = (rows if view.only is None else rows.filter(view.only)).mutate(**view.added)
    else:
        rows = _filtered(_with_attributes(_rows(facts, fact), facts, where, by), fact, where)
    rows = rows.mutate(**{name: _together(rows, columns) for name, columns in fact.several})
    return rows.mutate(active_window=ibis.literal(active_window))


def histogram_of(fact: Fact, where: tuple[Condition, ...], by: tuple[str, ...]) -> str:
    """Return the histogram table that replaces the fact's rows; empty if the conditions or columns need the rows."""
    return "gaps" if fact in HISTOGRAMS and not where and not by else ""


class FactView:
    """The view of a table that a fact's expressions read, with computed columns such as `gap`.

    Attributes:
        only: Condition on the rows of the fact; None for all.
        added: The computed columns.
    """

    def __init__(self, rows: ir.Table, fact: Fact, active_window: int) -> None:
        self.rows = rows
        self.only: ir.BooleanValue | None = None
        self.added: dict[str, ir.Value] = {}
        row_count = ibis.literal(1, type="int64")
        if fact is GAPS_BEFORE:
            number = smaller(rows.order_number, ibis.literal(3, type="int32"))
            self.added = {"gap": _gap(rows.day - rows.previous_day), "number": number, "n": row_count}
        elif fact is GAPS_AFTER:
            self.added = {"gap": _gap(rows.next_day - rows.day), "n": row_count, "day_gone": rows.day + active_window}
        elif fact is GAP_DAYS:
            # The first order of a purchase day; its customer's second purchase day follows on the first.
            self.only = rows.previous_day.isnull() | (rows.previous_day < rows.day)
            number = ibis.cases((rows.previous_day.isnull(), 1), (rows.previous_day == rows.first_day, 2), else_=3)
            self.added = {"gap": _gap(rows.day - rows.previous_day), "number": number, "n": row_count}


def _gap(days: ir.IntegerValue) -> ir.IntegerValue:
    """A gap in days as in the histogram `gaps`: null becomes NONE, and longer gaps are capped below it."""
    return ibis.cases((days.isnull(), NONE), (days >= NONE, NONE - 1), else_=days).cast("int32")


def orders_of_customers(facts: Facts, where: tuple[Condition, ...], by: tuple[str, ...]) -> ir.Table:
    """Return the orders of known customers that meet the conditions, with the columns `by`."""
    return _orders(facts, GAPS_BEFORE, where, by)


def _orders(facts: Facts, fact: Fact, where: tuple[Condition, ...], by: tuple[str, ...]) -> ir.Table:
    rows = _with_attributes(facts.table("orders"), facts, where, by)
    if where:
        # A filter on orders changes what "previous order" means: it is a metric within those orders.
        rows = with_history(_filtered(rows, fact, where))
    return rows if fact is ORDERS else rows.filter(rows.person.notnull())


def _rows(facts: Facts, fact: Fact) -> ir.Table:
    if fact is SUBSCRIPTIONS:
        return with_forecast_days(facts.table(SUBSCRIPTIONS.table), facts.table(SUBSCRIPTION_FORECASTS))
    if fact.table != PREDICTIONS.table:
        return facts.table(fact.table)
    predictions = with_current_persons(facts.table(PREDICTIONS.table), facts.table("moved_persons"))
    rows = customer_predictions(predictions, facts.table(FORECASTS))
    return (
        rows.filter(rows.next_day.isnull()).mutate(day=rows.first_day) if fact is PREDICTIONS_BY_FIRST_ORDER else rows
    )


def _with_attributes(rows: ir.Table, facts: Facts, where: tuple[Condition, ...], by: tuple[str, ...]) -> ir.Table:
    """The rows with the needed attributes of their persons: of the first order, and of the current record."""
    missing = {*by, *(condition.column for condition in where)} - {*rows.columns}
    if attributes := [name for name in CURRENT_CUSTOMER_ATTRIBUTES if name in missing]:
        people = facts.table("persons")
        rows = _joined(rows, people, {name: people[name.removeprefix("customer_")] for name in attributes})
    if first := [name for name in OF_FIRST if name in missing]:
        orders = facts.table("orders")
        orders = orders.filter(orders.order_number == 1)
        rows = _joined(rows, orders, {name: orders[name] for name in first})
    return rows


def _joined(rows: ir.Table, people: ir.Table, columns: dict[str, ir.Value]) -> ir.Table:
    """The rows with these columns of `people`, which has one row for each person."""
    people = people.select(of_person=people.person, **columns)
    return rows.left_join(people, rows.person == people.of_person).drop("of_person")


def _together(rows: ir.Table, columns: tuple[str, ...]) -> ir.StringValue:
    """A text that identifies the values of several columns."""
    first, *others = (rows[name] for name in columns)
    text = first.cast("string")
    for other in others:
        text = text.length().cast("string").concat(":", text, other.cast("string"))
    return text


def split_columns(fact: Fact, splits: tuple[str, ...]) -> dict[str, str]:
    """Return the splits that the fact knows, with their columns."""
    return {split: fact.splits[split] for split in splits if split in fact.splits}


def with_unknown(column: ir.Value) -> ir.StringValue:
    """Return a split's value as text; null becomes "unknown"."""
    return column.cast("string").fill_null(UNKNOWN)


def filter_column(fact: Fact, condition: Condition) -> str:
    """Return the column of a condition in a fact; empty if the fact has none."""
    return condition.column if condition.column in fact.filters else fact.splits.get(condition.column, "")


def _filtered(rows: ir.Table, fact: Fact, where: tuple[Condition, ...]) -> ir.Table:
    for condition in where:
        column = filter_column(fact, condition)
        if column not in rows.columns:
            known = sorted({*fact.filters, *fact.splits})
            raise UsageError(
                f"There is no column {condition.column!r} in the fact {fact.name} to filter by.",
                f"Known: {', '.join(known)}.",
            )
        rows = rows.filter(_predicate(rows[column], condition))
    return rows


def _predicate(column: ir.Value, condition: Condition) -> ir.BooleanValue:
    values: list[object] = list(condition.values)
    if column.type().is_numeric():
        try:
            values = [number(value) for value in condition.values]
        except ValueError as error:
            raise UsageError(f"{condition.column} is a number; {error}.") from None
    else:
        column = with_unknown(column)
    if condition.operator in ("=", "!="):
        matches = column.isin(values)
        return matches if condition.operator == "=" else ~matches
    if len(values) != 1:
        raise UsageError(f"{condition} compares with several values; only = and != take a list.")
    comparisons = {
        "<": column < values[0],
        "<=": column <= values[0],
        ">": column > values[0],
        ">=": column >= values[0],
    }
    return comparisons[condition.operator]


# Expressions of measures -------------------------------------------------------------------------------------------------


def bound(rows: ir.Table, expression: Expression) -> ir.NumericValue:
    """Return a measure's expression over these rows; a constant becomes a column."""
    if isinstance(expression, Deferred):
        return expression.resolve(rows)
    # Every relation has the active window as a column: a constant of a row must be a column too, to be summed.
    return (rows.active_window * 0 + expression).cast("int64")


def condition(rows: ir.Table, expression: Expression) -> ir.BooleanValue | None:
    """Return a measure's `where` over these rows; None if all count."""
    return expression.resolve(rows) if isinstance(expression, Deferred) else None


def ten_thousandths(amount: ir.NumericValue) -> ir.NumericValue:
    """Return the amount of money of a row in whole ten-thousandths; other numbers are returned unchanged.

    Amounts of 2⁵³ ten-thousandths and more are rounded as floats. 128-bit decimals would be exact, but many times slower.
    """
    if not amount.type().is_decimal():
        return amount
    return (amount.cast("float64") * MONEY_SCALE).round().cast("int64")


def exact(total: ir.NumericValue) -> ir.NumericValue:
    """Return a sum of money in whole ten-thousandths; other sums are returned unchanged."""
    if not total.type().is_decimal():
        return total
    scale = ibis.literal(MONEY_SCALE, type="decimal(38, 0)")
    return (total.cast("decimal(38, 4)") * scale).cast("int64")
