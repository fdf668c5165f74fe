"""How often each value occurs, by bucket of customers; and the quantiles that follow, with and without each bucket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regulars.metrics.cells.numbered import Numbers, beginnings

Array = npt.NDArray[np.float64]
_Places = npt.NDArray[np.int64]
_AT_ONCE = 200_000


@dataclass(frozen=True)
class Quantiles:
    """The values of one quantile, and the rows behind them: shape (periods, groups), NaN and 0 where there are none.

    `without` and `filled` have a last axis of buckets: the value without each, and whether it holds any row; None unbucketed.
    """

    value: Array
    counts: Array
    without: Array | None
    filled: npt.NDArray[np.bool_] | None


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

    def of(self, q: float) -> Quantiles:
        """The quantile of each cell, with all that is known of it."""
        without = self.quantiles_left_out(q) if self.bucketed else None
        return Quantiles(self.quantile(q), self.counts(), without, self.filled() if self.bucketed else None)

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
        # Without a bucket a quantile moves down by no more than its share q of the bucket's rows, up by no more than the rest:
        # only the rows about it need be looked at.
        counted = np.cumsum(self.weight) - (np.cumsum(total) - total)[self.cell]
        first, last = q * (total - largest - 1), q * (total - 1) + (1 - q) * largest + 2
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


def counted(cell: Numbers, value: Numbers, bucket: Numbers, buckets: int) -> Iterator[tuple[_Places, Histogram]]:
    """Histograms of rows, some cells at a time: the numbers of the cells, and their histogram of shape (cells, 1, buckets).

    Cells and values are whole numbers from 0; a cell that no row has is left out.
    """
    if not len(cell):
        return
    low, high = (int(most).bit_length() for most in (buckets - 1, value.max()))
    # One number for all three sorts them at once; 32 bits several times faster than 64.
    small = int(cell.max()).bit_length() + high + low < 32
    key: Numbers = cell.astype(np.int32 if small else np.int64)
    key <<= high
    key |= value
    key <<= low
    key |= bucket
    key.sort()
    first = beginnings(key)
    weight = np.diff(first, append=len(key)).astype(np.float64)
    key = key[first]
    cells = key >> (high + low)
    starts = np.append(beginnings(cells), len(key))
    at = 0
    while at < len(starts) - 1:
        end = max(at + 1, int(np.searchsorted(starts, starts[at] + _AT_ONCE, side="right")) - 1)
        rows = slice(starts[at], starts[end])
        places = np.repeat(np.arange(end - at), np.diff(starts[at : end + 1]))
        values = ((key[rows] >> low) & ((1 << high) - 1)).astype(np.float64)
        own = (key[rows] & ((1 << low) - 1)).astype(np.int64)
        yield (
            cells[starts[at:end]].astype(np.int64),
            Histogram(places, own, values, weight[rows], (end - at, 1, buckets)),
        )
        at = end
