"""The simulated shop's time: local days, daylight saving, hours of the day, and how busy each day is."""

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

# Visitors per hour of the local day, from midnight on: lunch and the evening sofa.
_HOURS = (6, 3, 2, 1, 1, 2, 6, 14, 24, 34, 42, 48, 55, 52, 46, 44, 46, 52, 62, 74, 82, 76, 48, 20)
# Monday to Sunday.
_WEEK = (1.06, 1.00, 0.97, 0.98, 0.92, 0.94, 1.13)


class Clock:
    """Turns days of the shop, counted from its first, into instants and back. Instants are seconds since 1970, UTC."""

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
        """The first instant after the data."""
        self._changes, self._offsets = _offsets(zone, midnights)
        self._hours = np.concatenate([[0.0], np.cumsum(_HOURS) / sum(_HOURS)])
        self.season = _season(shape)
        """How busy each day is; 1 on average."""
        self._busy = np.concatenate([[0.0], np.cumsum(self.season)])

    def instants(self, day: Integers, luck: Floats) -> Integers:
        """An instant inside each local day, at an hour people shop at. On a day of 23 or 25 hours the hours stretch."""
        part = np.interp(luck, self._hours, np.arange(25) / 24)
        length = self.midnights[day + 1] - self.midnights[day]
        since: Integers = np.minimum((part * length).astype(np.int64), length - 1)
        return np.add(self.midnights[day], since)

    def day_ends(self, day: Integers) -> Integers:
        """The last second of each local day."""
        return np.subtract(self.midnights[day + 1], 1)

    def offsets(self, instant: Integers) -> Integers:
        """Seconds by which the shop's local time is ahead of UTC at each instant."""
        return self._offsets[np.searchsorted(self._changes, instant, side="right") - 1]

    def busy(self, moment: Floats) -> Floats:
        """How much shopping lies between the first day and a moment (in days): the integral of `season`."""
        return np.asarray(np.interp(moment, np.arange(self.days + 1), self._busy))

    def moment(self, busy: Floats) -> Floats:
        """The moment up to which that much shopping lies: the inverse of `busy`."""
        return np.interp(busy, self._busy, np.arange(self.days + 1))

    def arrivals(self, growth: float) -> Floats:
        """Cumulated share of new customers who have come by the end of each day."""
        weights = self.season * (1 + growth * np.arange(self.days) / self.days)
        share = np.cumsum(weights) / weights.sum()
        share[-1] = 1.0
        return np.asarray(share)


def _offsets(zone: ZoneInfo, midnights: list[int]) -> tuple[Integers, Integers]:
    """The instants at which the offset from UTC changes, and the offset from then on; the first one is the start."""

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
    """How busy each day is: a quiet summer, the weeks before Christmas, the days of the week; 1 on average."""
    dates = [shape.first_day + timedelta(days=day) for day in range(shape.days)]
    of_year = np.array([day.timetuple().tm_yday for day in dates], np.float64)
    weekday = np.array([day.weekday() for day in dates])
    year = 0.10 * np.cos((of_year - 15) / 365.25 * 2 * np.pi)
    friday = 0.9 * np.exp(-(((of_year - 332) / 4) ** 2))
    december = 0.8 * np.exp(-(((of_year - 344) / 9) ** 2)) - 0.35 * (of_year > 360)
    busy = (1 + shape.season * (year + friday + december)) * (1 + shape.season * (np.array(_WEEK)[weekday] - 1))
    busy = np.maximum(busy, 0.05)
    return np.asarray(busy / busy.mean())
