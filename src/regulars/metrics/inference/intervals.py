"""95 % intervals by Wilson, grouped jackknife and Woodruff."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.student import LEVEL, bounds

Array = npt.NDArray[np.float64]
_Z = 1.959963984540054


def ratio(numerator: Array, denominator: Array) -> Array:
    """Return numerator / denominator; NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator != 0, numerator / np.where(denominator != 0, denominator, 1), np.nan)


def wilson(successes: Array, trials: Array) -> tuple[Array, Array]:
    """Return Wilson's score interval of a share (Wilson 1927, JASA 22, 209–212, eq. for p). NaN where there are no
    trials.
    """
    share = ratio(successes, trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        half_width = _Z * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
        middle = share + _Z**2 / (2 * trials)
        low, high = (middle - half_width) / (1 + _Z**2 / trials), (middle + half_width) / (1 + _Z**2 / trials)
    # Rounding must not move an end past a share of exactly 0 or 1.
    return np.minimum(np.maximum(low, 0), share), np.maximum(np.minimum(high, 1), share)


def leave_one_out(buckets: Array) -> Array:
    """Return sums without each bucket in turn, shape (..., buckets)."""
    sums: Array = buckets.sum(axis=-1, keepdims=True) - buckets
    return sums


def jackknife(without: Array, whole: Array, filled: npt.NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Return lower bound, upper bound and standard error by the grouped jackknife (Wolter 2007, Introduction to
    Variance Estimation, ch. 4).

    With Student's t and (number of filled buckets − 1) degrees of freedom. NaN with fewer than two filled buckets.

    Args:
        without: Estimates without each bucket in turn, shape (..., buckets).
        whole: Estimate, shape (...).
        filled: Whether a bucket has customers; empty ones carry no information, shape (..., buckets).
    """
    count = filled.sum(axis=-1).astype(float)
    estimates = np.where(filled, without, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, np.where(filled, without, 0).sum(axis=-1) / count, np.nan)
        squares = np.nansum((estimates - mean[..., None]) ** 2, axis=-1)
        # Where the estimate without some bucket is undefined, the error is unknown.
        undefined = (filled & np.isnan(without)).any(axis=-1)
        error = np.where((count > 1) & ~undefined, np.sqrt((count - 1) / count * squares), np.nan)
        t = bounds(LEVEL, np.maximum(count - 1, 1))
    return whole - t * error, whole + t * error, error


def jackknife_of_logs(without: Array, whole: Array, filled: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return the bounds of `jackknife` on the logarithms, transformed back; untransformed where a value is not
    positive.

    For money and durations, whose errors grow with their size; the lower bound stays above 0.
    """
    low, high, _ = jackknife(without, whole, filled)
    positive = (whole > 0) & (np.where(filled, without, 1) > 0).all(axis=-1)
    logs = np.log(np.where(filled & positive[..., None], without, 1))
    low_log, high_log, _ = jackknife(logs, np.log(np.where(positive, whole, 1)), filled)
    return np.where(positive, np.exp(low_log), low), np.where(positive, np.exp(high_log), high)


def woodruff(at_most: Array, rows: Array, q: float) -> tuple[Array, Array]:
    """Return the shares of a distribution at which the ends of a quantile's interval are (Woodruff 1952, JASA 47,
    635–646).

    The share of rows up to the quantile is a ratio, whose error by the grouped jackknife is applied around `q`. Within
    0–1; NaN with fewer than two filled buckets.

    Args:
        at_most: Rows up to the quantile, shape (..., buckets).
        rows: All rows, shape (..., buckets).
        q: The quantile.
    """
    share = ratio(at_most.sum(axis=-1), rows.sum(axis=-1))
    low, high, _ = jackknife(ratio(leave_one_out(at_most), leave_one_out(rows)), share, rows > 0)
    return np.maximum(q - (share - low), 0), np.minimum(q + (high - share), 1)


def quantile_leave_one_out(value: Array, low: Array, high: Array, at_most: Array, rows: Array, q: float) -> Array:
    """Return a quantile without each bucket in turn, to first order, shape (..., buckets).

    A quantile itself jumps from one value to the next, so it is linearized: a bucket's effect on the share of rows up
    to the quantile, divided by the density there, which follows from Woodruff's interval.

    Args:
        value: The quantile, shape (...).
        low: Lower end of its interval, shape (...).
        high: Upper end of its interval, shape (...).
        at_most: Rows up to the quantile, shape (..., buckets).
        rows: All rows, shape (..., buckets).
        q: The quantile's share.
    """
    share = ratio(at_most.sum(axis=-1), rows.sum(axis=-1))
    low_share, high_share = woodruff(at_most, rows, q)
    per_share = np.where(high_share > low_share, ratio(high - low, high_share - low_share), 0 * high_share)
    quantiles: Array = (share[..., None] - ratio(leave_one_out(at_most), leave_one_out(rows))) * per_share[..., None]
    return value[..., None] + quantiles
