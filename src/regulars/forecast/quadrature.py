"""Integrals over time by Gauss and Legendre's rule in the logarithm of time.

What the models integrate falls like a power of (something + t): steep at first, then slow for very long. In
u = log(shift + t) that is smooth, and a few points give as many digits as a float holds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_NATS = 30.0
"""Where an integrand has fallen by e^30 the rest is beyond the 12th digit."""


def rule(nodes: int) -> tuple[Array, Array]:
    """Points between 0 and 1, and their weights, which sum to 1."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1) / 2, weights / 2


_FINE = rule(48)


def over_time(end: Array, shift: Array | float) -> Iterator[tuple[Array, Array]]:
    """Moments t between 0 and `end` and their weights: the sum of weight · f(t) is the integral of f(t) dt."""
    width = np.log1p(end / shift)
    for point, weight in zip(*_FINE, strict=True):
        t = shift * np.expm1(point * width)
        yield t, weight * width * (shift + t)


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
