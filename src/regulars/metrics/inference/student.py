"""Student's t for whole degrees of freedom, as the finite sums of Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.

Exact for the 31 degrees that buckets need; importing scipy.special for it would double the wait for a first answer.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def two_sided(t: Array, freedom: Array) -> Array:
    """The probability of a value further from 0 than `t`; NaN where t is. `freedom` holds whole numbers from 1."""
    t, freedom = np.broadcast_arrays(np.abs(np.asarray(t, dtype=float)), np.asarray(freedom, dtype=int))
    result: Array = np.full(t.shape, np.nan)
    for degrees in np.unique(freedom):
        here = freedom == degrees
        result[here] = 1 - _inside(t[here], int(degrees))
    result[result < 0] = 0
    return result


def bounds(level: float, freedom: Array) -> Array:
    """The t between whose negative and itself a share `level` of the distribution lies, for each number of degrees."""
    degrees, place = np.unique(np.asarray(freedom, dtype=int), return_inverse=True)
    found = np.array([_bound(level, int(number)) for number in degrees])
    laid_out: Array = found[place].reshape(np.shape(freedom))
    return laid_out


def _inside(t: Array, freedom: int) -> Array:
    """A(t | freedom): the probability of a value between −t and t."""
    angle = np.arctan2(t, np.sqrt(freedom))
    cosine = np.cos(angle)
    odd = freedom % 2
    term = cosine.copy() if odd else np.ones_like(cosine)
    total = term.copy()
    for k in range(2 + odd, freedom - 1, 2):
        term = term * cosine**2 * (k - 1) / k
        total += term
    if not odd:
        return np.sin(angle) * total
    return 2 / np.pi * (angle + (np.sin(angle) * total if freedom > 1 else 0))


@cache
def _bound(level: float, freedom: int) -> float:
    low, high = 0.0, 1.0
    while _inside(np.array([high]), freedom)[0] < level:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        if _inside(np.array([middle]), freedom)[0] < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
