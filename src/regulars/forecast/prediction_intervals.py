"""80 % prediction intervals of totals, from the errors of backtest periods.

A model states only the chance variation of independent customers with known probabilities. What it does not know (a
season, a sale, a new competitor) affects all customers together and does not average out. The interval is therefore

    expected × exp(± t √(chance² + max(0, mean of the last three squared log errors, each less its own chance²)))

with t the 90 % quantile of Student's t with 3 degrees of freedom, one for each error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, log, sqrt
from typing import Any

from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS

T_QUANTILE = 1.638
"""90 % quantile of Student's t with 3 degrees of freedom."""
SHORT = 30
"""Totals of up to this many days use backtest periods of this length."""


@dataclass(frozen=True)
class PeriodError:
    """Error of the forecast of one backtest period."""

    log_error: float
    """ln(actual / forecast)."""
    chance: float
    """Standard deviation by the model, divided by the forecast."""

    @classmethod
    def of(cls, forecast: float, spread: float, actual: float) -> PeriodError:
        """Return the error of a forecast.

        Args:
            forecast: Expected total, above 0.
            spread: Its standard deviation by the model.
            actual: Actual total; below 1 counts as 1.
        """
        return cls(log(max(actual, 1.0) / forecast), spread / forecast)


@dataclass(frozen=True)
class PredictionInterval:
    """80 % prediction interval of a total.

    Attributes:
        low: 10 % quantile.
        high: 90 % quantile.
        days: Length of the backtest periods it is based on.
        at_least: True where these are shorter than the total's own days: the interval may then be too narrow.
    """

    low: float
    high: float
    days: int
    at_least: bool


ErrorsByLength = Mapping[int, Sequence[PeriodError]]
"""Errors by length of the backtest periods in days, the latest period first."""


def backtest_lengths(days: int) -> tuple[int, ...]:
    """Return the lengths of backtest periods for a total of so many days, the preferred first."""
    if days <= SHORT:
        return (SHORT,)
    return (days, BACKTEST_DAYS) if days > BACKTEST_DAYS else (BACKTEST_DAYS,)


def prediction_interval(expected: float, spread: float, days: int, errors: ErrorsByLength) -> PredictionInterval | None:
    """Return the prediction interval of a total; None where there are fewer than three backtest periods.

    Args:
        expected: Expected total.
        spread: Its standard deviation by the model.
        days: Days that the total covers.
        errors: Errors of backtest periods.
    """
    for length in backtest_lengths(days):
        last = errors.get(length, ())[:BACKTEST_ORIGINS]
        if len(last) == BACKTEST_ORIGINS and expected > 0:
            excess = sum(error.log_error**2 - error.chance**2 for error in last) / BACKTEST_ORIGINS
            width = T_QUANTILE * sqrt((spread / expected) ** 2 + max(0.0, excess))
            at_least = days > BACKTEST_DAYS and length < days
            return PredictionInterval(expected * exp(-width), expected * exp(width), length, at_least)
    return None


def interval_from_json(ranges: Mapping[str, Any], days: int) -> PredictionInterval | None:
    """Return one of the stored `intervals_by_days`; None where it is not known."""
    stored = ranges.get(str(days))
    return PredictionInterval(**stored) if stored else None


def intervals_by_days(
    expected: Mapping[int, float], spread: Mapping[int, float], errors: ErrorsByLength
) -> dict[str, Any]:
    """Return the prediction intervals of totals by their days, ready for JSON: null where not known."""
    intervals = {days: prediction_interval(expected[days], spread[days], days, errors) for days in expected}
    return {str(days): None if interval is None else asdict(interval) for days, interval in intervals.items()}
