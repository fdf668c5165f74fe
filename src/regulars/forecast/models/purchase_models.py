"""Every model of purchases, and what a model must be able to say.

Adding one is a file beside this and an entry in `MODELS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from regulars.forecast.estimate import Extremes
from regulars.forecast.models.bg_nbd import BgNbd
from regulars.forecast.models.mbg_nbd import MbgNbd
from regulars.forecast.models.nbd import Nbd
from regulars.forecast.models.pareto_nbd import ParetoNbd
from regulars.forecast.newton import Expansion
from regulars.forecast.rfm import RFMSummary

Array = npt.NDArray[np.float64]


class Future(Protocol):
    """What somebody who is a customer now will do. One value for each person it was made for.

    A time t is one for all, or an array of one for each person; that of `rate` may have more moments, in rows.
    """

    def rate(self, t: Array | float) -> Array:
        """Purchases per unit of time to expect at the moment t from now: the derivative of `purchases`."""

    def purchases(self, t: Array | float) -> Array:
        """How many purchases to expect until t from now."""

    def factorial_moment(self, t: Array | float) -> Array:
        """E[N (N − 1)] of the number N of purchases until t from now: with the mean it gives the variance."""

    def buys(self, t: Array | float) -> Array:
        """The probability of at least one purchase until t from now."""

    def counts(self, t: float, most: int) -> Array:
        """The probabilities of exactly 0, 1, …, `most` purchases until t from now: shape (most + 1, persons)."""

    def median(self) -> Array:
        """The time by which half of such customers have bought again; infinite where more than half never will."""


class Model(Protocol):
    """How purchases come about. The first two parameters are always r and alpha: rates differ as Gamma(r, alpha)."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def starts(self) -> Sequence[Sequence[float]]:
        """Where the search for them starts, time counted in mean ages: as most shops are; if that finds no top, elsewhere."""

    @property
    def times(self) -> frozenset[str]:
        """The parameters that are times, and change with their unit."""

    @property
    def extremes(self) -> Sequence[Extremes]:
        """What it means that parameters go to 0 or grow without bound."""

    def likelihood(self, parameters: Array, cells: RFMSummary) -> Expansion:
        """The log-likelihood of all customers counted in the cells."""

    def probability_alive(self, parameters: Array, cells: RFMSummary) -> Array:
        """The probability that each is still a customer."""

    def future(self, parameters: Array, x: Array, T: Array) -> Future:
        """What those with past x and T, were they still customers, will do. When they last bought does not matter then."""


MODELS: dict[str, Model] = {
    "bg": BgNbd(),
    "mbg": MbgNbd(),
    "pareto": ParetoNbd(),
    "nbd": Nbd(),
}
