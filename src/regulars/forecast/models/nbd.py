"""NBD: everybody buys at a rate of their own, for ever.

Ehrenberg (1959), "The pattern of consumer purchases", Applied Statistics 8, 26–41; as Fader & Hardie (2005) write it. Each
customer's purchases are a Poisson process; its rate λ differs between customers as Gamma(r, rate alpha). It is the limit
of the other models where nobody leaves, and what they are compared with to learn whether anybody does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi, zeta

from regulars.forecast.estimate import Extremes
from regulars.forecast.newton import Expansion
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]

RATES = Extremes(
    "r",
    "alpha",
    alike="all customers buy at the same rate",
    split="a few buy all the time and the others never",
    little="hardly anybody comes back",
    much="purchases follow each other without a pause",
)


def mixing(r: float, alpha: float, cells: RFMSummary) -> Expansion:
    """What the gamma distribution of rates adds to each log-likelihood: Σ n [ln Γ(r+x) − ln Γ(r) + r ln alpha]."""
    x, n = cells.by_frequency
    customers = cells.customers
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


def widened(part: Expansion, parameters: int) -> Expansion:
    """A function of the first few parameters as one of all."""
    gradient, hessian = np.zeros(parameters), np.zeros((parameters, parameters))
    known = len(part.gradient)
    gradient[:known], hessian[:known, :known] = part.gradient, part.hessian
    return Expansion(part.value, gradient, hessian)


class Nbd:
    """The model; its two parameters are r and alpha (a time)."""

    parameters = ("r", "alpha")
    starts = ((0.5, 0.5),)
    times = frozenset({"alpha"})
    extremes = (RATES,)

    def likelihood(self, parameters: Array, cells: RFMSummary) -> Expansion:
        """Of x purchases at their times: Γ(r+x)/Γ(r) · alpha^r / (alpha+T)^(r+x)."""
        r, alpha = parameters
        value, gradient, hessian = 0.0, np.zeros(2), np.zeros((2, 2))
        for _, x, _, T, n in cells.blocks():
            logs, inverse, power = np.log(alpha + T), 1 / (alpha + T), r + x
            value -= float(n @ (power * logs))
            gradient -= n @ logs, n @ (power * inverse)
            hessian[0, 1] -= n @ inverse
            hessian[1, 1] += n @ (power * inverse**2)
        hessian[1, 0] = hessian[0, 1]
        return mixing(r, alpha, cells) + Expansion(value, gradient, hessian)

    def probability_alive(self, parameters: Array, cells: RFMSummary) -> Array:  # noqa: ARG002 - all models take them
        """1: nobody leaves."""
        return np.ones(len(cells.x))

    def future(self, parameters: Array, x: Array, T: Array) -> Poisson:
        """Given x purchases in T, the rate is Gamma(r + x, alpha + T)."""
        r, alpha = parameters
        return Poisson(r + x, alpha + T)


@dataclass(frozen=True, eq=False)
class Poisson:
    """Purchases for ever, at a rate that is Gamma(r, alpha) by what is known."""

    r: Array
    alpha: Array

    def rate(self, t: Array | float) -> Array:
        found: Array = self.r / self.alpha + np.zeros_like(t)
        return found

    def purchases(self, t: Array | float) -> Array:
        found: Array = self.r / self.alpha * t
        return found

    def factorial_moment(self, t: Array | float) -> Array:
        found: Array = self.r * (self.r + 1) * (t / self.alpha) ** 2
        return found

    def buys(self, t: Array | float) -> Array:
        found: Array = -np.expm1(-self.r * np.log1p(t / self.alpha))
        return found

    def counts(self, t: float, most: int) -> Array:
        return np.array([negative_binomial(k, t, self.r, self.alpha) for k in range(most + 1)])

    def median(self) -> Array:
        with np.errstate(over="ignore"):
            found: Array = self.alpha * np.expm1(np.log(2) / self.r)
        return found


def negative_binomial(k: int, t: Array | float, r: Array, alpha: Array) -> Array:
    """The probability of k purchases in a time t at a rate that is Gamma(r, alpha)."""
    ways = gammaln(r + k) - gammaln(r) - gammaln(k + 1.0)
    with np.errstate(divide="ignore"):
        tried = k * np.log(t / (alpha + t)) if k else 0.0
    found: Array = np.exp(ways - r * np.log1p(t / alpha) + tried)
    return found
