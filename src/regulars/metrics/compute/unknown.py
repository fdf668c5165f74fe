"""Where a metric is not known: too much of it stands under "unknown" in a split, or all its rows lack what links them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from regulars.metrics.compute.sums import Sums, sums
from regulars.metrics.inference.intervals import Array, ratio
from regulars.metrics.measures import Sum
from regulars.metrics.query_result import Flags
from regulars.metrics.relations import UNKNOWN
from regulars.metrics.shapes import Grid, Metric, Quantile

MOST_UNKNOWN = 0.2
"""Beyond this share of returns without an order, spend without a channel …, a known value would lack too much of them."""


def unknown_shares(metric: Metric, sums_: Sums) -> Array:
    """For each period and group the share of the metric that stands under "unknown" where it hides the value, else NaN.

    Asked of metrics over several tables only: within one table both lines of a ratio know a row's split alike. In a split,
    the known values are hidden; with a filter, all of them, unless it asks for the unknown.
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
            one.column
            for one in scope.where
            if one.values != (UNKNOWN,) and all(one.column in fact.splits for fact in metric.facts)
        )
    )
    if columns:
        whole = sums(lines, replace(scope, splits=columns, where=(), bucketed=False))
        hidden = np.fmax(hidden, _most_unknown(lines, whole)[:, None])
    hidden[~(hidden > MOST_UNKNOWN)] = np.nan
    return hidden


def all_left_out(metric: Metric, sums_: Sums) -> Array:
    """For each period and group 1 where the metric counts no row and leaves out some, else NaN.

    So too for each group of a period, with or without a filter, in which the metric counts no row at all and leaves out some:
    nobody knows which group these belong to.
    """
    assert metric.rows is not None
    assert metric.lacking is not None
    scope, lines = sums_.scope, [metric.rows, metric.lacking]
    is_unlinked = _none_but_left_out(lines, sums_)
    if scope.splits or scope.where:
        whole = sums(lines, replace(scope, splits=(), where=(), bucketed=False))
        is_unlinked |= np.any(_none_but_left_out(lines, whole), axis=1, keepdims=True)
    return np.where(is_unlinked, 1.0, np.nan)


def _none_but_left_out(lines: list[Sum], sums_: Sums) -> Flags:
    counted, left_out = (sums_.of(line).sum(axis=-1) for line in lines)
    return np.asarray((counted == 0) & (left_out > 0))


def _lines(metric: Metric) -> list[Sum]:
    """Numerator and denominator of a metric over several tables; none of other metrics."""
    if isinstance(metric, Grid | Quantile) or metric.below is None or len({fact.tables for fact in metric.facts}) < 2:
        return []
    return [metric.above, metric.below]


def _most_unknown(lines: list[Sum], sums_: Sums) -> Array:
    """For each period the share of the numerator that stands under "unknown", or of the denominator where that is larger.

    What comes of several tables, such as profit less spend, is added up without signs: no part cancels another.
    """
    shares = np.zeros(len(sums_.scope.periods))
    for line in lines:
        unknown, whole = np.zeros_like(shares), np.zeros_like(shares)
        for part in _by_tables(line):
            known = [set(sums_.scope.by(fact)) for fact in part.facts]
            places = [place for place, split in enumerate(sums_.scope.splits) if all(split in one for one in known)]
            hidden = np.array([any(group[place] == UNKNOWN for place in places) for group in sums_.groups], dtype=bool)
            values = np.abs(sums_.of(part).sum(axis=-1))
            unknown += values[:, hidden].sum(axis=1)
            whole += values.sum(axis=1)
        shares = np.fmax(shares, ratio(unknown, whole))
    return shares


def _by_tables(line: Sum) -> list[Sum]:
    """A numerator or denominator, apart for each set of tables that it comes from."""
    found: dict[tuple[str, ...], Sum] = {}
    for term in line.terms:
        tables = term.measure.fact.tables
        found[tables] = found.get(tables, Sum()) + Sum((term,))
    return list(found.values())
