"""Frequency, recency and age of customers, the only data that models of purchases use.

Names follow Fader, Hardie & Lee (2005), Marketing Science 24, 275–284:

    x     frequency: number of repeat purchases
    t_x   recency: time from the first purchase to the last; 0 where x is 0
    T     age: time from the first purchase to the end of the data

All times have the same unit. A purchase is a day with an order, so two orders on one day are one purchase.
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
MAX_PURCHASES = 10_000_000
"""Largest frequency of one customer; anything above is a column in the wrong place."""
BLOCK_ROWS = 8192
"""Rows computed at once. Temporary arrays then stay in the processor's cache, and each product is too short for a
linear algebra library to use threads, which on a busy machine wait for each other ten times as long as they compute.
"""

_SPARSE = 4
"""Largest number of possible keys per row for which a lookup table is used; beyond it keys are sorted."""


@dataclass(frozen=True, eq=False)
class RFMSummary:
    """Customers with equal histories counted once: `n` customers with frequency `x`, recency `t_x` and age `T`, one row
    each.

    Raises:
        InputError: Where a row is impossible, naming the first such row.
    """

    x: Array
    t_x: Array
    T: Array
    n: Array

    def __post_init__(self) -> None:
        if len({len(column) for column in (self.x, self.t_x, self.T, self.n)}) > 1:
            raise InputError("The columns frequency, recency and T are not of one length.")
        for name, column in zip((*COLUMNS, "number of customers"), (self.x, self.t_x, self.T, self.n), strict=True):
            _reject(~np.isfinite(column), f"{name} is missing or not a number")
            _reject(column < 0, f"{name} is negative")
        _reject(self.x != np.floor(self.x), "frequency is not a whole number")
        _reject(self.x > MAX_PURCHASES, f"frequency is above {MAX_PURCHASES:,}")
        _reject(
            self.t_x > self.T,
            "recency is longer than T",
            "recency is the time from the first purchase to the last, T from the first purchase to today.",
        )
        _reject(
            (self.x == 0) & (self.t_x > 0),
            "recency is above 0 for a customer who never came back",
            "recency is the time from the first purchase to the last, not from the last to today.",
        )
        _reject(
            (self.x > 0) & (self.t_x == 0),
            "recency is 0 for a customer who came back",
            "Count days (or another span) with a purchase, not purchases within one.",
        )

    @classmethod
    def of(cls, summary: Any) -> RFMSummary:
        """Return one row for each row of a table with columns frequency, recency and T; an RFMSummary is returned
        unchanged.

        Args:
            summary: A pandas, polars or pyarrow table, or a dict of arrays.

        Raises:
            InputError: Where a column is missing or a row is impossible.
        """
        if isinstance(summary, RFMSummary):
            return summary
        x, t_x, T = (column(summary, name) for name in COLUMNS)
        return cls(x, t_x, T, np.ones(len(x)))

    @cached_property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.n.sum())

    @cached_property
    def mean_age(self) -> float:
        """Mean of T. The fit measures time in it, so that the unit of time has no effect."""
        return float(self.n @ self.T) / self.customers

    @cached_property
    def frequency_counts(self) -> tuple[Array, Array]:
        """The distinct frequencies, and the number of customers with each."""
        counts: Array = np.bincount(self.x.astype(np.intp), weights=self.n).astype(float)
        frequencies = np.flatnonzero(counts)
        return frequencies.astype(float), counts[frequencies]

    def in_units_of(self, span: float) -> RFMSummary:
        """Return the same customers with times divided by `span`."""
        return RFMSummary(self.x, self.t_x / span, self.T / span, self.n)

    def grouped(self) -> RFMSummary:
        """Return equal rows merged, their counts added. The order of rows is not kept."""
        codes, sizes = zip(*(_integer_codes(part) for part in (self.x, self.T, self.t_x)), strict=True)
        if float(sizes[0]) * float(sizes[1]) * float(sizes[2]) > 2**62:  # pragma: no cover - 1.6 million of each
            return self
        size = sizes[0] * sizes[1] * sizes[2]
        first, inverse = _unique_keys((codes[0] * sizes[1] + codes[1]) * sizes[2] + codes[2], size)
        counts: Array = np.bincount(inverse, weights=self.n).astype(float)
        return RFMSummary(self.x[first], self.t_x[first], self.T[first], counts)

    def every(self, step: int) -> RFMSummary:
        """Return each `step`-th row."""
        return RFMSummary(self.x[::step], self.t_x[::step], self.T[::step], self.n[::step])

    @cached_property
    def unique_histories(self) -> tuple[Array, Array, npt.NDArray[np.intp]]:
        """The distinct pairs of x and T, and the index of each row's pair."""
        return unique_pairs(self.x, self.T)

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[tuple[slice, Array, Array, Array, Array]]:
        """Yield the rows in blocks: slice, x, t_x, T, n."""
        for start in range(0, len(self.x), size):
            rows = slice(start, start + size)
            yield rows, self.x[rows], self.t_x[rows], self.T[rows], self.n[rows]


def unique_pairs(x: Array, t: Array) -> tuple[Array, Array, npt.NDArray[np.intp]]:
    """Return the distinct pairs of a frequency and a time, and the index of each row's pair."""
    (codes_x, sizes_x), (codes_t, sizes_t) = _integer_codes(x), _integer_codes(t)
    if sizes_x * sizes_t > 2**62:  # pragma: no cover - see `grouped`
        return x, t, np.arange(len(x))
    first, inverse = _unique_keys(codes_x * sizes_t + codes_t, sizes_x * sizes_t)
    return x[first], t[first], inverse


def column(table: Any, name: str, needed: tuple[str, ...] = COLUMNS) -> Array:
    """Return a column of a table as floats, with NaN for missing values.

    Args:
        table: A pandas, polars or pyarrow table, or a dict of arrays.
        name: Name of the column.
        needed: Names of all columns that the table needs, for the message.

    Raises:
        InputError: Where the column is missing or does not hold numbers.
    """
    try:
        entries = table[name]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as absent:
        raise InputError(f"The table has no column {name}.", f"It needs {', '.join(needed)}.") from absent
    try:
        values = np.asarray(entries, dtype=float)
    except (TypeError, ValueError) as other:
        raise InputError(f"The column {name} does not hold numbers.") from other
    if values.ndim != 1:
        raise InputError(f"The column {name} is not a plain column: its shape is {values.shape}.")
    return values


def _reject(wrong: npt.NDArray[np.bool_], reason: str, hint: str = "") -> None:
    if wrong.any():
        raise InputError(
            f"In {int(wrong.sum()):,} of {len(wrong):,} rows {reason}; row {int(wrong.argmax()):,} is the first.", hint
        )


def _unique_keys(keys: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the row of each distinct key below `size`, by ascending key, and the index of each row's key."""
    if size > max(_SPARSE * len(keys), 2**16):
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        return first, inverse
    # With about as many rows as keys there may be, looking up is several times faster than sorting.
    row = np.full(size, -1, dtype=np.intp)
    row[keys] = np.arange(len(keys))
    present = np.flatnonzero(row >= 0)
    first = row[present]
    row[present] = np.arange(len(present))
    return first, row[keys]


def _integer_codes(values: Array) -> tuple[npt.NDArray[np.int64], int]:
    """Return integers from 0 that are equal where the values are, and the number of possible integers."""
    if not len(values):
        return np.empty(0, dtype=np.int64), 1
    low, high = values.min(), values.max()
    if high - low < 2**20 and (values == np.floor(values)).all():
        return (values - low).astype(np.int64), int(high - low) + 1  # whole numbers already: nothing to sort
    distinct, inverse = np.unique(values, return_inverse=True)
    return inverse.astype(np.int64), len(distinct)
