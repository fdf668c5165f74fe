"""What customers will spend a purchase: the fit of Gamma-Gamma, and what it expects of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.forecast.estimate import Estimate, estimated
from regulars.forecast.models import gamma_gamma
from regulars.forecast.newton import highest
from regulars.forecast.rfm import MOST_PURCHASES, column
from regulars.vocabulary.errors import InputError

Array = npt.NDArray[np.float64]

COLUMNS = ("frequency", "monetary_value")
_ENOUGH_TO_START = 50_000
"""So many customers show where to start among all of them."""


def fit_spend(summary: Any) -> SpendForecast:
    """Fit Gamma-Gamma by maximum likelihood.

    `summary` is a table with columns frequency (purchases averaged: the repeat purchases, or better all of them) and
    monetary_value (their mean value, in any currency, refunds netted); a third column, customers, says how many customers a
    row stands for. Rows without a purchase say nothing and are passed over.

    Raises InputError where a purchase's mean value is 0 or below, and where nobody bought twice.
    """
    x, mean = _columns(summary)
    n = column(summary, "customers") if _has(summary, "customers") else np.ones(len(x))
    bought = (x > 0) & (n > 0)
    x, mean, n = x[bought], mean[bought], n[bought]
    if not (x > 1).any():
        raise InputError("Nobody bought twice, so nothing tells one customer's spending from that of all.")
    unit = float(n @ mean) / float(n.sum())
    rows = x, mean / unit, n
    step = len(x) // _ENOUGH_TO_START
    sample = tuple(column[::step] for column in rows) if step > 1 else None
    found = highest(
        lambda parameters: gamma_gamma.likelihood(parameters, *rows),
        gamma_gamma.STARTS,
        (lambda parameters: gamma_gamma.likelihood(parameters, *sample)) if sample else None,
    )
    units = {name: unit if name == "v" else 1.0 for name in gamma_gamma.PARAMETERS}
    customers = float(n.sum())
    return SpendForecast(estimated(found, units, gamma_gamma.EXTREMES, -customers * np.log(unit), customers))


@dataclass(frozen=True, eq=False)
class SpendForecast:
    """A fitted Gamma-Gamma. Amounts are in the currency it was fitted in."""

    estimate: Estimate

    def expected(self, customers: Any) -> Array:
        """What each will spend a purchase; a table as `fit_spend` takes it, one value a row. Without a purchase: as `of_all`."""
        return gamma_gamma.expected(self.estimate.values, *_columns(customers))

    @property
    def of_all(self) -> float:
        """The mean value of a purchase over all customers; infinite where q ≤ 1."""
        return float(gamma_gamma.expected(self.estimate.values, np.zeros(1), np.zeros(1))[0])


def _has(table: Any, name: str) -> bool:
    return name in (getattr(table, "column_names", None) or getattr(table, "columns", None) or table)


def _columns(table: Any) -> tuple[Array, Array]:
    x, mean = (column(table, name, COLUMNS) for name in COLUMNS)
    if len(x) != len(mean):
        raise InputError("The columns frequency and monetary_value are not of one length.")
    wrong = ~np.isfinite(x) | (x < 0) | (x != np.floor(x)) | (x > MOST_PURCHASES)
    if wrong.any():
        raise InputError(f"In {int(wrong.sum()):,} of {len(x):,} rows frequency is not a number of purchases.")
    unspent = (x > 0) & ~((mean > 0) & np.isfinite(mean))
    if unspent.any():
        raise InputError(
            f"In {int(unspent.sum()):,} of {len(x):,} rows somebody bought for nothing, less than nothing or an unknown amount.",
            "Spend is modelled where it is positive: leave out purchases wholly refunded or free, and count them out of frequency.",
        )
    return x, mean
