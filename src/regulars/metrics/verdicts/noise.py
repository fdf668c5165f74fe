"""The shop's own noise: the usual change of a metric from one period to the next.

Months, weeks and quarters are compared with the period before, days with the same weekday of the week before. d is the
difference on the metric's scale (of totals, of the logarithm per day), c² its jackknife variance over the buckets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from regulars.vocabulary.calendar import Grain

SEASON = {Grain.MONTH: 12, Grain.QUARTER: 4, Grain.WEEK: 52, Grain.DAY: 52}
"""Periods in a year, for the grains whose changes are tested against the shop's noise; days are those of one weekday."""
MOST_CHANGES = {Grain.MONTH: 36, Grain.QUARTER: 12, Grain.WEEK: 156, Grain.DAY: 53}
"""Maximum number of earlier changes used: those of three years; of days those of a year, of one weekday, to limit the cost."""
MOST_GROWTHS = 12
"""Maximum number of earlier growths of a stock used."""
_SEASON_KNOWN = 2
"""Years of changes needed to know the season."""
FEWEST_CHANGES = 6
"""Changes needed to know what is usual for a mean or a share. Totals, which depend most on the season, need a year."""
_CLIP = 3 * 1.4826
"""Residuals are clipped at so many median absolute deviations: three standard deviations of a normal distribution."""
_BUCKETS_FREEDOM = 31


@dataclass(frozen=True)
class Past:
    """An earlier change: its d, its c², and the place in the year of its later period (a month 0–11, a week 0–51)."""

    change: float
    variance: float
    season: int


@dataclass(frozen=True)
class Noise:
    """The usual change, and its uncertainty, for the tested change."""

    usual: float
    """μ: the usual change of the season; 0 where the season is not known."""
    variance: float
    """e²: the variance of a change beyond the variation between customers."""
    factor: float
    """f: factor of the variance for the uncertainty of μ."""
    freedom: int
    season_known: bool
    enough: bool
    """Whether enough changes are known; if not, the verdict is at most "more than chance"."""


def noise(history: Sequence[Past], season: int, per_year: int, fewest: int) -> Noise:
    """Return what the shop's past says about a change.

    Args:
        history: The changes before the tested period, the latest first, without those touching a marked event.
        season: The place in the year of the tested period.
        per_year: Periods in a year.
        fewest: Changes below which nothing is known.
    """
    k = len(history)
    if k < fewest:
        return Noise(0.0, 0.0, 1.0, _BUCKETS_FREEDOM, False, False)
    sampling = sum(past.variance for past in history) / k
    alike = [past.change for past in history if past.season == season]
    if k >= _SEASON_KNOWN * per_year and alike:
        by_season: dict[int, list[float]] = {}
        for past in history:
            by_season.setdefault(past.season, []).append(past.change)
        means = {place: sum(changes) / len(changes) for place, changes in by_season.items()}
        squares = sum((past.change - means[past.season]) ** 2 for past in history)
        freedom = k - len(by_season)
        usual, factor, season_known = means[season], 1 + 1 / len(alike), True
    else:
        middle = median(past.change for past in history)
        deviations = [past.change - middle for past in history]
        most = _CLIP * median(abs(deviation) for deviation in deviations)
        squares = sum(min(abs(deviation), most) ** 2 for deviation in deviations)
        freedom = k - 1
        usual, factor, season_known = 0.0, 1.0, False
    own = max(0.0, squares / freedom - sampling)
    return Noise(usual, own, factor, min(_BUCKETS_FREEDOM, freedom), season_known, True)


@dataclass(frozen=True)
class Growth:
    """A stock's growth per day less that of earlier periods: the difference, its standard error, degrees of freedom."""

    difference: float
    error: float
    freedom: int


FEWEST_GROWTHS = 6


def growth(now: float, before: Sequence[float]) -> Growth | None:
    """Compare a stock's growth with its usual growth. None where there are fewer than six earlier periods.

    Args:
        now: ln(end / start) / days of the tested period.
        before: The same of the complete periods before it.
    """
    known = np.asarray(before, dtype=float)
    n = len(known)
    if n < FEWEST_GROWTHS or not np.isfinite(now):
        return None
    error = float(known.std(ddof=1)) * np.sqrt(1 + 1 / n)
    return Growth(float(now - known.mean()), float(error), n - 1)
