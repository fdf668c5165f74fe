"""The position of each order in its customer's history. Guests have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import first_value

if TYPE_CHECKING:
    import ibis.expr.types as ir

HISTORY_COLUMNS = (
    "order_number", "previous_day", "second_previous_day", "next_day",
    "first_day", "first_channel", "first_country", "first_coupon", "first_product",
)  # fmt: skip
"""The columns that `with_history` adds. A filter on orders changes their meaning, so that they are computed again then.

None depends on all orders of a customer: an order that comes last changes the row before it and no other.
"""
_OF_FIRST = {
    "first_day": "day",
    "first_channel": "channel",
    "first_country": "country",
    "first_coupon": "coupon",
    "first_product": "product",
}


def with_history(orders: ir.Table) -> ir.Table:
    """Add HISTORY_COLUMNS to orders (person, day, at, channel, country, coupon, product …).

    `order_number` counts from 1 by day and time, ties broken by order id; `previous_day`, `second_previous_day` and
    `next_day` are epoch days of the customer's neighbouring orders, null where there are none.
    """
    orders = orders.drop(*[name for name in HISTORY_COLUMNS if name in orders.columns])
    guests = orders.filter(orders.person.isnull())
    rows = orders.filter(orders.person.notnull())
    by_time = ibis.window(group_by=rows.person, order_by=[rows.day, rows.at, rows.order_id, rows.source])
    rows = rows.mutate(
        order_number=(ibis.row_number().over(by_time) + 1).cast("int32"),
        previous_day=rows.day.lag(1).over(by_time),
        second_previous_day=rows.day.lag(2).over(by_time),
        next_day=rows.day.lead(1).over(by_time),
        **{name: first_value(rows[column], by_time) for name, column in _OF_FIRST.items()},
    )
    schema = rows.schema()
    guests = guests.mutate(**{name: ibis.null(schema[name]) for name in HISTORY_COLUMNS})
    return rows.union(guests.select(*rows.columns), distinct=False)
