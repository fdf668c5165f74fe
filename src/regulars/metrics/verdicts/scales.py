"""The scales on which a metric's values of two periods are compared, independent of the length of the periods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from regulars.metrics.compute.estimates import Estimate
from regulars.metrics.inference.intervals import Array
from regulars.metrics.shapes import Hazard, Length, Metric, Nature, Quantile, State


class Scale(NamedTuple):
    """Values of shape (periods, groups), and those without each bucket; NaN where the scale is not defined."""

    values: Array
    without: Array


def is_total(metric: Metric) -> bool:
    """Return whether a flow is a count or sum of a period, the kind that depends most on the season."""
    return (
        metric.denominator is None
        and not isinstance(metric, Quantile)
        and metric.length in (Length.PROPORTIONAL, Length.BETWEEN)
    )


def scales(metric: Metric, estimate: Estimate, start: Estimate | None, days: Array) -> tuple[Scale, ...]:
    """Return the scales of a metric. A change must be real on each of them.

    Args:
        metric: A flow or a stock.
        estimate: Of shape (periods, groups).
        start: The customers at the start of each period, the denominator for counts of customers who leave or join.
        days: Length of each period, of shape (periods, 1).

    Returns:
        Means and shares of rows: unchanged. Sums of rows: the logarithm per day. Distinct counts, and ratios to them: the logarithm
        of the whole, and per day. Customers who leave or join: the rate per day. Stocks: the logarithm.
    """
    assert estimate.without is not None
    values, without = estimate.value, estimate.without
    if metric.nature is Nature.STOCK:
        return (Scale(logarithm(values), logarithm(without)),)
    if metric.length is Length.NONE:
        return (Scale(values, without),)
    if isinstance(metric, State) and metric.hazard is not None:
        if metric.denominator is None:
            assert start is not None
            assert start.without is not None
            with np.errstate(divide="ignore", invalid="ignore"):
                values, without = values / start.value, without / start.without
        kind = metric.hazard
        return (Scale(hazard(kind, values, days), hazard(kind, without, days[..., None])),)
    whole = Scale(logarithm(values), logarithm(without))
    per_day = Scale(whole.values - np.log(days), whole.without - np.log(days)[..., None])
    return (per_day,) if metric.length is Length.PROPORTIONAL else (whole, per_day)


def plain(estimate: Estimate, days: Array) -> Scale:
    """Return values per day, without a logarithm."""
    assert estimate.without is not None
    return Scale(estimate.value / days, estimate.without / days[..., None])


def hazard(kind: Hazard, share: Array, days: Array) -> Array:
    """Return the rate per day at which customers leave, stay or join, from the share that did within so many days.

    Args:
        kind: LEAVING for −ln(1 − share) / days, STAYING for ln(share) / days, JOINING for ln(1 + share) / days.
        share: Of the customers at the start; for net churn the relative decrease of their number.
        days: Length of the period.

    Returns:
        The rate; NaN where the logarithm is not defined.
    """
    inside = {Hazard.LEAVING: 1 - share, Hazard.STAYING: share, Hazard.JOINING: 1 + share}[kind]
    sign = -1 if kind is Hazard.LEAVING else 1
    return sign * logarithm(inside) / days


def logarithm(values: Array) -> Array:
    """Return the natural logarithm; NaN where a value is not positive."""
    return np.where(values > 0, np.log(np.where(values > 0, values, 1.0)), np.nan)
