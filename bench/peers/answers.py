"""What the peers are asked for, and whether they answer like Regulars. Standard library only: every environment has it.

A peer counts and sums by (month, country); the metrics follow here by their definitions, without any code of Regulars.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

WINDOW = 365
"""Days for which an order makes its customer an active one."""
UNKNOWN = "unknown"

Key = tuple[int, str]
"""Months since year 0, and a country."""
Amounts = Mapping[str, Mapping[Key, float]]
"""Name of an amount -> (month, country) -> number; what is missing is 0, or for a quantile unknown."""
Answers = dict[str, dict[str, float | None]]

QUANTILES = ("gap_median", "gap_p90")
_TOTALS = {
    "orders": "orders",
    "net_revenue": "net_revenue",
    "customers_start": "start",
    "customers_end": "end",
    "lost_customers": "lost",
    "new_customers": "new",
    "active_buyers": "buyers",
}
_RATIOS = {
    "guest_order_share": ("guest_orders", "orders"),
    "average_order_value": ("net_revenue", "orders"),
    "customer_churn_rate": ("lost", "start"),
    "returning_customer_rate": ("returning", "buyers"),
    "returning_customer_rate_lifetime": ("returning_by_today", "buyers"),
    "repeat_purchase_rate": ("twice", "buyers"),
    "repeat_customer_rate": ("repeated_so_far", "customers_so_far"),
    "repeat_customer_rate_by_days": ("repeated_by_days_so_far", "customers_so_far"),
    "time_between_purchases": ("gap_sum", "gap_count"),
    "orders_per_active_customer": ("customer_orders", "buyers"),
    "average_revenue_per_customer": ("customer_revenue", "buyers"),
    "customer_lifetime_value": ("customer_revenue_so_far", "customers_so_far"),
}
_Of = Callable[[str], float]
_FURTHER: dict[str, Callable[[_Of], float | None]] = {
    "retained_customers": lambda of: of("start") - of("lost"),
    "joined_customers": lambda of: of("end") - of("start") + of("lost"),
    # A month is shorter than the window: whoever came in it is still a customer at its end.
    "won_back_customers": lambda of: of("end") - of("start") + of("lost") - of("new"),
    "customer_retention_rate": lambda of: _share(of("start") - of("lost"), of("start")),
    "net_churn_rate": lambda of: _share(of("start") - of("end"), of("start")),
}
_MEDIANS = {"time_between_purchases_median": "gap_median", "time_between_purchases_p90": "gap_p90"}

METRICS = (*_TOTALS, *_RATIOS, *_FURTHER, *_MEDIANS)
"""Metrics by month and country."""
COHORTS = ("cohort_retention_rate",)
"""Metrics by month of the first order and age in months."""


def month_label(month: int) -> str:
    """2024-03 for 2024 * 12 + 2."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def so_far(amount: Mapping[Key, float], months: Iterable[int]) -> dict[Key, float]:
    """Running totals over the months, by country."""
    totals: dict[str, float] = {}
    found: dict[Key, float] = {}
    for month in months:
        for country in {country for _, country in amount}:
            totals[country] = totals.get(country, 0.0) + amount.get((month, country), 0.0)
            found[month, country] = totals[country]
    return found


def assemble(amounts: Amounts, months: list[int], cohorts: Mapping[tuple[int, int], float]) -> Answers:
    """All METRICS of every month and country, and COHORTS, from a peer's amounts.

    `cohorts`: (month of the first order, age in months) -> customers ordering; age 0 has everyone.
    """
    countries = sorted({country for amount in amounts.values() for _, country in amount})
    found: Answers = {name: {} for name in METRICS}
    for month in months:
        for country in countries:
            cell, label = (month, country), f"{month_label(month)}|{country}"

            def of(name: str, cell: Key = cell) -> float:
                return amounts[name].get(cell, 0.0)

            for metric, name in _TOTALS.items():
                found[metric][label] = of(name)
            for metric, (above, below) in _RATIOS.items():
                found[metric][label] = _share(of(above), of(below))
            for metric, follows in _FURTHER.items():
                found[metric][label] = follows(of)
            for metric, name in _MEDIANS.items():
                found[metric][label] = amounts[name].get(cell)
    # A cell whose month is not over for the cohort is left out; the data end with a month.
    rates: dict[str, float | None] = {
        f"{month_label(month)}|{age}": cohorts.get((month, age), 0.0) / cohorts[month, 0]
        for month in months
        for age in range(months[-1] - month + 1)
        if (month, 0) in cohorts
    }
    return {**found, COHORTS[0]: rates}


def _share(above: float, below: float) -> float | None:
    return above / below if below else None


def differences(ours: Answers, theirs: Answers) -> list[str]:
    """Where a peer's answers are not ours, as sentences: no metric, period or split of theirs may be missing or differ."""
    found = []
    for metric, values in theirs.items():
        if metric not in ours:
            found.append(f"{metric}: Regulars gave no answer")
            continue
        mine = ours[metric]
        found += [
            f"{metric} {key}: only {'the peer' if key in values else 'Regulars'} answered"
            for key in sorted(values.keys() ^ mine.keys())
        ]
        found += [
            f"{metric} {key}: {mine[key]} by Regulars, {values[key]} by the peer"
            for key in sorted(values.keys() & mine.keys())
            if not _equal(mine[key], values[key])
        ]
    return found


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
