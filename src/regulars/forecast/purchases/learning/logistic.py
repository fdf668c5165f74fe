"""Logistic regression on recency, frequency and age: what a forecast is measured against, beside gradient boosting.

It learns from the period before the hidden one, whose outcome was known by then, as boosting does; it needs nothing installed.
The chance to buy is 1 / (1 + e^−β·features), β of the highest penalized likelihood (ridge), found by Newton's method (iteratively
reweighted least squares: McCullagh & Nelder 1989, Generalized Linear Models, 2nd edition, section 4.4). What is skewed enters as
its logarithm, as usual with RFM.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from regulars.forecast.purchases.backtest import Quarter, scored_chances

Array = npt.NDArray[np.float64]

_RIDGE = 1.0
"""Subtracted from the log-likelihood is half of it times the squares of β, of standardized features, without the constant."""
_STEPS, _ARRIVED = 50, 1e-8


def regressed(learnt: Sequence[Quarter], hidden: Sequence[Quarter]) -> dict[str, float]:
    """The scores of each hidden period's forecast, learnt from the one of the same place: that of as many days before."""
    chances = [chances_of(before, one) for before, one in zip(learnt, hidden, strict=True)]
    n, after = (np.concatenate(parts) for parts in zip(*((one.cells.n, one.after) for one in hidden), strict=True))
    return scored_chances(n, after, np.concatenate(chances))


def chances_of(before: Quarter, hidden: Quarter) -> Array:
    """The probability to buy for each row of the hidden period."""
    learnt, asked = features(before), features(hidden)
    n = before.cells.n
    mean = n @ learnt / n.sum()
    deviation = np.sqrt(n @ (learnt - mean) ** 2 / n.sum())
    unlike = deviation > 0
    standard = [_with_constant((rows - mean)[:, unlike] / deviation[unlike]) for rows in (learnt, asked)]
    found: Array = expit(standard[1] @ coefficients(standard[0], before.after > 0, n))
    return found


def coefficients(rows: Array, bought: npt.NDArray[np.bool_], n: Array) -> Array:
    """β of the highest penalized likelihood; the first column of rows is the constant, each row stands for n customers."""
    ridge = np.full(rows.shape[1], _RIDGE)
    ridge[0] = 1e-6  # so that a period in which all bought, or nobody, has an answer too
    beta = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        p = expit(rows @ beta)
        gradient = rows.T @ (n * (bought - p)) - ridge * beta
        information = (rows * (n * p * (1 - p))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(information, gradient)
        beta += step / max(1.0, np.abs(step).max() / 2)  # where nearly all bought a whole step may lead too far
        if np.abs(step).max() < _ARRIVED:
            break
    return beta


def features(one: Quarter) -> Array:
    """Of each row: frequency, silence since the last purchase, age, usual gap, and purchases in the days before."""
    cells = one.cells
    gap = cells.t_x / np.maximum(cells.x, 1)
    skewed = np.log1p(np.column_stack([cells.x, cells.T - cells.t_x, cells.T, gap, one.before]))
    return np.column_stack([skewed, cells.x > 0])


def _with_constant(rows: Array) -> Array:
    return np.column_stack([np.ones(len(rows)), rows])
