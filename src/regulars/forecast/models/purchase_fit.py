"""How often customers will come back: the fit of a model of purchases, and what it says of each customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.forecast.estimate import Estimate, estimated
from regulars.forecast.models.purchase_models import MODELS, Future, Model
from regulars.forecast.newton import Maximum, highest
from regulars.forecast.quadrature import integral
from regulars.forecast.rfm import RFMSummary
from regulars.vocabulary.errors import InputError, UsageError

Array = npt.NDArray[np.float64]

_ENOUGH_TO_START = 50_000
"""So many cells show where to start among all of them."""
_AT_ONCE = 4096
"""Persons whose future is integrated at once: a few megabytes."""
_LEAVING_IS_SEEN = 5.99
"""Twice the gain in log-likelihood over nobody leaving: 95 % of a chi-squared with the two parameters that leaving takes.

Cautious, for without leaving one of the two has no meaning, and the true limit lies lower.
"""


def fit(summary: Any, model: str = "bg") -> PurchaseForecast:
    """Fit a model of purchases by maximum likelihood.

    `summary` is a table of customers with columns frequency (how often they came back), recency (time from the first
    purchase to the last) and T (time from the first purchase to today), in one unit of time, whichever it is: a pandas,
    polars or pyarrow table or a dict of arrays. Or it is `RFMSummary`, which are taken as they are. One-time buyers belong in it.

    `model` is "bg", "mbg", "pareto" or "nbd". Look at `.estimate.status` before you believe a forecast.

    Raises UsageError for another model; InputError for a past that cannot be, and for customers of whom nobody came back.
    """
    if model not in MODELS:
        raise UsageError(f"There is no model {model!r}.", f"The models are {', '.join(MODELS)}.")
    cells = summary if isinstance(summary, RFMSummary) else RFMSummary.of(summary).grouped()
    if not len(cells.x) or not cells.customers:
        raise InputError("There are no customers to learn from.")
    if not cells.n @ cells.x:
        raise InputError(
            "Nobody came back, so nothing tells how often customers do.", "Wait for the first repeat purchases."
        )

    law, unit = MODELS[model], cells.mean_age
    scaled = cells.in_units_of(unit)
    found = _searched(law, scaled)
    units = {name: unit if name in law.times else 1.0 for name in law.parameters}
    # A likelihood of moments is one per unit of time for each purchase.
    shift = -float(cells.n @ cells.x) * np.log(unit)
    if model == "nbd":
        return PurchaseForecast(model, estimated(found, units, law.extremes, shift, cells.customers))
    gain = max(2 * (found.value - _searched(MODELS["nbd"], scaled).value), 0.0)
    estimate = estimated(found, units, law.extremes, shift, cells.customers, _doubt(gain))
    return PurchaseForecast(model, estimate, gain)


def _searched(law: Model, cells: RFMSummary) -> Maximum:
    step = len(cells.x) // _ENOUGH_TO_START
    sample = partial(law.likelihood, cells=cells.every(step)) if step > 1 else None
    return highest(partial(law.likelihood, cells=cells), law.starts, sample)


def _doubt(gain: float) -> str:
    """Why these customers may as well never leave, or nothing."""
    if gain >= _LEAVING_IS_SEEN:
        return ""
    return (
        "The data do not tell whether customers leave at all: that they do explains them hardly better than that nobody does "
        f"(likelihood ratio {gain:.2f}, where {_LEAVING_IS_SEEN} would be seen)."
    )


@dataclass(frozen=True, eq=False)
class PurchaseForecast:
    """A fitted model of purchases.

    Every method takes customers as `fit` does (a table, or cells) and gives one value for each row, in its order; times and
    horizons are in the unit of the table that was fitted. A customer who has just bought for the first time has frequency,
    recency and T of 0.
    """

    model: str
    estimate: Estimate
    leaving: float = np.nan
    """Twice what the log-likelihood gains by customers leaving, over NBD: below 5.99 the data do not tell that any do."""

    def probability_alive(self, customers: Any) -> Array:
        """The probability that they are still customers. Not a probability to buy: BG/NBD gives each one-time buyer 1."""
        return self._law.probability_alive(self.estimate.values, RFMSummary.of(customers))

    def expected_purchases(self, customers: Any, horizon: float) -> Array:
        """How many purchases to expect of them within the horizon."""
        _check(horizon)
        cells = RFMSummary.of(customers)
        return self.probability_alive(cells) * self._later(cells, lambda future, _: future.purchases(horizon))

    def variance_of_purchases(self, customers: Any, horizon: float) -> Array:
        """The variance of each one's number of purchases within the horizon."""
        mean = self.expected_purchases(customers, horizon)
        return self.factorial_moment(customers, horizon) + mean - mean**2

    def factorial_moment(self, customers: Any, horizon: float) -> Array:
        """E[N (N − 1)] of each one's number N of purchases within the horizon."""
        _check(horizon)
        cells = RFMSummary.of(customers)
        return self.probability_alive(cells) * self._later(cells, lambda future, _: future.factorial_moment(horizon))

    def probability_of_purchase(self, customers: Any, horizon: float) -> Array:
        """The probability of at least one purchase within the horizon."""
        _check(horizon)
        cells = RFMSummary.of(customers)
        return self.probability_alive(cells) * self._later(cells, lambda future, _: future.buys(horizon))

    def probability_of_counts(self, customers: Any, horizon: float, most: int) -> Array:
        """The probabilities of exactly 0, 1, …, `most` purchases within the horizon: shape (rows, most + 1)."""
        _check(horizon)
        cells = RFMSummary.of(customers)
        probability_alive = self.probability_alive(cells)[:, None]
        found: Array = probability_alive * self._later(cells, lambda future, _: future.counts(horizon, most).T)
        found[:, 0] += 1 - probability_alive[:, 0]
        return found

    def median_next_purchase(self, customers: Any) -> Array:
        """The time from today by which half of such people have bought again, were they still customers.

        Infinite where most never will. The mean would be infinite for many of those who came back once at most.
        """
        return self._later(RFMSummary.of(customers), lambda future, _: future.median())

    def discounted_purchases(self, customers: Any, horizon: float, discount: float = 0.0) -> Array:
        """Expected purchases within the horizon, each worth less the later it comes: by 1 / (1 + discount) per unit of time.

        10 % a year are 1.1 ** (1 / 365) − 1 a day. The horizon may be infinite if the discount is not 0: Fader, Hardie & Lee
        (2005), "RFM and CLV", Journal of Marketing Research 42, 415–430, eq. (2).
        """
        worth = self._worth(horizon, discount)
        cells = RFMSummary.of(customers)
        return self.probability_alive(cells) * self._later(cells, worth)

    def discounted_value(self, customers: Any, spend: Array, horizon: float, discount: float = 0.0) -> Array:
        """What they will spend within the horizon, discounted; `spend` is what each spends a purchase (`fit_spend`)."""
        return self.discounted_purchases(customers, horizon, discount) * spend

    def overdue(self, customers: Any) -> Array:
        """Were they still customers: the probability of a silence at least as long as theirs. Small means long overdue.

        The gap after the last purchase, at the rate that x purchases until then tell of: (alpha+t_x)^(r+x) / (alpha+T)^(r+x).
        """
        cells = RFMSummary.of(customers)
        r, alpha = self.estimate.values[:2]
        found: Array = np.exp((r + cells.x) * (np.log(alpha + cells.t_x) - np.log(alpha + cells.T)))
        return found

    def if_staying(self, x: Array, T: Array) -> Future:
        """What those with these pasts would do, were they customers still: a few thousand pasts at once take least time."""
        return self._law.future(self.estimate.values, x, T)

    def worth_if_staying(self, x: Array, T: Array, horizon: float, discount: float = 0.0) -> Array:
        """`discounted_purchases` of those with these pasts, were they customers still."""
        return self._worth(horizon, discount)(self.if_staying(x, T), T)

    def _worth(self, horizon: float, discount: float) -> Callable[[Future, Array], Array]:
        force = np.log1p(discount)
        if not force >= 0 or (np.isinf(horizon) and not force):
            raise UsageError("A discount is 0 or more, and above 0 for an endless horizon.")
        end = min(horizon, 40 / force) if force else horizon
        _check(end)
        nearest = min(value for name, value in self.estimate.parameters.items() if name in self._law.times)

        def worth(future: Future, T: Array) -> Array:
            return integral(lambda t: np.exp(-force * t) * future.rate(t), np.full_like(T, end), nearest + T)

        return worth

    @property
    def _law(self) -> Model:
        return MODELS[self.model]

    def _later(self, cells: RFMSummary, say: Callable[[Future, Array], Array]) -> Array:
        """What is said of those still customers, asked once for each pair of x and T there is, a few thousand at a time."""
        x, T, where = cells.pasts
        pieces = (slice(start, start + _AT_ONCE) for start in range(0, max(len(x), 1), _AT_ONCE))
        said = [say(self.if_staying(x[piece], T[piece]), T[piece]) for piece in pieces]
        return np.concatenate(said)[where]


def _check(horizon: float) -> None:
    if not 0 < horizon < np.inf:
        raise UsageError(f"A horizon is a time above 0, not {horizon}.")
