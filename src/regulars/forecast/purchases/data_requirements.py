"""Whether a shop's data can carry a forecast: below these gates a number would look like knowledge and be none."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir

from regulars.forecast.purchases.histories import known
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import ForecastRefused
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted

CUSTOMERS = 500
DAYS = 180
SILENCE = 30
"""Days."""
ORDERS, REGULARS = 3, 20
"""So many customers must have so many orders."""


@dataclass(frozen=True)
class Evidence:
    """What there is to learn from before an epoch day. Days are epoch days, None where nobody has ordered yet."""

    customers: int
    regulars: int
    """Customers with ORDERS orders or more."""
    first_day: int | None
    last_day: int | None
    until: int


def evidence(engine: Engine, orders: ir.Table, until: int) -> Evidence:
    """Count what there is."""
    rows = known(orders, until)
    # Not counted among all orders, for an order's number counts those before it alone, whatever `until` is.
    found = rows.agg(
        customers=counted((rows.order_number == 1).sum()),
        regulars=counted((rows.order_number == ORDERS).sum()),
        first_day=rows.day.min(),
        last_day=rows.day.max(),
    )
    one = engine.row(found)
    return Evidence(one["customers"] or 0, one["regulars"] or 0, one["first_day"], one["last_day"], until)


def reasons(found: Evidence) -> tuple[str, ...]:
    """Why these data cannot carry a forecast, in words for a shop; empty where they can."""
    if found.first_day is None or found.last_day is None:
        return ("no customer one could recognise has ordered yet",)
    said = []
    if found.customers < CUSTOMERS:
        said.append(f"{CUSTOMERS} customers who ordered are needed, and there are {found.customers:,}")
    days = found.until - found.first_day
    if days < DAYS:
        said.append(f"{DAYS} days of orders are needed, and there are {days:,}")
    silence = found.until - 1 - found.last_day
    if silence > SILENCE:
        last = from_epoch_day(found.last_day)
        said.append(f"the last order is of {last}, {silence:,} days before, and {SILENCE} are the most")
    if found.regulars < REGULARS:
        said.append(f"{REGULARS} customers with {ORDERS} orders or more are needed, and there are {found.regulars:,}")
    return tuple(said)


def require(found: Evidence) -> None:
    """Raises ForecastRefused with every reason."""
    said = reasons(found)
    if said:
        raise ForecastRefused(
            f"There is not enough yet to forecast from: {'; '.join(said)}.",
            "Load the orders of earlier, or of the latest, days; or forecast as of another day: --as-of DAY.",
        )
