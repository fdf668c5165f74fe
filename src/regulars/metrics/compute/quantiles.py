"""Quantiles from histograms of values, with and without each bucket of customers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.asking import fetch
from regulars.metrics.compute.from_rows import WITHIN, days_within
from regulars.metrics.compute.intervals import Array
from regulars.metrics.compute.parts import Groups, codes
from regulars.metrics.relations import BUCKET, bound, relation, with_unknown
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Quantile

_Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Histogram:
    """How often each value occurs: one row per cell (period and group), bucket and value, sorted by cell and value."""

    cell: _Places
    bucket: _Places
    value: Array
    weight: Array
    shape: tuple[int, int, int]
    """Periods, groups, buckets."""

    @property
    def bucketed(self) -> bool:
        """Whether buckets are kept apart."""
        return self.shape[2] > 1

    @property
    def _cells(self) -> int:
        return self.shape[0] * self.shape[1]

    @cached_property
    def _by_bucket(self) -> Array:
        """Rows behind each cell's buckets: shape (cells, buckets)."""
        place = self.cell * self.shape[2] + self.bucket
        counted: Array = np.bincount(place, weights=self.weight, minlength=self._cells * self.shape[2]).astype(
            np.float64
        )
        return counted.reshape(self._cells, self.shape[2])

    def counts(self) -> Array:
        """Rows behind each cell."""
        counted: Array = self._by_bucket.sum(axis=1)
        return counted.reshape(self.shape[:2])

    def filled(self) -> npt.NDArray[np.bool_]:
        """Which buckets hold any row."""
        return (self._by_bucket > 0).reshape(self.shape)

    def quantile(self, q: float) -> Array:
        """The quantile of each cell; NaN where it is empty. percentile_cont: linear between neighbours, as in SQL."""
        total = self._by_bucket.sum(axis=1, keepdims=True)
        return self._picked(q, total, np.cumsum(self.weight)[:, None], self.cell, self.value).reshape(self.shape[:2])

    def quantiles_left_out(self, q: float) -> Array:
        """The quantile of each cell without each bucket in turn (last axis)."""
        of_bucket, buckets = self._by_bucket, self.shape[2]
        total, largest = of_bucket.sum(axis=1), of_bucket.max(axis=1, initial=0)
        # Without a bucket a quantile moves by no more rows than the bucket has: only the rows about it need be looked at.
        counted = np.cumsum(self.weight) - (np.cumsum(total) - total)[self.cell]
        first, last = q * (total - largest - 1), q * (total - 1) + largest + 2
        near = (counted > np.floor(first)[self.cell]) & (counted - self.weight <= last[self.cell])
        earlier = counted <= np.floor(first)[self.cell]
        place = self.cell[earlier] * buckets + self.bucket[earlier]
        before = np.bincount(place, weights=self.weight[earlier], minlength=self._cells * buckets)
        cell, weight = self.cell[near], self.weight[near]
        alone = np.zeros((len(cell), buckets))
        alone[np.arange(len(cell)), self.bucket[near]] = weight
        rest = np.cumsum(weight[:, None] - alone, axis=0)
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        # Running totals start anew in each cell, from what lies before the rows that are looked at.
        lengths = np.diff(np.append(starts, len(cell)))
        offset = rest[starts] - (weight[:, None] - alone)[starts]
        base = before.reshape(self._cells, buckets)
        base = (base.sum(axis=1, keepdims=True) - base)[cell[starts]]
        rest += np.repeat(base - offset, lengths, axis=0)
        found = self._picked(q, total[:, None] - of_bucket, rest, cell, self.value[near], own=True)
        return found.reshape(self.shape)

    def _picked(self, q: float, total: Array, running: Array, cell: _Places, value: Array, own: bool = False) -> Array:
        """The quantiles of each cell (first axis of `total`), from running totals of weights. `own`: these start in each cell."""
        result = np.full(total.shape, np.nan)
        if not len(cell):
            return result
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        there = cell[starts]
        if not own:
            running = running - np.repeat(
                running[starts] - self.weight[starts][:, None], np.diff(np.append(starts, len(cell))), axis=0
            )
        lengths = np.diff(np.append(starts, len(cell)))
        place = q * (total[there] - 1)
        lower = self._value_at(np.floor(place), running, starts, lengths, value)
        upper = self._value_at(np.ceil(place), running, starts, lengths, value)
        found = lower + (upper - lower) * (place - np.floor(place))
        result[there] = np.where(total[there] > 0, found, np.nan)
        return result

    @staticmethod
    def _value_at(place: Array, running: Array, starts: _Places, lengths: _Places, value: Array) -> Array:
        """The value at this place of the sorted rows (from 0) of each cell."""
        passed = running <= np.repeat(place, lengths, axis=0)
        index = starts[:, None] + np.add.reduceat(passed, starts, axis=0, dtype=np.int64)
        found: Array = value[np.minimum(index, len(value) - 1)]
        return found


def histogram(metric: Quantile, scope: Scope, groups: Groups) -> Histogram:
    """Read the metric's histogram. Groups are those of the customers counted beside it."""
    by, apart = scope.by(metric.fact), scope.apart(metric.fact)
    key = ("histogram", *kind(metric), scope.splits, scope.where, scope.active_window, apart)
    found = fetch(scope.facts, key, lambda days: _query(metric, scope, days[WITHIN]), {WITHIN: days_within(scope)})
    names, group = codes([found[f"split_{place}"] for place in range(len(by))], found.num_rows)
    index = {one: number for number, one in enumerate(groups)}
    place = np.array([index.get(one, -1) for one in names], dtype=np.int64)[group]
    cell = found["period"].to_numpy().astype(np.int64) * len(groups) + place
    bucket = found["bucket_"].to_numpy().astype(np.int64)
    value = found["value"].to_numpy().astype(np.float64)
    weight = found["weight"].to_numpy().astype(np.float64)
    order = np.lexsort((value, cell))
    # What a later load took back is left in the histograms with nothing in it.
    order = order[(place[order] >= 0) & (weight[order] > 0)]
    shape = (len(scope.periods), len(groups), scope.buckets)
    return Histogram(cell[order], bucket[order], value[order], weight[order], shape)


def kind(metric: Quantile) -> tuple[str, str, str, str, str]:
    """What the histogram counts: quantiles that differ in q alone share one."""
    return metric.fact.name, repr(metric.of), repr(metric.where), repr(metric.weight), metric.day


def _query(metric: Quantile, scope: Scope, days: ir.Table) -> ir.Table:
    by, apart = scope.by(metric.fact), scope.apart(metric.fact)
    columns = (*by.values(), *((BUCKET,) if apart else ()))
    rows = relation(scope.facts, metric.fact, scope.where, scope.active_window, columns)
    if metric.where is not None:
        rows = rows.filter(metric.where)
    rows = rows.inner_join(days, rows[metric.day] == days.counted_day)
    labels = {f"split_{place}": with_unknown(rows[column]) for place, column in enumerate(by.values())}
    bucket = rows.bucket.cast("int64") if apart else ibis.literal(0, type="int64")
    value, weight = bound(rows, metric.of).cast("float64"), bound(rows, metric.weight)
    return rows.group_by(period=rows.period, bucket_=bucket, value=value, **labels).agg(weight=weight.sum())
