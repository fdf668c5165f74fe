"""Numerical integrals over time and over beta distributions.

The integrands over time fall like a power of (shift + t): steep at first, then slow for very long. In u = log(shift +
t) they are smooth, so a few Gauss–Legendre points give full precision. The papers write these integrals with ₂F₁, whose
arguments overflow for customers with many purchases and for nearly equal customers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

Array = npt.NDArray[np.float64]

_NATS = 30.0
"""An integrand that has fallen by this factor, e^30, contributes nothing to the first 12 digits."""


def gauss_legendre(nodes: int) -> tuple[Array, Array]:
    """Return Gauss–Legendre points between 0 and 1, and their weights, which sum to 1."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1) / 2, weights / 2


_RULES = {nodes: tuple(column[:, None] for column in gauss_legendre(nodes)) for nodes in (8, 16, 48)}
_STEPS = 128


def time_nodes(end: Array, shift: Array, nodes: int = 48) -> tuple[Array, Array]:
    """Return quadrature points t between 0 and `end`, and weights such that Σ weight · f(t) ≈ ∫ f(t) dt.

    Args:
        end: Upper limits, shape (persons,).
        shift: Distance from 0 to the integrand's pole below 0, shape (persons,).
        nodes: Number of points: 8, 16 or 48.

    Returns:
        Points and weights, each of shape (nodes, persons).
    """
    points, weights = _RULES[nodes]
    width = np.log1p(end / shift)
    t = shift * np.expm1(points * width)
    return t, weights * width * (shift + t)


def integral(f: Callable[[Array], Array], end: Array, shift: Array) -> Array:
    """Return ∫ f(t) dt from 0 to each `end`, with as few points as suffice.

    A Gauss rule with twice the points gives about twice the digits: where 8 and 16 points agree in six digits, 16
    points are exact.

    Args:
        f: Integrand; takes and returns arrays of shape (points, persons).
        end: Upper limits, shape (persons,).
        shift: Distance from 0 to the integrand's pole below 0, shape (persons,).
    """
    previous = np.full_like(end, np.nan)
    for nodes in _RULES:
        t, weight = time_nodes(end, shift, nodes)
        value: Array = (weight * f(t)).sum(axis=0)
        if (np.abs(value - previous) <= 1e-6 * np.abs(value)).all():
            break
        previous = value
    return value


def beta_expectation(g: Callable[[Array], Array], a: Array, b: Array, steep: Array) -> Array:
    """Return E[g(p)] for p ~ Beta(a, b).

    By the trapezoidal rule in the log-odds of p, which converges exponentially for smooth functions that vanish at both
    ends (Trefethen & Weideman 2014, SIAM Review 56, 385–458). Where a or b is below 1 the density has a pole at that
    end: there the value of g at that end is subtracted, and the mean of what was subtracted is added.

    Args:
        g: Function of p that falls with p; must accept 0 and 1. May return several rows, shape (..., persons).
        a: First parameter, shape (persons,).
        b: Second parameter, shape (persons,).
        steep: 1 / width of the steepest fall of g at 0, shape (persons,).
    """
    at_0, at_1 = g(np.zeros_like(a)), g(np.ones_like(a))
    low, high = a < 1, b < 1
    first = np.where(low, at_0, np.where(high, at_1, 0.0))
    slope = np.where(high, at_1, np.where(low, at_0, 0.0)) - first
    total = first + slope * a / (a + b)

    # Limits of integration: outside of them the integrand is below e^−30 of its maximum. Its tails fall like p^a, or like
    # p^(a−1) where g falls like 1/p, and like (1−p)^b; between them it is bell-shaped.
    fall_0, fall_1 = a + low, b + high
    middle, bell = np.log(fall_0 / fall_1), 8 * np.sqrt(1 / fall_0 + 1 / fall_1)
    left = np.minimum(middle, -np.log1p(steep)) - _NATS / fall_0
    left = np.where(low, left, np.maximum(left, middle - _NATS / np.maximum(a - 1, 1e-300))) - bell
    right = middle + bell + _NATS / fall_1
    step = (right - left) / (_STEPS - 1)
    for point in range(_STEPS):
        odds = left + point * step
        stay = -np.maximum(odds, 0) - np.log1p(np.exp(-np.abs(odds)))  # the logarithm of 1 − p
        p = np.exp(odds + stay)
        weight = step * np.exp(a * odds + (a + b) * stay - betaln(a, b))
        total = total + weight * (g(p) - first - slope * p)
    return total


def effective_end(end: Array, powers: tuple[tuple[Array | float, Array | float], ...]) -> Array:
    """Return `end`, or the earlier time by which the product of (1 + t / shift)^−power has fallen by 30 nats.

    Args:
        end: Upper limits, shape (persons,).
        powers: Pairs of shift and power, one for each factor.
    """
    reach: Array = np.asarray(end, dtype=float)
    with np.errstate(over="ignore", divide="ignore"):
        for shift, power in powers:
            reach = np.minimum(reach, shift * np.expm1(np.minimum(_NATS / power, 700.0)))
    # So far each factor was taken alone. The logarithms are concave, so a secant from 0 overestimates the time: two secants
    # come close enough.
    for _ in range(2):
        fallen = sum((power * np.log1p(reach / shift) for shift, power in powers), np.zeros_like(reach))
        reach = np.where(fallen > _NATS, reach * _NATS / np.maximum(fallen, _NATS), reach)
    return reach
