"""Gamma-Gamma: the mean value of a customer's purchases.

Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", www.brucehardie.com/notes/025, after Colombo & Jiang
(1999) and
Fader, Hardie & Lee (2005), "RFM and CLV". A purchase's value is Gamma(p, rate ν), with ν ~ Gamma(q, rate v) over
customers. Values
must be positive and independent of frequency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi, zeta

from regulars.forecast.estimate import BoundaryMeanings, Estimate, to_estimate
from regulars.forecast.newton import Expansion, maximise_from_starts
from regulars.forecast.rfm import BLOCK_ROWS, MAX_PURCHASES, column
from regulars.vocabulary.errors import InputError

Array = npt.NDArray[np.float64]

PARAMETERS = ("p", "q", "v")
STARTS = ((4.0, 4.0, 0.6),)
"""Starting values, money in units of the mean value of a purchase."""
BOUNDARY_MEANINGS = (
    BoundaryMeanings(
        "p",
        "p",
        both_infinite="each customer always spends the same",
        both_zero="a customer's purchases differ beyond all bounds",
        mean_zero="",
        mean_infinite="",
    ),
    BoundaryMeanings(
        "q",
        "q",
        both_infinite="all customers spend alike",
        both_zero="customers differ beyond all bounds",
        mean_zero="",
        mean_infinite="",
    ),
)


def likelihood(parameters: Array, x: Array, mean: Array, n: Array) -> Expansion:
    """Return the log-likelihood and its derivatives by eq. (1a): Γ(px+q) / (Γ(px) Γ(q)) · v^q mean^(px−1) x^(px) / (v +
    x
    mean)^(px+q).

    Args:
        parameters: p, q and v.
        x: Number of purchases, shape (rows,).
        mean: Mean value of a purchase, shape (rows,).
        n: Number of customers, shape (rows,).
    """
    p, q, v = parameters
    customers = float(n.sum())
    counts = np.bincount(x.astype(np.intp), weights=n)
    k = np.flatnonzero(counts).astype(float)
    m = counts[counts > 0]
    trigamma_sum, trigamma_own = zeta(2, p * k + q), zeta(2, p * k)

    value = float(m @ (gammaln(p * k + q) - gammaln(p * k))) + customers * (q * np.log(v) - gammaln(q))
    gradient = np.array(
        [
            m @ (k * (psi(p * k + q) - psi(p * k))),
            m @ psi(p * k + q) + customers * (np.log(v) - psi(q)),
            customers * q / v,
        ]
    )
    hessian = np.zeros((3, 3))
    hessian[0, :2] = m @ (k**2 * (trigamma_sum - trigamma_own)), m @ (k * trigamma_sum)
    hessian[1, 1:] = m @ trigamma_sum - customers * zeta(2, q), customers / v
    hessian[2, 2] = -customers * q / v**2
    for start in range(0, len(x), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        x_, mean_, n_ = x[rows], mean[rows], n[rows]
        spent, power = x_ * mean_, p * x_ + q
        logs, per = np.log(v + spent), 1 / (v + spent)
        log_ratio = np.log(spent) - logs
        value += float(n_ @ (p * x_ * log_ratio - q * logs - np.log(mean_)))
        gradient += n_ @ (x_ * log_ratio), -(n_ @ logs), -(n_ @ (power * per))
        hessian[:, 2] += -(n_ @ (x_ * per)), -(n_ @ per), n_ @ (power * per**2)
    return Expansion(value, gradient, np.triu(hessian) + np.triu(hessian, 1).T)


def expected(parameters: Array, x: Array, mean: Array) -> Array:
    """Eq. (5), the expected value of a purchase: p (v + x mean) / (px + q − 1).

    Between the customer's own mean and that of all customers, p v / (q − 1); infinite where px + q ≤ 1.
    """
    p, q, v = parameters
    denominator = p * x + q - 1
    return np.where(
        denominator > 0, p * (v + np.where(x > 0, x * mean, 0.0)) / np.where(denominator > 0, denominator, 1.0), np.inf
    )


COLUMNS = ("frequency", "monetary_value")
_SAMPLE_ROWS = 50_000
"""Customers in the sample that the search for starting values uses."""


def fit_spend(summary: Any) -> SpendForecast:
    """Fit Gamma-Gamma by maximum likelihood.

    Args:
        summary: Table with columns frequency (number of purchases averaged, best all of them) and monetary_value (their
            mean value, refunds netted, in any currency). An optional column, customers, is the number of customers of a
            row. Rows without a purchase are ignored.

    Raises:
        InputError: Where a mean value is 0 or below, and where no customer bought twice.
    """
    x, mean = _columns(summary)
    n = column(summary, "customers") if _has(summary, "customers") else np.ones(len(x))
    valid = (x > 0) & (n > 0)
    x, mean, n = x[valid], mean[valid], n[valid]
    if not (x > 1).any():
        raise InputError("No customer bought twice, so the differences between customers cannot be estimated.")
    unit = float(n @ mean) / float(n.sum())
    rows = x, mean / unit, n
    step = len(x) // _SAMPLE_ROWS
    sample = tuple(column[::step] for column in rows) if step > 1 else None
    maximum = maximise_from_starts(
        lambda parameters: likelihood(parameters, *rows),
        STARTS,
        (lambda parameters: likelihood(parameters, *sample)) if sample else None,
    )
    units = {name: unit if name == "v" else 1.0 for name in PARAMETERS}
    customers = float(n.sum())
    return SpendForecast(to_estimate(maximum, units, BOUNDARY_MEANINGS, -customers * np.log(unit), customers))


@dataclass(frozen=True, eq=False)
class SpendForecast:
    """A fitted Gamma-Gamma model. Amounts are in the currency it was fitted in."""

    estimate: Estimate

    def expected(self, customers: Any) -> Array:
        """Return the expected value of a purchase for each row of a table as `fit_spend` takes it; `of_all` where there
        is
        no purchase.
        """
        return expected(self.estimate.values, *_columns(customers))

    @property
    def of_all(self) -> float:
        """The expected value of a purchase over all customers; infinite where q ≤ 1."""
        return float(expected(self.estimate.values, np.zeros(1), np.zeros(1))[0])


def _has(table: Any, name: str) -> bool:
    return name in (getattr(table, "column_names", None) or getattr(table, "columns", None) or table)


def _columns(table: Any) -> tuple[Array, Array]:
    x, mean = (column(table, name, COLUMNS) for name in COLUMNS)
    if len(x) != len(mean):
        raise InputError("The columns frequency and monetary_value are not of one length.")
    invalid = ~np.isfinite(x) | (x < 0) | (x != np.floor(x)) | (x > MAX_PURCHASES)
    if invalid.any():
        raise InputError(f"In {int(invalid.sum()):,} of {len(x):,} rows frequency is not a number of purchases.")
    not_positive = (x > 0) & ~((mean > 0) & np.isfinite(mean))
    if not_positive.any():
        raise InputError(
            f"In {int(not_positive.sum()):,} of {len(x):,} rows the mean value of a purchase is 0, negative or unknown.",
            "Gamma-Gamma needs positive values: leave out free and fully refunded purchases, in frequency, too.",
        )
    return x, mean
