"""Backtest: forecasts of past periods from the data before them, compared with the actual purchases.

Each model is fitted to the data up to the day before a backtest period. Periods of one length do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS
from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.newton import Status
from regulars.forecast.purchases.data_requirements import MIN_CUSTOMERS, MIN_DAYS
from regulars.forecast.purchases.histories import RFM_COLUMNS, is_first_of_day, known_orders
from regulars.forecast.rfm import RFMSummary
from regulars.forecast.seasonal_time import DailyPurchases, TimeScale
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import InputError
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted

Array = npt.NDArray[np.float64]

MAX_CUSTOMERS = 100_000
"""Largest size of the sample that models are compared on; more customers would only take longer."""
MAX_PERIODS = 2 * BACKTEST_ORIGINS
"""Largest number of periods tried to find BACKTEST_ORIGINS in which the model converges."""
_MAX_COUNT = 20
"""Numbers of purchases distinguished in a period; higher ones are one."""
_GROUPS = 10


@dataclass(frozen=True, eq=False)
class BacktestPeriod:
    """A backtest period of `days` days from the epoch day `start` on.

    Attributes:
        start: First epoch day.
        rfm: Customers as of the day before, by distinct history, `previous` and `actual`.
        previous: Purchases in as many days before, shape (rows,).
        actual: Purchases in the period, shape (rows,).
        days: Length.
    """

    start: int
    rfm: RFMSummary
    previous: Array
    actual: Array
    days: int = BACKTEST_DAYS


@dataclass(frozen=True, eq=False)
class BacktestForecast:
    """One model's forecast of one backtest period.

    Attributes:
        period: The period.
        fitted: The model, fitted to the data before it.
        expected: Expected purchases, shape (rows,).
        purchase_probability: Probability of at least one, shape (rows,).
        log_scores: Log probability of the actual number of purchases (a proper score), shape (rows,).
        time_scale: The calendar, or seasonal time.
    """

    period: BacktestPeriod
    fitted: PurchaseForecast
    expected: Array
    purchase_probability: Array
    log_scores: Array
    time_scale: TimeScale


def period_starts(
    first_day: int, until: int, days: int = BACKTEST_DAYS, most: int = BACKTEST_ORIGINS
) -> tuple[int, ...]:
    """Return the first epoch days of the periods, the latest first, each with at least MIN_DAYS of data before it."""
    start_days = (until - days * number for number in range(1, most + 1))
    return tuple(day for day in start_days if day - first_day >= MIN_DAYS)


def backtest_period(
    engine: Engine, orders: ir.Table, start: int, one_in: int = 1, days: int = BACKTEST_DAYS
) -> BacktestPeriod:
    """Return one period.

    Args:
        engine: Where the orders are.
        orders: The fact orders.
        start: First epoch day of the period.
        one_in: Sampling interval of customers.
        days: Length of the period.
    """
    rows = known_orders(orders, start + days)
    # `first_day` of all data is the customer's first day before `start`, too.
    rows = rows.filter(rows.first_day < start, is_first_of_day(rows), rows.person % one_in == 0)
    in_training = rows.day < start
    customers = rows.group_by("person").agg(
        first=rows.first_day.min(),
        last=rows.day.max(where=in_training),
        days=counted(in_training.sum()),
        previous=counted((in_training & (rows.day >= start - days)).sum()),
        actual=counted((~in_training).sum()),
    )
    histories = customers.select(
        "previous",
        "actual",
        frequency=customers.days - 1,
        recency=customers["last"] - customers["first"],
        age=start - 1 - customers["first"],
    )
    counts = engine.read(histories.group_by(*RFM_COLUMNS, "previous", "actual").agg(n=histories.count()))
    x, t_x, T, n, previous, actual = (
        np.asarray(counts[name], dtype=float) for name in (*RFM_COLUMNS, "n", "previous", "actual")
    )
    return BacktestPeriod(start, RFMSummary(x, t_x, T, n), previous, actual, days)


def backtest_periods(
    engine: Engine, orders: ir.Table, first_day: int, until: int, customers: int, days: int = BACKTEST_DAYS
) -> list[BacktestPeriod]:
    """Return the periods that have at least MIN_CUSTOMERS customers; `customers` is the number of customers in the
    data.
    """
    one_in = sampling_interval(customers)
    periods = (backtest_period(engine, orders, start, one_in, days) for start in period_starts(first_day, until, days))
    return [period for period in periods if period.rfm.customers * one_in >= MIN_CUSTOMERS]


def preceding_periods(
    engine: Engine, orders: ir.Table, periods: Sequence[BacktestPeriod], first_day: int, customers: int
) -> list[BacktestPeriod]:
    """Return for each period the one before it; empty where one would begin too early."""
    start_days = [period.start - BACKTEST_DAYS for period in periods]
    if not start_days or min(start_days) - first_day < BACKTEST_DAYS:
        return []
    known_already = {period.start: period for period in periods}
    return [
        known_already.get(start) or backtest_period(engine, orders, start, sampling_interval(customers))
        for start in start_days
    ]


def sampling_interval(customers: int) -> int:
    """Return n, where one in n customers is used in backtest periods."""
    return max(1, customers // MAX_CUSTOMERS)


def backtest_model(
    model: str, periods: Sequence[BacktestPeriod], seasons: DailyPurchases | None = None
) -> list[BacktestForecast]:
    """Return the model's forecasts of the periods in which it converges.

    Args:
        model: Name of the model.
        periods: Backtest periods.
        seasons: If given, seasonal time is used in periods before which it is known.
    """
    return list(_forecasts(model, periods, seasons))


def backtest_model_on_days(
    model: str,
    engine: Engine,
    orders: ir.Table,
    first_day: int,
    until: int,
    customers: int,
    days: int,
    seasons: DailyPurchases | None = None,
) -> list[BacktestForecast]:
    """Return the model's forecasts of the last BACKTEST_ORIGINS periods of `days` days in which it converges, the
    latest first.

    Of the last MAX_PERIODS periods; none where BACKTEST_ORIGINS of this length do not fit into the data.
    """
    start_days = period_starts(first_day, until, days, MAX_PERIODS)
    forecasts: list[BacktestForecast] = []
    for start in start_days if len(start_days) >= BACKTEST_ORIGINS else ():
        period = backtest_period(engine, orders, start, sampling_interval(customers), days)
        if period.rfm.customers * sampling_interval(customers) < MIN_CUSTOMERS or len(forecasts) == BACKTEST_ORIGINS:
            break
        forecasts += backtest_model(model, [period], seasons)
    return forecasts


def _forecasts(
    model: str, periods: Sequence[BacktestPeriod], seasons: DailyPurchases | None
) -> Iterator[BacktestForecast]:
    for period in periods:
        fitted = _fitted(model, period.rfm)
        if fitted is None:
            continue
        time_scale = seasons.time_scale(fitted, period.start) if seasons else None
        seasonal_fit = _fitted(model, time_scale.rescale(period.rfm)) if time_scale else None
        if time_scale and seasonal_fit:
            yield _forecast_of(period, seasonal_fit, time_scale)
        else:
            yield _forecast_of(period, fitted, TimeScale.plain(period.start))


def _fitted(model: str, rfm: RFMSummary) -> PurchaseForecast | None:
    try:
        fitted = fit(rfm.grouped(), model)
    except InputError:  # no repeat purchase so far
        return None
    return fitted if fitted.estimate.status is Status.CONVERGED else None


def _forecast_of(period: BacktestPeriod, fitted: PurchaseForecast, time_scale: TimeScale) -> BacktestForecast:
    rfm, days = time_scale.rescale(period.rfm), time_scale.ahead(period.days)
    probabilities = fitted.probability_of_counts(rfm, days, _MAX_COUNT - 1)
    probabilities = np.column_stack([probabilities, 1 - probabilities.sum(axis=1)])
    counts = np.minimum(period.actual, _MAX_COUNT).astype(np.intp)
    likelihoods = np.maximum(probabilities[np.arange(len(counts)), counts], 1e-15)
    expected = fitted.expected_purchases(rfm, days)
    return BacktestForecast(period, fitted, expected, 1 - probabilities[:, 0], np.log(likelihoods), time_scale)


def score_difference(first: Sequence[BacktestForecast], second: Sequence[BacktestForecast]) -> tuple[float, float]:
    """Return the mean difference in log score per customer between two models, and its standard error.

    Args:
        first: Forecasts by one model.
        second: Forecasts of the same periods by the other.
    """
    n = np.concatenate([backtest.period.rfm.n for backtest in first])
    pairs = zip(first, second, strict=True)
    differences = np.concatenate(
        [first_backtest.log_scores - second_backtest.log_scores for first_backtest, second_backtest in pairs]
    )
    mean = float(n @ differences) / float(n.sum())
    return mean, float(np.sqrt(n @ (differences - mean) ** 2)) / float(n.sum())


def report(backtests: Mapping[str, Sequence[BacktestForecast]], chosen: str) -> dict[str, Any]:
    """Return the results of the backtest, ready for JSON.

    Returns:
        `quarters`: each period, the latest first; `models`: scores over all periods; `naive`: scores of the forecast
            that every customer buys as often as in the days before; `calibration` of the chosen model.
    """
    chosen_forecasts = backtests[chosen]
    scores = {name: _scores(forecasts) for name, forecasts in backtests.items() if forecasts}
    return {
        "days": BACKTEST_DAYS,
        "quarters": [_period_totals(backtest) for backtest in chosen_forecasts],
        "models": scores,
        "naive": _naive([backtest.period for backtest in chosen_forecasts]),
        "calibration": _calibration(chosen_forecasts),
    }


def _period_totals(backtest: BacktestForecast) -> dict[str, Any]:
    period, n = backtest.period, backtest.period.rfm.n
    return {
        "as_of": from_epoch_day(period.start - 1).isoformat(),
        "customers": float(n.sum()),
        "purchases": {
            "forecast": float(n @ backtest.expected),
            "actual": float(n @ period.actual),
            "naive": float(n @ period.previous),
        },
        "buyers": {
            "forecast": float(n @ backtest.purchase_probability),
            "spread": float(np.sqrt(n @ (backtest.purchase_probability * (1 - backtest.purchase_probability)))),
            "actual": float(n @ (period.actual > 0)),
            "naive": float(n @ (period.previous > 0)),
        },
    }


def _scores(backtests: Sequence[BacktestForecast]) -> dict[str, float]:
    n, actual = _joined(backtests)
    purchase_probability = np.concatenate([backtest.purchase_probability for backtest in backtests])
    expected = np.concatenate([backtest.expected for backtest in backtests])
    log_scores = np.concatenate([backtest.log_scores for backtest in backtests])
    return {
        "quarters": len(backtests),
        "log_score": _mean(n, log_scores),
        **scored(n, actual, purchase_probability, expected),
    }


def scored(n: Array, actual: Array, purchase_probability: Array, expected: Array) -> dict[str, float]:
    """Return scores of a forecast of purchases; each row stands for n customers."""
    return {
        **scored_chances(n, actual, purchase_probability),
        "mean_absolute_error": _mean(n, np.abs(expected - actual)),
        "top_tenth": _top_tenth(n, expected, actual),
    }


def scored_chances(n: Array, actual: Array, purchase_probability: Array) -> dict[str, float]:
    """Return scores of a forecast of purchase probabilities."""
    return {
        "brier": _mean(n, (purchase_probability - (actual > 0)) ** 2),
        "log_loss": -_mean(
            n, np.log(np.clip(np.where(actual > 0, purchase_probability, 1 - purchase_probability), 1e-15, 1))
        ),
        "top_tenth": _top_tenth(n, purchase_probability, actual),
    }


def _naive(periods: Sequence[BacktestPeriod]) -> dict[str, float]:
    n = np.concatenate([period.rfm.n for period in periods])
    previous, actual = (
        np.concatenate([getattr(period, name) for period in periods]) for name in ("previous", "actual")
    )
    return {
        "brier": _mean(n, ((previous > 0) != (actual > 0)).astype(float)),
        "mean_absolute_error": _mean(n, np.abs(previous - actual)),
        "top_tenth": _top_tenth(n, previous, actual),
    }


def _calibration(backtests: Sequence[BacktestForecast]) -> list[dict[str, float]]:
    """Return ten groups of about equal size by purchase probability: its mean, and the share who bought."""
    n, actual = _joined(backtests)
    purchase_probability = np.concatenate([backtest.purchase_probability for backtest in backtests])
    order = np.argsort(purchase_probability, kind="stable")
    midpoints = np.cumsum(n[order]) - n[order] / 2
    group = np.minimum((midpoints / n.sum() * _GROUPS).astype(int), _GROUPS - 1)
    groups = []
    for number in range(_GROUPS):
        rows = order[group == number]
        if len(rows):
            weight = n[rows]
            mean_forecast, mean_actual = (
                _mean(weight, purchase_probability[rows]),
                _mean(weight, (actual[rows] > 0).astype(float)),
            )
            groups.append({"customers": float(weight.sum()), "forecast": mean_forecast, "actual": mean_actual})
    return groups


def _top_tenth(n: Array, score: Array, actual: Array) -> float:
    """Return the share of all purchases that the tenth of customers with the highest score made; ties count in part."""
    _, inverse = np.unique(-score, return_inverse=True)
    customers, purchases = np.bincount(inverse, weights=n), np.bincount(inverse, weights=n * actual)
    purchases_of_top = np.interp(n.sum() / 10, np.append(0, np.cumsum(customers)), np.append(0, np.cumsum(purchases)))
    return float(purchases_of_top / max(purchases.sum(), 1.0))


def _joined(backtests: Sequence[BacktestForecast]) -> tuple[Array, Array]:
    n = np.concatenate([backtest.period.rfm.n for backtest in backtests])
    return n, np.concatenate([backtest.period.actual for backtest in backtests])


def _mean(n: Array, values: Array) -> float:
    return float(n @ values) / float(n.sum())
