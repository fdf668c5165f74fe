"""Correction for multiple tests: Simes within a group of metrics, Benjamini–Hochberg over groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.intervals import Array

RATE = 0.1
"""The false discovery rate over the groups of one comparison."""


def simes(p: Array) -> Array:
    """Return the p value of "nothing in the group changed" (Simes 1986, Biometrika 73, 751–754): the least of m · p₍ᵢ₎ / i.

    Args:
        p: p values; the last axis is the group's members, NaN for a member that is not tested.

    Returns:
        One value per group; NaN where no member is tested.
    """
    ordered = np.sort(p, axis=-1)  # NaN last
    members = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    scaled = ordered * members / np.arange(1, p.shape[-1] + 1)
    least: Array = np.min(np.where(np.isnan(scaled), np.inf, scaled), axis=-1, initial=np.inf)
    return np.where(np.isfinite(least), np.minimum(least, 1.0), np.nan)


def stands(p: Array, rate: float = RATE) -> npt.NDArray[np.bool_]:
    """Return which p values pass at this false discovery rate (Benjamini & Hochberg 1995, JRSS B 57, 289–300).

    Args:
        p: p values; the last axis is the family. NaN never passes and is not counted.
        rate: The false discovery rate.
    """
    order = np.argsort(p, axis=-1)  # NaN last
    ordered = np.take_along_axis(p, order, axis=-1)
    family = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    rank = np.arange(1, p.shape[-1] + 1)
    passed = ordered <= rate * rank / np.maximum(family, 1)
    last = np.where(passed, rank, 0).max(axis=-1, keepdims=True, initial=0)
    result = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(result, order, rank <= last, axis=-1)
    return result & ~np.isnan(p)
