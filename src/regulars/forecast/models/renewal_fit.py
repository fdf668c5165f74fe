"""How long subscribers will stay: the fit of the shifted beta-geometric to cohorts, and what it expects of each tenure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import hyp2f1

from regulars.forecast.estimate import Estimate, estimated
from regulars.forecast.models import sbg
from regulars.forecast.newton import highest
from regulars.vocabulary.errors import InputError, UsageError

Array = npt.NDArray[np.float64]


def fit_subscriptions(cohorts: Mapping[Any, Sequence[float]] | Iterable[Sequence[float]]) -> SubscriptionForecast:
    """Fit the shifted beta-geometric by maximum likelihood.

    Each cohort is the number of its subscribers at the start and after each renewal that all of it has come to:
    {"January": [1000, 631, 468], "February": [900, 580]}. Cohorts share their parameters; fit them apart where they differ.

    Raises InputError where numbers grow or are negative, and where no cohort has come to a renewal.
    """
    lives = [np.asarray(life, dtype=float) for life in (cohorts.values() if isinstance(cohorts, Mapping) else cohorts)]
    for place, life in enumerate(lives):
        if (
            life.ndim != 1
            or not len(life)
            or not np.isfinite(life).all()
            or (life < 0).any()
            or (np.diff(life) > 0).any()
        ):
            raise InputError(
                f"Cohort {place} is not a number of subscribers and what is left of it after each renewal."
            )
    if not any(len(life) > 1 and life[0] > 0 for life in lives):
        raise InputError("No cohort has come to a renewal yet, so nothing tells how many stay.")
    # Those who left after k renewals, and those who are there after the last.
    renewed = np.concatenate([np.append(np.arange(len(life) - 1.0), len(life) - 1.0) for life in lives])
    left = np.concatenate([np.append(np.ones(len(life) - 1), 0.0) for life in lives])
    n = np.concatenate([np.append(-np.diff(life), life[-1]) for life in lives])
    return fit_renewals(renewed, left, n)


def fit_renewals(renewed: Array, left: Array, n: Array) -> SubscriptionForecast:
    """The same for `n` subscribers who renewed so often and then left (1), or were not asked again yet (0), of any cohorts."""
    found = highest(lambda parameters: sbg.likelihood(parameters, renewed, left, n), sbg.STARTS)
    return SubscriptionForecast(estimated(found, dict.fromkeys(sbg.PARAMETERS, 1.0), sbg.EXTREMES, 0.0, float(n.sum())))


@dataclass(frozen=True, eq=False)
class SubscriptionForecast:
    """A fitted shifted beta-geometric. `renewed` is how often subscribers have renewed so far: a number or an array."""

    estimate: Estimate

    def retention(self, renewed: Array | float) -> Array:
        """The probability of renewing next time."""
        return sbg.retention(self.estimate.values, np.asarray(renewed, dtype=float))

    def survival(self, renewals: Array | float, renewed: Array | float = 0.0) -> Array:
        """The probability of renewing so many times more."""
        return sbg.survival(self.estimate.values, np.asarray(renewals, dtype=float), np.asarray(renewed, dtype=float))

    def median_renewals(self, renewed: Array | float = 0.0, share: Array | float = 0.5) -> Array:
        """After how many renewals to come fewer than half of them, or another share, will be left: infinite where never."""
        renewed = np.asarray(renewed, dtype=float)
        low, high = np.zeros(renewed.shape), np.ones(renewed.shape)
        while (short := self.survival(high, renewed) >= share).any():
            if (high > 1e15).any():
                return np.where(short, np.inf, high)
            low, high = np.where(short, high, low), np.where(short, 2 * high, high)
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            stay = self.survival(middle, renewed) >= share
            low, high = np.where(stay, middle, low), np.where(stay, high, middle)
        return high

    def expected_renewals(self, horizon: int, renewed: Array | float = 0.0, discount: float = 0.0) -> Array:
        """How many of the next `horizon` renewals to expect, each worth 1 / (1 + discount) of the one before.

        The first is due now and counts whole.
        """
        if horizon < 1 or not discount >= 0:
            raise UsageError("A horizon is 1 renewal or more, and a discount 0 or more.")
        renewed = np.asarray(renewed, dtype=float)
        worth = (self.survival(k, renewed) / (1 + discount) ** (k - 1) for k in range(1, horizon + 1))
        return sum(worth, np.zeros(renewed.shape))

    def residual_lifetime(self, discount: float, renewed: Array | float = 0.0) -> Array:
        """The discounted expected residual lifetime (DERL), in periods: `expected_renewals` for ever. 2010, eq. (6).

        (beta+k) / (alpha+beta+k) · ₂F₁(1, beta+k+1; alpha+beta+k+1; 1/(1+discount)) after k renewals, before the next.
        """
        if not discount > 0:
            raise UsageError("Discount what has no end: a discount above 0.")
        alpha, beta = self.estimate.values
        k = np.asarray(renewed, dtype=float)
        series = hyp2f1(1.0, beta + k + 1, alpha + beta + k + 1, 1 / (1 + discount))
        found: Array = np.asarray(self.retention(k) * series)
        return found
