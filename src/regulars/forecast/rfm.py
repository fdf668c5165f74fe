"""Customers' pasts in three numbers each, and equal pasts counted once: all that the models of purchases see.

The numbers are the field's own (Fader, Hardie & Lee 2005, Marketing Science 24, 275–284):

    x     frequency: how often they came back after their first purchase
    t_x   recency: time from their first purchase to their last; 0 where x is 0
    T     age: time from their first purchase to today

Times are in any one unit. A shop counts days with a purchase, not orders, so that two orders of one evening are one return.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.vocabulary.errors import InputError

Array = npt.NDArray[np.float64]

COLUMNS = ("frequency", "recency", "T")
MOST_PURCHASES = 10_000_000
"""Of one customer. More is a time or a number of customers in the wrong column."""
BLOCK = 8192
"""Rows worked on at once: what is computed between stays in the processor's cache, and each product is too short for a linear
algebra library to spread over threads, which on a busy machine wait for each other ten times as long as they compute."""

_SPARSE = 4
"""Keys there may be for each row, beyond which those that are there are found by sorting."""


@dataclass(frozen=True, eq=False)
class RFMSummary:
    """Customers with equal pasts: `n` of them with frequency `x`, recency `t_x` and age `T`. Arrays of one length."""

    x: Array
    t_x: Array
    T: Array
    n: Array

    def __post_init__(self) -> None:
        """Raises InputError where a past cannot be, saying which row is the first."""
        if len({len(column) for column in (self.x, self.t_x, self.T, self.n)}) > 1:
            raise InputError("The columns frequency, recency and T are not of one length.")
        for name, column in zip((*COLUMNS, "number of customers"), (self.x, self.t_x, self.T, self.n), strict=True):
            _refuse(~np.isfinite(column), f"{name} is missing or not a number")
            _refuse(column < 0, f"{name} is negative")
        _refuse(self.x != np.floor(self.x), "frequency is not a whole number")
        _refuse(self.x > MOST_PURCHASES, f"frequency is above {MOST_PURCHASES:,}")
        _refuse(
            self.t_x > self.T,
            "recency is longer than T",
            "recency is the time from the first purchase to the last, T from the first purchase to today.",
        )
        _refuse(
            (self.x == 0) & (self.t_x > 0),
            "recency is above 0 for a customer who never came back",
            "recency is the time from the first purchase to the last, not from the last to today.",
        )
        _refuse(
            (self.x > 0) & (self.t_x == 0),
            "recency is 0 for a customer who came back",
            "Count days (or another span) with a purchase, not purchases within one.",
        )

    @classmethod
    def of(cls, summary: Any) -> RFMSummary:
        """One cell for each row of a table with columns frequency, recency and T; cells are returned as they are.

        The table is anything that hands out columns by name: pandas, polars, pyarrow, a dict of arrays. Raises InputError.
        """
        if isinstance(summary, RFMSummary):
            return summary
        x, t_x, T = (column(summary, name) for name in COLUMNS)
        return cls(x, t_x, T, np.ones(len(x)))

    @cached_property
    def customers(self) -> float:
        """How many customers the cells count."""
        return float(self.n.sum())

    @cached_property
    def mean_age(self) -> float:
        """The mean of T: what the fit measures time in, so that any unit gives the same answer."""
        return float(self.n @ self.T) / self.customers

    @cached_property
    def by_frequency(self) -> tuple[Array, Array]:
        """Each frequency there is, and its number of customers."""
        counted: Array = np.bincount(self.x.astype(np.intp), weights=self.n).astype(float)
        there = np.flatnonzero(counted)
        return there.astype(float), counted[there]

    def in_units_of(self, span: float) -> RFMSummary:
        """The same customers, time counted in spans of this many of today's units."""
        return RFMSummary(self.x, self.t_x / span, self.T / span, self.n)

    def grouped(self) -> RFMSummary:
        """Equal rows as one, their numbers added. The order of rows is lost."""
        codes, sizes = zip(*(_codes(part) for part in (self.x, self.T, self.t_x)), strict=True)
        if float(sizes[0]) * float(sizes[1]) * float(sizes[2]) > 2**62:  # pragma: no cover - 1.6 million of each
            return self
        size = sizes[0] * sizes[1] * sizes[2]
        first, where = _different((codes[0] * sizes[1] + codes[1]) * sizes[2] + codes[2], size)
        number: Array = np.bincount(where, weights=self.n).astype(float)
        return RFMSummary(self.x[first], self.t_x[first], self.T[first], number)

    def every(self, step: int) -> RFMSummary:
        """Each `step`-th cell: a sample to start from."""
        return RFMSummary(self.x[::step], self.t_x[::step], self.T[::step], self.n[::step])

    @cached_property
    def pasts(self) -> tuple[Array, Array, npt.NDArray[np.intp]]:
        """The different pairs of x and T, and each row's place among them: what is still to come asks for no more."""
        return pairs(self.x, self.T)

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[slice, Array, Array, Array, Array]]:
        """The cells in small pieces, so that what is computed between takes no memory: place, x, t_x, T, n."""
        for start in range(0, len(self.x), size):
            here = slice(start, start + size)
            yield here, self.x[here], self.t_x[here], self.T[here], self.n[here]


def pairs(x: Array, t: Array) -> tuple[Array, Array, npt.NDArray[np.intp]]:
    """The different pairs of a frequency and a time, and each row's place among them."""
    (codes_x, sizes_x), (codes_t, sizes_t) = _codes(x), _codes(t)
    if sizes_x * sizes_t > 2**62:  # pragma: no cover - see `grouped`
        return x, t, np.arange(len(x))
    first, where = _different(codes_x * sizes_t + codes_t, sizes_x * sizes_t)
    return x[first], t[first], where


def column(table: Any, name: str, needed: tuple[str, ...] = COLUMNS) -> Array:
    """A column of any kind of table as floats, missing values as NaN. Raises InputError where it is absent or not numbers."""
    try:
        found = table[name]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as absent:
        raise InputError(f"The table has no column {name}.", f"It needs {', '.join(needed)}.") from absent
    try:
        values = np.asarray(found, dtype=float)
    except (TypeError, ValueError) as other:
        raise InputError(f"The column {name} does not hold numbers.") from other
    if values.ndim != 1:
        raise InputError(f"The column {name} is not a plain column: its shape is {values.shape}.")
    return values


def _refuse(wrong: npt.NDArray[np.bool_], reason: str, hint: str = "") -> None:
    if wrong.any():
        raise InputError(
            f"In {int(wrong.sum()):,} of {len(wrong):,} rows {reason}; row {int(wrong.argmax()):,} is the first.", hint
        )


def _different(keys: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """A row of each different key below `size`, by rising key, and each row's place among them."""
    if size > max(_SPARSE * len(keys), 2**16):
        _, first, where = np.unique(keys, return_index=True, return_inverse=True)
        return first, where
    # With about as many rows as keys there may be, looking up is several times faster than sorting.
    row = np.full(size, -1, dtype=np.intp)
    row[keys] = np.arange(len(keys))
    there = np.flatnonzero(row >= 0)
    first = row[there]
    row[there] = np.arange(len(there))
    return first, row[keys]


def _codes(values: Array) -> tuple[npt.NDArray[np.int64], int]:
    """Whole numbers that differ where the values do, from 0, and how many there may be."""
    if not len(values):
        return np.empty(0, dtype=np.int64), 1
    low, high = values.min(), values.max()
    if high - low < 2**20 and (values == np.floor(values)).all():
        return (values - low).astype(np.int64), int(high - low) + 1  # whole numbers already: nothing to sort
    different, where = np.unique(values, return_inverse=True)
    return where.astype(np.int64), len(different)
