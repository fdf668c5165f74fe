"""How often each value occurs, by bucket of customers; and the quantiles that follow, with their intervals."""

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
_AT_ONCE = 200_000
_BITS = 63


@dataclass(frozen=True)
class Quantiles:
    """The values of one quantile, and the ends of their intervals: shape (periods, groups), NaN where there are none.

    `rows` and `at_most` have a last axis of buckets: the rows of each, and those of them no greater than the value.
    """

    value: Array
    low: Array
    high: Array
    rows: Array
    at_most: Array

    def scaled(self, scale: int) -> Quantiles:
        """The same of values that were read as multiples: in units of so many."""
        return replace(self, value=self.value / scale, low=self.low / scale, high=self.high / scale)


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
    def rows(self) -> Array:
        """The number of values, shape (periods, groups, buckets)."""
        return self._rows.reshape(self.shape)

    @property
    def _cells(self) -> int:
        return self.shape[0] * self.shape[1]

    @cached_property
    def _rows(self) -> Array:
        """Rows behind each cell's buckets: shape (cells, buckets)."""
        return self._by_bucket(self.weight)

    def _by_bucket(self, weight: Array) -> Array:
        place = self.cell * self.shape[2] + self.bucket
        counted: Array = np.bincount(place, weights=weight, minlength=self._cells * self.shape[2]).astype(np.float64)
        return counted.reshape(self._cells, self.shape[2])

    def of(self, q: float) -> Quantiles:
        """The quantile of each cell, with its interval by Woodruff and the counts that this rests on."""
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
        """The largest value of each cell, shape (periods, groups); NaN where it is empty."""
        found = np.full(self._cells, np.nan)
        found[self.cell] = self.value  # sorted: the last of a cell stays
        return found.reshape(self.shape[:2])

    def _at(self, shares: Array) -> Array:
        """The value at each share (last axis) of each cell's rows; NaN where it is empty, or the share is.

        percentile_cont: linear between neighbours, as in SQL.
        """
        result = np.full(shares.shape, np.nan)
        if not len(self.cell):
            return result
        starts = np.flatnonzero(np.diff(self.cell, prepend=-1))
        lengths = np.diff(np.append(starts, len(self.cell)))
        there = self.cell[starts]
        total = self._rows.sum(axis=1)
        running = np.cumsum(self.weight) - (np.cumsum(total) - total)[self.cell]
        place = shares[there] * (total[there, None] - 1)
        lower = self._value_at(np.floor(place), running, starts, lengths)
        upper = self._value_at(np.ceil(place), running, starts, lengths)
        result[there] = lower + (upper - lower) * (place - np.floor(place))
        return result

    def _value_at(self, place: Array, running: Array, starts: _Places, lengths: _Places) -> Array:
        """The value at these places of the sorted rows (from 0) of each cell."""
        passed = running[:, None] <= np.repeat(place, lengths, axis=0)
        index = starts[:, None] + np.add.reduceat(passed, starts, axis=0, dtype=np.int64)
        found: Array = self.value[np.minimum(index, len(self.value) - 1)]
        return found


def value_counts(cell: Numbers, value: Numbers, bucket: Numbers, buckets: int) -> Iterator[tuple[_Places, Histogram]]:
    """Histograms of rows, some cells at a time: the numbers of the cells, and their histogram of shape (cells, 1, buckets).

    Cells and values are whole numbers, cells from 0; a cell that no row has is left out.
    """
    if not len(cell):
        return
    places, known = _placed(value, int(cell.max()).bit_length() + int(buckets - 1).bit_length())
    low, high = (int(most).bit_length() for most in (buckets - 1, places.max()))
    # One number for all three sorts them at once; 32 bits several times faster than 64.
    small = int(cell.max()).bit_length() + high + low < 32
    key: Numbers = cell.astype(np.int32 if small else np.int64)
    key <<= high
    key |= places.astype(key.dtype)
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
        numbers = np.repeat(np.arange(end - at), np.diff(starts[at : end + 1]))
        values = known(((key[rows] >> low) & ((1 << high) - 1)).astype(np.int64)).astype(np.float64)
        own = (key[rows] & ((1 << low) - 1)).astype(np.int64)
        yield (
            cells[starts[at:end]].astype(np.int64),
            Histogram(numbers, own, values, weight[rows], (end - at, 1, buckets)),
        )
        at = end


def _placed(value: Numbers, taken: int) -> tuple[Numbers, Callable[[Numbers], Numbers]]:
    """Whole numbers from 0 in the order of the values, that fit into 63 bits beside those taken; and their values again."""
    least = int(value.min())
    if taken + (int(value.max()) - least).bit_length() < _BITS:
        return value - least, lambda places: places + least
    distinct, place = np.unique(value, return_inverse=True)
    return place.reshape(-1), lambda places: distinct[places]


def summed_by_entity(
    cell: Numbers, entity: Numbers, value: Numbers, bucket: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """What each entity's values come to in each cell: cell, sum and bucket of each. An entity lies in one bucket."""
    if not len(cell):
        return cell, value, bucket
    order = np.lexsort((entity, cell))
    cell, entity = cell[order], entity[order]
    differs = (cell[1:] != cell[:-1]) | (entity[1:] != entity[:-1])
    first = np.append(0, 1 + np.flatnonzero(differs))
    return cell[first], np.add.reduceat(value[order], first), bucket[order][first]


def beginnings(ascending: Numbers) -> npt.NDArray[np.int64]:
    """Where each number stands first."""
    if not len(ascending):
        return np.zeros(0, dtype=np.int64)
    return np.append(0, 1 + np.flatnonzero(ascending[1:] != ascending[:-1]))
