"""Totals with what chance alone does to them: the number of purchases, and what they bring, of all customers together.

Customers do not hang on each other, so their variances add up. What one with N purchases brings has the second moment
E[N] E[Z²] + E[N (N − 1)] E[Z Z'], where Z and Z' are two purchases of theirs: Gamma-Gamma takes them not to hang on N.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from regulars.forecast.models.purchase_fit import PurchaseForecast
from regulars.forecast.purchases.histories import PAST
from regulars.forecast.purchases.monetary_value import Spending
from regulars.forecast.rfm import RFMSummary
from regulars.forecast.season.seasonal_time import Clock
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted

Array = npt.NDArray[np.float64]

_LEAST = 0.5
"""Where Gamma-Gamma's variance is infinite (shape 2 or less, of hardly anybody), the shape is taken to be 2 and so much."""


class Total(NamedTuple):
    """What is expected, and its standard deviation by the model."""

    expected: float
    spread: float


@dataclass(frozen=True, eq=False)
class SpentByPast:
    """Customers with equal pasts: how many of them paid anything, the sum of what they `spent` so far, and of its squares."""

    cells: RFMSummary
    paying: Array
    spent: Array
    squares: Array


class _Moments(NamedTuple):
    """Sums over the customers of each cell, of two purchases Z and Z' of one customer."""

    mean: Array
    mean_squared: Array
    product: Array
    """E[Z Z']: above the square of the mean, for what a customer spends a purchase is not known for sure."""
    square: Array


def spent_by_past(engine: Engine, rows: ir.Table) -> SpentByPast:
    """From `histories`."""
    spent = rows.spent.cast("float64")
    found = engine.read(
        rows.group_by(list(PAST))
        .agg(n=rows.count(), paying=counted((rows.spent > 0).sum()), spent=rows.spent.sum(), squares=(spent * spent).sum())
        .order_by(list(PAST))
    )  # fmt: skip
    x, t_x, T, n, paying, total, squares = (
        np.asarray(found[name], dtype=float) for name in (*PAST, "n", "paying", "spent", "squares")
    )
    return SpentByPast(RFMSummary(x, t_x, T, n), paying, total, squares)


def purchases(fitted: PurchaseForecast, clock: Clock, cells: RFMSummary, days: int) -> Total:
    """How many purchases in the days from the clock's `until` on."""
    on_clock, span = clock.cells(cells), clock.ahead(days)
    mean, variance = (of(on_clock, span) for of in (fitted.expected_purchases, fitted.variance_of_purchases))
    return Total(float(cells.n @ mean), float(np.sqrt(cells.n @ variance)))


def revenue(fitted: PurchaseForecast, clock: Clock, spent: SpentByPast, spend: Spending, days: int) -> Total:
    """What these purchases bring, not discounted."""
    on_clock, span = clock.cells(spent.cells), clock.ahead(days)
    number, of_two = (of(on_clock, span) for of in (fitted.expected_purchases, fitted.factorial_moment))
    a_day = _moments(spent, spend)
    variance = number @ a_day.square + of_two @ a_day.product - number**2 @ a_day.mean_squared
    return Total(float(number @ a_day.mean), float(np.sqrt(max(float(variance), 0.0))))


def _moments(found: SpentByPast, spend: Spending) -> _Moments:
    n, days = found.cells.n, found.cells.x + 1
    if spend.model == "mean":
        mean = np.full_like(n, spend.parameters["mean"])
        # Days of one customer are taken to differ as the means of customers do: by this model all expect the same.
        square = (found.squares / days**2).sum() / max(found.paying.sum(), 1.0)
        return _Moments(n * mean, n * mean**2, n * mean**2, n * np.maximum(mean**2, square))
    p, q, v = (spend.parameters[name] for name in ("p", "q", "v"))
    # With ν ~ Gamma(shape, rate): E[1/ν] = rate/(shape − 1), E[1/ν²] = rate²/((shape − 1) (shape − 2)), rate = v + spent.
    shapes, none = p * days + q, np.full_like(n, q)
    rates, squared_rates = found.paying * v + found.spent, found.paying * v**2 + 2 * v * found.spent + found.squares
    idle = n - found.paying
    mean = p * (rates / (shapes - 1) + idle * v / (none - 1))
    mean_squared = p**2 * (squared_rates / (shapes - 1) ** 2 + idle * v**2 / (none - 1) ** 2)
    product = p**2 * (squared_rates / _below(shapes) + idle * v**2 / _below(none))
    return _Moments(mean, mean_squared, product, product * (p + 1) / p)


def _below(shape: Array) -> Array:
    return (shape - 1) * np.maximum(shape - 2, _LEAST)
