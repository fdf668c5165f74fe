"""NBD: each customer buys at a constant rate, and never drops out.

Ehrenberg (1959), "The pattern of consumer purchases", Applied Statistics 8, 26–41, in the notation of Fader & Hardie
(2005). Purchases of a customer are a Poisson process with rate λ; λ ~ Gamma(r, rate alpha) over customers. It is the
limit of the other models without dropout, and the null model against which dropout is tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi, zeta

from regulars.forecast.estimate import BoundaryMeanings
from regulars.forecast.newton import Expansion
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]

RATES = BoundaryMeanings(
    "r",
    "alpha",
    both_infinite="all customers buy at the same rate",
    both_zero="a few customers buy all the time and the others never",
    mean_zero="hardly anybody comes back",
    mean_infinite="purchases follow each other without a pause",
)


def gamma_mixture(r: float, alpha: float, rfm: RFMSummary) -> Expansion:
    """Return the part of the log-likelihood from the gamma distribution of rates: Σ n [ln Γ(r+x) − ln Γ(r) + r ln
    alpha].
    """
    x, n = rfm.frequency_counts
    customers = rfm.customers
    return Expansion(
        float(n @ (gammaln(r + x) - gammaln(r))) + customers * r * np.log(alpha),
        np.array([float(n @ (psi(r + x) - psi(r))) + customers * np.log(alpha), customers * r / alpha]),
        np.array(
            [
                [float(n @ (zeta(2, r + x) - zeta(2, r))), customers / alpha],
                [customers / alpha, -customers * r / alpha**2],
            ]
        ),
    )


def padded(part: Expansion, parameters: int) -> Expansion:
    """Return an expansion in the first parameters as an expansion in all `parameters`."""
    gradient, hessian = np.zeros(parameters), np.zeros((parameters, parameters))
    known = len(part.gradient)
    gradient[:known], hessian[:known, :known] = part.gradient, part.hessian
    return Expansion(part.value, gradient, hessian)


class Nbd:
    """NBD, with parameters r and alpha (a time)."""

    parameters = ("r", "alpha")
    starts = ((0.5, 0.5),)
    time_parameters = frozenset({"alpha"})
    boundary_meanings = (RATES,)

    def likelihood(self, parameters: Array, rfm: RFMSummary) -> Expansion:
        """For x purchases at their times: Γ(r+x)/Γ(r) · alpha^r / (alpha+T)^(r+x)."""
        r, alpha = parameters
        value, gradient, hessian = 0.0, np.zeros(2), np.zeros((2, 2))
        for _, x, _, T, n in rfm.blocks():
            logs, inverse, power = np.log(alpha + T), 1 / (alpha + T), r + x
            value -= float(n @ (power * logs))
            gradient -= n @ logs, n @ (power * inverse)
            hessian[0, 1] -= n @ inverse
            hessian[1, 1] += n @ (power * inverse**2)
        hessian[1, 0] = hessian[0, 1]
        return gamma_mixture(r, alpha, rfm) + Expansion(value, gradient, hessian)

    def probability_alive(self, parameters: Array, rfm: RFMSummary) -> Array:  # noqa: ARG002 - all models take them
        """Return 1: there is no dropout."""
        return np.ones(len(rfm.x))

    def process_if_alive(self, parameters: Array, x: Array, T: Array) -> Poisson:
        """Given x purchases in T, the rate is Gamma(r + x, alpha + T)."""
        r, alpha = parameters
        return Poisson(r + x, alpha + T)


@dataclass(frozen=True, eq=False)
class Poisson:
    """Poisson purchases without dropout, the rate being Gamma(r, alpha)."""

    r: Array
    alpha: Array

    def rate(self, t: Array | float) -> Array:
        result: Array = self.r / self.alpha + np.zeros_like(t)
        return result

    def expected_purchases(self, t: Array | float) -> Array:
        result: Array = self.r / self.alpha * t
        return result

    def factorial_moment(self, t: Array | float) -> Array:
        result: Array = self.r * (self.r + 1) * (t / self.alpha) ** 2
        return result

    def probability_of_purchase(self, t: Array | float) -> Array:
        result: Array = -np.expm1(-self.r * np.log1p(t / self.alpha))
        return result

    def probability_of_counts(self, t: float, most: int) -> Array:
        return np.array([negative_binomial(k, t, self.r, self.alpha) for k in range(most + 1)])

    def median_next_purchase(self) -> Array:
        with np.errstate(over="ignore"):
            result: Array = self.alpha * np.expm1(np.log(2) / self.r)
        return result


def negative_binomial(k: int, t: Array | float, r: Array, alpha: Array) -> Array:
    """Return the probability of k purchases in a time t at a rate that is Gamma(r, alpha)."""
    log_coefficient = gammaln(r + k) - gammaln(r) - gammaln(k + 1.0)
    with np.errstate(divide="ignore"):
        log_successes = k * np.log(t / (alpha + t)) if k else 0.0
    probability: Array = np.exp(log_coefficient - r * np.log1p(t / alpha) + log_successes)
    return probability
