"""How sure a value is: 95 % intervals, and what is left of a difference once chance is taken out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.student import LEVEL, bounds

Array = npt.NDArray[np.float64]
_Z = 1.959963984540054


def ratio(above: Array, below: Array) -> Array:
    """above / below; NaN where below is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below != 0, above / np.where(below != 0, below, 1), np.nan)


def wilson(successes: Array, trials: Array) -> tuple[Array, Array]:
    """Wilson's score interval of a share (Wilson 1927, JASA 22, 209–212, eq. for p). NaN where there are no trials."""
    share = ratio(successes, trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = _Z * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
        middle = share + _Z**2 / (2 * trials)
        low, high = (middle - spread) / (1 + _Z**2 / trials), (middle + spread) / (1 + _Z**2 / trials)
    # Rounding must not carry an end past a share of exactly 0 or 1.
    return np.minimum(np.maximum(low, 0), share), np.maximum(np.minimum(high, 1), share)


def left_out(buckets: Array) -> Array:
    """Sums without each bucket in turn: last axis is the bucket left out."""
    rest: Array = buckets.sum(axis=-1, keepdims=True) - buckets
    return rest


def jackknife(without: Array, whole: Array, filled: npt.NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Low, high and standard error by the grouped jackknife (Wolter 2007, Introduction to Variance Estimation, ch. 4).

    `without` holds the estimate without each bucket (last axis), `whole` the estimate, `filled` which buckets hold any
    customer: empty ones carry no information. Student's t with (filled − 1) degrees of freedom. NaN below two buckets.
    """
    count = filled.sum(axis=-1).astype(float)
    inside = np.where(filled, without, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, np.where(filled, without, 0).sum(axis=-1) / count, np.nan)
        squares = np.nansum((inside - mean[..., None]) ** 2, axis=-1)
        # A bucket without which nothing can be estimated leaves the error unknown.
        broken = (filled & np.isnan(without)).any(axis=-1)
        error = np.where((count > 1) & ~broken, np.sqrt((count - 1) / count * squares), np.nan)
        t = bounds(LEVEL, np.maximum(count - 1, 1))
    return whole - t * error, whole + t * error, error


def jackknife_of_logs(without: Array, whole: Array, filled: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Low and high as `jackknife` gives them for the logarithms, taken back; plain where a value is not positive.

    The spread of money and durations grows with their size, and they end at 0: low ends stay above it.
    """
    low, high, _ = jackknife(without, whole, filled)
    positive = (whole > 0) & (np.where(filled, without, 1) > 0).all(axis=-1)
    logs = np.log(np.where(filled & positive[..., None], without, 1))
    low_log, high_log, _ = jackknife(logs, np.log(np.where(positive, whole, 1)), filled)
    return np.where(positive, np.exp(low_log), low), np.where(positive, np.exp(high_log), high)


def woodruff(at_most: Array, rows: Array, q: float) -> tuple[Array, Array]:
    """The shares of a distribution at which the ends of a quantile's interval lie (Woodruff 1952, JASA 47, 635–646).

    `rows` holds each bucket's rows (last axis), `at_most` those of them no greater than the quantile: their share is a ratio,
    whose error by the grouped jackknife is put about `q`. Inside 0–1; NaN below two filled buckets.
    """
    share = ratio(at_most.sum(axis=-1), rows.sum(axis=-1))
    low, high, _ = jackknife(ratio(left_out(at_most), left_out(rows)), share, rows > 0)
    return np.maximum(q - (share - low), 0), np.minimum(q + (high - share), 1)


def quantile_left_out(value: Array, low: Array, high: Array, at_most: Array, rows: Array, q: float) -> Array:
    """A quantile without each bucket in turn (last axis), as far as a difference of two needs it.

    What a bucket adds to the share of rows no greater than the quantile, over the density there: that of Woodruff's interval,
    for a quantile itself jumps from one value to the next.
    """
    share = ratio(at_most.sum(axis=-1), rows.sum(axis=-1))
    first, last = woodruff(at_most, rows, q)
    per_share = np.where(last > first, ratio(high - low, last - first), 0 * last)
    moved: Array = (share[..., None] - ratio(left_out(at_most), left_out(rows))) * per_share[..., None]
    return value[..., None] + moved
