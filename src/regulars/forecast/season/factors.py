"""The 12 factors of a shop's clock: what came in each month of the year, over what the plain model expects of the cohorts.

Of every month of the year, the repeat purchases that came and those that a model without seasons expects are added up over all
years. The factor is the one over the other, each with SHRUNK purchases more, so that a month of which little is known stays
near 1; then all are scaled, so that a year has 365 days. The cohorts, of those who first bought on one day, are taken as they
are: a quarter with many new customers has many repeat purchases after it, and that is no season.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.forecast.conventions import YEAR
from regulars.forecast.models.purchase_fit import PurchaseForecast
from regulars.forecast.season.seasonal_time import Clock, month_of_year

Array = npt.NDArray[np.float64]

SHRUNK = 20.0
"""Purchases that came and were expected in each month of the year, beside those of the data."""
LEAST = 2 * YEAR
"""Days of data: of less no month of the year is known twice."""
_STEP = 7
"""Days: expected purchases are worked out at each, and between two they rise evenly."""
_LENGTHS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True, eq=False)
class DailyPurchases:
    """By day from the epoch day `first_day` on: customers who bought for the first time, and those who came back."""

    first_day: int
    new: Array
    repeats: Array

    def clock(self, fitted: PurchaseForecast, until: int) -> Clock | None:
        """The clock that the days before the epoch day `until` tell; None where they are fewer than LEAST.

        fitted: a model without seasons, of what was known then; times in days.
        """
        days = until - self.first_day
        if days < LEAST:
            return None
        new, repeats = self.new[:days], self.repeats[:days]
        expected = np.convolve(new, _a_day(fitted, days))[:days]
        month = month_of_year(np.arange(self.first_day, until))
        came, said = (np.bincount(month, weights=values, minlength=12) for values in (repeats, expected))
        factors = (came + SHRUNK) / (said + SHRUNK)
        return Clock(factors * _LENGTHS.sum() / (factors @ _LENGTHS), until)


def _a_day(fitted: PurchaseForecast, days: int) -> Array:
    """The repeat purchases to expect of a new customer on the day of the first purchase (none), the day after and so on."""
    ends = np.arange(_STEP, days + _STEP, _STEP, dtype=float)
    nothing = {"frequency": [0.0], "recency": [0.0], "T": [0.0]}
    until = [fitted.expected_purchases(nothing, end)[0] for end in ends]
    by_day = np.interp(np.arange(days), np.append(0.0, ends), np.append(0.0, until))
    return np.diff(by_day, prepend=0.0)
