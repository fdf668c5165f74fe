"""The fact `gaps`: histograms of the days between orders, by day. They are small, and answer most questions about
customers.

METRICS (who is a customer at a moment) lists the questions that each histogram answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import smaller

if TYPE_CHECKING:
    import ibis.expr.types as ir

NONE = 32767
"""Value of `gap` where there is no other order: larger than any window, and much faster to compare than null."""
HISTOGRAMS = ("before", "after", "before_by_day")
"""`before`: days since the previous order, with the order number capped at 3. `after`: days to the next order.
`before_by_day`: like `before`, with the orders of one day counted as one; its number counts purchase days.
"""


def gaps(orders: ir.Table, by: tuple[str, ...] = ()) -> ir.Table:
    """Return the histograms: histogram, day, gap (days, or NONE), number (0 where it has no meaning), `by` …, n.

    Args:
        orders: the fact, or a part of it with a new history; guests are left out.
        by: further columns to count by.
    """
    rows = orders.filter(orders.person.notnull())
    before = _count_rows(rows, "before", _gap(rows.day - rows.previous_day), _capped(rows.order_number), by)
    after = _count_rows(rows, "after", _gap(rows.next_day - rows.day), ibis.literal(0), by)
    purchase_days = rows.filter(rows.previous_day.isnull() | (rows.previous_day < rows.day))
    by_time = ibis.window(group_by=purchase_days.person, order_by=purchase_days.day)
    numbered_days = purchase_days.mutate(day_number=ibis.row_number().over(by_time) + 1)
    by_day = _count_rows(
        numbered_days,
        "before_by_day",
        _gap(numbered_days.day - numbered_days.previous_day),
        _capped(numbered_days.day_number),
        by,
    )
    return before.union(after, by_day, distinct=False)


def _gap(days: ir.IntegerValue) -> ir.IntegerValue:
    # A gap as large as NONE must not count as no order.
    return ibis.cases((days.isnull(), NONE), (days >= NONE, NONE - 1), else_=days).cast("int16")


def _capped(number: ir.IntegerValue) -> ir.IntegerValue:
    return smaller(number, ibis.literal(3))


def _count_rows(
    rows: ir.Table, histogram: str, gap: ir.IntegerValue, number: ir.IntegerValue, by: tuple[str, ...]
) -> ir.Table:
    rows = rows.mutate(gap=gap, number=number.cast("int8"))
    counts = rows.group_by("day", "gap", "number", *by).agg(n=rows.count())
    return counts.mutate(histogram=ibis.literal(histogram)).select("histogram", "day", "gap", "number", *by, "n")
