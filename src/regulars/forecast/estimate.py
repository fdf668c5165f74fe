"""What a fit found: parameters, how well they are known, and whether they can be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from regulars.forecast.newton import Maximum, Status

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimate:
    """The parameters of highest likelihood, in the units of the data, and what is known of them.

    Where `status` is not CONVERGED, `reason` says in words what the data cannot tell, standard errors and correlations are
    NaN, and the parameters are the last ones tried: what they predict is that of the case the reason names.
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
    extremes: Mapping[str, tuple[str, str]],
    shift: float,
    customers: float,
    doubt: str = "",
) -> Estimate:
    """An estimate from a maximum that was sought in other units.

    `units` holds the parameters' names and what each is multiplied with, `shift` what the logarithm of the likelihood gains
    by it; `doubt` is a reason, found elsewhere, why a maximum that is one says nothing.
    """
    names, values = tuple(units), found.parameters * np.array(list(units.values()))
    status, reason = found.status, ""
    if status is Status.CONVERGED and doubt:
        status, reason = Status.NOT_IDENTIFIED, doubt
    elif status is Status.BOUNDARY:
        reason = "; ".join(
            _extreme(name, towards, extremes) for name, towards in zip(names, found.loose, strict=True) if towards
        )
    elif status is Status.NOT_IDENTIFIED:
        together = [name for name, loose in zip(names, found.loose, strict=True) if loose]
        reason = f"The data do not tell {' and '.join(together)}: other values fit as well."
    size = len(values)
    errors, correlation = np.full(size, np.nan), np.full((size, size), np.nan)
    if found.status is Status.CONVERGED:
        covariance = np.linalg.inv(found.information)
        spread = np.sqrt(np.diag(covariance))
        errors, correlation = values * spread, covariance / np.outer(spread, spread)
    return Estimate(names, values, errors, correlation, found.value + shift, customers, status, reason)


def _extreme(name: str, towards: float, extremes: Mapping[str, tuple[str, str]]) -> str:
    way = "goes to 0" if towards < 0 else "grows without bound"
    return f"{name} {way}: {extremes[name][int(towards > 0)]}"
