"""Pareto/NBD: a customer may leave at any moment, bought or not.

Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will They Do Next?", Management Science
33, 1–24, as derived by Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model and Related Expressions",
www.brucehardie.com/notes/009 (the Note; sections below are its own). Purchases of a customer are Poisson at a rate
λ ~ Gamma(r, rate alpha), until they leave after a time that is exponential at a rate μ ~ Gamma(s, rate beta).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import exprel

from regulars.forecast.estimate import Extremes
from regulars.forecast.models.nbd import RATES, Poisson, mixing, negative_binomial, widened
from regulars.forecast.newton import Expansion
from regulars.forecast.quadrature import integral, over_time, rule, until_gone
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]

_POINTS, _WEIGHTS = (column[:, None] for column in rule(16))
"""Enough for 11 digits of every customer's likelihood, whatever the parameters."""
_BLOCK, _BLOCK_OF_DERIVATIVES = 2048, 512
"""Customers at once, 17 numbers each, or of derivatives 85: twice as fast while they stay in a small cache of the processor."""


class ParetoNbd:
    """The model; its parameters are r, alpha (a time), s and beta (a time)."""

    parameters = ("r", "alpha", "s", "beta")
    starts = ((0.6, 0.3, 0.6, 0.4), (0.6, 0.3, 0.05, 0.02), (3.0, 2.0, 0.2, 0.05))
    times = frozenset({"alpha", "beta"})
    extremes = (
        RATES,
        Extremes(
            "s",
            "beta",
            alike="all leave at the same rate",
            split="customers leave at once or never",
            little="nobody leaves",
            much="all leave at once",
        ),
    )

    def likelihood(self, parameters: Array, cells: RFMSummary) -> Expansion:
        """The Note, section 3, before the last integration: Γ(r+x)/Γ(r) alpha^r beta^s [A(T) + ∫ s/(beta+t) A(t) dt from t_x to T].

        A(t) = (alpha+t)^−(r+x) (beta+t)^−s. The papers write the integral with two ₂F₁, which leave a float's range for many
        purchases; the quadrature does not, and gives the derivatives too.
        """
        r, alpha, s, beta = parameters
        total = widened(mixing(r, alpha, cells), 4)
        customers = cells.customers
        lifetimes = Expansion(
            customers * s * np.log(beta),
            customers * np.array([0, 0, np.log(beta), s / beta]),
            customers * np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1 / beta], [0, 0, 1 / beta, -s / beta**2]]),
        )
        return sum(
            (_silence(parameters, *block[1:]) for block in cells.blocks(_BLOCK_OF_DERIVATIVES)), total + lifetimes
        )

    def probability_alive(self, parameters: Array, cells: RFMSummary) -> Array:
        """The Note, section 5: the share of A(T) in the likelihood's bracket."""
        found = np.empty(len(cells.x))
        for here, x, t_x, T, _ in cells.blocks(_BLOCK):
            weight = _endings(parameters, x, t_x, T).weight
            found[here] = weight[0] / weight.sum(axis=0)
        return found

    def future(self, parameters: Array, x: Array, T: Array) -> Pareto:
        """Still a customer: the rate of purchases is Gamma(r+x, alpha+T), that of leaving Gamma(s, beta+T)."""
        r, alpha, s, beta = parameters
        return Pareto(r + x, alpha + T, np.full_like(x, s), beta + T)


class _Endings(NamedTuple):
    """The ways to have been silent since t_x: first being alive at T, then having left at a moment, for 16 of them.

    Arrays of shape (17, customers): the likelihood relative to A(t_x), and what its derivatives are made of.
    """

    weight: Array
    log_a: Array
    per_a: Array
    log_b: Array
    per_b: Array


def _endings(parameters: Array, x: Array, t_x: Array, T: Array) -> _Endings:
    r, alpha, s, beta = parameters
    power = r + x
    silence = until_gone(T - t_x, ((alpha + t_x, power), (beta + t_x, s)))
    # In the logarithm of the nearer of the two poles, −alpha and −beta, the integrand is smooth.
    near, far = min(alpha, beta), max(alpha, beta)
    width = np.log1p(silence / (near + t_x))
    log_near = np.concatenate((np.log(near + T)[None], np.log(near + t_x) + _POINTS * width))
    at_near = np.exp(log_near)
    at_far = at_near + (far - near)
    nearer, further = (log_near, 1 / at_near), (np.log(at_far), 1 / at_far)
    (log_a, per_a), (log_b, per_b) = (nearer, further) if alpha <= beta else (further, nearer)

    weight = np.exp(power * (np.log(alpha + t_x) - log_a) + s * (np.log(beta + t_x) - log_b))
    weight[1:] *= _WEIGHTS * width * at_near[1:] * s * per_b[1:]
    return _Endings(weight, log_a, per_a, log_b, per_b)


def _silence(parameters: Array, x: Array, t_x: Array, T: Array, n: Array) -> Expansion:
    """Σ n of the logarithm of the likelihood's bracket.

    It is the logarithm of a sum of exponentials, so its gradient is the mean of theirs, and its Hessian the mean of theirs
    plus the covariance of their gradients. Means are taken of products of 1, log(alpha+t), 1/(alpha+t), log(beta+t) and
    1/(beta+t), from which both follow.
    """
    r, alpha, s, beta = parameters
    power = r + x
    weight, *parts = _endings(parameters, x, t_x, T)
    total = weight.sum(axis=0)
    features = np.stack((np.ones_like(weight), *parts))
    weighted = features * (weight / total)

    gradient, hessian = np.zeros((4, len(x))), np.zeros((4, 4, len(x)))
    for died, ways in enumerate((slice(0, 1), slice(1, None))):
        mean = np.einsum("ikn,jkn->ijn", weighted[:, ways], features[:, ways])
        share, log_a, per_a, log_b, per_b = mean[0]
        force = s + died
        gradient += np.stack((-log_a, -power * per_a, died / s * share - log_b, -force * per_b))
        hessian[0, 0] += mean[1, 1]
        hessian[0, 1] += power * mean[1, 2] - per_a
        hessian[0, 2] += mean[1, 3] - died / s * log_a
        hessian[0, 3] += force * mean[1, 4]
        hessian[1, 1] += power * (power + 1) * mean[2, 2]
        hessian[1, 2] += power * (mean[2, 3] - died / s * per_a)
        hessian[1, 3] += force * power * mean[2, 4]
        hessian[2, 2] += mean[3, 3] - 2 * died / s * log_b  # the square of 1/s and its own derivative cancel
        hessian[2, 3] += force * mean[3, 4] - per_b - died * force / s * per_b
        hessian[3, 3] += force * (force + 1) * mean[4, 4]
    upper = hessian @ n - (gradient * n) @ gradient.T
    before = power * np.log(alpha + t_x) + s * np.log(beta + t_x)
    return Expansion(float(n @ (np.log(total) - before)), gradient @ n, np.triu(upper) + np.triu(upper, 1).T)


@dataclass(frozen=True, eq=False)
class Pareto:
    """Purchases at a rate that is Gamma(r, alpha), until one leaves, at a rate that is Gamma(s, beta)."""

    r: Array
    alpha: Array
    s: Array
    beta: Array

    def rate(self, t: Array | float) -> Array:
        """E[λ] times the probability to be there still, (beta / (beta+t))^s."""
        found: Array = self.r / self.alpha * np.exp(-self.s * np.log1p(t / self.beta))
        return found

    def purchases(self, t: Array | float) -> Array:
        """The Note, sections 4 and 6; exprel(u) is (e^u − 1)/u, so that s = 1 is no exception."""
        longer = np.log1p(t / self.beta)
        found: Array = self.r / self.alpha * self.beta * longer * exprel((1 - self.s) * longer)
        return found

    def factorial_moment(self, t: Array | float) -> Array:
        """E[λ²] times twice the integral of u P(there still at u) du: u is the later of two purchases, the other any before."""
        end = np.broadcast_to(t, self.r.shape)
        later = integral(lambda u: u * self.rate(u), end, self.beta)
        found: Array = 2 * (self.r + 1) / self.alpha * later
        return found

    def buys(self, t: Array | float) -> Array:
        """The integral of the next purchase's density."""
        end = until_gone(np.broadcast_to(t, self.r.shape), ((self.alpha, self.r), (self.beta, self.s)))
        moment, weight = over_time(end, np.minimum(self.alpha, self.beta))
        found: Array = (weight * self._next(moment)).sum(axis=0)
        return found

    def _next(self, t: Array) -> Array:
        """The density of the time to the next purchase: it comes then, and they are there still."""
        gone = (self.r + 1) * np.log1p(t / self.alpha) + self.s * np.log1p(t / self.beta)
        found: Array = self.r / self.alpha * np.exp(-gone)
        return found

    def counts(self, t: float, most: int) -> Array:
        """Fader & Hardie (2006), "Deriving an Expression for P(X(t) = x) Under the Pareto/NBD Model", notes/012: as an integral."""
        stays = np.exp(-self.s * np.log1p(t / self.beta))
        found = [stays * negative_binomial(k, t, self.r, self.alpha) for k in range(most + 1)]
        moment, weight = over_time(np.full_like(self.r, t), np.minimum(self.alpha, self.beta))
        leaves = weight * self.s / self.beta * np.exp(-(self.s + 1) * np.log1p(moment / self.beta))
        then = [(leaves * negative_binomial(k, moment, self.r, self.alpha)).sum(axis=0) for k in range(most + 1)]
        both: Array = np.array(found) + np.array(then)
        return both

    def median(self) -> Array:
        """By Newton's method from the median of those who stay.

        The probability to have bought bends downwards all the way, so that steps from below never go too far.
        """
        ever = self.buys(np.full_like(self.r, 1e300))
        t = Poisson(self.r, self.alpha).median()
        for _ in range(100):
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                step = np.where(ever > 0.5, (0.5 - self.buys(np.minimum(t, 1e300))) / self._next(t), 0.0)
            t = t + np.maximum(step, 0)
            if (step <= 1e-12 * t).all():
                break
        return np.where(ever > 0.5, t, np.inf)
