"""When a shop answers its customers: opening hours of each weekday, minus holidays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TypeAlias

from regulars.vocabulary.calendar import WEEKDAYS

Span: TypeAlias = tuple[int, int]
"""Opening and closing, in minutes since midnight."""
MAX_SPANS = 3
"""Spans of one day at most."""
_HOLIDAYS = "holidays"
_TIME = re.compile(r"(\d{1,2}):(\d\d)")
_DAY_OF_YEAR = re.compile(r"\d\d-\d\d")
_MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True)
class BusinessHours:
    """Opening hours on the clocks of the shop's timezone.

    Attributes:
        weekdays: The spans of Monday to Sunday, in order of time.
        holidays: Days on which the shop is closed, as 2025-12-25, or every year, as 12-25.
    """

    weekdays: tuple[tuple[Span, ...], ...]
    holidays: frozenset[str] = frozenset()

    @classmethod
    def read(cls, value: object) -> BusinessHours | None:
        """Read the section of the settings.

        Raises:
            ValueError: It is no section of weekdays and holidays.
        """
        if value is None or isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise ValueError(
                f'{value!r} is no section; write [business_hours], then lines such as monday = "09:00-17:00"'
            )
        if unknown := set(value) - {*WEEKDAYS, _HOLIDAYS}:
            raise ValueError(f"there is no day {min(unknown)!r}; there are {', '.join(WEEKDAYS)} and {_HOLIDAYS}")
        holidays = value.get(_HOLIDAYS, [])
        if not isinstance(holidays, list):
            raise ValueError(f"{_HOLIDAYS}: {holidays!r} is no list; write it in square brackets")
        weekdays = tuple(_spans(name, value.get(name, [])) for name in WEEKDAYS)
        if not any(weekdays):
            raise ValueError('no day has hours; write a line such as monday = "09:00-17:00"')
        return cls(weekdays, frozenset(map(_holiday, holidays)))

    def on(self, day: date) -> tuple[Span, ...]:
        """Return the spans of a day; none on a holiday."""
        if {day.isoformat(), f"{day:%m-%d}"} & self.holidays:
            return ()
        return self.weekdays[day.weekday()]

    def written(self) -> dict[str, object]:
        """Return the section as it is written in the settings."""
        days = zip(WEEKDAYS, self.weekdays, strict=True)
        hours: dict[str, object] = {
            name: [f"{_clock(opens)}-{_clock(closes)}" for opens, closes in spans] for name, spans in days if spans
        }
        return hours | {_HOLIDAYS: sorted(self.holidays)} if self.holidays else hours


def _spans(name: str, value: object) -> tuple[Span, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise ValueError(f'{name}: {value!r} are no hours; write "09:00-17:00", or ["09:00-12:00", "13:00-17:00"]')
    if len(texts) > MAX_SPANS:
        raise ValueError(f"{name}: there are {len(texts)} spans of hours; a day has {MAX_SPANS} at most")
    spans = tuple(sorted(_span(name, text) for text in texts))
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise ValueError(f"{name}: the hours from {_clock(after[0])} overlap those until {_clock(before[1])}")
    return spans


def _span(name: str, text: object) -> Span:
    parts = re.split(r"\s*[-–]\s*", text.strip()) if isinstance(text, str) else []
    times = [_TIME.fullmatch(part) for part in parts]
    minutes = [int(time[1]) * 60 + int(time[2]) for time in times if time and int(time[2]) < 60]
    if len(times) != 2 or len(minutes) != 2 or minutes[1] > _MINUTES_OF_DAY:
        raise ValueError(f'{name}: {text!r} are no hours; write them like "09:00-17:00"')
    opens, closes = minutes
    if closes <= opens:
        raise ValueError(f"{name}: {text!r} ends before it begins; hours past midnight belong to the next day")
    return opens, closes


def _holiday(value: object) -> str:
    text = value.isoformat() if isinstance(value, date) else str(value).strip()
    try:
        # A leap year has every day of a year.
        date.fromisoformat(f"2024-{text}" if _DAY_OF_YEAR.fullmatch(text) else text)
    except ValueError:
        raise ValueError(
            f'{_HOLIDAYS}: {value!r} is no day; write it like "2025-12-25", or "12-25" for every year'
        ) from None
    return text


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
