"""Baselines on recency, frequency and age: logistic regression, and gradient boosting where scikit-learn is installed.

Both learn from the period before the backtest period, whose outcome was known by then. Models of purchases need no such
period, and predict more than the next one; the baselines only show whether they miss something that can be learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from regulars.forecast.purchases.backtest import BacktestPeriod, scored, scored_chances

Array = npt.NDArray[np.float64]

_RIDGE = 1.0
"""The penalty is half of it times the squared coefficients of standardized features, without the constant."""
_STEPS, _TOLERANCE = 50, 1e-8


def regressed(training: Sequence[BacktestPeriod], periods: Sequence[BacktestPeriod]) -> dict[str, float]:
    """Return the scores of logistic regression, each period learned from the one at the same place in `training`.

    The probability is 1 / (1 + e^−β·features), β of the highest penalized likelihood by Newton's method (iteratively
    reweighted least squares: McCullagh & Nelder 1989, Generalized Linear Models, 2nd edition, section 4.4). Skewed
    features enter as logarithms.

    Args:
        training: Training periods.
        periods: Backtest periods.
    """
    probabilities = [chances_of(previous, period) for previous, period in zip(training, periods, strict=True)]
    n, actual = (
        np.concatenate(parts) for parts in zip(*((period.rfm.n, period.actual) for period in periods), strict=True)
    )
    return scored_chances(n, actual, np.concatenate(probabilities))


def chances_of(previous: BacktestPeriod, period: BacktestPeriod) -> Array:
    """Return the purchase probability for each row of a backtest period, shape (rows,)."""
    training, features_ = features(previous), features(period)
    n = previous.rfm.n
    mean = n @ training / n.sum()
    deviation = np.sqrt(n @ (training - mean) ** 2 / n.sum())
    varying = deviation > 0
    standard = [_with_constant((rows - mean)[:, varying] / deviation[varying]) for rows in (training, features_)]
    probabilities: Array = expit(standard[1] @ coefficients(standard[0], previous.actual > 0, n))
    return probabilities


def coefficients(rows: Array, bought: npt.NDArray[np.bool_], n: Array) -> Array:
    """Return β of the highest penalized likelihood, shape (features,).

    Args:
        rows: Features, the constant first, shape (rows, features).
        bought: Whether customers bought, shape (rows,).
        n: Number of customers, shape (rows,).
    """
    ridge = np.full(rows.shape[1], _RIDGE)
    ridge[0] = 1e-6  # keeps the maximum finite where all customers bought, or none
    beta = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        p = expit(rows @ beta)
        gradient = rows.T @ (n * (bought - p)) - ridge * beta
        information = (rows * (n * p * (1 - p))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(information, gradient)
        beta += step / max(1.0, np.abs(step).max() / 2)  # where nearly all bought, a full step may overshoot
        if np.abs(step).max() < _TOLERANCE:
            break
    return beta


def features(period: BacktestPeriod) -> Array:
    """Return frequency, days since the last purchase, age, mean gap and purchases in the days before, shape (rows,
    features).
    """
    rfm = period.rfm
    gap = rfm.t_x / np.maximum(rfm.x, 1)
    skewed = np.log1p(np.column_stack([rfm.x, rfm.T - rfm.t_x, rfm.T, gap, period.previous]))
    return np.column_stack([skewed, rfm.x > 0])


def _with_constant(rows: Array) -> Array:
    return np.column_stack([np.ones(len(rows)), rows])


def available() -> bool:
    """Whether scikit-learn is installed: pip install regulars[learning]."""
    return find_spec("sklearn") is not None


def boosted(training: Sequence[BacktestPeriod], periods: Sequence[BacktestPeriod]) -> dict[str, float]:
    """Return the scores of gradient boosting, each period learned from the one at the same place in `training`."""
    forecasts = [_forecast(previous, period) for previous, period in zip(training, periods, strict=True)]
    n = np.concatenate([period.rfm.n for period in periods])
    actual = np.concatenate([period.actual for period in periods])
    purchase_probability, expected = (np.concatenate(parts) for parts in zip(*forecasts, strict=True))
    return scored(n, actual, purchase_probability, expected)


def _forecast(previous: BacktestPeriod, period: BacktestPeriod) -> tuple[Array, Array]:
    """Return the purchase probability and the expected purchases for each row of a backtest period."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    training, n = _boosting_features(previous), previous.rfm.n
    options = {"max_iter": 150, "learning_rate": 0.05, "max_leaf_nodes": 15, "random_state": 0}
    features_ = _boosting_features(period)
    with threadpool_limits(1):  # on a busy machine its threads wait for each other ten times as long as they work
        classifier = HistGradientBoostingClassifier(**options).fit(training, previous.actual > 0, sample_weight=n)
        regressor = HistGradientBoostingRegressor(loss="poisson", **options).fit(
            training, previous.actual, sample_weight=n
        )
        return classifier.predict_proba(features_)[:, 1], regressor.predict(features_)


def _boosting_features(period: BacktestPeriod) -> Array:
    rfm = period.rfm
    days_since_last = rfm.T - rfm.t_x
    mean_gap = rfm.t_x / np.maximum(rfm.x, 1)
    return np.column_stack([rfm.x, rfm.t_x, rfm.T, days_since_last, mean_gap, period.previous])
