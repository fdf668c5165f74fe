"""Frequency, recency and age of each customer as of a day, and the value of their orders.

All orders of a day are one purchase. Times are in days from the first purchase: to the last (recency) and to the last
day of the data (age), as in Fader, Hardie & Lee (2005); see `regulars.forecast.rfm`.
"""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np

from regulars.forecast.rfm import RFMSummary
from regulars.forecast.seasonal_time import DailyPurchases
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted, floored, smaller

RFM_COLUMNS = ("frequency", "recency", "age")
"""The columns that define a history."""
MAX_ROWS_TO_FIT = 300_000
"""With more distinct histories the fit takes those by week: a tenth as many, and the same parameters within 0.2 %."""
_WEEK = 7


def known_orders(orders: ir.Table, until: int) -> ir.Table:
    """Return the orders of known customers before the epoch day `until`."""
    return orders.filter(orders.person.notnull(), orders.day < until)


def is_first_of_day(orders: ir.Table) -> ir.BooleanValue:
    """Whether an order is its customer's first of the day."""
    return orders.previous_day.isnull() | (orders.previous_day < orders.day)


def customer_histories(orders: ir.Table, until: int, cap: Decimal) -> ir.Table:
    """Return one row per customer, sorted so that equal histories are adjacent: what follows then takes half the time.

    Args:
        orders: The fact orders.
        until: First epoch day after the data.
        cap: Most that an order counts in `spent`.

    Returns:
        Columns person, bucket; frequency, recency and age in days; `spent`, the sum of positive net revenues, each at
        most `cap`; `revenue_to_date`, the net revenue; `profit_to_date`, null where the profit of an order is not
        known.
    """
    rows = known_orders(orders, until)
    paid = rows.net_revenue > 0
    value = smaller(rows.net_revenue, ibis.literal(cap, type="decimal(18, 4)"))
    customers = rows.group_by("person").agg(
        bucket=rows.bucket.min(),
        first=rows.day.min(),
        last=rows.day.max(),
        days=counted(is_first_of_day(rows).sum()),
        spent=value.sum(where=paid).cast("decimal(18, 4)"),
        revenue=rows.net_revenue.sum().cast("decimal(18, 4)"),
        profit=rows.profit.sum().cast("decimal(18, 4)"),
        unknown=counted(rows.profit.isnull().sum()),
    )
    histories = customers.select(
        "person",
        "bucket",
        frequency=(customers.days - 1).cast("int32"),
        recency=(customers["last"] - customers["first"]).cast("int32"),
        age=(until - 1 - customers["first"]).cast("int32"),
        spent=customers.spent.fill_null(ibis.literal(Decimal(0), type="decimal(18, 4)")),
        revenue_to_date=customers.revenue,
        profit_to_date=(customers.unknown == 0).ifelse(customers.profit, ibis.null()),
    )
    return histories.order_by("frequency", "age", "recency")


def rfm_summary(engine: Engine, rows: ir.Table) -> RFMSummary:
    """Return the number of customers by distinct history.

    Args:
        engine: Where the rows are.
        rows: `customer_histories`, or a table with RFM_COLUMNS.
    """
    return _read_summary(engine, rows.group_by(list(RFM_COLUMNS)).agg(n=rows.count()))


def rfm_summary_to_fit(
    engine: Engine, rows: ir.Table, daily_rfm: RFMSummary, most: int = MAX_ROWS_TO_FIT
) -> RFMSummary:
    """Return `daily_rfm` where it has at most `most` rows, else the histories by week, at their means."""
    if len(daily_rfm.x) <= most:
        return daily_rfm
    rows = rows.mutate(recency_week=floored(rows.recency, _WEEK), age_week=floored(rows.age, _WEEK))
    weeks = rows.group_by("frequency", "recency_week", "age_week").agg(
        recency=rows.recency.cast("float64").mean(), age=rows.age.cast("float64").mean(), n=rows.count()
    )
    return _read_summary(engine, weeks)


def daily_purchases(engine: Engine, orders: ir.Table, first_day: int, until: int) -> DailyPurchases:
    """Return first and repeat purchases by day before the epoch day `until`; `orders` are those of known customers."""
    rows = orders.filter(is_first_of_day(orders))
    counts = engine.read(
        rows.group_by("day").agg(new=counted((rows.day == rows.first_day).sum()), n=rows.count()).order_by("day")
    )
    day, new, n = (np.asarray(counts[name], dtype=np.int64) for name in ("day", "new", "n"))
    daily_new, daily_total = (
        np.bincount(day - first_day, weights=values, minlength=until - first_day) for values in (new, n)
    )
    return DailyPurchases(first_day, daily_new.astype(float), (daily_total - daily_new).astype(float))


def _read_summary(engine: Engine, counted_rows: ir.Table) -> RFMSummary:
    counts = engine.read(counted_rows.select(*RFM_COLUMNS, "n"))
    return RFMSummary(*(np.asarray(counts[name], dtype=float) for name in (*RFM_COLUMNS, "n")))
