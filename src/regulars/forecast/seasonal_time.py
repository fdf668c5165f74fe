"""Seasonal time: a time scale on which the models of purchases need no season.

A seasonal factor that all customers share is equivalent to a change of the time scale: in December, say, 1.8 units pass
per day. Time is therefore measured as the sum of daily factors, one factor for each month of the year, and a horizon by
its length on this scale.

The factors are estimated per month of the year, over all years: repeat purchases / repeat purchases that a model
without seasons expects of the cohorts. PRIOR_PURCHASES are added to both, so that a month with few data stays near 1;
then all factors are scaled so that a year has 365 days. Expectations follow the cohorts, so a quarter with many new
customers is not mistaken for a season.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regulars.forecast.conventions import MAX_DAYS, YEAR
from regulars.forecast.models.purchase_fit import PurchaseForecast
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]


def month_of_year(day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the month of each epoch day, 0 for January."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12


@dataclass(frozen=True, eq=False)
class TimeScale:
    """A time scale of 12 monthly factors.

    Attributes:
        factors: Units of this scale per day, January first, shape (12,).
        until: First epoch day after the data.
    """

    factors: Array
    until: int

    @classmethod
    def plain(cls, until: int) -> TimeScale:
        """Return the calendar as a time scale: all factors are 1."""
        return cls(np.ones(12), until)

    @property
    def is_calendar(self) -> bool:
        """Whether all factors are 1."""
        return bool((self.factors == 1).all())

    def rescale(self, rfm: RFMSummary) -> RFMSummary:
        """Return the same customers with recency and age on this scale; `rfm` is as of the day before `until`, in days."""
        if self.is_calendar:
            return rfm
        now = self.until - 1
        first = now - rfm.T
        first_purchase, last_purchase = self._value_at(first), self._value_at(first + rfm.t_x)
        return RFMSummary(
            rfm.x, last_purchase - first_purchase, self._value_at(np.asarray(now)) - first_purchase, rfm.n
        )

    def ahead(self, days: float) -> float:
        """Return the length on this scale of so many days from `until` on."""
        now = self.until - 1
        return (
            float(days)
            if self.is_calendar
            else float(self._value_at(np.asarray(now + days)) - self._value_at(np.asarray(now)))
        )

    def days(self, ahead: Array) -> Array:
        """Return the days from `until` on that have this length; infinite beyond MAX_DAYS."""
        if self.is_calendar:
            return ahead
        now = self.until - 1
        target = self._value_at(np.asarray(now)) + ahead
        days: Array = np.interp(target, self._sums, np.arange(len(self._sums)), right=np.inf) - now
        return days

    def _value_at(self, day: Array) -> Array:
        """Return the scale's value at the end of epoch days; before 1970 it runs as the calendar."""
        value: Array = np.interp(np.maximum(day, 0), np.arange(len(self._sums)), self._sums) + np.minimum(day, 0)
        return value

    @cached_property
    def _sums(self) -> Array:
        days = np.arange(self.until + MAX_DAYS)
        sums: Array = np.cumsum(self.factors[month_of_year(days)])
        return sums


PRIOR_PURCHASES = 20.0
"""Purchases added to the actual and to the expected number of each month of the year."""
MIN_DAYS_OF_DATA = 2 * YEAR
"""Days of data needed: with less, no month of the year occurs twice."""
_STEP = 7
"""Days between two evaluations of expected purchases, which are interpolated linearly."""
_LENGTHS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True, eq=False)
class DailyPurchases:
    """Purchases by day from the epoch day `first_day` on.

    Attributes:
        first_day: Epoch day of the first value.
        new: First purchases, shape (days,).
        repeats: Repeat purchases, shape (days,).
    """

    first_day: int
    new: Array
    repeats: Array

    def time_scale(self, fitted: PurchaseForecast, until: int) -> TimeScale | None:
        """Estimate the time scale from the days before the epoch day `until`; None where there are fewer than
        MIN_DAYS_OF_DATA.

        Args:
            fitted: A model without seasons, fitted to the same days; times in days.
            until: First epoch day after the data.
        """
        days = until - self.first_day
        if days < MIN_DAYS_OF_DATA:
            return None
        new, repeats = self.new[:days], self.repeats[:days]
        expected = np.convolve(new, _daily_expectation(fitted, days))[:days]
        month = month_of_year(np.arange(self.first_day, until))
        actual, forecast = (np.bincount(month, weights=values, minlength=12) for values in (repeats, expected))
        factors = (actual + PRIOR_PURCHASES) / (forecast + PRIOR_PURCHASES)
        return TimeScale(factors * _LENGTHS.sum() / (factors @ _LENGTHS), until)


def _daily_expectation(fitted: PurchaseForecast, days: int) -> Array:
    """Return the expected repeat purchases of a new customer on each day after the first purchase, shape (days,)."""
    ends = np.arange(_STEP, days + _STEP, _STEP, dtype=float)
    new_customer = {"frequency": [0.0], "recency": [0.0], "T": [0.0]}
    cumulative = [fitted.expected_purchases(new_customer, end)[0] for end in ends]
    daily_rfm = np.interp(np.arange(days), np.append(0.0, ends), np.append(0.0, cumulative))
    return np.diff(daily_rfm, prepend=0.0)
