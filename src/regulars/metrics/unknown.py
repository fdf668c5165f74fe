"""How much of a metric stands under "unknown" in a split, so that its known split values cannot be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from regulars.metrics.compute.intervals import Array
from regulars.metrics.compute.sums import Sums, sums
from regulars.metrics.measures import Amount
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
    amounts = _by_tables(metric)
    if len(amounts) < 2:
        return hidden
    scope = sums_.scope
    known = np.array([UNKNOWN not in group for group in sums_.groups], dtype=bool)
    hidden[:, known] = _most_unknown(amounts, sums_)[:, None]
    columns = tuple(
        dict.fromkeys(
            one.column
            for one in scope.where
            if one.values != (UNKNOWN,) and all(one.column in fact.splits for fact in metric.facts)
        )
    )
    if columns:
        whole = sums(amounts, replace(scope, splits=columns, where=(), bucketed=False))
        hidden = np.fmax(hidden, _most_unknown(amounts, whole)[:, None])
    hidden[~(hidden > MOST_UNKNOWN)] = np.nan
    return hidden


def _by_tables(metric: Metric) -> list[Amount]:
    """What the metric sums, apart for each set of tables that it comes from."""
    if isinstance(metric, Grid | Quantile) or metric.below is None:
        return []
    found: dict[tuple[str, ...], Amount] = {}
    for term in (*metric.above.terms, *metric.below.terms):
        tables = term.measure.fact.tables
        found[tables] = found.get(tables, Amount()) + Amount((term,))
    return list(found.values())


def _most_unknown(amounts: list[Amount], sums_: Sums) -> Array:
    """For each period the largest share that stands under "unknown" of any amount, in a split that its facts know."""
    shares = np.zeros(len(sums_.scope.periods))
    for amount in amounts:
        known = [set(sums_.scope.by(fact)) for fact in amount.facts]
        places = [place for place, split in enumerate(sums_.scope.splits) if all(split in one for one in known)]
        unknown = np.array([any(group[place] == UNKNOWN for place in places) for group in sums_.groups], dtype=bool)
        values = np.abs(sums_.of(amount).sum(axis=-1))
        whole = values.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = np.fmax(shares, values[:, unknown].sum(axis=1) / whole)
    return shares
