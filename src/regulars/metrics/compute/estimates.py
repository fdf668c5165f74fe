"""A metric's values over all periods and groups at once, with what is needed to judge them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.sums import Sums
from regulars.metrics.inference.intervals import (
    Array,
    jackknife,
    jackknife_of_logs,
    left_out,
    quantile_left_out,
    ratio,
    wilson,
)
from regulars.metrics.inference.value_counts import Quantiles
from regulars.metrics.measures import Sum
from regulars.metrics.relations import MONEY_SCALE
from regulars.metrics.shapes import Interval, Metric


@dataclass(frozen=True)
class Estimate:
    """Arrays of shape (periods, groups). `without` has a last axis of buckets: the value without each; None unbucketed."""

    value: Array
    low: Array
    high: Array
    numerator: Array
    denominator: Array | None
    n: Array
    without: Array | None
    filled: npt.NDArray[np.bool_] | None


def estimate(metric: Metric, sums: Sums) -> Estimate:
    """Totals, ratios, quotients and states: the amount above the line over the one below."""
    above, scale = sums.of(metric.above), _scale(sums, metric.above)
    # Scaled after summing: whole ten-thousandths add up exactly, fractions of money would not.
    numerator = above.sum(axis=-1) / scale
    without = filled = None
    low = high = np.full_like(numerator, np.nan)
    if metric.below is None:
        if sums.scope.bucketed:
            filled = np.abs(above) > 0
            count = np.maximum(filled.sum(axis=-1, keepdims=True), 2)
            # Without a bucket a total is that much smaller by construction: bring it back to size.
            without = left_out(above) / scale * count / (count - 1)
        return Estimate(numerator, low, high, numerator, None, _rows(metric, sums, numerator), without, filled)
    below, scale_below = sums.of(metric.below), _scale(sums, metric.below)
    denominator = below.sum(axis=-1) / scale_below
    value = ratio(numerator, denominator)
    if sums.scope.bucketed:
        without = ratio(left_out(above) / scale, left_out(below) / scale_below)
        filled = (above != 0) | (below != 0)
        low, high = bounded_jackknife(metric, without, value, filled)
    if metric.interval is Interval.WILSON:
        low, high = wilson(numerator, denominator)
    n = _rows(metric, sums, denominator)
    return Estimate(value, low, high, numerator, denominator, n, without, filled)


def bounded_jackknife(
    metric: Metric, without: Array, value: Array, filled: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Low and high of a ratio by the jackknife, on the scale of its unit and inside the metric's bounds."""
    if metric.unit.on_log_scale:
        low, high = jackknife_of_logs(without, value, filled)
    else:
        low, high, _ = jackknife(without, value, filled)
    least, greatest = metric.bounds
    # A value that its data put outside the bounds still lies in its own interval.
    return np.minimum(np.maximum(low, least), value), np.maximum(np.minimum(high, greatest), value)


def hide(found: Estimate, hidden: Array) -> Estimate:
    """The estimate with no value where `hidden`, of shape (periods, groups), is a number."""
    gone = ~np.isnan(hidden)
    value, low, high = (np.where(gone, np.nan, one) for one in (found.value, found.low, found.high))
    return replace(found, value=value, low=low, high=high)


def _scale(sums: Sums, amount: Sum) -> int:
    return MONEY_SCALE if sums.is_money(amount) else 1


def _rows(metric: Metric, sums: Sums, counted: Array) -> Array:
    """The number of rows behind the value: what is counted already, or the count asked for beside a sum."""
    return counted if metric.rows is None else sums.of(metric.rows).sum(axis=-1)


def estimate_quantile(found: Quantiles, q: float) -> Estimate:
    """Quantiles with their intervals, and what a difference of two needs."""
    without = quantile_left_out(found.value, found.low, found.high, found.at_most, found.rows, q)
    counts = found.rows.sum(axis=-1)
    return Estimate(found.value, found.low, found.high, found.value, None, counts, without, found.rows > 0)


def estimate_total(amount: Sum, sums: Sums) -> Array:
    """The whole of an amount by period and group, in its own unit."""
    total: Array = sums.of(amount).sum(axis=-1) / _scale(sums, amount)
    return total
