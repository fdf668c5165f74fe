"""What a fit found: parameters, how well they are known, and whether they can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from regulars.forecast.newton import Maximum, Status

Array = npt.NDArray[np.float64]


class Extremes(NamedTuple):
    """What it means that the two parameters of a distribution that customers differ by go to 0 or grow without bound."""

    shape: str
    scale: str
    alike: str
    """Both grow."""
    split: str
    """Both go to 0."""
    little: str
    """Little of the shape, or much of the scale."""
    much: str
    """Much of the shape, or little of the scale."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """The parameters of highest likelihood, in the units of the data, and what is known of them.

    Where `status` is not CONVERGED, `reason` says in words what the data cannot tell, and the parameters are the last ones
    tried: at a boundary they predict what that extreme does. Standard errors and correlations are NaN where there is no top.
    """

    names: tuple[str, ...]
    values: Array
    standard_errors: Array
    """By the delta method from the observed information in the parameters' logarithms."""
    correlation: Array
    """Of the parameters with each other: shape (k, k)."""
    log_likelihood: float
    customers: float
    status: Status
    reason: str = ""

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return dict(zip(self.names, map(float, self.values), strict=True))

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Where each parameter lies with probability `level`: symmetric in its logarithm, so never below 0."""
        factor = np.exp(ndtri((1 + level) / 2) * self.standard_errors / self.values)
        low, high = self.values / factor, self.values * factor
        return {name: (float(low[i]), float(high[i])) for i, name in enumerate(self.names)}


def estimated(
    found: Maximum,
    units: Mapping[str, float],
    extremes: Sequence[Extremes],
    shift: float,
    customers: float,
    doubt: str = "",
) -> Estimate:
    """An estimate from a maximum that was sought in other units.

    `units` holds the parameters' names and what each is multiplied with, `shift` what the logarithm of the likelihood gains
    by it; `doubt` is a reason, found elsewhere, why these parameters say nothing.
    """
    names, values = tuple(units), found.parameters * np.array(list(units.values()))
    going = dict(zip(names, found.loose, strict=True))
    status, reason = found.status, ""
    if status is Status.BOUNDARY:
        reason = _extreme(going, extremes)
    elif doubt:
        status, reason = Status.NOT_IDENTIFIED, doubt
    elif status is Status.NOT_IDENTIFIED:
        reason = (
            f"The data do not tell {' and '.join(name for name in names if going[name])}: other values fit as well."
        )
    size = len(values)
    errors, correlation = np.full(size, np.nan), np.full((size, size), np.nan)
    if found.status is Status.CONVERGED:
        covariance = np.linalg.inv(found.information)
        spread = np.sqrt(np.diag(covariance))
        errors, correlation = values * spread, covariance / np.outer(spread, spread)
    return Estimate(names, values, errors, correlation, found.value + shift, customers, status, reason)


def _extreme(going: Mapping[str, float], extremes: Sequence[Extremes]) -> str:
    means = []
    for extreme in extremes:
        shape, scale = going[extreme.shape], going[extreme.scale]
        if shape and shape == scale:
            means.append(extreme.alike if shape > 0 else extreme.split)
        elif shape or scale:
            means.append(extreme.little if shape < 0 or scale > 0 else extreme.much)
    ways = (
        f"{name} {'goes to 0' if towards < 0 else 'grows without bound'}" for name, towards in going.items() if towards
    )
    return f"The best fit is an extreme: {' and '.join(means) or 'without a meaning'} ({', '.join(ways)})."
