"""The shop's own noise: how much a metric changes from one period to the next when nothing in particular happened.

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
"""Periods in a year, for the grains whose changes are judged against the shop's own; days are of one weekday."""
MOST_CHANGES = {Grain.MONTH: 36, Grain.QUARTER: 12, Grain.WEEK: 156, Grain.DAY: 53}
"""How many changes before the judged one are looked at: three years'; of days a year's of one weekday, as more cost too much."""
MOST_GROWTHS = 12
"""The same of a stock's growths."""
_SEASON_KNOWN = 2
"""Years of changes from which on the season is known."""
FEWEST_CHANGES = 6
"""Changes that tell what is usual for a mean or a share; totals, which the season moves most, need a year."""
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
    """What is usual for the change to be judged."""

    usual: float
    """μ: the change that the season brings; 0 where the season is not known."""
    variance: float
    """e²: the variance of a change beyond what customers by chance make."""
    factor: float
    """f: what the uncertainty of μ adds to the variance, as a factor."""
    freedom: int
    season_known: bool
    enough: bool
    """Whether enough changes are known; if not, a change is at most more than chance."""


def noise(history: Sequence[Past], season: int, per_year: int, fewest: int) -> Noise:
    """What the shop's own past says of a change.

    Args:
        history: the changes before the judged period, the latest first, without those touching a marked event.
        season: the place in the year of the judged period.
        per_year: periods in a year.
        fewest: changes below which nothing is known.
    """
    k = len(history)
    if k < fewest:
        return Noise(0.0, 0.0, 1.0, _BUCKETS_FREEDOM, False, False)
    sampling = sum(one.variance for one in history) / k
    alike = [one.change for one in history if one.season == season]
    if k >= _SEASON_KNOWN * per_year and alike:
        by_season: dict[int, list[float]] = {}
        for one in history:
            by_season.setdefault(one.season, []).append(one.change)
        means = {place: sum(changes) / len(changes) for place, changes in by_season.items()}
        squares = sum((one.change - means[one.season]) ** 2 for one in history)
        freedom = k - len(by_season)
        usual, factor, season_known = means[season], 1 + 1 / len(alike), True
    else:
        middle = median(one.change for one in history)
        deviations = [one.change - middle for one in history]
        most = _CLIP * median(abs(deviation) for deviation in deviations)
        squares = sum(min(abs(deviation), most) ** 2 for deviation in deviations)
        freedom = k - 1
        usual, factor, season_known = 0.0, 1.0, False
    own = max(0.0, squares / freedom - sampling)
    return Noise(usual, own, factor, min(_BUCKETS_FREEDOM, freedom), season_known, True)


@dataclass(frozen=True)
class Growth:
    """A stock's growth a day beside that of earlier periods: the difference, its standard error, degrees of freedom."""

    difference: float
    error: float
    freedom: int


FEWEST_GROWTHS = 6


def growth(now: float, before: Sequence[float]) -> Growth | None:
    """A stock's growth against its usual one; None where fewer than six earlier periods tell what is usual.

    Args:
        now: ln(end / start) / days of the judged period.
        before: the same of the complete periods before it.
    """
    known = np.asarray(before, dtype=float)
    n = len(known)
    if n < FEWEST_GROWTHS or not np.isfinite(now):
        return None
    error = float(known.std(ddof=1)) * np.sqrt(1 + 1 / n)
    return Growth(float(now - known.mean()), float(error), n - 1)
