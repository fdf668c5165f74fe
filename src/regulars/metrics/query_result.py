"""Results of queries: values with intervals, completeness, maturity, and changes with their verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

import numpy as np
import numpy.typing as npt

from regulars.metrics.shapes import Metric
from regulars.vocabulary.calendar import Calendar, Grain, Period
from regulars.vocabulary.events import Event


class Verdict(StrEnum):
    """Whether a change from an earlier period is real or noise."""

    REAL = "real"
    MORE_THAN_CHANCE = "more than chance; season not known"
    """More than chance among customers, but with less than a year of data the usual changes are unknown."""
    NOISE = "within noise"
    TOO_FEW = "too few to tell"


@dataclass(frozen=True)
class Change:
    """The difference from an earlier period, in the metric's unit, with its 95 % interval if there is one."""

    period: Period
    """The earlier period."""
    before: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Verdict | None
    """None if one of the two periods is incomplete, not mature or empty, if time alone changes the metric, and for a total
    whose usual changes are unknown."""
    note: str = ""
    """Note on the verdict: "3 more days", "as usual for December", "season not known"."""
    events: tuple[Event, ...] = ()
    """Marked events from the earlier period's start to the later one's end."""
    direction: int = 0
    """1 if the tested quantity rose, −1 if it fell. It may be per day, or relative to the usual change."""


@dataclass(frozen=True)
class Value:
    """One value of a metric; None if there are no data. `n` is its number of rows or customers."""

    metric: Metric
    period: Period
    complete: bool
    mature: bool
    split: dict[str, str]
    value: float | None
    low: float | None
    high: float | None
    n: int
    numerator: float | None
    denominator: float | None
    currency: str | None
    """The shop's currency for money, else None."""
    timezone: str
    change: Change | None = None
    """Change from the period before; for a day, from the same weekday a week before."""
    year_earlier: Change | None = None
    unknown_share: float | None = None
    """Share of the numerator (or denominator) under "unknown", if it hides the value; else None."""
    unavailable: str = ""
    """Why the metric has no value in any period of this shop; empty if it may have one."""

    @property
    def has_any(self) -> bool:
        """Whether this period or a compared one has a value, or the value is hidden by `unknown_share`."""
        earlier = (change.before for change in (self.change, self.year_earlier) if change is not None)
        return any(number is not None for number in (self.value, self.unknown_share, *earlier))


Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
VERDICTS = (None, Verdict.NOISE, Verdict.TOO_FEW, Verdict.REAL, Verdict.MORE_THAN_CHANCE)


@dataclass(frozen=True)
class Changes:
    """Differences from earlier periods: arrays of shape (periods, groups); `verdict` holds indices of VERDICTS."""

    before: Numbers
    difference: Numbers
    low: Numbers
    high: Numbers
    verdict: npt.NDArray[np.int8]
    direction: npt.NDArray[np.intp]
    notes: npt.NDArray[np.object_]


@dataclass(frozen=True)
class Block:
    """The values of one metric: arrays of shape (periods, groups)."""

    metric: Metric
    periods: Sequence[Period]
    splits: tuple[str, ...]
    groups: Sequence[tuple[str, ...]]
    cells: npt.NDArray[np.int64]
    """Indices of the flattened arrays that are values of the result, in their order."""
    value: Numbers
    low: Numbers
    high: Numbers
    n: Numbers
    numerator: Numbers
    denominator: Numbers | None
    complete: Flags
    mature: Flags
    there: Flags
    """For each period, whether the data cover any day of it; if not, its values are None."""
    comparable: Flags
    comparable_year: Flags
    changes: Changes | None
    year_earlier: Changes | None
    events: tuple[Event, ...]
    calendar: Calendar
    unknown: Numbers | None
    """Share under "unknown" of hidden values, NaN for others; None if no value is hidden."""
    unavailable: str
    currency: str | None
    timezone: str

    def at(self, place: int) -> Value:
        """Return the value at this index of `cells`."""
        cell = divmod(int(self.cells[place]), len(self.groups))
        number, group = cell
        there = bool(self.there[number])
        period = self.periods[number]
        change = year_earlier = None
        is_all = period.grain is Grain.ALL  # nothing lies before all data; a year of them less is no earlier period
        if self.changes is not None and there and self.comparable[number]:
            change = self._change(self.changes, cell, period, self.calendar.compared_with(period))
        if self.year_earlier is not None and there and self.comparable_year[number] and not is_all:
            year_earlier = self._change(self.year_earlier, cell, period, self.calendar.year_earlier(period))
        return Value(
            metric=self.metric,
            period=period,
            complete=bool(self.complete[cell]),
            mature=bool(self.mature[number]),
            split=dict(zip(self.splits, self.groups[group], strict=True)),
            value=_number(self.value[cell]) if there else None,
            low=_number(self.low[cell]) if there else None,
            high=_number(self.high[cell]) if there else None,
            n=int(self.n[cell]) if there else 0,
            numerator=_number(self.numerator[cell]) if there else None,
            denominator=_number(self.denominator[cell]) if there and self.denominator is not None else None,
            currency=self.currency,
            timezone=self.timezone,
            change=change,
            year_earlier=year_earlier,
            unknown_share=_number(self.unknown[cell]) if there and self.unknown is not None else None,
            unavailable=self.unavailable,
        )

    def _change(self, changes: Changes, cell: tuple[int, int], now: Period, before: Period) -> Change:
        return Change(
            before,
            _number(changes.before[cell]),
            _number(changes.difference[cell]),
            _number(changes.low[cell]),
            _number(changes.high[cell]),
            VERDICTS[changes.verdict[cell]],
            str(changes.notes[cell]),
            tuple(event for event in self.events if before.start <= event.day < now.end),
            int(changes.direction[cell]),
        )


class Result(Sequence[Value]):
    """All values of a query, ordered by metric, period and split; stored as arrays and converted on access."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        self._ends = np.cumsum([len(block.cells) for block in self.blocks], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, place: int) -> Value: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Value, ...]: ...

    def __getitem__(self, place: int | slice) -> Value | tuple[Value, ...]:
        if isinstance(place, slice):
            return tuple(self[number] for number in range(*place.indices(len(self))))
        number = place + len(self) if place < 0 else place
        if not 0 <= number < len(self):
            raise IndexError(place)
        block = int(np.searchsorted(self._ends, number, side="right"))
        return self.blocks[block].at(number - (int(self._ends[block - 1]) if block else 0))

    def __iter__(self) -> Iterator[Value]:
        for block in self.blocks:
            yield from map(block.at, range(len(block.cells)))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
