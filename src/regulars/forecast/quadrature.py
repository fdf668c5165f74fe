"""Integrals over time, and over what customers differ in.

What the models integrate over time falls like a power of (something + t): steep at first, then slow for very long. In
u = log(shift + t) that is smooth, and a few points of Gauss and Legendre's rule give all the digits one can use. The papers
write such integrals with ₂F₁, whose arguments leave a float's range for loyal customers and for customers all alike.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

Array = npt.NDArray[np.float64]

_NATS = 30.0
"""Where an integrand has fallen by e^30 the rest is beyond the 12th digit."""


def rule(nodes: int) -> tuple[Array, Array]:
    """Points between 0 and 1, and their weights, which sum to 1."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1) / 2, weights / 2


_RULES = {nodes: tuple(column[:, None] for column in rule(nodes)) for nodes in (8, 16, 48)}
_STEPS = 128


def over_time(end: Array, shift: Array, nodes: int = 48) -> tuple[Array, Array]:
    """48 moments t between 0 and each `end`, and their weights: the sum of weight · f(t) is the integral of f(t) dt.

    Arrays of shape (48, persons); or of 8 or 16 nodes.
    """
    points, weights = _RULES[nodes]
    width = np.log1p(end / shift)
    t = shift * np.expm1(points * width)
    return t, weights * width * (shift + t)


def integral(f: Callable[[Array], Array], end: Array, shift: Array) -> Array:
    """The integral of f(t) dt from 0 to each `end`, by as few moments as will do; f is asked for arrays (moments, persons).

    Twice the points give twice the digits: where 8 and 16 agree in six, those of 16 are exact.
    """
    before = np.full_like(end, np.nan)
    for nodes in _RULES:
        t, weight = over_time(end, shift, nodes)
        found: Array = (weight * f(t)).sum(axis=0)
        if (np.abs(found - before) <= 1e-6 * np.abs(found)).all():
            break
        before = found
    return found


def mean_over_beta(g: Callable[[Array], Array], a: Array, b: Array, steep: Array) -> Array:
    """The mean of g(p) where p is Beta(a, b); `g` falls with p, at first over a span of 1 / steep, and takes 0 and 1 too.

    One p for each person; g may have more rows of them, of which `steep` is the steepest.

    By the trapezoidal rule in the log-odds of p, which for smooth functions that vanish at both ends gains digits with each
    point (Trefethen & Weideman 2014, SIAM Review 56, 385–458). Where a or b is below 1 the density has a pole at that end;
    then g less its value there is taken, and the mean of what was left out is added.
    """
    at_0, at_1 = g(np.zeros_like(a)), g(np.ones_like(a))
    low, high = a < 1, b < 1
    first = np.where(low, at_0, np.where(high, at_1, 0.0))
    slope = np.where(high, at_1, np.where(low, at_0, 0.0)) - first
    total = first + slope * a / (a + b)

    # From where to where the integrand is above e^−30 of its highest: its tails fall like p^a, or p^(a−1) while g does
    # like 1/p, and like (1−p)^b; between them it is a bell.
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


def until_gone(end: Array, powers: tuple[tuple[Array | float, Array | float], ...]) -> Array:
    """`end`, or the earlier time at which the product of (1 + t / shift)^−power, over (shift, power), fell by 30 nats."""
    reach: Array = np.asarray(end, dtype=float)
    with np.errstate(over="ignore", divide="ignore"):
        for shift, power in powers:
            reach = np.minimum(reach, shift * np.expm1(np.minimum(_NATS / power, 700.0)))
    # Each factor alone was taken so far. Their logarithms bend downwards, so a straight line from 0 ends behind the point
    # sought, never before it: two lines come near enough.
    for _ in range(2):
        fallen = sum((power * np.log1p(reach / shift) for shift, power in powers), np.zeros_like(reach))
        reach = np.where(fallen > _NATS, reach * _NATS / np.maximum(fallen, _NATS), reach)
    return reach
