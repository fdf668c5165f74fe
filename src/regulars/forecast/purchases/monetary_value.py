"""What a purchase day is worth: Gamma-Gamma over each customer's mean value of a day with orders, outliers capped.

Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42, 415–430. All orders of a customer's day are one
transaction. All days are averaged, not only repeat ones: that forecasts average value better. A customer whose orders were
worth nothing gets the mean of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np

from regulars.forecast.models.spend_fit import fit_spend
from regulars.forecast.newton import Status
from regulars.forecast.purchases.histories import known
from regulars.vocabulary.errors import ForecastRefused, InputError
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted, divided

TYPICAL = 0.999
"""Orders above this quantile of all count as much as it: a single one of them would decide what a customer is worth."""
_FINE = 100
"""Customers with as many days, alike in their mean within 1 %, count as one for the fit."""


@dataclass(frozen=True)
class Cap:
    """What an order counts at most, and what that took away."""

    at: Decimal
    orders: int
    amount: Decimal


@dataclass(frozen=True)
class Spending:
    """What a purchase day of a customer is expected to bring, and of what value is."""

    model: str
    """gamma-gamma, or mean: all customers the same."""
    reason: str
    """Why it is not Gamma-Gamma; empty where it is."""
    parameters: dict[str, float]
    """p, q and v of Gamma-Gamma, v in the shop's currency; mean where that is the model."""
    value_of: str
    """profit or revenue."""
    share: float
    """Of revenue that is value: 1 for revenue itself."""
    why: str
    """Why value is what it is."""

    def a_day(self, frequency: ir.IntegerValue, spent: ir.DecimalValue) -> ir.FloatingValue:
        """The net revenue to expect of a customer's day with a purchase: eq. (5), p (v + spent) / (p days + q − 1).

        frequency: days with a purchase after the first; spent: what all of them brought, 0 counts as no day.
        """
        if self.model == "mean":
            return ibis.literal(self.parameters["mean"])
        p, q, v = (self.parameters[name] for name in ("p", "q", "v"))
        days = (spent > 0).ifelse(frequency.cast("float64") + 1, 0.0)
        return divided((spent.cast("float64") + v) * p, days * p + (q - 1))


def winsorize(engine: Engine, orders: ir.Table, until: int) -> Cap:
    """Where orders are capped. Raises ForecastRefused where none was worth anything."""
    rows = known(orders, until)
    rows = rows.filter(rows.net_revenue > 0)
    at = engine.row(rows.agg(at=rows.net_revenue.cast("float64").quantile(TYPICAL)))["at"]
    if at is None:
        raise ForecastRefused("There is nothing to forecast: no order of a known customer was worth anything.")
    most = max(Decimal(str(round(at, 4))), Decimal("0.0001"))
    above = rows.filter(rows.net_revenue > ibis.literal(most, type="decimal(18, 4)"))
    found = engine.row(above.agg(orders=above.count(), amount=above.net_revenue.sum()))
    amount = found["amount"] - most * found["orders"] if found["orders"] else Decimal(0)
    return Cap(most, found["orders"], amount)


def spending(engine: Engine, orders: ir.Table, rows: ir.Table, until: int) -> Spending:
    """Fit spend to `histories`, and say what value is: profit where that of every order is known."""
    all_rows = known(orders, until)
    money = engine.row(
        all_rows.agg(
            revenue=all_rows.net_revenue.sum().cast("float64"),
            profit=all_rows.profit.sum().cast("float64"),
            unknown=counted(all_rows.profit.isnull().sum()),
            estimated=counted(all_rows.cost_estimated.sum()),
            orders=all_rows.count(),
        )
    )
    days = rows.frequency.cast("int64") + 1
    sums = engine.row(rows.agg(days=counted(days.sum()), spent=rows.spent.sum().cast("float64")))
    value_of, share, why = valued(**money)
    parameters, reason = gamma_gamma(engine, rows)
    if reason:
        return Spending("mean", reason, {"mean": sums["spent"] / sums["days"]}, value_of, share, why)
    return Spending("gamma-gamma", "", parameters, value_of, share, why)


def valued(revenue: float, profit: float | None, unknown: int, estimated: int, orders: int) -> tuple[str, float, str]:
    if unknown:
        return "revenue", 1.0, f"the profit of {unknown:,} of {orders:,} orders is not known"
    if profit is None or profit <= 0 or revenue <= 0:
        return "revenue", 1.0, "so far the orders have left no profit"
    guessed = f", for {estimated:,} of {orders:,} orders with the default margin" if estimated else ""
    return "profit", profit / revenue, f"{100 * profit / revenue:.1f} % of revenue was profit{guessed}"


def gamma_gamma(engine: Engine, rows: ir.Table) -> tuple[dict[str, float], str]:
    """The parameters, and why there are none to rely on."""
    rows = rows.filter(rows.spent > 0).mutate(days=rows.frequency.cast("int64") + 1)
    rows = rows.mutate(mean=divided(rows.spent, rows.days))
    rows = rows.mutate(alike=(rows["mean"].ln() * _FINE).floor().cast("int64"))
    alike = rows.group_by("days", "alike").agg(mean=rows["mean"].mean(), n=rows.count())
    found = engine.read(alike)
    summary = {
        "frequency": np.asarray(found["days"], dtype=float),
        "monetary_value": np.asarray(found["mean"], dtype=float),
        "customers": np.asarray(found["n"], dtype=float),
    }
    try:
        fitted = fit_spend(summary)
    except InputError as refused:
        return {}, str(refused)
    if fitted.estimate.status is not Status.CONVERGED:
        return {}, fitted.estimate.reason
    if not np.isfinite(fitted.of_all):
        return {}, "Spending differs so much that it has no mean."
    return fitted.estimate.parameters, ""
