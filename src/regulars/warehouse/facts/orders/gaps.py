"""The fact `gaps`: how many orders had which silence before and after them, by day. Small, and enough for most questions.

METRICS (who is a customer at a moment) says which question each histogram answers; they were checked against sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import smaller

if TYPE_CHECKING:
    import ibis.expr.types as ir

NONE = 32767
"""Stands for "no such order": larger than any window, and much faster to compare than null."""
HISTOGRAMS = ("before", "after", "before_by_day")
"""`before`: days since the previous order, with the order number capped at 3. `after`: days to the next order.
`before_by_day`: as `before`, several orders of one day taken as one; the number counts purchase days."""


def gaps(orders: ir.Table, by: tuple[str, ...] = ()) -> ir.Table:
    """Columns: histogram, day, gap (NONE where there is no neighbour), number (0 where it has no meaning), `by` …, n.

    orders: the fact (or part of it, sequenced again); guests are left out.
    """
    rows = orders.filter(orders.person.notnull())
    before = _counted(rows, "before", _gap(rows.day - rows.previous_day), _capped(rows.order_number), by)
    after = _counted(rows, "after", _gap(rows.next_day - rows.day), ibis.literal(0), by)
    new_day = rows.filter(rows.previous_day.isnull() | (rows.previous_day < rows.day))
    by_time = ibis.window(group_by=new_day.person, order_by=new_day.day)
    days = new_day.mutate(day_number=ibis.row_number().over(by_time) + 1)
    by_day = _counted(days, "before_by_day", _gap(days.day - days.previous_day), _capped(days.day_number), by)
    return before.union(after, by_day, distinct=False)


def _gap(days: ir.IntegerValue) -> ir.IntegerValue:
    # No silence may be mistaken for none.
    return ibis.cases((days.isnull(), NONE), (days >= NONE, NONE - 1), else_=days).cast("int16")


def _capped(number: ir.IntegerValue) -> ir.IntegerValue:
    return smaller(number, ibis.literal(3))


def _counted(
    rows: ir.Table, histogram: str, gap: ir.IntegerValue, number: ir.IntegerValue, by: tuple[str, ...]
) -> ir.Table:
    rows = rows.mutate(gap=gap, number=number.cast("int8"))
    counted = rows.group_by("day", "gap", "number", *by).agg(n=rows.count())
    return counted.mutate(histogram=ibis.literal(histogram)).select("histogram", "day", "gap", "number", *by, "n")
