"""A metric's changes before the tested period, which show what is usual for the shop, and the place of a period in the year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.intervals import jackknife
from regulars.metrics.verdicts.noise import MOST_CHANGES, MOST_GROWTHS, Past
from regulars.metrics.verdicts.scales import Scale
from regulars.vocabulary.calendar import Calendar, Grain, Period


def season_of(period: Period) -> int:
    """Return the month from 0 to 11, the quarter from 0 to 3, else the week from 0 to 51."""
    if period.grain is Grain.MONTH:
        return period.start.month - 1
    if period.grain is Grain.QUARTER:
        return (period.start.month - 1) // 3
    middle = period.start + timedelta(days=period.days // 2)
    return min(middle.isocalendar().week, 52) - 1


def season_name(period: Period) -> str:
    """Return the season as text: December, the fourth quarter, this week of the year."""
    if period.grain is Grain.MONTH:
        return f"{period.start:%B}"
    if period.grain is Grain.QUARTER:
        return f"the {('first', 'second', 'third', 'fourth')[season_of(period)]} quarter"
    return "this week of the year"


_GROWTHS = dict.fromkeys(MOST_CHANGES, MOST_GROWTHS)


@dataclass(frozen=True, eq=False)
class History:
    """The periods of a comparison that show the usual changes of a metric.

    Attributes:
        calendar: The shop's calendar.
        places: The index of each period in the arrays of a scale.
        usable: For each period whether it is complete, mature and covered.
        marked: Epoch days of marked events; changes that touch one are left out.
    """

    calendar: Calendar
    places: Mapping[Period, int]
    usable: npt.NDArray[np.bool_]
    marked: Sequence[int] = ()

    def pasts(self, scale: Scale, filled: npt.NDArray[np.bool_]) -> dict[Period, Past]:
        """Return all usable changes of an unsplit metric, by their later period.

        Args:
            scale: Its values.
            filled: Which buckets hold anything, of shape (periods, groups, buckets).
        """
        pairs = [(later, self.calendar.compared_with(later)) for later in self.places if later.grain is not None]
        pairs = [(later, sooner) for later, sooner in pairs if self._tells(sooner, later)]
        if not pairs:
            return {}
        a, b = (np.array([self.places[pair[side]] for pair in pairs], dtype=np.intp) for side in (0, 1))
        change = scale.values[a, 0] - scale.values[b, 0]
        apart = scale.without[a, 0] - scale.without[b, 0]
        _, _, error = jackknife(apart, change, filled[a, 0] | filled[b, 0])
        return {
            later: Past(float(d), float(c) ** 2, season_of(later))
            for (later, _), d, c in zip(pairs, change, error, strict=True)
            if np.isfinite(d) and np.isfinite(c)
        }

    def before(self, current: Period, pasts: Mapping[Period, Past]) -> list[Past]:
        """Return the changes before that of the tested period, the latest first."""
        return [pasts[later] for later in self._earlier(current, MOST_CHANGES) if later in pasts]

    def growths(self, current: Period, scale: Scale, group: int, at_start: bool) -> list[float]:
        """Return a stock's growth per day over the periods before the tested one, the latest first.

        Args:
            current: The later period of the tested change.
            scale: The logarithms of the stock.
            group: The index of the split value.
            at_start: Whether the stock is counted at the start of its period, so that it grew over the one before.
        """
        logs = scale.values[:, group]
        pairs = ((later, self.calendar.compared_with(later)) for later in self._earlier(current, _GROWTHS))
        rates = (
            (logs[self.places[later]] - logs[self.places[sooner]]) / (sooner if at_start else later).days
            for later, sooner in pairs
            if self._tells(sooner, later)
        )
        return [float(grown) for grown in rates if np.isfinite(grown)]

    def _earlier(self, current: Period, most: Mapping[Grain, int]) -> Iterator[Period]:
        """Yield the periods before the tested one, up to its own limit, so that a series has the same verdicts."""
        period = current
        for _ in range(0 if current.grain is None else most.get(current.grain, 0)):
            period = self.calendar.compared_with(period)
            if period not in self.places:
                return
            yield period

    def _tells(self, sooner: Period, later: Period) -> bool:
        """Return whether a change between two periods shows what is usual."""
        if sooner not in self.places or later not in self.places:
            return False
        touched = any(period.first <= day < period.beyond for period in (sooner, later) for day in self.marked)
        return not touched and bool(self.usable[self.places[sooner]] and self.usable[self.places[later]])
