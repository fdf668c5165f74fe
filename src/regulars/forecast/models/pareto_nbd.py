"""Pareto/NBD: a customer may drop out at any time.

Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will They Do Next?", Management
Science 33, 1–24, as derived by Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model and Related
Expressions", www.brucehardie.com/notes/009 (the Note; section numbers below are its own). Purchases of a customer are
Poisson at a rate λ ~ Gamma(r, rate alpha), until dropout after a time that is exponential with rate μ ~ Gamma(s, rate
beta).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import exprel

from regulars.forecast.estimate import BoundaryMeanings
from regulars.forecast.models.nbd import RATES, Poisson, gamma_mixture, negative_binomial, padded
from regulars.forecast.newton import Expansion
from regulars.forecast.quadrature import effective_end, gauss_legendre, integral, time_nodes
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]

_POINTS, _WEIGHTS = (column[:, None] for column in gauss_legendre(16))
"""Enough for 11 digits of each customer's likelihood at any parameters."""
_BLOCK, _BLOCK_OF_DERIVATIVES = 2048, 512
"""Customers computed at once, with 17 numbers each, or 85 for derivatives: twice as fast while they stay in the
processor's cache.
"""


class ParetoNbd:
    """Pareto/NBD, with parameters r, alpha (a time), s and beta (a time)."""

    parameters = ("r", "alpha", "s", "beta")
    starts = ((0.6, 0.3, 0.6, 0.4), (0.6, 0.3, 0.05, 0.02), (3.0, 2.0, 0.2, 0.05))
    time_parameters = frozenset({"alpha", "beta"})
    boundary_meanings = (
        RATES,
        BoundaryMeanings(
            "s",
            "beta",
            both_infinite="all leave at the same rate",
            both_zero="customers leave at once or never",
            mean_zero="nobody leaves",
            mean_infinite="all leave at once",
        ),
    )

    def likelihood(self, parameters: Array, rfm: RFMSummary) -> Expansion:
        """Γ(r+x)/Γ(r) alpha^r beta^s [A(T) + ∫ s/(beta+t) A(t) dt from t_x to T]: the Note, section 3, before the last
        integration.

        A(t) = (alpha+t)^−(r+x) (beta+t)^−s. The papers write the integral with two ₂F₁, which overflow for many
        purchases; quadrature does not, and gives the derivatives, too.
        """
        r, alpha, s, beta = parameters
        total = padded(gamma_mixture(r, alpha, rfm), 4)
        customers = rfm.customers
        lifetimes = Expansion(
            customers * s * np.log(beta),
            customers * np.array([0, 0, np.log(beta), s / beta]),
            customers * np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1 / beta], [0, 0, 1 / beta, -s / beta**2]]),
        )
        return sum(
            (_bracket_terms(parameters, *block[1:]) for block in rfm.blocks(_BLOCK_OF_DERIVATIVES)), total + lifetimes
        )

    def probability_alive(self, parameters: Array, rfm: RFMSummary) -> Array:
        """The share of A(T) in the bracket of the likelihood: the Note, section 5."""
        probability = np.empty(len(rfm.x))
        for rows, x, t_x, T, _ in rfm.blocks(_BLOCK):
            weight = _endings(parameters, x, t_x, T).weight
            probability[rows] = weight[0] / weight.sum(axis=0)
        return probability

    def process_if_alive(self, parameters: Array, x: Array, T: Array) -> Pareto:
        """Active customers: the purchase rate is Gamma(r+x, alpha+T), the dropout rate Gamma(s, beta+T)."""
        r, alpha, s, beta = parameters
        return Pareto(r + x, alpha + T, np.full_like(x, s), beta + T)


class _Endings(NamedTuple):
    """The ways to have no purchase since t_x: first active at T, then dropout at each of 16 times.

    Arrays of shape (17, customers): likelihoods relative to A(t_x), and the terms of their derivatives.
    """

    weight: Array
    log_a: Array
    per_a: Array
    log_b: Array
    per_b: Array


def _endings(parameters: Array, x: Array, t_x: Array, T: Array) -> _Endings:
    r, alpha, s, beta = parameters
    power = r + x
    gap = effective_end(T - t_x, ((alpha + t_x, power), (beta + t_x, s)))
    # In the logarithm of the distance to the nearer of the two poles, −alpha and −beta, the integrand is smooth.
    smaller_pole, larger_pole = min(alpha, beta), max(alpha, beta)
    width = np.log1p(gap / (smaller_pole + t_x))
    log_smaller = np.concatenate((np.log(smaller_pole + T)[None], np.log(smaller_pole + t_x) + _POINTS * width))
    smaller = np.exp(log_smaller)
    larger = smaller + (larger_pole - smaller_pole)
    of_smaller, of_larger = (log_smaller, 1 / smaller), (np.log(larger), 1 / larger)
    (log_a, per_a), (log_b, per_b) = (of_smaller, of_larger) if alpha <= beta else (of_larger, of_smaller)

    weight = np.exp(power * (np.log(alpha + t_x) - log_a) + s * (np.log(beta + t_x) - log_b))
    weight[1:] *= _WEIGHTS * width * smaller[1:] * s * per_b[1:]
    return _Endings(weight, log_a, per_a, log_b, per_b)


def _bracket_terms(parameters: Array, x: Array, t_x: Array, T: Array, n: Array) -> Expansion:
    """Return Σ n ln of the bracket of the likelihood.

    The logarithm of a sum of exponentials has as gradient the mean of their gradients, and as Hessian the mean of their
    Hessians plus the covariance of their gradients. Both follow from means of products of 1, log(alpha+t), 1/(alpha+t),
    log(beta+t) and 1/(beta+t).
    """
    r, alpha, s, beta = parameters
    power = r + x
    weight, *parts = _endings(parameters, x, t_x, T)
    total = weight.sum(axis=0)
    features = np.stack((np.ones_like(weight), *parts))
    weighted = features * (weight / total)

    gradient, hessian = np.zeros((4, len(x))), np.zeros((4, 4, len(x)))
    for dropped_out, endings in enumerate((slice(0, 1), slice(1, None))):
        mean = np.einsum("ikn,jkn->ijn", weighted[:, endings], features[:, endings])
        share, log_a, per_a, log_b, per_b = mean[0]
        power_beta = s + dropped_out
        gradient += np.stack((-log_a, -power * per_a, dropped_out / s * share - log_b, -power_beta * per_b))
        hessian[0, 0] += mean[1, 1]
        hessian[0, 1] += power * mean[1, 2] - per_a
        hessian[0, 2] += mean[1, 3] - dropped_out / s * log_a
        hessian[0, 3] += power_beta * mean[1, 4]
        hessian[1, 1] += power * (power + 1) * mean[2, 2]
        hessian[1, 2] += power * (mean[2, 3] - dropped_out / s * per_a)
        hessian[1, 3] += power_beta * power * mean[2, 4]
        hessian[2, 2] += mean[3, 3] - 2 * dropped_out / s * log_b  # the square of 1/s and its own derivative cancel
        hessian[2, 3] += power_beta * mean[3, 4] - per_b - dropped_out * power_beta / s * per_b
        hessian[3, 3] += power_beta * (power_beta + 1) * mean[4, 4]
    upper_hessian = hessian @ n - (gradient * n) @ gradient.T
    log_at_last = power * np.log(alpha + t_x) + s * np.log(beta + t_x)
    return Expansion(
        float(n @ (np.log(total) - log_at_last)), gradient @ n, np.triu(upper_hessian) + np.triu(upper_hessian, 1).T
    )


@dataclass(frozen=True, eq=False)
class Pareto:
    """Purchases at a rate that is Gamma(r, alpha), until dropout at a rate that is Gamma(s, beta)."""

    r: Array
    alpha: Array
    s: Array
    beta: Array

    def rate(self, t: Array | float) -> Array:
        """E[λ] times the probability of being active, (beta / (beta+t))^s."""
        result: Array = self.r / self.alpha * np.exp(-self.s * np.log1p(t / self.beta))
        return result

    def expected_purchases(self, t: Array | float) -> Array:
        """The Note, sections 4 and 6. exprel(u) = (e^u − 1)/u, so s = 1 needs no special case."""
        log_growth = np.log1p(t / self.beta)
        result: Array = self.r / self.alpha * self.beta * log_growth * exprel((1 - self.s) * log_growth)
        return result

    def factorial_moment(self, t: Array | float) -> Array:
        """E[λ²] times twice the integral of u P(active at u) du: u is the later of two purchases, the other any before
        it.
        """
        end = np.broadcast_to(t, self.r.shape)
        weighted = integral(lambda u: u * self.rate(u), end, self.beta)
        result: Array = 2 * (self.r + 1) / self.alpha * weighted
        return result

    def probability_of_purchase(self, t: Array | float) -> Array:
        """The integral of the density of the time to the next purchase."""
        end = effective_end(np.broadcast_to(t, self.r.shape), ((self.alpha, self.r), (self.beta, self.s)))
        t_, weight = time_nodes(end, np.minimum(self.alpha, self.beta))
        result: Array = (weight * self._next_purchase_density(t_)).sum(axis=0)
        return result

    def _next_purchase_density(self, t: Array) -> Array:
        """Return the density of the time to the next purchase."""
        log_decay = (self.r + 1) * np.log1p(t / self.alpha) + self.s * np.log1p(t / self.beta)
        result: Array = self.r / self.alpha * np.exp(-log_decay)
        return result

    def probability_of_counts(self, t: float, most: int) -> Array:
        """Fader & Hardie (2006), "Deriving an Expression for P(X(t) = x) Under the Pareto/NBD Model", notes/012, as an
        integral.
        """
        p_active = np.exp(-self.s * np.log1p(t / self.beta))
        if_active = [p_active * negative_binomial(k, t, self.r, self.alpha) for k in range(most + 1)]
        times, weight = time_nodes(np.full_like(self.r, t), np.minimum(self.alpha, self.beta))
        dropout_density = weight * self.s / self.beta * np.exp(-(self.s + 1) * np.log1p(times / self.beta))
        if_dropped_out = [
            (dropout_density * negative_binomial(k, times, self.r, self.alpha)).sum(axis=0) for k in range(most + 1)
        ]
        total: Array = np.array(if_active) + np.array(if_dropped_out)
        return total

    def median_next_purchase(self) -> Array:
        """Return the median by Newton's method, from the median without dropout.

        The distribution function is concave, so steps from below never overshoot.
        """
        p_ever = self.probability_of_purchase(np.full_like(self.r, 1e300))
        t = Poisson(self.r, self.alpha).median_next_purchase()
        for _ in range(100):
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                step = np.where(
                    p_ever > 0.5,
                    (0.5 - self.probability_of_purchase(np.minimum(t, 1e300))) / self._next_purchase_density(t),
                    0.0,
                )
            t = t + np.maximum(step, 0)
            if (step <= 1e-12 * t).all():
                break
        return np.where(p_ever > 0.5, t, np.inf)
