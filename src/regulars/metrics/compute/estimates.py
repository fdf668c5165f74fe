"""Estimate a metric's values and intervals for all periods and groups."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.sums import Sums, sums
from regulars.metrics.inference.intervals import (
    Array,
    jackknife,
    jackknife_of_logs,
    leave_one_out,
    quantile_leave_one_out,
    ratio,
    wilson,
)
from regulars.metrics.inference.value_counts import Quantiles
from regulars.metrics.measures import Sum
from regulars.metrics.query_result import Flags
from regulars.metrics.relations import MONEY_SCALE, UNKNOWN
from regulars.metrics.shapes import Grid, Interval, Metric, Quantile


@dataclass(frozen=True)
class Estimate:
    """Values with intervals: arrays of shape (periods, groups).

    Attributes:
        without: Leave-one-out values, with a last axis of buckets; None without buckets.
        filled: Whether each bucket has data, with a last axis of buckets; None without buckets.
    """

    value: Array
    low: Array
    high: Array
    numerator: Array
    denominator: Array | None
    n: Array
    without: Array | None
    filled: npt.NDArray[np.bool_] | None


def estimate(metric: Metric, sums: Sums) -> Estimate:
    """Return the estimate of a total, ratio, quotient or state: its numerator divided by its denominator, if any."""
    above, scale = sums.of(metric.numerator), _scale(sums, metric.numerator)
    # Scaled after summing: whole ten-thousandths add up exactly, fractions of money would not.
    numerator = above.sum(axis=-1) / scale
    without = filled = None
    low = high = np.full_like(numerator, np.nan)
    if metric.denominator is None:
        if sums.scope.bucketed:
            filled = np.abs(above) > 0
            count = np.maximum(filled.sum(axis=-1, keepdims=True), 2)
            # Without a bucket a total is that much smaller by construction: bring it back to size.
            without = leave_one_out(above) / scale * count / (count - 1)
        return Estimate(numerator, low, high, numerator, None, _rows(metric, sums, numerator), without, filled)
    below, scale_below = sums.of(metric.denominator), _scale(sums, metric.denominator)
    denominator = below.sum(axis=-1) / scale_below
    value = ratio(numerator, denominator)
    if sums.scope.bucketed:
        without = ratio(leave_one_out(above) / scale, leave_one_out(below) / scale_below)
        filled = (above != 0) | (below != 0)
        low, high = bounded_jackknife(metric, without, value, filled)
    if metric.interval is Interval.WILSON:
        low, high = wilson(numerator, denominator)
    n = _rows(metric, sums, denominator)
    return Estimate(value, low, high, numerator, denominator, n, without, filled)


def bounded_jackknife(
    metric: Metric, without: Array, value: Array, filled: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return the jackknife interval of a ratio, on the scale of its unit and within the metric's bounds."""
    if metric.unit.on_log_scale:
        low, high = jackknife_of_logs(without, value, filled)
    else:
        low, high, _ = jackknife(without, value, filled)
    least, greatest = metric.bounds
    # A value that its data put outside the bounds still lies in its own interval.
    return np.minimum(np.maximum(low, least), value), np.maximum(np.minimum(high, greatest), value)


def hide(original: Estimate, hidden: Array) -> Estimate:
    """Return the estimate without values where `hidden`, of shape (periods, groups), is not NaN."""
    is_hidden = ~np.isnan(hidden)
    value, low, high = (np.where(is_hidden, np.nan, array) for array in (original.value, original.low, original.high))
    return replace(original, value=value, low=low, high=high)


def _scale(sums: Sums, amount: Sum) -> int:
    return MONEY_SCALE if sums.is_money(amount) else 1


def _rows(metric: Metric, sums: Sums, counted: Array) -> Array:
    """Number of rows of each value: the counted amount, or the metric's own count."""
    return counted if metric.rows is None else sums.of(metric.rows).sum(axis=-1)


def estimate_quantile(quantiles: Quantiles, q: float) -> Estimate:
    """Return the estimate of quantiles, with leave-one-out values for differences."""
    without = quantile_leave_one_out(
        quantiles.value, quantiles.low, quantiles.high, quantiles.at_most, quantiles.rows, q
    )
    counts = quantiles.rows.sum(axis=-1)
    return Estimate(
        quantiles.value, quantiles.low, quantiles.high, quantiles.value, None, counts, without, quantiles.rows > 0
    )


def estimate_total(amount: Sum, sums: Sums) -> Array:
    """Return an amount by period and group, in its unit, over all buckets."""
    total: Array = sums.of(amount).sum(axis=-1) / _scale(sums, amount)
    return total


# Where a metric is not known ------------------------------------------------------------------------------------------

MOST_UNKNOWN = 0.2
"""Largest share under "unknown", such as returns without an order, of a value that is shown."""


def unknown_shares(metric: Metric, sums_: Sums) -> Array:
    """Return for each period and group the share of the metric under "unknown" if it hides the value, else NaN.

    It hides values of metrics over several tables only: within one table a row's split is the same in numerator and
    denominator. In a split, it hides the known values; with a filter, all values, unless the filter is for "unknown".
    """
    shape = (len(sums_.scope.periods), len(sums_.groups))
    hidden = np.full(shape, np.nan)
    lines = _lines(metric)
    if not lines:
        return hidden
    scope = sums_.scope
    known = np.array([UNKNOWN not in group for group in sums_.groups], dtype=bool)
    hidden[:, known] = _most_unknown(lines, sums_)[:, None]
    columns = tuple(
        dict.fromkeys(
            condition.column
            for condition in scope.where
            if condition.values != (UNKNOWN,) and all(condition.column in fact.splits for fact in metric.facts)
        )
    )
    if columns:
        whole = sums(lines, replace(scope, splits=columns, where=(), bucketed=False))
        hidden = np.fmax(hidden, _most_unknown(lines, whole)[:, None])
    hidden[~(hidden > MOST_UNKNOWN)] = np.nan
    return hidden


def all_left_out(metric: Metric, sums_: Sums) -> Array:
    """Return for each period and group 1 if the metric counts no row and omits some, else NaN.

    Also 1 for all groups of a period in which the metric, without split and filter, counts no row and omits some: the groups
    of the omitted rows are unknown.
    """
    assert metric.rows is not None
    assert metric.omitted_rows is not None
    scope, lines = sums_.scope, [metric.rows, metric.omitted_rows]
    is_unlinked = _none_but_left_out(lines, sums_)
    if scope.splits or scope.where:
        whole = sums(lines, replace(scope, splits=(), where=(), bucketed=False))
        is_unlinked |= np.any(_none_but_left_out(lines, whole), axis=1, keepdims=True)
    return np.where(is_unlinked, 1.0, np.nan)


def _none_but_left_out(lines: list[Sum], sums_: Sums) -> Flags:
    counted, left_out = (sums_.of(line).sum(axis=-1) for line in lines)
    return np.asarray((counted == 0) & (left_out > 0))


def _lines(metric: Metric) -> list[Sum]:
    """Numerator and denominator of a metric over several tables; empty for other metrics."""
    if (
        isinstance(metric, Grid | Quantile)
        or metric.denominator is None
        or len({fact.tables for fact in metric.facts}) < 2
    ):
        return []
    return [metric.numerator, metric.denominator]


def _most_unknown(lines: list[Sum], sums_: Sums) -> Array:
    """For each period the larger of the shares of the numerator and of the denominator under "unknown".

    Parts of different tables, such as profit less spend, are added up as absolute values, so that none cancels another.
    """
    shares = np.zeros(len(sums_.scope.periods))
    for line in lines:
        unknown, whole = np.zeros_like(shares), np.zeros_like(shares)
        for part in _by_tables(line):
            known = [set(sums_.scope.by(fact)) for fact in part.facts]
            places = [
                place
                for place, split in enumerate(sums_.scope.splits)
                if all(split in fact_splits for fact_splits in known)
            ]
            hidden = np.array([any(group[place] == UNKNOWN for place in places) for group in sums_.groups], dtype=bool)
            values = np.abs(sums_.of(part).sum(axis=-1))
            unknown += values[:, hidden].sum(axis=1)
            whole += values.sum(axis=1)
        shares = np.fmax(shares, ratio(unknown, whole))
    return shares


def _by_tables(line: Sum) -> list[Sum]:
    """The parts of a numerator or denominator, one for each set of tables."""
    by_tables: dict[tuple[str, ...], Sum] = {}
    for term in line.terms:
        tables = term.measure.fact.tables
        by_tables[tables] = by_tables.get(tables, Sum()) + Sum((term,))
    return list(by_tables.values())
