"""A metric's changes in the periods before the one that is judged: what is usual for this shop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.intervals import jackknife
from regulars.metrics.verdicts.noise import MOST_CHANGES, MOST_GROWTHS, Past
from regulars.metrics.verdicts.place_in_year import season_of
from regulars.metrics.verdicts.scales import Scale
from regulars.vocabulary.calendar import Calendar, Grain, Period

_GROWTHS = dict.fromkeys(MOST_CHANGES, MOST_GROWTHS)


@dataclass(frozen=True, eq=False)
class History:
    """Which periods of a comparison tell what is usual for a metric.

    Attributes:
        calendar: the shop's.
        places: of each period in the arrays of a scale.
        usable: for each period whether it is complete, mature and covered.
        marked: epoch days of marked events; changes that touch one tell nothing of what is usual.
    """

    calendar: Calendar
    places: Mapping[Period, int]
    usable: npt.NDArray[np.bool_]
    marked: Sequence[int] = ()

    def pasts(self, scale: Scale, filled: npt.NDArray[np.bool_]) -> dict[Period, Past]:
        """All changes of an unsplit metric that tell something, by their later period.

        Args:
            scale: its values.
            filled: of shape (periods, groups, buckets), which buckets hold anything.
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

    def before(self, judged: Period, pasts: Mapping[Period, Past]) -> list[Past]:
        """The changes before that of the judged period, the latest first."""
        return [pasts[later] for later in self._earlier(judged, MOST_CHANGES) if later in pasts]

    def growths(self, judged: Period, scale: Scale, group: int, at_start: bool) -> list[float]:
        """A stock's growths a day over the periods before the judged one, the latest first.

        Args:
            judged: the later period of the change that is judged.
            scale: the logarithms of the stock.
            group: the place of the split value.
            at_start: whether the stock is counted at the start of its period, so that it grew over the one before.
        """
        logs = scale.values[:, group]
        pairs = ((later, self.calendar.compared_with(later)) for later in self._earlier(judged, _GROWTHS))
        found = (
            (logs[self.places[later]] - logs[self.places[sooner]]) / (sooner if at_start else later).days
            for later, sooner in pairs
            if self._tells(sooner, later)
        )
        return [float(grown) for grown in found if np.isfinite(grown)]

    def _earlier(self, judged: Period, most: Mapping[Grain, int]) -> Iterator[Period]:
        """The periods before the judged one: no more than are asked for it alone, so that a series changes no verdict."""
        period = judged
        for _ in range(0 if judged.grain is None else most.get(judged.grain, 0)):
            period = self.calendar.compared_with(period)
            if period not in self.places:
                return
            yield period

    def _tells(self, sooner: Period, later: Period) -> bool:
        """Whether a change between two periods says what is usual."""
        if sooner not in self.places or later not in self.places:
            return False
        touched = any(period.first <= day < period.beyond for period in (sooner, later) for day in self.marked)
        return not touched and bool(self.usable[self.places[sooner]] and self.usable[self.places[later]])
