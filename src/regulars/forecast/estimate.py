"""The result of a fit: parameters, standard errors and status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from regulars.forecast.newton import Maximum, Status

Array = npt.NDArray[np.float64]


class BoundaryMeanings(NamedTuple):
    """What it means for customers that both parameters of a gamma or beta distribution approach 0 or infinity.

    The distribution describes how customers differ. Each text completes the sentence "The best fit is an extreme: …".
    """

    shape: str
    scale: str
    both_infinite: str
    """Both parameters approach infinity: no difference between customers."""
    both_zero: str
    """Both parameters approach 0: all customers are at one of two extremes."""
    mean_zero: str
    """The mean approaches 0: the first parameter goes to 0, or the second to infinity."""
    mean_infinite: str
    """The mean approaches its maximum: the first parameter goes to infinity, or the second to 0."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """Maximum-likelihood parameters in the units of the data.

    Where `status` is not CONVERGED, `reason` says why, the parameters are the last ones tried, and standard errors and
    correlations are NaN. At a boundary the parameters still predict what that extreme predicts.

    Attributes:
        names: Parameter names, in the order of `values`.
        values: Parameters, shape (k,).
        standard_errors: By the delta method from the observed information in the logarithms of the parameters, shape
            (k,).
        correlation: Of the parameters with each other, shape (k, k).
        log_likelihood: At the maximum.
        customers: Number of customers fitted to.
        status: Whether the maximum was found.
        reason: Why not; empty where it was.
    """

    names: tuple[str, ...]
    values: Array
    standard_errors: Array
    correlation: Array
    log_likelihood: float
    customers: float
    status: Status
    reason: str = ""

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return dict(zip(self.names, map(float, self.values), strict=True))

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return the confidence interval of each parameter: symmetric in its logarithm, so never below 0.

        Args:
            level: Confidence level.

        Returns:
            Lower and upper bound by parameter name.
        """
        factor = np.exp(ndtri((1 + level) / 2) * self.standard_errors / self.values)
        low, high = self.values / factor, self.values * factor
        return {name: (float(low[i]), float(high[i])) for i, name in enumerate(self.names)}


def to_estimate(
    maximum: Maximum,
    units: Mapping[str, float],
    boundary_meanings: Sequence[BoundaryMeanings],
    shift: float,
    customers: float,
    doubt: str = "",
) -> Estimate:
    """Return the estimate of a maximum that was found in scaled units.

    Args:
        maximum: The maximum in scaled units.
        units: For each parameter name the factor that converts it to the units of the data.
        boundary_meanings: What boundary values of the parameters mean.
        shift: What the log-likelihood changes by through the scaling.
        customers: Number of customers fitted to.
        doubt: A reason, known to the caller, why the parameters are not identified; empty where there is none.
    """
    names, values = tuple(units), maximum.parameters * np.array(list(units.values()))
    direction = dict(zip(names, maximum.directions, strict=True))
    status, reason = maximum.status, ""
    if status is Status.BOUNDARY:
        reason = _boundary_reason(direction, boundary_meanings)
    elif doubt:
        status, reason = Status.NOT_IDENTIFIED, doubt
    elif status is Status.NOT_IDENTIFIED:
        reason = f"The data do not identify {' and '.join(name for name in names if direction[name])}: other values fit as well."
    size = len(values)
    errors, correlation = np.full(size, np.nan), np.full((size, size), np.nan)
    if maximum.status is Status.CONVERGED:
        covariance = np.linalg.inv(maximum.information)
        log_errors = np.sqrt(np.diag(covariance))
        errors, correlation = values * log_errors, covariance / np.outer(log_errors, log_errors)
    return Estimate(names, values, errors, correlation, maximum.value + shift, customers, status, reason)


def _boundary_reason(direction: Mapping[str, float], boundary_meanings: Sequence[BoundaryMeanings]) -> str:
    meanings = []
    for meaning in boundary_meanings:
        shape, scale = direction[meaning.shape], direction[meaning.scale]
        if shape and shape == scale:
            meanings.append(meaning.both_infinite if shape > 0 else meaning.both_zero)
        elif shape or scale:
            meanings.append(meaning.mean_zero if shape < 0 or scale > 0 else meaning.mean_infinite)
    changes = (
        f"{name} {'goes to 0' if sign < 0 else 'grows without bound'}" for name, sign in direction.items() if sign
    )
    return f"The best fit is an extreme: {' and '.join(meanings) or 'without a meaning'} ({', '.join(changes)})."
