"""The least data that a forecast needs."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir

from regulars.forecast.purchases.histories import known_orders
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import ForecastRefused
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted

MIN_CUSTOMERS = 500
MIN_DAYS = 180
MAX_DAYS_SINCE_LAST = 30
"""Days from the last order to the end of the data, at most."""
REGULAR_ORDERS, MIN_REGULARS = 3, 20
"""At least MIN_REGULARS customers must have REGULAR_ORDERS orders or more."""


@dataclass(frozen=True)
class DataCounts:
    """Counts of the data before the epoch day `until`. Days are epoch days; None where there is no order of a known
    customer.
    """

    customers: int
    regulars: int
    """Customers with REGULAR_ORDERS orders or more."""
    first_day: int | None
    last_day: int | None
    until: int


def count_data(engine: Engine, orders: ir.Table, until: int) -> DataCounts:
    """Return the counts of the orders before the epoch day `until`."""
    rows = known_orders(orders, until)
    # A customer's n-th order has number n whatever `until` is, so customers need not be grouped.
    counts = rows.agg(
        customers=counted((rows.order_number == 1).sum()),
        regulars=counted((rows.order_number == REGULAR_ORDERS).sum()),
        first_day=rows.day.min(),
        last_day=rows.day.max(),
    )
    row = engine.row(counts)
    return DataCounts(row["customers"] or 0, row["regulars"] or 0, row["first_day"], row["last_day"], until)


def unmet_requirements(counts: DataCounts) -> tuple[str, ...]:
    """Return the requirements that the data do not meet, in words for a shop; empty where they meet all."""
    if counts.first_day is None or counts.last_day is None:
        return ("no known customer has ordered yet",)
    reasons = []
    if counts.customers < MIN_CUSTOMERS:
        reasons.append(f"{MIN_CUSTOMERS} customers who ordered are needed, and there are {counts.customers:,}")
    days = counts.until - counts.first_day
    if days < MIN_DAYS:
        reasons.append(f"{MIN_DAYS} days of orders are needed, and there are {days:,}")
    days_since_last = counts.until - 1 - counts.last_day
    if days_since_last > MAX_DAYS_SINCE_LAST:
        last = from_epoch_day(counts.last_day)
        reasons.append(
            f"the last order is of {last}, {days_since_last:,} days before; at most {MAX_DAYS_SINCE_LAST} are allowed"
        )
    if counts.regulars < MIN_REGULARS:
        reasons.append(
            f"{MIN_REGULARS} customers with {REGULAR_ORDERS} orders or more are needed, and there are {counts.regulars:,}"
        )
    return tuple(reasons)


def require(counts: DataCounts) -> None:
    """Raise ForecastRefused with all unmet requirements."""
    reasons = unmet_requirements(counts)
    if reasons:
        raise ForecastRefused(
            f"There are not enough data for a forecast: {'; '.join(reasons)}.",
            "Load older or newer orders, or forecast as of another day: --as-of DAY.",
        )
