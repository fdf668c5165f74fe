"""Value counts by bucket of customers, and quantiles with intervals from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.intervals import woodruff

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]
_Places = npt.NDArray[np.int64]
_ROWS_AT_ONCE = 200_000
_BITS = 63


@dataclass(frozen=True)
class Quantiles:
    """Values of one quantile and their intervals, shape (periods, groups); NaN where there is none.

    `rows` and `at_most` are the rows of each bucket, and those up to the value, shape (periods, groups, buckets).
    """

    value: Array
    low: Array
    high: Array
    rows: Array
    at_most: Array

    def scaled(self, scale: int) -> Quantiles:
        """Return the quantiles divided by `scale`."""
        return replace(self, value=self.value / scale, low=self.low / scale, high=self.high / scale)


@dataclass(frozen=True)
class Histogram:
    """Value counts: one row per cell (period and group), bucket and value, sorted by cell and value."""

    cell: _Places
    bucket: _Places
    value: Array
    weight: Array
    shape: tuple[int, int, int]
    """Periods, groups, buckets."""

    @property
    def rows(self) -> Array:
        """Number of values, shape (periods, groups, buckets)."""
        return self._rows.reshape(self.shape)

    @property
    def _cells(self) -> int:
        return self.shape[0] * self.shape[1]

    @cached_property
    def _rows(self) -> Array:
        """Number of values, shape (cells, buckets)."""
        return self._by_bucket(self.weight)

    def _by_bucket(self, weight: Array) -> Array:
        index = self.cell * self.shape[2] + self.bucket
        sums: Array = np.bincount(index, weights=weight, minlength=self._cells * self.shape[2]).astype(np.float64)
        return sums.reshape(self._cells, self.shape[2])

    def of(self, q: float) -> Quantiles:
        """Return the quantile of each cell, with Woodruff's interval and the counts it rests on."""
        (value,) = self._at(np.full((self._cells, 1), q)).T
        at_most = self._by_bucket(np.where(self.value <= value[self.cell], self.weight, 0))
        ends = woodruff(at_most, self._rows, q)
        low, high = self._at(np.stack(ends, axis=-1)).T
        cells = self.shape[:2]
        return Quantiles(
            value.reshape(cells),
            low.reshape(cells),
            high.reshape(cells),
            self._rows.reshape(self.shape),
            at_most.reshape(self.shape),
        )

    @cached_property
    def largest(self) -> Array:
        """Largest value of each cell, shape (periods, groups); NaN where it is empty."""
        values = np.full(self._cells, np.nan)
        values[self.cell] = self.value  # sorted: the last value of a cell overwrites the others
        return values.reshape(self.shape[:2])

    def _at(self, shares: Array) -> Array:
        """Return the quantiles of each cell (percentile_cont, linear as in SQL), shape (cells, shares); NaN where a
        cell or a share is.
        """
        result = np.full(shares.shape, np.nan)
        if not len(self.cell):
            return result
        starts = np.flatnonzero(np.diff(self.cell, prepend=-1))
        lengths = np.diff(np.append(starts, len(self.cell)))
        cells = self.cell[starts]
        total = self._rows.sum(axis=1)
        rank_before = np.cumsum(self.weight) - (np.cumsum(total) - total)[self.cell]
        rank = shares[cells] * (total[cells, None] - 1)
        lower = self._value_at(np.floor(rank), rank_before, starts, lengths)
        upper = self._value_at(np.ceil(rank), rank_before, starts, lengths)
        result[cells] = lower + (upper - lower) * (rank - np.floor(rank))
        return result

    def _value_at(self, rank: Array, rank_before: Array, starts: _Places, lengths: _Places) -> Array:
        """Return the value with these ranks (from 0) in each cell."""
        passed = rank_before[:, None] <= np.repeat(rank, lengths, axis=0)
        index = starts[:, None] + np.add.reduceat(passed, starts, axis=0, dtype=np.int64)
        values: Array = self.value[np.minimum(index, len(self.value) - 1)]
        return values


def value_counts(cell: Numbers, value: Numbers, bucket: Numbers, buckets: int) -> Iterator[tuple[_Places, Histogram]]:
    """Yield histograms of rows, some cells at a time.

    Args:
        cell: Cell of each row, integers from 0, shape (rows,).
        value: Value, integers, shape (rows,).
        bucket: Bucket, shape (rows,).
        buckets: Number of buckets.

    Yields:
        Numbers of the cells that have rows, and their histogram of shape (cells, 1, buckets).
    """
    if not len(cell):
        return
    ranks, value_of = _ranks(value, int(cell.max()).bit_length() + int(buckets - 1).bit_length())
    low, high = (int(most).bit_length() for most in (buckets - 1, ranks.max()))
    # Cell, value and bucket are packed into one integer, which sorts them at once; 32 bits sort several times faster than 64.
    small = int(cell.max()).bit_length() + high + low < 32
    key: Numbers = cell.astype(np.int32 if small else np.int64)
    key <<= high
    key |= ranks.astype(key.dtype)
    key <<= low
    key |= bucket
    key.sort()
    first = group_starts(key)
    weight = np.diff(first, append=len(key)).astype(np.float64)
    key = key[first]
    cells = key >> (high + low)
    starts = np.append(group_starts(cells), len(key))
    at = 0
    while at < len(starts) - 1:
        end = max(at + 1, int(np.searchsorted(starts, starts[at] + _ROWS_AT_ONCE, side="right")) - 1)
        rows = slice(starts[at], starts[end])
        numbers = np.repeat(np.arange(end - at), np.diff(starts[at : end + 1]))
        values = value_of(((key[rows] >> low) & ((1 << high) - 1)).astype(np.int64)).astype(np.float64)
        buckets_ = (key[rows] & ((1 << low) - 1)).astype(np.int64)
        yield (
            cells[starts[at:end]].astype(np.int64),
            Histogram(numbers, buckets_, values, weight[rows], (end - at, 1, buckets)),
        )
        at = end


def _ranks(value: Numbers, taken: int) -> tuple[Numbers, Callable[[Numbers], Numbers]]:
    """Return integers from 0 in the order of the values, that fit into 63 bits beside `taken` ones, and the function
    back to values.
    """
    least = int(value.min())
    if taken + (int(value.max()) - least).bit_length() < _BITS:
        return value - least, lambda places: places + least
    distinct, place = np.unique(value, return_inverse=True)
    return place.reshape(-1), lambda places: distinct[places]


def sum_by_entity(cell: Numbers, entity: Numbers, value: Numbers, bucket: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return cell, sum of values and bucket of each entity in each cell. An entity is in one bucket."""
    if not len(cell):
        return cell, value, bucket
    order = np.lexsort((entity, cell))
    cell, entity = cell[order], entity[order]
    differs = (cell[1:] != cell[:-1]) | (entity[1:] != entity[:-1])
    first = np.append(0, 1 + np.flatnonzero(differs))
    return cell[first], np.add.reduceat(value[order], first), bucket[order][first]


def group_starts(ascending: Numbers) -> npt.NDArray[np.int64]:
    """Return the index at which each distinct number begins."""
    if not len(ascending):
        return np.zeros(0, dtype=np.int64)
    return np.append(0, 1 + np.flatnonzero(ascending[1:] != ascending[:-1]))
