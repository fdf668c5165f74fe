"""Gradient boosting on recency, frequency and age: what a forecast is measured against where scikit-learn is installed.

It learns from the quarter before the hidden one, whose outcome was known by then, and is given no other hint of the future.
Models of purchases need no such past, and say more of a customer than the next quarter; this only tells whether they miss
something that could be learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from regulars.forecast.purchases.backtest import Quarter, scored

Array = npt.NDArray[np.float64]


def available() -> bool:
    """Whether scikit-learn is installed: pip install regulars[learning]."""
    return find_spec("sklearn") is not None


def boosted(learnt: Sequence[Quarter], hidden: Sequence[Quarter]) -> dict[str, float]:
    """The scores of each hidden quarter's forecast, learnt from the one of the same place: that of as many days before."""
    forecasts = [_forecast(before, one) for before, one in zip(learnt, hidden, strict=True)]
    n = np.concatenate([one.cells.n for one in hidden])
    after = np.concatenate([one.after for one in hidden])
    buys, expected = (np.concatenate(parts) for parts in zip(*forecasts, strict=True))
    return scored(n, after, buys, expected)


def _forecast(before: Quarter, hidden: Quarter) -> tuple[Array, Array]:
    """The probability to buy and the purchases to expect, for each row of the hidden quarter."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    learnt, n = _features(before), before.cells.n
    options = {"max_iter": 150, "learning_rate": 0.05, "max_leaf_nodes": 15, "random_state": 0}
    asked = _features(hidden)
    with threadpool_limits(1):  # on a busy machine its threads wait for each other ten times as long as they work
        bought = HistGradientBoostingClassifier(**options).fit(learnt, before.after > 0, sample_weight=n)
        often = HistGradientBoostingRegressor(loss="poisson", **options).fit(learnt, before.after, sample_weight=n)
        return bought.predict_proba(asked)[:, 1], often.predict(asked)


def _features(one: Quarter) -> Array:
    cells = one.cells
    silence = cells.T - cells.t_x
    pace = cells.t_x / np.maximum(cells.x, 1)
    return np.column_stack([cells.x, cells.t_x, cells.T, silence, pace, one.before])
