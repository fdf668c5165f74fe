"""Shifted beta-geometric: subscribers who at each renewal stay or leave.

Fader & Hardie (2007), "How to Project Customer Retention", Journal of Interactive Marketing 21, 76–90, with the discounted values
of Fader & Hardie (2010), "Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity", Marketing
Science 29, 85–93. Each leaves at a renewal with a probability of their own, Beta(alpha, beta) among subscribers: those likely
to leave go first, so retention rises with tenure without anybody changing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, psi, zeta

from regulars.forecast.estimate import Extremes
from regulars.forecast.newton import Expansion

Array = npt.NDArray[np.float64]

PARAMETERS = ("alpha", "beta")
STARTS = ((1.0, 3.0),)
EXTREMES = (
    Extremes(
        "alpha",
        "beta",
        alike="all leave with the same probability",
        split="subscribers leave at their first renewal or never",
        little="nobody leaves",
        much="all leave at their first renewal",
    ),
)


def likelihood(parameters: Array, renewed: Array, left: Array, n: Array) -> Expansion:
    """The log-likelihood of `n` subscribers who renewed so often and then left (1) or have not yet been asked again (0).

    P(T = t) = B(alpha+1, beta+t−1) / B(alpha, beta), S(t) = B(alpha, beta+t) / B(alpha, beta): 2007, eqs. (5) and (6), with
    t − 1 and t renewals.
    """
    alpha, beta = parameters
    a, b = alpha + left, beta + renewed
    value = float(n @ (betaln(a, b) - betaln(alpha, beta)))
    both = psi(alpha + beta) - psi(a + b)
    gradient = np.array([n @ (psi(a) - psi(alpha) + both), n @ (psi(b) - psi(beta) + both)])
    across = n @ (zeta(2, alpha + beta) - zeta(2, a + b))
    aa = n @ (zeta(2, a) - zeta(2, alpha)) + across
    bb = n @ (zeta(2, b) - zeta(2, beta)) + across
    return Expansion(value, gradient, np.array([[aa, across], [across, bb]]))


def survival(parameters: Array, renewals: Array, after: Array | float = 0.0) -> Array:
    """The probability that somebody who renewed `after` times renews `renewals` times more: S(after + renewals) / S(after)."""
    alpha, beta = parameters
    found: Array = np.exp(betaln(alpha, beta + after + renewals) - betaln(alpha, beta + after))
    return found


def retention(parameters: Array, after: Array | float) -> Array:
    """The share that renews among those who renewed `after` times: (beta + after) / (alpha + beta + after); 2007, eq. (8)."""
    alpha, beta = parameters
    found: Array = np.asarray((beta + after) / (alpha + beta + after))
    return found
