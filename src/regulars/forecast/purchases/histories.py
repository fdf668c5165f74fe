"""Each customer's past as of a day: how often they came back, how long ago, and what their orders were worth.

A day with a purchase counts once, however many orders it has. Times are in days, from the first purchase to the last
(recency) and to the last day seen (age), as in Fader, Hardie & Lee (2005); see `regulars.forecast.rfm`.
"""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np

from regulars.forecast.rfm import RFMSummary
from regulars.forecast.season.factors import DailyPurchases
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted, floored, smaller

PAST = ("frequency", "recency", "age")
"""The columns that make a cell."""
MOST_CELLS = 300_000
"""Beyond so many cells the fit takes those of weeks: a tenth as many, and the same parameters within 0.2 %."""
_WEEK = 7


def known(orders: ir.Table, until: int) -> ir.Table:
    """The orders of customers one knows, placed before the epoch day `until`."""
    return orders.filter(orders.person.notnull(), orders.day < until)


def on_a_new_day(orders: ir.Table) -> ir.BooleanValue:
    """Whether an order is its customer's first of its day."""
    return orders.previous_day.isnull() | (orders.previous_day < orders.day)


def histories(orders: ir.Table, until: int, cap: Decimal) -> ir.Table:
    """One row per customer by the epoch day `until`, the first not seen: person, bucket, frequency, recency and age in days,
    `spent` (what orders worth more than nothing brought, each at most `cap`), and what all orders brought:
    `revenue_to_date`, net, and `profit_to_date`, null where that of an order is not known.

    Equal pasts come together: what is said of them is then found, joined and written in half the time.
    """
    rows = known(orders, until)
    paid = rows.net_revenue > 0
    value = smaller(rows.net_revenue, ibis.literal(cap, type="decimal(18, 4)"))
    found = rows.group_by("person").agg(
        bucket=rows.bucket.min(),
        first=rows.day.min(),
        last=rows.day.max(),
        days=counted(on_a_new_day(rows).sum()),
        spent=value.sum(where=paid).cast("decimal(18, 4)"),
        revenue=rows.net_revenue.sum().cast("decimal(18, 4)"),
        profit=rows.profit.sum().cast("decimal(18, 4)"),
        unknown=counted(rows.profit.isnull().sum()),
    )
    past = found.select(
        "person",
        "bucket",
        frequency=(found.days - 1).cast("int32"),
        recency=(found["last"] - found["first"]).cast("int32"),
        age=(until - 1 - found["first"]).cast("int32"),
        spent=found.spent.fill_null(ibis.literal(Decimal(0), type="decimal(18, 4)")),
        revenue_to_date=found.revenue,
        profit_to_date=(found.unknown == 0).ifelse(found.profit, ibis.null()),
    )
    return past.order_by("frequency", "age", "recency")


def cells(engine: Engine, rows: ir.Table) -> RFMSummary:
    """Customers with equal pasts as one, by day. rows: `histories`, or a table with the columns of PAST."""
    return _cells(engine, rows.group_by(list(PAST)).agg(n=rows.count()))


def cells_to_fit(engine: Engine, rows: ir.Table, by_day: RFMSummary, most: int = MOST_CELLS) -> RFMSummary:
    """The cells themselves where they are few, else pasts alike within a week as one, at their mean."""
    if len(by_day.x) <= most:
        return by_day
    rows = rows.mutate(recency_week=floored(rows.recency, _WEEK), age_week=floored(rows.age, _WEEK))
    weeks = rows.group_by("frequency", "recency_week", "age_week").agg(
        recency=rows.recency.cast("float64").mean(), age=rows.age.cast("float64").mean(), n=rows.count()
    )
    return _cells(engine, weeks)


def daily_purchases(engine: Engine, orders: ir.Table, first_day: int, until: int) -> DailyPurchases:
    """Count them before the epoch day `until`; orders: those of known customers by then."""
    rows = orders.filter(on_a_new_day(orders))
    found = engine.read(
        rows.group_by("day").agg(new=counted((rows.day == rows.first_day).sum()), n=rows.count()).order_by("day")
    )
    day, new, n = (np.asarray(found[name], dtype=np.int64) for name in ("day", "new", "n"))
    new_by_day, all_by_day = (
        np.bincount(day - first_day, weights=values, minlength=until - first_day) for values in (new, n)
    )
    return DailyPurchases(first_day, new_by_day.astype(float), (all_by_day - new_by_day).astype(float))


def _cells(engine: Engine, counted_rows: ir.Table) -> RFMSummary:
    found = engine.read(counted_rows.select(*PAST, "n"))
    return RFMSummary(*(np.asarray(found[name], dtype=float) for name in (*PAST, "n")))
