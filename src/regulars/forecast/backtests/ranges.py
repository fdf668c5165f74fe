"""The range of a total, from how far off the forecasts of backtest periods were.

A model states chance alone: what independent customers do at probabilities that are known. What it does not know (a season, a
sale, a new competitor) moves all customers together and does not average out. So the range is

    expected × exp(± t √(chance² + max(0, mean of the last three log errors squared, each less its own chance²)))

with t the 90 % quantile of Student's t with 3 degrees of freedom, one for each error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, log, sqrt
from typing import Any

from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS

T_OF_3 = 1.638
"""Eight in ten outcomes of Student's t with 3 degrees of freedom lie between minus and plus this."""
SHORT = 30
"""Days: totals of so many days or fewer are judged by backtest periods of this length."""


@dataclass(frozen=True)
class PeriodError:
    """How far off the forecast of one backtest period was."""

    log_error: float
    """ln(actual / forecast)."""
    chance: float
    """The standard deviation of the forecast by the model, as a share of it."""

    @classmethod
    def of(cls, forecast: float, spread: float, came: float) -> PeriodError:
        """From a forecast above 0, its standard deviation by the model, and the actual total; 0 counts as 1."""
        return cls(log(max(came, 1.0) / forecast), spread / forecast)


@dataclass(frozen=True)
class Range:
    """Between which a total will lie in eight of ten cases."""

    low: float
    high: float
    days: int
    """Length of the backtest periods it comes from."""
    at_least: bool
    """True where these are shorter than the total's own days: the range is then too narrow rather than too wide."""


Errors = Mapping[int, Sequence[PeriodError]]
"""By length of the backtest periods in days, the latest first."""


def lengths(days: int) -> tuple[int, ...]:
    """The lengths of backtest periods for a total of so many days, the preferred first."""
    if days <= SHORT:
        return (SHORT,)
    return (days, BACKTEST_DAYS) if days > BACKTEST_DAYS else (BACKTEST_DAYS,)


def range_of(expected: float, spread: float, days: int, errors: Errors) -> Range | None:
    """The range of a total of so many days; None, for "not known", where fewer than three backtest periods tell.

    spread: its standard deviation by the model.
    """
    for length in lengths(days):
        last = errors.get(length, ())[:BACKTEST_ORIGINS]
        if len(last) == BACKTEST_ORIGINS and expected > 0:
            beyond = sum(one.log_error**2 - one.chance**2 for one in last) / BACKTEST_ORIGINS
            width = T_OF_3 * sqrt((spread / expected) ** 2 + max(0.0, beyond))
            at_least = days > BACKTEST_DAYS and length < days
            return Range(expected * exp(-width), expected * exp(width), length, at_least)
    return None


def stored(ranges: Mapping[str, Any], days: int) -> Range | None:
    """One of `ranges_of`, read back."""
    found = ranges.get(str(days))
    return Range(**found) if found else None


def ranges_of(expected: Mapping[int, float], spread: Mapping[int, float], errors: Errors) -> dict[str, Any]:
    """Those of totals by their days, ready for JSON: null where not known."""
    found = {days: range_of(expected[days], spread[days], days, errors) for days in expected}
    return {str(days): None if one is None else asdict(one) for days, one in found.items()}
