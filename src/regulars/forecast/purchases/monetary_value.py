"""Expected value of a purchase: Gamma-Gamma on each customer's mean value of a day with orders, outliers capped.

Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42, 415–430. All orders of a customer's day are
one purchase. The mean includes the first purchase, which forecasts the mean value better. A customer without positive
spend gets the mean of all customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np

from regulars.forecast.models.gamma_gamma import fit_spend
from regulars.forecast.newton import Status
from regulars.forecast.purchases.histories import known_orders
from regulars.vocabulary.errors import ForecastRefused, InputError
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted, divided

CAP_QUANTILE = 0.999
"""Orders above this quantile count as much as it: otherwise one order would determine a customer's value."""
_BINS_PER_LOG_UNIT = 100
"""For the fit, customers with the same number of days and means within 1 % are counted together."""


@dataclass(frozen=True)
class OrderCap:
    """The most that an order counts, the orders above it, and the amount cut off."""

    at: Decimal
    orders: int
    amount: Decimal


@dataclass(frozen=True)
class MonetaryValue:
    """The expected net revenue of a purchase day, and whether value is profit or revenue."""

    model: str
    """gamma-gamma, or mean: the same for all customers."""
    reason: str
    """Why not Gamma-Gamma; empty where it is."""
    parameters: dict[str, float]
    """p, q and v of Gamma-Gamma, v in the shop's currency; or mean."""
    value_of: str
    """profit or revenue."""
    share: float
    """Value / revenue: 1 for revenue itself."""
    why: str
    """Why value is profit or revenue."""

    def per_purchase_day(self, frequency: ir.IntegerValue, spent: ir.DecimalValue) -> ir.FloatingValue:
        """Return the expected net revenue of a purchase day: eq. (5), p (v + spent) / (p days + q − 1).

        Args:
            frequency: Purchase days after the first.
            spent: Spend of all of them; 0 counts as no day.
        """
        if self.model == "mean":
            return ibis.literal(self.parameters["mean"])
        p, q, v = (self.parameters[name] for name in ("p", "q", "v"))
        days = (spent > 0).ifelse(frequency.cast("float64") + 1, 0.0)
        return divided((spent.cast("float64") + v) * p, days * p + (q - 1))


def winsorize(engine: Engine, orders: ir.Table, until: int) -> OrderCap:
    """Return the cap of orders.

    Raises:
        ForecastRefused: Where no order has a net revenue above 0.
    """
    rows = known_orders(orders, until)
    rows = rows.filter(rows.net_revenue > 0)
    at = engine.row(rows.agg(at=rows.net_revenue.cast("float64").quantile(CAP_QUANTILE)))["at"]
    if at is None:
        raise ForecastRefused("There is nothing to forecast: no order of a known customer has a net revenue above 0.")
    limit = max(Decimal(str(round(at, 4))), Decimal("0.0001"))
    above = rows.filter(rows.net_revenue > ibis.literal(limit, type="decimal(18, 4)"))
    sums = engine.row(above.agg(orders=above.count(), amount=above.net_revenue.sum()))
    amount = sums["amount"] - limit * sums["orders"] if sums["orders"] else Decimal(0)
    return OrderCap(limit, sums["orders"], amount)


def fit_monetary_value(engine: Engine, orders: ir.Table, rows: ir.Table, until: int) -> MonetaryValue:
    """Fit the value of a purchase to `customer_histories`; value is profit where that of every order is known, else
    revenue.
    """
    all_rows = known_orders(orders, until)
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
    value_of, share, why = value_basis(**money)
    parameters, reason = fit_gamma_gamma(engine, rows)
    if reason:
        return MonetaryValue("mean", reason, {"mean": sums["spent"] / sums["days"]}, value_of, share, why)
    return MonetaryValue("gamma-gamma", "", parameters, value_of, share, why)


def value_basis(
    revenue: float, profit: float | None, unknown: int, estimated: int, orders: int
) -> tuple[str, float, str]:
    """Return whether value is profit or revenue, its share of revenue, and why."""
    if unknown:
        return "revenue", 1.0, f"the profit of {unknown:,} of {orders:,} orders is not known"
    if profit is None or profit <= 0 or revenue <= 0:
        return "revenue", 1.0, "the orders have made no profit so far"
    by_margin = f", for {estimated:,} of {orders:,} orders with the default margin" if estimated else ""
    return "profit", profit / revenue, f"{100 * profit / revenue:.1f} % of revenue was profit{by_margin}"


def fit_gamma_gamma(engine: Engine, rows: ir.Table) -> tuple[dict[str, float], str]:
    """Return the parameters, and why they cannot be used; empty where they can."""
    rows = rows.filter(rows.spent > 0).mutate(days=rows.frequency.cast("int64") + 1)
    rows = rows.mutate(mean=divided(rows.spent, rows.days))
    rows = rows.mutate(alike=(rows["mean"].ln() * _BINS_PER_LOG_UNIT).floor().cast("int64"))
    bins = rows.group_by("days", "alike").agg(mean=rows["mean"].mean(), n=rows.count())
    counts = engine.read(bins)
    summary = {
        "frequency": np.asarray(counts["days"], dtype=float),
        "monetary_value": np.asarray(counts["mean"], dtype=float),
        "customers": np.asarray(counts["n"], dtype=float),
    }
    try:
        fitted = fit_spend(summary)
    except InputError as error:
        return {}, str(error)
    if fitted.estimate.status is not Status.CONVERGED:
        return {}, fitted.estimate.reason
    if not np.isfinite(fitted.of_all):
        return {}, "Spend differs so much between customers that it has no mean."
    return fitted.estimate.parameters, ""
