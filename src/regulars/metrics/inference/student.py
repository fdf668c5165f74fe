"""Student's t for integer degrees of freedom, by the finite sums of Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.

Exact for the 31 degrees of 32 buckets; importing scipy.special instead would double the time of the first query.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def two_sided_p(t: Array, freedom: Array) -> Array:
    """Return P(|T| > |t|); NaN where t is. `freedom` holds integers from 1."""
    t, freedom = np.broadcast_arrays(np.abs(np.asarray(t, dtype=float)), np.asarray(freedom, dtype=int))
    result: Array = np.full(t.shape, np.nan)
    for degrees in _distinct(freedom):
        rows = freedom == degrees
        result[rows] = 1 - _inside(t[rows], int(degrees))
    result[result < 0] = 0
    return result


def bounds(level: float, freedom: Array) -> Array:
    """Return the t for which P(|T| ≤ t) = `level`, for each number of degrees of freedom."""
    degrees = _distinct(np.asarray(freedom, dtype=int))
    values = np.array([_bound(level, number) for number in degrees])
    result: Array = values[np.searchsorted(degrees, freedom)]
    return result


def _distinct(freedom: npt.NDArray[Any]) -> list[int]:
    """Return the distinct degrees of freedom, ascending."""
    return sorted(set(freedom.ravel().tolist()))


def _inside(t: Array, freedom: int) -> Array:
    """Return A(t | freedom) = P(|T| ≤ t)."""
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


LEVEL = 0.95
"""Confidence level of all intervals."""
_BOUNDS_OF_LEVEL = (
    12.706204736174676, 4.302652729749459, 3.1824463052837064, 2.7764451051977934, 2.570581835636313,
    2.446911851144968, 2.364624251592783, 2.306004135204166, 2.2621571627982036, 2.228138851986274,
    2.200985160091637, 2.1788128296672262, 2.16036865646279, 2.1447866879178026, 2.131449545559775,
    2.119905299221254, 2.1098155778333165, 2.100922040241037, 2.0930240544083105, 2.0859634472658657,
    2.079613844727679, 2.0738730679040245, 2.068657610419047, 2.0638985616280223, 2.0595385527532963,
    2.0555294386428704, 2.051830516480285, 2.0484071417952485, 2.0452296421327043, 2.0422724563012418,
    2.0395134463964055,
)  # fmt: skip
"""Bounds at LEVEL for 1 to 31 degrees of freedom as `bisected_bound` returns them; computing them takes 20 ms at each
start.
"""


def _bound(level: float, freedom: int) -> float:
    return (
        _BOUNDS_OF_LEVEL[freedom - 1]
        if level == LEVEL and freedom <= len(_BOUNDS_OF_LEVEL)
        else bisected_bound(level, freedom)
    )


@cache
def bisected_bound(level: float, freedom: int) -> float:
    """Return the bound for one number of degrees by bisection, to the last bit."""
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
