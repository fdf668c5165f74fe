"""The shop's calendar: its timezone, its weeks, its fiscal year, and periods made of local days."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from regulars.vocabulary.errors import UsageError

EPOCH = date(1970, 1, 1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_FIRST_YEAR = 1900
"""Periods that begin earlier are taken for slips."""


def epoch_day(day: date) -> int:
    """Days since 1970-01-01. Every fact stores local days in this form, as all engines add and compare integers alike."""
    return (day - EPOCH).days


def from_epoch_day(number: int) -> date:
    """The date of an epoch day."""
    return EPOCH + timedelta(days=number)


class Grain(StrEnum):
    """How long the periods of an answer are."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    FISCAL_YEAR = "fiscal_year"
    ALL = "all"


@dataclass(frozen=True, order=True)
class Period:
    """Local days from `start` up to, not including, `end`. `grain` is None for a range of two dates."""

    start: date
    end: date
    label: str
    grain: Grain | None = None

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise UsageError(f"A period must end after it starts: {self.start} to {self.end}.")

    @property
    def first(self) -> int:
        """Epoch day of the first day."""
        return epoch_day(self.start)

    @property
    def beyond(self) -> int:
        """Epoch day of the first day after the period."""
        return epoch_day(self.end)

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days


def _months_later(day: date, months: int) -> date:
    """The first of the month that lies `months` after the month of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True)
class Calendar:
    """Turns days into periods. `week_start` is 0 for Monday; `fiscal_year_start` is a month, 1 to 12."""

    timezone: str = "UTC"
    week_start: int = 0
    fiscal_year_start: int = 1

    def period_of(self, day: date, grain: Grain) -> Period:
        """The period of this grain that holds the day.

        Raises:
            UsageError: The grain is `all`, which has no periods of its own.
        """
        return _period_of(self, day, grain)

    def _bounds(self, day: date, grain: Grain) -> tuple[date, date, str]:
        match grain:
            case Grain.DAY:
                return day, day + timedelta(days=1), day.isoformat()
            case Grain.WEEK:
                start = day - timedelta(days=(day.weekday() - self.week_start) % 7)
                # ISO 8601 names a week by the year of its Thursday; the middle day serves any week start.
                year, week, _ = (start + timedelta(days=3)).isocalendar()
                return start, start + timedelta(days=7), f"{year}-W{week:02d}"
            case Grain.MONTH:
                start = day.replace(day=1)
                return start, _months_later(start, 1), f"{start:%Y-%m}"
            case Grain.QUARTER:
                start = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
                return start, _months_later(start, 3), f"{start.year}-Q{(start.month + 2) // 3}"
            case Grain.YEAR:
                return date(day.year, 1, 1), date(day.year + 1, 1, 1), str(day.year)
            case Grain.FISCAL_YEAR:
                year = day.year if day.month >= self.fiscal_year_start else day.year - 1
                start = date(year, self.fiscal_year_start, 1)
                end = date(year + 1, self.fiscal_year_start, 1)
                # Named by the year in which it ends, as accountants do.
                return start, end, f"FY{(end - timedelta(days=1)).year}"
            case Grain.ALL:
                raise UsageError("'all' is not a calendar grain.")

    def periods(self, grain: Grain, since: date, until: date) -> list[Period]:
        """All periods of the grain that overlap the days from `since` to `until`, both included, in order.

        Raises:
            UsageError: `until` lies before `since`.
        """
        if until < since:
            raise UsageError(f"The range ends ({until}) before it starts ({since}).")
        if grain is Grain.ALL:
            return [Period(since, until + timedelta(days=1), "all", grain)]
        periods = [self.period_of(since, grain)]
        while periods[-1].end <= until:
            periods.append(self.period_of(periods[-1].end, grain))
        return periods

    def before(self, period: Period) -> Period:
        """The period just before: of the same grain, or of the same number of days where there is no grain."""
        if period.grain in (None, Grain.ALL):
            return _between(period.start - timedelta(days=period.days), period.start)
        assert period.grain is not None
        return self.period_of(period.start - timedelta(days=1), period.grain)

    def compared_with(self, period: Period) -> Period:
        """The period that changes are measured against: the one before; for a day the same weekday of the week before."""
        if period.grain is Grain.DAY:
            return self.period_of(period.start - timedelta(days=7), Grain.DAY)
        return self.before(period)

    def year_earlier(self, period: Period) -> Period:
        """The same period one year earlier; 52 weeks for days and weeks, so that weekdays match."""
        if period.grain in (None, Grain.ALL, Grain.DAY, Grain.WEEK):
            start = period.start - timedelta(days=364)
            if period.grain in (Grain.DAY, Grain.WEEK):
                return self.period_of(start, period.grain)
            return _between(start, period.end - timedelta(days=364))
        return self.period_of(period.start.replace(year=period.start.year - 1), period.grain)

    def parse(self, text: str) -> Period:
        """Read a period as users write it.

        Args:
            text: 2011-10-05, 2011-W40, 2011-10, 2011-Q4, 2011, FY2012, or two of these as a range (both included), such as
                2011-10-01..2011-10-31 or 2011-W40..2011-W43.

        Raises:
            UsageError: The text is no period, or one that begins before 1900.
        """
        first, dots, last = text.partition("..")
        if dots and ".." not in last:
            return _between(self.parse(first).start, self.parse(last).end)
        for pattern, read in _NOTATIONS:
            if match := pattern.fullmatch(text.strip()):
                try:
                    period = read(self, match)
                except (ValueError, OverflowError) as error:
                    raise UsageError(f"There is no period {text!r}: {error}.") from None
                if period.start.year < _FIRST_YEAR:
                    raise UsageError(
                        f"The period {text!r} begins before {_FIRST_YEAR}.",
                        "Write the year in full, such as 2011 or 2011-10.",
                    )
                return period
        raise UsageError(
            f"{text!r} is not a period.",
            "Write a day 2011-10-05, week 2011-W40, month 2011-10, quarter 2011-Q4, year 2011, fiscal year FY2012,"
            " a range such as 2011-10-01..2011-10-31 or 2011-W40..2011-W43, or last-month, last-90-days.",
        )

    def _week(self, year: int, week: int) -> Period:
        nearest = self.period_of(date.fromisocalendar(year, week, 4), Grain.WEEK)
        # With another week start the ISO week's Thursday may fall into the neighbour's middle; step until the label fits.
        for shift in (0, -7, 7):
            candidate = self.period_of(nearest.start + timedelta(days=shift), Grain.WEEK)
            if candidate.label == f"{year}-W{week:02d}":
                return candidate
        return nearest


@lru_cache(maxsize=8192)
def _period_of(calendar: Calendar, day: date, grain: Grain) -> Period:
    start, end, label = calendar._bounds(day, grain)
    return Period(start, end, label, grain)


def _between(start: date, end: date) -> Period:
    return Period(start, end, f"{start}..{end - timedelta(days=1)}")


def between(start: date, last: date) -> Period:
    """The period of any two dates, both included."""
    return _between(start, last + timedelta(days=1))


_RELATIVE = re.compile(r"(this|last)-(?:(\d{1,5})-)?(day|week|month|quarter|year|fiscal-year)s?")


def relative(text: str) -> tuple[bool, int | None, Grain] | None:
    """Read a relative period such as this-month, last-week or last-90-days.

    Returns:
        Whether it is the period that still runs, the number of periods (None: one), and their grain. None where the text is
        no relative period.
    """
    match = _RELATIVE.fullmatch(text.strip().lower().replace(" ", "-").replace("_", "-"))
    if match is None or (match[1] == "this" and match[2]):
        return None
    return match[1] == "this", int(match[2]) if match[2] else None, Grain(match[3].replace("-", "_"))


_Reader = Callable[[Calendar, "re.Match[str]"], Period]
_NOTATIONS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (re.compile(r"\d{4}-\d\d-\d\d"), lambda calendar, m: calendar.period_of(date.fromisoformat(m[0]), Grain.DAY)),
    (re.compile(r"(\d{4})-W(\d\d)"), lambda calendar, m: calendar._week(int(m[1]), int(m[2]))),
    (re.compile(r"(\d{4})-(\d\d)"), lambda calendar, m: calendar.period_of(date(int(m[1]), int(m[2]), 1), Grain.MONTH)),
    (
        re.compile(r"(\d{4})-Q([1-4])"),
        lambda calendar, m: calendar.period_of(date(int(m[1]), int(m[2]) * 3, 1), Grain.QUARTER),
    ),
    (re.compile(r"(\d{4})"), lambda calendar, m: calendar.period_of(date(int(m[1]), 1, 1), Grain.YEAR)),
    (
        re.compile(r"FY(\d{4})"),
        lambda calendar, m: calendar.period_of(
            _months_later(date(int(m[1]) + 1, calendar.fiscal_year_start, 1), -1)
            if calendar.fiscal_year_start == 1
            else date(int(m[1]), 1, 1),
            Grain.FISCAL_YEAR,
        ),
    ),
)
