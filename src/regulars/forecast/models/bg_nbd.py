"""BG/NBD and MBG/NBD: a customer may drop out after each purchase.

Fader, Hardie & Lee (2005), "“Counting Your Customers” the Easy Way: An Alternative to the Pareto/NBD Model", Marketing
Science 24, 275–284; equation numbers below are theirs. Purchases of a customer are Poisson at a rate λ ~ Gamma(r, rate
alpha); after each repeat purchase the customer drops out with probability p ~ Beta(a, b). In MBG/NBD the first purchase
counts, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, psi, zeta

from regulars.forecast.estimate import BoundaryMeanings
from regulars.forecast.models.nbd import RATES, Poisson, gamma_mixture, negative_binomial, padded
from regulars.forecast.newton import Expansion
from regulars.forecast.quadrature import beta_expectation
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]


class BgNbd:
    """BG/NBD, with parameters r, alpha (a time), a and b.

    A customer with x repeat purchases had x opportunities to drop out; MBG/NBD differs in this number alone.
    """

    parameters = ("r", "alpha", "a", "b")
    starts = ((0.5, 0.25, 0.8, 2.5), (0.5, 0.25, 0.05, 0.1), (3.0, 2.0, 0.3, 0.3))
    time_parameters = frozenset({"alpha"})
    boundary_meanings = (
        RATES,
        BoundaryMeanings(
            "a",
            "b",
            both_infinite="all leave with the same probability",
            both_zero="customers leave at their first chance or never",
            mean_zero="nobody leaves",
            mean_infinite="all leave at their first chance",
        ),
    )

    def dropout_opportunities(self, x: Array) -> Array:
        """Return how often a customer with x repeat purchases could have dropped out."""
        return x

    def likelihood(self, parameters: Array, rfm: RFMSummary) -> Expansion:
        """Eq. (6): Γ(r+x) alpha^r / Γ(r) · B(a, b+k) / B(a, b) · [(alpha+T)^−(r+x) + a/(b+k−1) (alpha+t_x)^−(r+x)].

        k is the number of opportunities to drop out. The second term is dropout at the last of them; it is absent where
        k is 0.
        """
        r, alpha, a, b = parameters
        stayed = self._survival_terms(a, b, rfm)
        return padded(gamma_mixture(r, alpha, rfm), 4) + stayed + self._bracket_terms(parameters, rfm)

    def _survival_terms(self, a: float, b: float, rfm: RFMSummary) -> Expansion:
        """Return Σ n ln [B(a, b+k) / B(a, b)]: survival of all opportunities but possibly the last."""
        x, n = rfm.frequency_counts
        k = self.dropout_opportunities(x)
        value = float(n @ (betaln(a, b + k) - betaln(a, b)))
        digamma_difference = psi(a + b) - psi(a + b + k)
        gradient = np.array([0, 0, n @ digamma_difference, n @ (digamma_difference + psi(b + k) - psi(b))])
        trigamma_difference = zeta(2, a + b) - zeta(2, a + b + k)
        hessian = np.zeros((4, 4))
        hessian[2:, 2:] = n @ trigamma_difference
        hessian[3, 3] += n @ (zeta(2, b + k) - zeta(2, b))
        return Expansion(value, gradient, hessian)

    def _log_odds_inactive(self, parameters: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Return the log odds of dropout at the last opportunity against no purchase since by chance."""
        r, alpha, a, b = parameters
        k = self.dropout_opportunities(x)
        log_decay = (r + x) * (np.log(alpha + T) - np.log(alpha + t_x))
        return np.where(k > 0, np.log(a) - np.log(np.where(k > 0, b + k - 1, 1.0)) + log_decay, -np.inf)

    def _bracket_terms(self, parameters: Array, rfm: RFMSummary) -> Expansion:
        """Return Σ n ln of the bracket of eq. (6)."""
        r, alpha, a, b = parameters
        value, gradient, hessian = 0.0, np.zeros(4), np.zeros((4, 4))
        for _, x, t_x, T, n in rfm.blocks():
            power, k = r + x, self.dropout_opportunities(x)
            log_T, per_T, per_t = np.log(alpha + T), 1 / (alpha + T), 1 / (alpha + t_x)
            per_k = np.where(k > 0, 1 / np.where(k > 0, b + k - 1, 1.0), 0.0)
            log_odds = self._log_odds_inactive(parameters, x, t_x, T)
            odds_ratio = np.exp(-np.abs(log_odds))
            p_inactive = np.where(log_odds > 0, 1.0, odds_ratio) / (1 + odds_ratio)
            n_inactive = n * p_inactive
            n_active = n - n_inactive

            # Derivatives of the log odds by r, alpha, a and b.
            by_r = np.where(k > 0, log_T - np.log(alpha + t_x), 0.0)
            by_alpha = power * (per_T - per_t)
            slopes = np.stack((by_r, by_alpha, np.full_like(x, 1 / a), -per_k))

            value += float(n @ (np.maximum(log_odds, 0) + np.log1p(odds_ratio) - power * log_T))
            gradient += np.einsum("ij,j->i", slopes, n_inactive)
            gradient[:2] -= n @ log_T, n @ (power * per_T)
            hessian += (slopes * (n_inactive * (1 - p_inactive))) @ slopes.T
            across = -(n_active @ per_T + n_inactive @ per_t)
            hessian[0, 1] += across
            hessian[1, 0] += across
            hessian[1, 1] += n_active @ (power * per_T**2) + n_inactive @ (power * per_t**2)
            hessian[2, 2] -= n_inactive.sum() / a**2
            hessian[3, 3] += n_inactive @ per_k**2
        return Expansion(value, gradient, hessian)

    def probability_alive(self, parameters: Array, rfm: RFMSummary) -> Array:
        """1 / (1 + odds of dropout): Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model".

        1 for every customer without a repeat purchase, who had no opportunity to drop out.
        """
        probability = np.empty(len(rfm.x))
        for rows, x, t_x, T, _ in rfm.blocks():
            with np.errstate(over="ignore"):
                probability[rows] = 1 / (1 + np.exp(self._log_odds_inactive(parameters, x, t_x, T)))
        return probability

    def process_if_alive(self, parameters: Array, x: Array, T: Array) -> BetaGeometric:
        """Active after k opportunities: the rate is Gamma(r+x, alpha+T), the dropout probability Beta(a, b+k)."""
        r, alpha, a, b = parameters
        return BetaGeometric(r + x, alpha + T, np.full_like(x, a), b + self.dropout_opportunities(x))


@dataclass(frozen=True, eq=False)
class BetaGeometric:
    """Purchases at a rate that is Gamma(r, alpha), with dropout after each at a probability that is Beta(a, b)."""

    r: Array
    alpha: Array
    a: Array
    b: Array

    def rate(self, t: Array | float) -> Array:
        """E[λ exp(−λ p t)], the derivative of eq. (9), with λ integrated out: E[r/alpha (1 + p t/alpha)^−(r+1)]."""
        scaled = t / self.alpha
        steepness = self.r * np.max(np.atleast_2d(scaled), axis=0)
        mean = beta_expectation(lambda p: np.exp(-(self.r + 1) * np.log1p(p * scaled)), self.a, self.b, steepness)
        return self.r / self.alpha * mean

    def expected_purchases(self, t: Array | float) -> Array:
        """Eq. (9) for new customers and eq. (10) for active ones, before the last integration.

        E[(1 − exp(−λ p t)) / p], with λ integrated out: E[(1 − (1 + p t/alpha)^−r) / p].
        """
        scaled = t / self.alpha

        def integrand(p: Array) -> Array:
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(p > 1e-300, -np.expm1(-self.r * np.log1p(p * scaled)) / p, self.r * scaled)

        return beta_expectation(integrand, self.a, self.b, self.r * scaled)

    def factorial_moment(self, t: Array | float) -> Array:
        """Twice the integral of u E[λ² (1 − p) exp(−λ p u)] du: u is the later of two purchases, the other any before
        it.

        With λ integrated out: E[2 (1 − p) / p² (1 − (1 + (r+1) y) (1 + y)^−(r+1))], y = p t/alpha.
        """
        scaled = t / self.alpha

        def integrand(p: Array) -> Array:
            y, r = p * scaled, self.r
            series = r * (r + 1) * scaled**2 * (1 - 2 / 3 * (r + 2) * y)  # the next term is below 1e-8 of it
            with np.errstate(invalid="ignore", divide="ignore"):
                exact = -2 * np.expm1(np.log1p((r + 1) * y) - (r + 1) * np.log1p(y)) / p**2
                return (1 - p) * np.where((r + 2) * y > 1e-4, exact, series)

        return beta_expectation(integrand, self.a, self.b, self.r * scaled)

    def probability_of_purchase(self, t: Array | float) -> Array:
        """As in NBD: there is no dropout before the next purchase."""
        return Poisson(self.r, self.alpha).probability_of_purchase(t)

    def probability_of_counts(self, t: float, most: int) -> Array:
        """Eq. (8): k purchases and still active, or dropout with the k-th purchase and any number that would have
        followed.
        """
        q = t / (self.alpha + t)
        probabilities = [negative_binomial(0, t, self.r, self.alpha)]
        active = np.ones_like(self.r)
        for k in range(1, most + 1):
            total = self.a + self.b + k - 1
            dropped_out, active = active * self.a / total, active * (self.b + k - 1) / total
            exactly, at_least = negative_binomial(k, t, self.r, self.alpha), betainc(k, self.r, q)
            probabilities.append(active * exactly + dropped_out * at_least)
        return np.array(probabilities)

    def median_next_purchase(self) -> Array:
        return Poisson(self.r, self.alpha).median_next_purchase()


class MbgNbd(BgNbd):
    """MBG/NBD, with parameters r, alpha (a time), a and b: a customer may drop out after the first purchase, too.

    Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
    International Journal of Research in Marketing 24, 201–209; Hoppe & Wagner (2007), "Customer Base Analysis: The Case
    for a Central Variant of the Betageometric/NBD Model", Marketing – Journal of Research and Management 3, 75–90.
    """

    def dropout_opportunities(self, x: Array) -> Array:
        """Return x + 1, which gives Batislam et al.'s likelihood and all predictions."""
        return x + 1
