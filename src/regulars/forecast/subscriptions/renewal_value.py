"""Revenue of a renewal: what subscribers ordered while subscribed, per period begun.

All orders of a subscriber count, because no table links orders to subscriptions; an order during several subscriptions
is divided among them. Outliers are capped as for purchases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.purchases.histories import known_orders
from regulars.forecast.purchases.monetary_value import value_basis, winsorize
from regulars.vocabulary.errors import ForecastRefused
from regulars.vocabulary.settings.term import Term
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted, divided, smaller

MIN_SUBSCRIPTIONS = 30
"""Subscriptions a plan needs for a revenue of its own; with fewer, all plans of the term are taken together."""
MIN_SHARE_WITH_ORDERS = 0.5
"""Share of subscriptions that must have an order; with fewer, the shop's orders are not how subscribers pay."""


@dataclass(frozen=True)
class RenewalValue:
    """The expected net revenue of a renewal by plan, None where it is not known, and whether value is profit or
    revenue.
    """

    plans: dict[str, float | None]
    value_of: str
    """profit or revenue; empty where neither is known."""
    share: float
    """Value / revenue."""
    why: str
    cap: Decimal
    """Most that an order counts."""


def fit_renewal_value(
    engine: Engine, orders: ir.Table, rows: ir.Table, until: int, terms: Mapping[str, Term]
) -> RenewalValue:
    """Return the revenue of renewals.

    Args:
        engine: Where the rows are.
        orders: The fact orders.
        rows: `renewal_history` as of `until`.
        until: First epoch day after the data.
        terms: Terms by plan.
    """
    earlier_orders = known_orders(orders, until)
    first = engine.row(earlier_orders.agg(first=earlier_orders.day.min()))["first"]
    unknown_revenue = dict.fromkeys(terms)
    if first is None:
        return RenewalValue(unknown_revenue, "", 1.0, "no orders of known customers are loaded", Decimal(0))
    try:
        capped = winsorize(engine, orders, until)
    except ForecastRefused as refused:
        return RenewalValue(unknown_revenue, "", 1.0, str(refused), Decimal(0))
    # Payments before the first loaded order are not known.
    rows = rows.filter(rows.day >= first, rows.person.notnull())
    periods = rows.group_by("plan").agg(n=rows.count(), periods=counted((rows.renewed.cast("int64") + 1).sum()))
    counts = {row["plan"]: row for row in engine.read(periods).to_pylist()}
    pairs = _orders_while_subscribed(earlier_orders, rows, capped.at, until)
    paid = pairs.group_by("plan").agg(
        revenue=pairs.revenue.sum(), profit=pairs.profit.sum(), unknown=pairs.unknown.sum(),
        estimated=pairs.estimated.sum(), orders=pairs.part.sum(), paying=pairs.subscription.nunique(),
    )  # fmt: skip
    for row in engine.read(paid).to_pylist():
        counts[row["plan"]] |= row
    revenues = {plan: _revenue_per_period(counts, [plan], MIN_SUBSCRIPTIONS) for plan in terms}
    for plan, term in terms.items():
        if revenues[plan] is None:
            revenues[plan] = _revenue_per_period(counts, [other for other in terms if terms[other] == term], 1)
    if all(revenue is None for revenue in revenues.values()):
        reason = "too few of them have orders while subscribed" if counts else "none began after the first order"
        return RenewalValue(unknown_revenue, "", 1.0, reason, capped.at)
    sums = {
        name: sum(row.get(name) or 0.0 for row in counts.values())
        for name in ("revenue", "profit", "unknown", "estimated", "orders")
    }
    unknown, estimated, order_count = (round(sums[name]) for name in ("unknown", "estimated", "orders"))
    value_of, share, why = value_basis(sums["revenue"], sums["profit"], unknown, estimated, order_count)
    return RenewalValue(revenues, value_of, share, why, capped.at)


def _orders_while_subscribed(orders: ir.Table, rows: ir.Table, cap: Decimal, until: int) -> ir.Table:
    """Return one row per order and subscription it was placed in: `part`, the share of the order, and the order's
    amounts times `part`.
    """
    subscriptions = rows.select(
        "plan", subscription=rows.source + ":" + rows.subscription_id, holder=rows.person, since=rows.day,
        to=rows.over.ifelse(rows.ended_day, until),
    )  # fmt: skip
    pairs = orders.inner_join(
        subscriptions,
        [orders.person == subscriptions.holder, orders.day >= subscriptions.since, orders.day <= subscriptions.to],
    )
    same_order = ibis.window(group_by=["source", "order_id"])
    pairs = pairs.mutate(part=divided(ibis.literal(1), pairs.count().over(same_order)))
    capped = smaller(pairs.net_revenue, ibis.literal(cap, type="decimal(18, 4)")).cast("float64")
    return pairs.mutate(
        revenue=capped * pairs.part,
        profit=pairs.profit.cast("float64") * pairs.part,
        unknown=pairs.profit.isnull().ifelse(pairs.part, 0.0),
        estimated=pairs.cost_estimated.ifelse(pairs.part, 0.0),
    )


def _revenue_per_period(counts: Mapping[str, Mapping[str, Any]], plans: list[str], least: int) -> float | None:
    """Return the revenue per period of these plans together; None with too few subscriptions, or too few with an order."""
    with_data = [counts[plan] for plan in plans if plan in counts]
    n, paying = sum(row["n"] for row in with_data), sum(row.get("paying") or 0 for row in with_data)
    revenue = sum(row.get("revenue") or 0.0 for row in with_data)
    if n < least or paying < MIN_SHARE_WITH_ORDERS * n or revenue <= 0:
        return None
    revenue_: float = revenue / sum(row["periods"] for row in with_data)
    return revenue_
