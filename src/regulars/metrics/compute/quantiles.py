"""Compute quantiles with intervals, and largest shares, from stored results or from values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.estimates import Estimate, estimate_quantile, estimate_total
from regulars.metrics.compute.from_rows import BEFORE, WITHIN, days_before, days_within
from regulars.metrics.compute.parts import Groups, encode, encode_arrow, grouped
from regulars.metrics.compute.plan_values import plan_values, results_to_build
from regulars.metrics.compute.sums import Sums
from regulars.metrics.inference.intervals import Array, ratio
from regulars.metrics.inference.value_counts import Histogram, Quantiles
from regulars.metrics.measures import Timing
from regulars.metrics.relations import BUCKET, MONEY_SCALE, bound, condition, relation, ten_thousandths, with_unknown
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds import period_results, value_distributions
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import LargestShare, Quantile
from regulars.warehouse.engine import Columns
from regulars.warehouse.fact_table import BUCKETS
from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

_Numbers = npt.NDArray[np.int64]
_AT_ONCE = 10_000_000
"""Largest size of the matrix of sums by entity and moment."""


class ValueEstimates:
    """Quantiles and largest shares of one query. Metrics of the same values read them once."""

    def __init__(self, scope: Scope, sums: Sums) -> None:
        self._scope = scope
        self._sums = sums
        self._histograms: dict[tuple[str, ...], Histogram] = {}

    def of(self, metric: Quantile | LargestShare) -> Estimate:
        """Return the metric's estimate: from stored results or counts of its values, else from rows."""
        level = self._level(metric)
        try:
            return self._estimated(metric, level)
        except duckdb.Error:
            if level is None or not level.file or self._scope.facts.built is None:
                raise
            self._scope.facts.built.forget(level.family, level.by)  # deleted or damaged meanwhile
            return self._estimated(metric, None)

    def _level(self, metric: Quantile | LargestShare) -> RollupLevel | None:
        """The level to read, after building it if needed; None for rows."""
        level_name, built = results_to_build(metric, self._scope), self._scope.facts.built
        if level_name is not None and built is not None:
            built.build(*level_name)
        return plan_values(metric, self._scope).kept

    def _estimated(self, metric: Quantile | LargestShare, level: RollupLevel | None) -> Estimate:
        has_results = level is not None and period_results.is_family(level.family)
        scale = MONEY_SCALE if metric.of_money else 1
        if isinstance(metric, Quantile):
            if level is not None and has_results:
                quantiles = _stored_quantiles(metric, level, self._scope, self._sums.groups)
            else:
                quantiles = self._histogram(metric, level).of(metric.q)
            return estimate_quantile(quantiles.scaled(scale), metric.q)
        if level is not None and has_results:
            largest, values = _stored_largest(metric, level, self._scope, self._sums.groups)
        else:
            histogram = self._histogram(metric, level)
            largest, values = histogram.largest, histogram.rows.sum(axis=-1)
        total = estimate_total(metric.total, self._sums)
        share = np.where(total > 0, ratio(largest / scale, total), np.nan)
        unknown = np.full_like(share, np.nan)
        return Estimate(share, unknown, unknown, largest / scale, total, values, None, None)

    def _histogram(self, metric: Quantile | LargestShare, level: RollupLevel | None) -> Histogram:
        key = (metric.fact.name, *metric.kind)  # a split may mean another column in another fact
        if key not in self._histograms:
            self._histograms[key] = _histogram(metric, self._scope, self._sums.groups, level)
        return self._histograms[key]


def _stored_quantiles(metric: Quantile, level: RollupLevel, scope: Scope, groups: Groups) -> Quantiles:
    """The stored quantiles. `groups`: those of the sums."""
    columns, row_numbers, at = _stored(metric, level, scope, groups)
    shape = (len(scope.periods), len(groups))

    def laid_out(name: str, fill: float, length: int) -> Array:
        result = np.full((*shape, length), fill)
        result[at] = _matrix(columns[name], length)[row_numbers]
        return result

    value, low, high = np.moveaxis(laid_out("result", np.nan, 3), -1, 0)
    return Quantiles(value, low, high, laid_out("rows", 0, BUCKETS), laid_out("at_most", 0, BUCKETS))


def _stored_largest(metric: LargestShare, level: RollupLevel, scope: Scope, groups: Groups) -> tuple[Array, Array]:
    """The stored largest values, NaN for none, and the numbers of values: shape (periods, groups)."""
    columns, row_numbers, at = _stored(metric, level, scope, groups)
    largest = np.full((len(scope.periods), len(groups)), np.nan)
    number = np.zeros_like(largest)
    largest[at] = columns["result"][row_numbers]
    number[at] = _matrix(columns["rows"], BUCKETS).sum(axis=1)[row_numbers]
    return largest, number


def _stored(
    metric: Quantile | LargestShare, level: RollupLevel, scope: Scope, groups: Groups
) -> tuple[Columns, _Numbers, tuple[_Numbers, _Numbers]]:
    """The rows of a level, the indices of the needed ones, and the period and group of these."""
    labels = _labels(metric, level, scope)
    since = f" AND period >= {scope.boundaries[0]}" if metric.timing is Timing.WITHIN else ""
    columns = scope.facts.engine.columns(
        f"{period_results.read(level, metric, labels)} AND period < {scope.boundaries[-1]}{since}"
    )
    names, group = grouped([encode(columns[label]) for label in labels], len(columns["period"]))
    index = {key: number for number, key in enumerate(groups)}
    column = np.array([index.get(key, -1) for key in names], dtype=np.int64)[group]
    row_numbers, row = _results_by_period(columns["period"], metric.timing, scope.first)
    known = column[row_numbers] >= 0
    return columns, row_numbers[known], (row[known], column[row_numbers[known]])


def _results_by_period(periods: _Numbers, timing: Timing, first: _Numbers) -> tuple[_Numbers, _Numbers]:
    """The indices of the rows with the results of the periods that start on these days, and the period of each.

    A cumulative result has rows only for periods in which it changed.
    """
    starts, row_of = np.unique(periods, return_inverse=True)
    place = np.searchsorted(starts, first, side="right") - 1
    there = place >= 0
    if timing is Timing.WITHIN:
        there[there] = starts[place[there]] == first[there]
    row, place = np.flatnonzero(there), place[there]
    order = np.argsort(row_of, kind="stable")
    begins = np.searchsorted(row_of[order], np.arange(len(starts) + 1))
    number = begins[place + 1] - begins[place]  # of the rows with each period's results
    before = np.cumsum(number) - number
    return order[np.arange(number.sum()) + np.repeat(begins[place] - before, number)], np.repeat(row, number)


def _no_values(splits: int) -> Columns:
    """The columns of a fact without rows, for this number of splits: without importing what reads rows."""
    columns: Columns = {name: np.empty(0, np.int64) for name in ("period", "bucket_", "value", "weight", "entity")}
    return columns | {f"split_{place}": np.empty(0, object) for place in range(splits)}


def _histogram(metric: Quantile | LargestShare, scope: Scope, groups: Groups, level: RollupLevel | None) -> Histogram:
    """The histogram of the metric's values: from the counts of a level, else from rows. `groups`: those of the sums."""
    by, apart = scope.by(metric.fact), scope.apart(metric.fact)
    if level is None and scope.facts.has_rows(metric.fact.table):
        days = days_before(scope) if metric.timing is Timing.BEFORE_END else days_within(scope)
        key = ("values", metric.fact.name, *metric.kind, scope.splits, scope.where, scope.active_window, apart)
        rows = scope.facts.engine.fetch(key, lambda tables: _query(metric, scope, tables), {_days_of(metric): days})
        labels = [encode_arrow(rows[f"split_{place}"]) for place in range(len(by))]
        columns = {name: rows[name].to_numpy() for name in rows.column_names if not name.startswith("split_")}
    else:
        columns = _no_values(len(by)) if level is None else _counted(metric, level, scope)
        labels = [encode(columns[f"split_{place}"]) for place in range(len(by))]
    names, group = grouped(labels, len(columns["period"]))
    index = {key: number for number, key in enumerate(groups)}
    place = np.array([index.get(key, -1) for key in names], dtype=np.int64)[group]
    period = columns["period"].astype(np.int64)
    bucket = columns["bucket_"].astype(np.int64)
    value = columns["value"]
    weight = columns["weight"].astype(np.float64)
    # What a later load took back is left in the counts with nothing in it.
    there = (place >= 0) & (weight > 0)
    period, place, bucket, value, weight = (array[there] for array in (period, place, bucket, value, weight))
    if metric.timing is Timing.BEFORE_END:
        moments = np.searchsorted(scope.boundaries, scope.beyond)
        entity = columns["entity"][there]
        period, place, bucket, value = _running(period, place, entity, bucket, value, moments)
        weight = np.ones(len(value))
    cell = period * len(groups) + place
    order = np.lexsort((value, cell))
    shape = (len(scope.periods), len(groups), scope.buckets)
    return Histogram(cell[order], bucket[order], value[order].astype(np.float64), weight[order], shape)


def _labels(metric: Quantile | LargestShare, level: RollupLevel, scope: Scope) -> dict[str, str]:
    """SQL of each split's values in a level, by name."""
    columns = scope.by(metric.fact).values()
    return {f"split_{place}": scope.split_values(metric.fact, level, column) for place, column in enumerate(columns)}


def _counted(metric: Quantile | LargestShare, level: RollupLevel, scope: Scope) -> Columns:
    """The counts of values of a level for the periods, as columns of a query."""
    labels = _labels(metric, level, scope)
    columns = scope.facts.engine.columns(
        value_distributions.read(level, labels, scope.boundaries[0], scope.boundaries[-1])
    )
    place_of = {first: number for number, first in enumerate(scope.first.tolist())}
    period = np.array([place_of.get(first, -1) for first in columns["period"].tolist()], dtype=np.int64)
    return {name: values[period >= 0] for name, values in (columns | {"period": period}).items()}


def _matrix(lists: npt.NDArray[np.object_], length: int) -> npt.NDArray[np.float64]:
    """A matrix whose rows are lists of the same length."""
    return np.array([*lists], dtype=np.float64).reshape(-1, length)


def _days_of(metric: Quantile | LargestShare) -> str:
    return BEFORE if metric.timing is Timing.BEFORE_END else WITHIN


def _query(metric: Quantile | LargestShare, scope: Scope, tables: Mapping[str, ir.Table]) -> ir.Table:
    by, apart, days = scope.by(metric.fact), scope.apart(metric.fact), tables[_days_of(metric)]
    columns = (*by.values(), *((BUCKET,) if apart else ()))
    rows = relation(scope.facts, metric.fact, scope.where, scope.active_window, columns)
    chosen = condition(rows, metric.where)
    rows = rows if chosen is None else rows.filter(chosen)
    if metric.per:
        rows = rows.filter(rows[metric.per].notnull())
    rows = rows.inner_join(days, rows[metric.day] == days.counted_day)
    value = ten_thousandths(bound(rows, metric.of))
    rows = rows.mutate(value=value).filter(lambda table: table.value.notnull())
    labels = {f"split_{place}": with_unknown(rows[column]) for place, column in enumerate(by.values())}
    bucket = rows.bucket.cast("int64") if apart else ibis.literal(0, type="int64")
    if not metric.per:
        weight = bound(rows, metric.weight).sum()
        return rows.group_by(period=rows.period, bucket_=bucket, value=rows.value, **labels).agg(weight=weight)
    grouped = rows.group_by(period=rows.period, bucket_=bucket, entity=rows[metric.per], **labels)
    return grouped.agg(value=rows.value.sum().cast("int64"), weight=ibis.literal(1))


def _running(
    moment: _Numbers, place: _Numbers, entity: _Numbers, bucket: _Numbers, value: _Numbers, wanted: _Numbers
) -> tuple[_Numbers, _Numbers, _Numbers, _Numbers]:
    """Cumulative sums by entity at each wanted moment, for entities with any row: period, group, bucket and sum.

    `moment`: index of the first moment at which a row counts.
    """
    order = np.lexsort((moment, entity, place))
    moment, place, entity, bucket, value = (array[order] for array in (moment, place, entity, bucket, value))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (place[1:] != place[:-1]) | (entity[1:] != entity[:-1])
    number, first = np.cumsum(begins) - 1, np.flatnonzero(begins)
    moments = int(max(moment.max(initial=0), wanted.max(initial=0))) + 1
    parts: list[tuple[_Numbers, _Numbers, _Numbers, _Numbers]] = []
    step = max(1, _AT_ONCE // moments)
    for start in range(0, len(first), step):
        end = min(start + step, len(first))
        rows = slice(first[start], first[end] if end < len(first) else len(order))
        sums = np.zeros((end - start, moments), dtype=np.int64)
        sums[number[rows] - start, moment[rows]] = value[rows]
        sums = np.cumsum(sums, axis=1)
        own = first[start:end]
        for period, by in enumerate(wanted):
            known = moment[own] <= by
            places = np.full(int(known.sum()), period, dtype=np.int64)
            parts.append((places, place[own][known], bucket[own][known], sums[known, by]))
    if not parts:
        return moment, place, bucket, value
    period_, group, buckets, sums_ = (np.concatenate(column) for column in zip(*parts, strict=True))
    return period_, group, buckets, sums_
