"""Constants that all forecasts share. Durations are in days."""

BACKTEST_DAYS = 90
"""Length of a backtest period."""
BACKTEST_ORIGINS = 3
"""Number of backtest periods, one after the other."""
PROBABILITY_HORIZONS = (30, 90, 365)
"""Horizons for which the probability of a purchase, or of a renewal, is stored."""
YEAR = 365
MAX_DAYS = 36_500
"""Longest duration stored, a hundred years; anything longer is stored as null."""
LOW_QUANTILE, HIGH_QUANTILE = 0.1, 0.9
"""Quantiles at the ends of an 80 % range."""
Z_80 = 1.2816
"""Half the width of an 80 % normal interval, in standard deviations."""


def relative_error(forecast: float, actual: float) -> float:
    """Return (forecast − actual) / actual; an actual below 1 counts as 1."""
    return forecast / max(actual, 1) - 1
