"""Fitting a model of purchases, and the predictions of the fitted model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.forecast.estimate import Estimate, to_estimate
from regulars.forecast.models.purchase_models import MODELS, PurchaseModel, PurchaseProcess
from regulars.forecast.newton import Maximum, maximise_from_starts
from regulars.forecast.quadrature import integral
from regulars.forecast.rfm import RFMSummary
from regulars.vocabulary.errors import InputError, UsageError

Array = npt.NDArray[np.float64]

_SAMPLE_ROWS = 50_000
"""Rows of the sample that the search for starting values uses."""
_BLOCK_ROWS = 4096
"""Histories computed at once: a few megabytes."""
_CHI_SQUARED_95 = 5.99
"""Likelihood ratio against NBD above which dropout is identified: 95 % quantile of chi-squared with two degrees of
freedom.

Conservative: without dropout one of its two parameters has no meaning, so the true limit is lower.
"""


def fit(summary: Any, model: str = "bg") -> PurchaseForecast:
    """Fit a model of purchases by maximum likelihood. Check `.estimate.status` before using the forecast.

    Args:
        summary: One row per customer with columns frequency (number of repeat purchases), recency (time from the first
            purchase to the last) and T (time from the first purchase to the end of the data), times in any one unit: a
            pandas, polars or pyarrow table, a dict of arrays, or an RFMSummary. One-time buyers are part of it.
        model: "bg", "mbg", "pareto" or "nbd".

    Raises:
        UsageError: For another model.
        InputError: For impossible histories, and where there is no customer or no repeat purchase.
    """
    if model not in MODELS:
        raise UsageError(f"There is no model {model!r}.", f"The models are {', '.join(MODELS)}.")
    rfm = summary if isinstance(summary, RFMSummary) else RFMSummary.of(summary).grouped()
    if not len(rfm.x) or not rfm.customers:
        raise InputError("There are no customers.")
    if not rfm.n @ rfm.x:
        raise InputError(
            "No customer has bought twice, so purchase rates cannot be estimated.",
            "Wait for the first repeat purchases.",
        )

    purchase_model, unit = MODELS[model], rfm.mean_age
    scaled = rfm.in_units_of(unit)
    maximum = _search(purchase_model, scaled)
    units = {name: unit if name in purchase_model.time_parameters else 1.0 for name in purchase_model.parameters}
    # The likelihood is a density per unit of time for each purchase, so its value depends on the unit.
    shift = -float(rfm.n @ rfm.x) * np.log(unit)
    if model == "nbd":
        return PurchaseForecast(
            model, to_estimate(maximum, units, purchase_model.boundary_meanings, shift, rfm.customers)
        )
    likelihood_ratio = max(2 * (maximum.value - _search(MODELS["nbd"], scaled).value), 0.0)
    estimate = to_estimate(
        maximum, units, purchase_model.boundary_meanings, shift, rfm.customers, _no_dropout_reason(likelihood_ratio)
    )
    return PurchaseForecast(model, estimate, likelihood_ratio)


def _search(purchase_model: PurchaseModel, rfm: RFMSummary) -> Maximum:
    step = len(rfm.x) // _SAMPLE_ROWS
    sample = partial(purchase_model.likelihood, rfm=rfm.every(step)) if step > 1 else None
    return maximise_from_starts(partial(purchase_model.likelihood, rfm=rfm), purchase_model.starts, sample)


def _no_dropout_reason(likelihood_ratio: float) -> str:
    """Return why dropout is not identified; empty where it is."""
    if likelihood_ratio >= _CHI_SQUARED_95:
        return ""
    return (
        "The data do not show whether customers drop out: a model with dropout fits hardly better than one without "
        f"(likelihood ratio {likelihood_ratio:.2f}, below {_CHI_SQUARED_95})."
    )


@dataclass(frozen=True, eq=False)
class PurchaseForecast:
    """A fitted model of purchases.

    Methods take customers as `fit` does and return one value per row, in order. Times and horizons have the unit of the
    table that was fitted. A customer who has just bought for the first time has frequency, recency and T of 0.

    Attributes:
        model: Name of the model.
        estimate: Parameters and status.
        likelihood_ratio: Twice the difference of the log-likelihood to NBD, which has no dropout; below 5.99 dropout is
            not identified. NaN for NBD itself.
    """

    model: str
    estimate: Estimate
    likelihood_ratio: float = np.nan

    def probability_alive(self, customers: Any) -> Array:
        """Return the probability of still being a customer. BG/NBD gives every one-time buyer 1."""
        return self._model.probability_alive(self.estimate.values, RFMSummary.of(customers))

    def expected_purchases(self, customers: Any, horizon: float) -> Array:
        """Return the expected number of purchases within the horizon."""
        _check(horizon)
        rfm = RFMSummary.of(customers)
        return self.probability_alive(rfm) * self._each_if_alive(
            rfm, lambda process, _: process.expected_purchases(horizon)
        )

    def variance_of_purchases(self, customers: Any, horizon: float) -> Array:
        """Return the variance of the number of purchases within the horizon."""
        mean = self.expected_purchases(customers, horizon)
        return self.factorial_moment(customers, horizon) + mean - mean**2

    def factorial_moment(self, customers: Any, horizon: float) -> Array:
        """Return E[N (N − 1)] of the number N of purchases within the horizon."""
        _check(horizon)
        rfm = RFMSummary.of(customers)
        return self.probability_alive(rfm) * self._each_if_alive(
            rfm, lambda process, _: process.factorial_moment(horizon)
        )

    def probability_of_purchase(self, customers: Any, horizon: float) -> Array:
        """Return the probability of at least one purchase within the horizon."""
        _check(horizon)
        rfm = RFMSummary.of(customers)
        return self.probability_alive(rfm) * self._each_if_alive(
            rfm, lambda process, _: process.probability_of_purchase(horizon)
        )

    def probability_of_counts(self, customers: Any, horizon: float, most: int) -> Array:
        """Return the probabilities of 0, 1, …, `most` purchases within the horizon, shape (rows, most + 1)."""
        _check(horizon)
        rfm = RFMSummary.of(customers)
        probability_alive = self.probability_alive(rfm)[:, None]
        probabilities: Array = probability_alive * self._each_if_alive(
            rfm, lambda process, _: process.probability_of_counts(horizon, most).T
        )
        probabilities[:, 0] += 1 - probability_alive[:, 0]
        return probabilities

    def median_next_purchase(self, customers: Any) -> Array:
        """Return the median time to the next purchase of customers who are still active; infinite where most never buy
        again.

        The mean would be infinite for many customers with at most one repeat purchase.
        """
        return self._each_if_alive(RFMSummary.of(customers), lambda process, _: process.median_next_purchase())

    def discounted_purchases(self, customers: Any, horizon: float, discount: float = 0.0) -> Array:
        """Return the discounted expected purchases within the horizon.

        Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42, 415–430, eq. (2).

        Args:
            customers: As for `fit`.
            horizon: Time; may be infinite if the discount is above 0.
            discount: Per unit of time: a purchase after time t counts (1 + discount)^−t. 10 % a year are 1.1 ** (1 /
                365) − 1 a day.
        """
        discounted = self._discounted(horizon, discount)
        rfm = RFMSummary.of(customers)
        return self.probability_alive(rfm) * self._each_if_alive(rfm, discounted)

    def discounted_value(self, customers: Any, spend: Array, horizon: float, discount: float = 0.0) -> Array:
        """Return the discounted expected spend within the horizon; `spend` is the expected value of a purchase (see
        `fit_spend`).
        """
        return self.discounted_purchases(customers, horizon, discount) * spend

    def overdue(self, customers: Any) -> Array:
        """Return the probability that an active customer's gap is at least as long as the current one. Small means long
        overdue.

        (alpha+t_x)^(r+x) / (alpha+T)^(r+x): the gap after the last purchase, at the rate given by x purchases until
        then.
        """
        rfm = RFMSummary.of(customers)
        r, alpha = self.estimate.values[:2]
        probability: Array = np.exp((r + rfm.x) * (np.log(alpha + rfm.t_x) - np.log(alpha + rfm.T)))
        return probability

    def process_if_alive(self, x: Array, T: Array) -> PurchaseProcess:
        """Return the purchases of customers with these histories who are still active. Fastest for a few thousand
        histories at once.
        """
        return self._model.process_if_alive(self.estimate.values, x, T)

    def discounted_purchases_if_alive(self, x: Array, T: Array, horizon: float, discount: float = 0.0) -> Array:
        """Return `discounted_purchases` of customers with these histories who are still active."""
        return self._discounted(horizon, discount)(self.process_if_alive(x, T), T)

    def _discounted(self, horizon: float, discount: float) -> Callable[[PurchaseProcess, Array], Array]:
        discount_rate = np.log1p(discount)
        if not discount_rate >= 0 or (np.isinf(horizon) and not discount_rate):
            raise UsageError("A discount is 0 or more, and above 0 for an infinite horizon.")
        end = min(horizon, 40 / discount_rate) if discount_rate else horizon
        _check(end)
        nearest = min(value for name, value in self.estimate.parameters.items() if name in self._model.time_parameters)

        def discounted(process: PurchaseProcess, T: Array) -> Array:
            return integral(lambda t: np.exp(-discount_rate * t) * process.rate(t), np.full_like(T, end), nearest + T)

        return discounted

    @property
    def _model(self) -> PurchaseModel:
        return MODELS[self.model]

    def _each_if_alive(self, rfm: RFMSummary, function: Callable[[PurchaseProcess, Array], Array]) -> Array:
        """Return a function of active customers for each row, evaluated once per distinct x and T."""
        x, T, inverse = rfm.unique_histories
        blocks = (slice(start, start + _BLOCK_ROWS) for start in range(0, max(len(x), 1), _BLOCK_ROWS))
        values = [function(self.process_if_alive(x[block], T[block]), T[block]) for block in blocks]
        return np.concatenate(values)[inverse]


def _check(horizon: float) -> None:
    if not 0 < horizon < np.inf:
        raise UsageError(f"A horizon is a time above 0, not {horizon}.")
