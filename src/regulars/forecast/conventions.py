"""What all forecasts of a shop have in common: spans, ranges, and how the past is hidden. Days, where nothing else is said."""

BACKTEST_DAYS = 90
"""So many of the last days are hidden, and forecast."""
BACKTEST_ORIGINS = 3
"""So many times, one span after the other."""
WITHIN = (30, 90, 365)
"""Spans of which the chance to buy, or to renew, is told."""
YEAR = 365
FOREVER = 36_500
"""Nobody waits, or stays, a hundred years."""
LOW, HIGH = 0.1, 0.9
"""What a range leaves out on each side: one customer in ten has less, one in ten more."""
CERTAIN = 1.2816
"""Standard deviations to both sides that eight in ten outcomes lie within, were the model the whole truth."""


def off_by(said: float, came: float) -> float:
    """How much more was said than came, as a share of what came."""
    return said / max(came, 1) - 1
