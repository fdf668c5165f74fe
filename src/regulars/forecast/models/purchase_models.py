"""The models of purchases and their interface. A new model is a file in this folder and an entry in `MODELS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from regulars.forecast.estimate import BoundaryMeanings
from regulars.forecast.models.bg_nbd import BgNbd, MbgNbd
from regulars.forecast.models.nbd import Nbd
from regulars.forecast.models.pareto_nbd import ParetoNbd
from regulars.forecast.newton import Expansion
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]


class PurchaseProcess(Protocol):
    """Purchases of customers who are active now, given their histories. Methods return one value per customer, shape
    (customers,).

    A time t is measured from now: one for all customers, or an array of shape (customers,); for `rate` also (points,
    customers).
    """

    def rate(self, t: Array | float) -> Array:
        """Return the expected purchases per unit of time at t: the derivative of `expected_purchases`."""

    def expected_purchases(self, t: Array | float) -> Array:
        """Return the expected number of purchases until t."""

    def factorial_moment(self, t: Array | float) -> Array:
        """Return E[N (N − 1)] of the number N of purchases until t; with the mean it gives the variance."""

    def probability_of_purchase(self, t: Array | float) -> Array:
        """Return the probability of at least one purchase until t."""

    def probability_of_counts(self, t: float, most: int) -> Array:
        """Return the probabilities of 0, 1, …, `most` purchases until t, shape (most + 1, customers)."""

    def median_next_purchase(self) -> Array:
        """Return the median time to the next purchase; infinite where more than half never buy again."""


class PurchaseModel(Protocol):
    """A model of purchases. Its first two parameters are r and alpha: purchase rates are Gamma(r, rate alpha)."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameter names."""

    @property
    def starts(self) -> Sequence[Sequence[float]]:
        """Starting values of the parameters, time in units of the mean age; the first suits most shops."""

    @property
    def time_parameters(self) -> frozenset[str]:
        """Names of the parameters that are times and scale with the unit."""

    @property
    def boundary_meanings(self) -> Sequence[BoundaryMeanings]:
        """What boundary values of the parameters mean."""

    def likelihood(self, parameters: Array, rfm: RFMSummary) -> Expansion:
        """Return the log-likelihood of all customers, and its derivatives."""

    def probability_alive(self, parameters: Array, rfm: RFMSummary) -> Array:
        """Return the probability that each is still a customer, shape (rows,)."""

    def process_if_alive(self, parameters: Array, x: Array, T: Array) -> PurchaseProcess:
        """Return the purchases of active customers with frequency x and age T. Given these, recency has no effect."""


MODELS: dict[str, PurchaseModel] = {
    "bg": BgNbd(),
    "mbg": MbgNbd(),
    "pareto": ParetoNbd(),
    "nbd": Nbd(),
}
