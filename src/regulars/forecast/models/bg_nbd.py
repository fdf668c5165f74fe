"""BG/NBD: after each repeat purchase a customer may leave for good.

Fader, Hardie & Lee (2005), "“Counting Your Customers” the Easy Way: An Alternative to the Pareto/NBD Model", Marketing Science
24, 275–284; equation numbers below are theirs. Purchases of a customer are Poisson at a rate λ ~ Gamma(r, rate alpha); after
each the customer leaves with probability p ~ Beta(a, b).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, psi, zeta

from regulars.forecast.estimate import Extremes
from regulars.forecast.models.nbd import RATES, Poisson, mixing, negative_binomial, widened
from regulars.forecast.newton import Expansion
from regulars.forecast.quadrature import mean_over_beta
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]


class BgNbd:
    """The model; its parameters are r, alpha (a time), a and b.

    A customer with x repeat purchases had x `chances` to leave: the one thing in which MBG/NBD differs.
    """

    parameters = ("r", "alpha", "a", "b")
    starts = ((0.5, 0.25, 0.8, 2.5), (0.5, 0.25, 0.05, 0.1), (3.0, 2.0, 0.3, 0.3))
    times = frozenset({"alpha"})
    extremes = (
        RATES,
        Extremes(
            "a",
            "b",
            alike="all leave with the same probability",
            split="customers leave at their first chance or never",
            little="nobody leaves",
            much="all leave at their first chance",
        ),
    )

    def chances(self, x: Array) -> Array:
        """How often a customer who came back x times may have left."""
        return x

    def likelihood(self, parameters: Array, cells: RFMSummary) -> Expansion:
        """Eq. (6): Γ(r+x) alpha^r / Γ(r) · B(a, b+k) / B(a, b) · [(alpha+T)^−(r+x) + a/(b+k−1) (alpha+t_x)^−(r+x)].

        k are the chances to leave. The second term is that of having left at the last of them, and absent without any.
        """
        r, alpha, a, b = parameters
        stayed = self._stayed(a, b, cells)
        return widened(mixing(r, alpha, cells), 4) + stayed + self._silence(parameters, cells)

    def _stayed(self, a: float, b: float, cells: RFMSummary) -> Expansion:
        """Σ n ln [B(a, b+k) / B(a, b)]: that nobody left at their chances but perhaps the last."""
        x, n = cells.by_frequency
        k = self.chances(x)
        value = float(n @ (betaln(a, b + k) - betaln(a, b)))
        both = psi(a + b) - psi(a + b + k)
        gradient = np.array([0, 0, n @ both, n @ (both + psi(b + k) - psi(b))])
        curve = zeta(2, a + b) - zeta(2, a + b + k)
        hessian = np.zeros((4, 4))
        hessian[2:, 2:] = n @ curve
        hessian[3, 3] += n @ (zeta(2, b + k) - zeta(2, b))
        return Expansion(value, gradient, hessian)

    def _odds(self, parameters: Array, x: Array, t_x: Array, T: Array) -> Array:
        """The logarithm of the odds of having left at the last chance against being silent since."""
        r, alpha, a, b = parameters
        k = self.chances(x)
        fallen = (r + x) * (np.log(alpha + T) - np.log(alpha + t_x))
        return np.where(k > 0, np.log(a) - np.log(np.where(k > 0, b + k - 1, 1.0)) + fallen, -np.inf)

    def _silence(self, parameters: Array, cells: RFMSummary) -> Expansion:
        """Σ n of the logarithm of eq. (6)'s bracket."""
        r, alpha, a, b = parameters
        value, gradient, hessian = 0.0, np.zeros(4), np.zeros((4, 4))
        for _, x, t_x, T, n in cells.blocks():
            power, k = r + x, self.chances(x)
            log_T, per_T, per_t = np.log(alpha + T), 1 / (alpha + T), 1 / (alpha + t_x)
            per_k = np.where(k > 0, 1 / np.where(k > 0, b + k - 1, 1.0), 0.0)
            odds = self._odds(parameters, x, t_x, T)
            small = np.exp(-np.abs(odds))
            left = np.where(odds > 0, 1.0, small) / (1 + small)
            n_left = n * left
            n_stayed = n - n_left

            # How the logarithm of the odds changes with r, alpha, a and b.
            by_r = np.where(k > 0, log_T - np.log(alpha + t_x), 0.0)
            by_alpha = power * (per_T - per_t)
            slopes = np.stack((by_r, by_alpha, np.full_like(x, 1 / a), -per_k))

            value += float(n @ (np.maximum(odds, 0) + np.log1p(small) - power * log_T))
            gradient += np.einsum("ij,j->i", slopes, n_left)
            gradient[:2] -= n @ log_T, n @ (power * per_T)
            hessian += (slopes * (n_left * (1 - left))) @ slopes.T
            across = -(n_stayed @ per_T + n_left @ per_t)
            hessian[0, 1] += across
            hessian[1, 0] += across
            hessian[1, 1] += n_stayed @ (power * per_T**2) + n_left @ (power * per_t**2)
            hessian[2, 2] -= n_left.sum() / a**2
            hessian[3, 3] += n_left @ per_k**2
        return Expansion(value, gradient, hessian)

    def probability_alive(self, parameters: Array, cells: RFMSummary) -> Array:
        """1 / (1 + odds of having left): Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model".

        1 for everyone who never came back, for they had no chance to leave.
        """
        found = np.empty(len(cells.x))
        for here, x, t_x, T, _ in cells.blocks():
            with np.errstate(over="ignore"):
                found[here] = 1 / (1 + np.exp(self._odds(parameters, x, t_x, T)))
        return found

    def future(self, parameters: Array, x: Array, T: Array) -> BetaGeometric:
        """Still a customer after k chances: the rate is Gamma(r+x, alpha+T), the probability to leave Beta(a, b+k)."""
        r, alpha, a, b = parameters
        return BetaGeometric(r + x, alpha + T, np.full_like(x, a), b + self.chances(x))


@dataclass(frozen=True, eq=False)
class BetaGeometric:
    """Purchases at a rate that is Gamma(r, alpha), after each of which one leaves with a probability that is Beta(a, b)."""

    r: Array
    alpha: Array
    a: Array
    b: Array

    def rate(self, t: Array | float) -> Array:
        """E[λ exp(−λ p t)], the derivative of eq. (9), with λ integrated out: E[r/alpha (1 + p t/alpha)^−(r+1)]."""
        part = t / self.alpha
        steep = self.r * np.max(np.atleast_2d(part), axis=0)
        mean = mean_over_beta(lambda p: np.exp(-(self.r + 1) * np.log1p(p * part)), self.a, self.b, steep)
        return self.r / self.alpha * mean

    def purchases(self, t: Array | float) -> Array:
        """Eq. (9) of the start, eq. (10) of those still customers, before the last integration.

        E[(1 − exp(−λ p t)) / p], with λ integrated out: E[(1 − (1 + p t/alpha)^−r) / p].
        """
        part = t / self.alpha

        def until_left(p: Array) -> Array:
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(p > 1e-300, -np.expm1(-self.r * np.log1p(p * part)) / p, self.r * part)

        return mean_over_beta(until_left, self.a, self.b, self.r * part)

    def factorial_moment(self, t: Array | float) -> Array:
        """Twice the integral of u E[λ² (1 − p) exp(−λ p u)] du: u is the later of two purchases, the other any before.

        With λ integrated out: E[2 (1 − p) / p² (1 − (1 + (r+1) y) (1 + y)^−(r+1))], y = p t/alpha.
        """
        part = t / self.alpha

        def until_left(p: Array) -> Array:
            y, r = p * part, self.r
            few = r * (r + 1) * part**2 * (1 - 2 / 3 * (r + 2) * y)  # the next term is below 1e-8 of it
            with np.errstate(invalid="ignore", divide="ignore"):
                many = -2 * np.expm1(np.log1p((r + 1) * y) - (r + 1) * np.log1p(y)) / p**2
                return (1 - p) * np.where((r + 2) * y > 1e-4, many, few)

        return mean_over_beta(until_left, self.a, self.b, self.r * part)

    def buys(self, t: Array | float) -> Array:
        """Nobody leaves before a purchase, so the next one comes as in NBD."""
        return Poisson(self.r, self.alpha).buys(t)

    def counts(self, t: float, most: int) -> Array:
        """Eq. (8): k purchases and still there after the last, or gone with the k-th and anything would have followed."""
        q = t / (self.alpha + t)
        found = [negative_binomial(0, t, self.r, self.alpha)]
        still = np.ones_like(self.r)
        for k in range(1, most + 1):
            tries = self.a + self.b + k - 1
            gone, still = still * self.a / tries, still * (self.b + k - 1) / tries
            exactly, at_least = negative_binomial(k, t, self.r, self.alpha), betainc(k, self.r, q)
            found.append(still * exactly + gone * at_least)
        return np.array(found)

    def median(self) -> Array:
        return Poisson(self.r, self.alpha).median()
