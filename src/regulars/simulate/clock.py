"""Time of the simulated shop: local days, daylight saving, hours of the day, and seasonality."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.shape import ShopShape

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DAY = 86_400

# Relative number of orders per hour of the local day, from midnight on.
_HOURS = (6, 3, 2, 1, 1, 2, 6, 14, 24, 34, 42, 48, 55, 52, 46, 44, 46, 52, 62, 74, 82, 76, 48, 20)
# Relative number of orders per weekday, from Monday on.
_WEEK = (1.06, 1.00, 0.97, 0.98, 0.92, 0.94, 1.13)


class Clock:
    """Conversion between days, counted from the shop's first, and instants, in seconds since 1970, UTC."""

    def __init__(self, shape: ShopShape) -> None:
        zone = ZoneInfo(shape.timezone)
        self.first_day = shape.first_day
        self.days = shape.days
        midnights = [
            int(datetime.combine(self.first_day + timedelta(days=day), time(), zone).timestamp())
            for day in range(self.days + 1)
        ]
        self.midnights: Integers = np.array(midnights, np.int64)
        self.end = midnights[-1]
        """First instant after the data."""
        self._changes, self._offsets = _offsets(zone, midnights)
        self._hours = np.concatenate([[0.0], np.cumsum(_HOURS) / sum(_HOURS)])
        self.season = _season(shape)
        """Relative number of orders per day; 1 on average."""
        self._busy = np.concatenate([[0.0], np.cumsum(self.season)])

    def instants(self, day: Integers, uniform: Floats) -> Integers:
        """Return an instant in each local day, by the distribution of _HOURS; hours scale on days of 23 or 25 hours."""
        part = np.interp(uniform, self._hours, np.arange(25) / 24)
        length = self.midnights[day + 1] - self.midnights[day]
        since: Integers = np.minimum((part * length).astype(np.int64), length - 1)
        return np.add(self.midnights[day], since)

    def day_ends(self, day: Integers) -> Integers:
        """Return the last second of each local day."""
        return np.subtract(self.midnights[day + 1], 1)

    def offsets(self, instant: Integers) -> Integers:
        """Return the offset from UTC, in seconds, at each instant."""
        return self._offsets[np.searchsorted(self._changes, instant, side="right") - 1]

    def busy(self, moment: Floats) -> Floats:
        """Return the integral of `season` from the first day to each moment, in days."""
        return np.asarray(np.interp(moment, np.arange(self.days + 1), self._busy))

    def moment(self, busy: Floats) -> Floats:
        """Return the moment, in days, of each value of the integral: the inverse of `busy`."""
        return np.interp(busy, self._busy, np.arange(self.days + 1))

    def arrivals(self, growth: float) -> Floats:
        """Return the cumulative share of new customers by the end of each day."""
        weights = self.season * (1 + growth * np.arange(self.days) / self.days)
        share = np.cumsum(weights) / weights.sum()
        share[-1] = 1.0
        return np.asarray(share)


def _offsets(zone: ZoneInfo, midnights: list[int]) -> tuple[Integers, Integers]:
    """Return the instants at which the offset from UTC changes, beginning with the first, and the new offsets."""

    def offset(instant: int) -> int:
        moved = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
        return int(moved.total_seconds()) if moved else 0

    changes, offsets = [midnights[0]], [offset(midnights[0])]
    for low, high in pairwise(midnights):
        if offset(high) == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
        changes.append(high)
        offsets.append(offset(high))
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def _season(shape: ShopShape) -> Floats:
    """Return the relative number of orders per day, 1 on average: yearly season, weeks before Christmas, weekdays."""
    dates = [shape.first_day + timedelta(days=day) for day in range(shape.days)]
    of_year = np.array([day.timetuple().tm_yday for day in dates], np.float64)
    weekday = np.array([day.weekday() for day in dates])
    year = 0.10 * np.cos((of_year - 15) / 365.25 * 2 * np.pi)
    friday = 0.9 * np.exp(-(((of_year - 332) / 4) ** 2))
    december = 0.8 * np.exp(-(((of_year - 344) / 9) ** 2)) - 0.35 * (of_year > 360)
    busy = (1 + shape.season * (year + friday + december)) * (1 + shape.season * (np.array(_WEEK)[weekday] - 1))
    busy = np.maximum(busy, 0.05)
    return np.asarray(busy / busy.mean())
