"""The shop's own clock: time measured as the sum of a factor for each day, the same in each month of the year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regulars.forecast.conventions import FOREVER
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]


def month_of_year(day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The month of each epoch day, 0 for January."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12


@dataclass(frozen=True, eq=False)
class Clock:
    """A clock as of the day before the epoch day `until`. `factors`: 12, January first; 1 is a day of the calendar."""

    factors: Array
    until: int

    @classmethod
    def plain(cls, until: int) -> Clock:
        """The calendar itself."""
        return cls(np.ones(12), until)

    @property
    def is_plain(self) -> bool:
        """Whether it is the calendar itself."""
        return bool((self.factors == 1).all())

    def cells(self, cells: RFMSummary) -> RFMSummary:
        """The same customers, recency and age in days of this clock; cells are as of the day before `until`."""
        if self.is_plain:
            return cells
        now = self.until - 1
        first = now - cells.T
        born, last = self._at(first), self._at(first + cells.t_x)
        return RFMSummary(cells.x, last - born, self._at(np.asarray(now)) - born, cells.n)

    def ahead(self, days: float) -> float:
        """The length on this clock of so many days from `until` on."""
        now = self.until - 1
        return float(days) if self.is_plain else float(self._at(np.asarray(now + days)) - self._at(np.asarray(now)))

    def days(self, ahead: Array) -> Array:
        """The days from `until` on within which so much time of this clock passes; infinite where that is too far to tell."""
        if self.is_plain:
            return ahead
        now = self.until - 1
        at = self._at(np.asarray(now)) + ahead
        found: Array = np.interp(at, self._sums, np.arange(len(self._sums)), right=np.inf) - now
        return found

    def _at(self, day: Array) -> Array:
        """What this clock shows at the end of an epoch day; before 1970 it runs as the calendar."""
        found: Array = np.interp(np.maximum(day, 0), np.arange(len(self._sums)), self._sums) + np.minimum(day, 0)
        return found

    @cached_property
    def _sums(self) -> Array:
        days = np.arange(self.until + FOREVER)
        sums: Array = np.cumsum(self.factors[month_of_year(days)])
        return sums
