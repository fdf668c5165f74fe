"""The place of a period in its year."""

from __future__ import annotations

from datetime import timedelta

from regulars.vocabulary.calendar import Grain, Period


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
