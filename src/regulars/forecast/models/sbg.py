"""Shifted beta-geometric: at each renewal a subscriber renews or churns.

Fader & Hardie (2007), "How to Project Customer Retention", Journal of Interactive Marketing 21, 76–90; discounted
values by Fader &
Hardie (2010), "Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity", Marketing
Science 29, 85–93.
A subscriber's churn probability is constant, and Beta(alpha, beta) over subscribers: those with a high one churn first,
so the
retention rate rises with tenure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, hyp2f1, psi, zeta

from regulars.forecast.estimate import BoundaryMeanings, Estimate, to_estimate
from regulars.forecast.newton import Expansion, maximise_from_starts
from regulars.vocabulary.errors import InputError, UsageError

Array = npt.NDArray[np.float64]

PARAMETERS = ("alpha", "beta")
STARTS = ((1.0, 3.0),)
BOUNDARY_MEANINGS = (
    BoundaryMeanings(
        "alpha",
        "beta",
        both_infinite="all leave with the same probability",
        both_zero="subscribers leave at their first renewal or never",
        mean_zero="nobody leaves",
        mean_infinite="all leave at their first renewal",
    ),
)


def likelihood(parameters: Array, renewed: Array, left: Array, n: Array) -> Expansion:
    """Return the log-likelihood of `n` subscribers and its derivatives.

    P(T = t) = B(alpha+1, beta+t−1) / B(alpha, beta), S(t) = B(alpha, beta+t) / B(alpha, beta): 2007, eqs. (5) and (6),
    with t − 1 and t
    renewals.

    Args:
        parameters: alpha and beta.
        renewed: Number of renewals, shape (rows,).
        left: 1 for churn at the next renewal, 0 where that is not due yet, shape (rows,).
        n: Number of subscribers, shape (rows,).
    """
    alpha, beta = parameters
    a, b = alpha + left, beta + renewed
    value = float(n @ (betaln(a, b) - betaln(alpha, beta)))
    digamma_difference = psi(alpha + beta) - psi(a + b)
    gradient = np.array([n @ (psi(a) - psi(alpha) + digamma_difference), n @ (psi(b) - psi(beta) + digamma_difference)])
    cross = n @ (zeta(2, alpha + beta) - zeta(2, a + b))
    aa = n @ (zeta(2, a) - zeta(2, alpha)) + cross
    bb = n @ (zeta(2, b) - zeta(2, beta)) + cross
    return Expansion(value, gradient, np.array([[aa, cross], [cross, bb]]))


def survival(parameters: Array, renewals: Array, after: Array | float = 0.0) -> Array:
    """Return the probability of `renewals` more renewals after `after` renewals: S(after + renewals) / S(after)."""
    alpha, beta = parameters
    probability: Array = np.exp(betaln(alpha, beta + after + renewals) - betaln(alpha, beta + after))
    return probability


def retention(parameters: Array, after: Array | float) -> Array:
    """Return the retention rate after `after` renewals: (beta + after) / (alpha + beta + after); 2007, eq. (8)."""
    alpha, beta = parameters
    rate: Array = np.asarray((beta + after) / (alpha + beta + after))
    return rate


def fit_subscriptions(cohorts: Mapping[Any, Sequence[float]] | Iterable[Sequence[float]]) -> SubscriptionForecast:
    """Fit the shifted beta-geometric by maximum likelihood.

    Args:
        cohorts: For each cohort the number of subscribers at the start and after each renewal that was due for all of
            it: {"January": [1000, 631, 468], "February": [900, 580]}. Cohorts share their parameters; fit cohorts that
            differ separately.

    Raises:
        InputError: Where numbers increase or are negative, and where no cohort has had a renewal.
    """
    counts_by_cohort = [
        np.asarray(counts, dtype=float) for counts in (cohorts.values() if isinstance(cohorts, Mapping) else cohorts)
    ]
    for number, counts in enumerate(counts_by_cohort):
        if (
            counts.ndim != 1
            or not len(counts)
            or not np.isfinite(counts).all()
            or (counts < 0).any()
            or (np.diff(counts) > 0).any()
        ):
            raise InputError(
                f"Cohort {number} does not hold the number of subscribers at the start and after each renewal."
            )
    if not any(len(counts) > 1 and counts[0] > 0 for counts in counts_by_cohort):
        raise InputError("No cohort has had a renewal yet, so retention cannot be estimated.")
    # Per cohort: subscribers who churned after 0, 1, … renewals, and those left after the last.
    renewed = np.concatenate(
        [np.append(np.arange(len(counts) - 1.0), len(counts) - 1.0) for counts in counts_by_cohort]
    )
    left = np.concatenate([np.append(np.ones(len(counts) - 1), 0.0) for counts in counts_by_cohort])
    n = np.concatenate([np.append(-np.diff(counts), counts[-1]) for counts in counts_by_cohort])
    return fit_renewals(renewed, left, n)


def fit_renewals(renewed: Array, left: Array, n: Array) -> SubscriptionForecast:
    """Fit subscribers of any cohorts; arguments as for `likelihood`, each of shape (rows,)."""
    maximum = maximise_from_starts(lambda parameters: likelihood(parameters, renewed, left, n), STARTS)
    return SubscriptionForecast(
        to_estimate(maximum, dict.fromkeys(PARAMETERS, 1.0), BOUNDARY_MEANINGS, 0.0, float(n.sum()))
    )


@dataclass(frozen=True, eq=False)
class SubscriptionForecast:
    """A fitted shifted beta-geometric model. `renewed` is the number of renewals so far: a number or an array."""

    estimate: Estimate

    def retention(self, renewed: Array | float) -> Array:
        """Return the probability of the next renewal."""
        return retention(self.estimate.values, np.asarray(renewed, dtype=float))

    def survival(self, renewals: Array | float, renewed: Array | float = 0.0) -> Array:
        """Return the probability of so many more renewals."""
        return survival(self.estimate.values, np.asarray(renewals, dtype=float), np.asarray(renewed, dtype=float))

    def median_renewals(self, renewed: Array | float = 0.0, share: Array | float = 0.5) -> Array:
        """Return after how many more renewals fewer than `share` of the subscribers are left; infinite where never."""
        renewed = np.asarray(renewed, dtype=float)
        low, high = np.zeros(renewed.shape), np.ones(renewed.shape)
        while (short := self.survival(high, renewed) >= share).any():
            if (high > 1e15).any():
                return np.where(short, np.inf, high)
            low, high = np.where(short, high, low), np.where(short, 2 * high, high)
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            above = self.survival(middle, renewed) >= share
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return high

    def expected_renewals(self, horizon: int, renewed: Array | float = 0.0, discount: float = 0.0) -> Array:
        """Return the discounted expected number of the next `horizon` renewals.

        Args:
            horizon: Number of renewals; the first is due now and is not discounted.
            renewed: Number of renewals so far.
            discount: Per period: each renewal counts 1 / (1 + discount) of the one before.
        """
        if horizon < 1 or not discount >= 0:
            raise UsageError("A horizon is 1 renewal or more, and a discount 0 or more.")
        renewed = np.asarray(renewed, dtype=float)
        discounted = (self.survival(k, renewed) / (1 + discount) ** (k - 1) for k in range(1, horizon + 1))
        return sum(discounted, np.zeros(renewed.shape))

    def residual_lifetime(self, discount: float, renewed: Array | float = 0.0) -> Array:
        """Return the discounted expected residual lifetime (DERL) in periods: `expected_renewals` without a horizon.
        2010,
        eq. (6).

        (beta+k) / (alpha+beta+k) · ₂F₁(1, beta+k+1; alpha+beta+k+1; 1/(1+discount)) after k renewals, before the next.
        """
        if not discount > 0:
            raise UsageError("Without a horizon the discount must be above 0.")
        alpha, beta = self.estimate.values
        k = np.asarray(renewed, dtype=float)
        series = hyp2f1(1.0, beta + k + 1, alpha + beta + k + 1, 1 / (1 + discount))
        periods: Array = np.asarray(self.retention(k) * series)
        return periods
