"""Quantiles from histograms of values, with and without each bucket of customers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.metrics.compute.intervals import Array
from regulars.metrics.compute.relations import BUCKET, relation, with_unknown
from regulars.metrics.compute.sums import Scope, bound
from regulars.metrics.shapes import Quantile


@dataclass(frozen=True)
class Histogram:
    """How often each value occurs: one row per period, group, bucket and value, sorted by value."""

    period: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    bucket: npt.NDArray[np.int64]
    value: Array
    weight: Array
    shape: tuple[int, int, int]
    """Periods, groups, buckets."""

    @property
    def bucketed(self) -> bool:
        """Whether buckets are kept apart."""
        return self.shape[2] > 1

    def counts(self) -> Array:
        """Rows behind each cell."""
        totals = np.zeros(self.shape[:2])
        np.add.at(totals, (self.period, self.group), self.weight)
        return totals

    def filled(self) -> npt.NDArray[np.bool_]:
        """Which buckets hold any row."""
        found = np.zeros(self.shape, dtype=bool)
        found[self.period, self.group, self.bucket] = True
        return found

    def quantile(self, q: float) -> Array:
        """The quantile of each cell; NaN where it is empty."""
        return self._each(q, None)

    def quantiles_left_out(self, q: float) -> Array:
        """The quantile of each cell without each bucket in turn (last axis)."""
        return np.stack([self._each(q, bucket) for bucket in range(self.shape[2])], axis=-1)

    def _each(self, q: float, without: int | None) -> Array:
        result = np.full(self.shape[:2], np.nan)
        keep = np.ones(len(self.value), dtype=bool) if without is None else self.bucket != without
        cell = (self.period * self.shape[1] + self.group)[keep]
        value, weight = self.value[keep], self.weight[keep]
        order = np.argsort(cell, kind="stable")
        cell, value, weight = cell[order], value[order], weight[order]
        edges = [*np.flatnonzero(np.diff(cell, prepend=-1)), len(cell)]
        for start, end in itertools.pairwise(edges):
            result.flat[cell[start]] = weighted_quantile(value[start:end], weight[start:end], q)
        return result


def weighted_quantile(value: Array, weight: Array, q: float) -> float:
    """percentile_cont of values (ascending) that occur `weight` times: linear between neighbours, as in SQL."""
    ends = np.cumsum(weight)
    place = q * (ends[-1] - 1)
    lower = value[np.searchsorted(ends, np.floor(place), side="right")]
    upper = value[np.searchsorted(ends, np.ceil(place), side="right")]
    return float(lower + (upper - lower) * (place - np.floor(place)))


def histogram(metric: Quantile, scope: Scope, groups: list[tuple[str, ...]]) -> Histogram:
    """Read the metric's histogram. Groups are those of the customers counted beside it."""
    by = scope.by(metric.fact)
    rows = relation(scope.facts, metric.fact, scope.where, scope.active_window,
                    (*by.values(), *((BUCKET,) if scope.bucketed else ())))  # fmt: skip
    spans = [(number, period.first, period.beyond) for number, period in enumerate(scope.periods)]
    days = np.concatenate([np.arange(first, beyond) for _, first, beyond in spans])
    numbers = np.concatenate([np.full(beyond - first, number) for number, first, beyond in spans])
    calendar = ibis.memtable(pa.table({"counted_day": days.astype(np.int32), "period": numbers.astype(np.int32)}))
    if metric.where is not None:
        rows = rows.filter(metric.where)
    rows = rows.inner_join(calendar, rows[metric.day] == calendar.counted_day)
    labels = {f"split_{number}": with_unknown(rows[column]) for number, column in enumerate(by.values())}
    bucket = rows.bucket.cast("int64") if scope.bucketed else ibis.literal(0)
    found = (
        rows.group_by(period=rows.period, bucket_=bucket, value=bound(rows, metric.of).cast("float64"), **labels)
        .agg(weight=bound(rows, metric.weight).sum())
        .order_by("value")
        .to_pyarrow()
    )
    index = {group: number for number, group in enumerate(groups)}
    keys = zip(*(found[name].to_pylist() for name in labels), strict=True) if labels else [()] * found.num_rows
    place = np.array([index.get(tuple(key), -1) for key in keys], dtype=np.int64)
    known = place >= 0
    return Histogram(
        found["period"].to_numpy().astype(np.int64)[known], place[known],
        found["bucket_"].to_numpy().astype(np.int64)[known], found["value"].to_numpy()[known],
        found["weight"].to_numpy().astype(np.float64)[known], (len(scope.periods), len(groups), scope.buckets),
    )  # fmt: skip
