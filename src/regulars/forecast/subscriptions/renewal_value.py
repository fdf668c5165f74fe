"""What a renewal brings: what subscribers ordered while they were subscribed, for each period that was begun.

All orders of a subscriber count, for no table tells which of them a subscription brought; those of a day on which somebody has
several subscriptions are shared among them. Outliers are capped as they are for purchases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.purchases.histories import known
from regulars.forecast.purchases.monetary_value import valued, winsorize
from regulars.vocabulary.errors import ForecastRefused
from regulars.vocabulary.settings.term import Term
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted, divided, smaller

ENOUGH = 30
"""So many subscriptions of a plan tell what its renewals bring; fewer are taken with the other plans of their term."""
MATCHED = 0.5
"""Of the subscriptions, so many must have an order, or the shop's orders are not what subscribers pay by."""


@dataclass(frozen=True)
class RenewalValue:
    """The net revenue a renewal is expected to bring, by plan; None where it is not known. And of what value is."""

    plans: dict[str, float | None]
    value_of: str
    """profit, revenue, or nothing where neither is known."""
    share: float
    """Of revenue that is value."""
    why: str
    cap: Decimal
    """What an order counts at most."""


def bringing(engine: Engine, orders: ir.Table, rows: ir.Table, until: int, terms: Mapping[str, Term]) -> RenewalValue:
    """What renewals bring, from the orders before the epoch day `until`; rows: `renewal_history` as of it."""
    seen = known(orders, until)
    first = engine.row(seen.agg(first=seen.day.min()))["first"]
    nothing = dict.fromkeys(terms)
    if first is None:
        return RenewalValue(nothing, "", 1.0, "no orders of customers one could recognise are loaded", Decimal(0))
    try:
        capped = winsorize(engine, orders, until)
    except ForecastRefused as refused:
        return RenewalValue(nothing, "", 1.0, str(refused), Decimal(0))
    # What was paid before the first order that is loaded is not known.
    rows = rows.filter(rows.day >= first, rows.person.notnull())
    periods = rows.group_by("plan").agg(n=rows.count(), periods=counted((rows.renewed.cast("int64") + 1).sum()))
    counts = {row["plan"]: row for row in engine.read(periods).to_pylist()}
    pairs = _orders_while_subscribed(seen, rows, capped.at, until)
    paid = pairs.group_by("plan").agg(
        revenue=pairs.revenue.sum(), profit=pairs.profit.sum(), unknown=pairs.unknown.sum(),
        estimated=pairs.estimated.sum(), orders=pairs.part.sum(), paying=pairs.subscription.nunique(),
    )  # fmt: skip
    for row in engine.read(paid).to_pylist():
        counts[row["plan"]] |= row
    found = {plan: _brings(counts, [plan], ENOUGH) for plan in terms}
    for plan, term in terms.items():
        if found[plan] is None:
            found[plan] = _brings(counts, [other for other in terms if terms[other] == term], 1)
    if all(one is None for one in found.values()):
        said = "too few of them have orders while subscribed" if counts else "none began after the first order"
        return RenewalValue(nothing, "", 1.0, said, capped.at)
    sums = {
        name: sum(row.get(name) or 0.0 for row in counts.values())
        for name in ("revenue", "profit", "unknown", "estimated", "orders")
    }
    unknown, estimated, placed = (round(sums[name]) for name in ("unknown", "estimated", "orders"))
    of, share, why = valued(sums["revenue"], sums["profit"], unknown, estimated, placed)
    return RenewalValue(found, of, share, why, capped.at)


def _orders_while_subscribed(orders: ir.Table, rows: ir.Table, most: Decimal, until: int) -> ir.Table:
    """One row for each order of a subscriber and each subscription it was placed in: `part` of it, and what that was worth."""
    held = rows.select(
        "plan", subscription=rows.source + ":" + rows.subscription_id, holder=rows.person, since=rows.day,
        to=rows.over.ifelse(rows.ended_day, until),
    )  # fmt: skip
    pairs = orders.inner_join(held, [orders.person == held.holder, orders.day >= held.since, orders.day <= held.to])
    several = ibis.window(group_by=["source", "order_id"])
    pairs = pairs.mutate(part=divided(ibis.literal(1), pairs.count().over(several)))
    worth = smaller(pairs.net_revenue, ibis.literal(most, type="decimal(18, 4)")).cast("float64")
    return pairs.mutate(
        revenue=worth * pairs.part,
        profit=pairs.profit.cast("float64") * pairs.part,
        unknown=pairs.profit.isnull().ifelse(pairs.part, 0.0),
        estimated=pairs.cost_estimated.ifelse(pairs.part, 0.0),
    )


def _brings(counts: Mapping[str, Mapping[str, Any]], plans: list[str], least: int) -> float | None:
    """The revenue of a period of these plans together; None where too few, or hardly any with an order, tell it."""
    told = [counts[plan] for plan in plans if plan in counts]
    n, paying = sum(row["n"] for row in told), sum(row.get("paying") or 0 for row in told)
    revenue = sum(row.get("revenue") or 0.0 for row in told)
    if n < least or paying < MATCHED * n or revenue <= 0:
        return None
    found: float = revenue / sum(row["periods"] for row in told)
    return found
