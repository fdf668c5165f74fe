"""Choice of the model and of its time scale, by their scores in backtest periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.newton import Status
from regulars.forecast.purchases.backtest import BacktestForecast, backtest_model, score_difference
from regulars.forecast.rfm import RFMSummary
from regulars.forecast.seasonal_time import DailyPurchases, TimeScale
from regulars.vocabulary.errors import ForecastRefused
from regulars.warehouse.forecasts import NO_DROPOUT_MODEL

DROPOUT_MODELS = ("pareto", "mbg", "bg")
"""Models with dropout. The first is the default: another must have forecast better."""
_STANDARD_ERRORS, _MIN_GAIN = 2.0, 0.001
"""Another model must be better by this many standard errors, and by this much log score per customer: with very many
customers even a negligible difference is significant.
"""


@dataclass(frozen=True)
class ModelChoice:
    """The chosen model, and why it was chosen, in words for a shop."""

    fitted: PurchaseForecast
    why: str


def fit_candidates(rfm: RFMSummary, model: str | None = None) -> dict[str, PurchaseForecast]:
    """Return the models that converged, by name, in order of preference.

    Args:
        rfm: Customers to fit to.
        model: The one model to fit; None for those with dropout, and for NBD where Pareto/NBD did not converge.

    Raises:
        ForecastRefused: Where no model converged.
    """
    fitted = {name: fit(rfm, name) for name in ((model,) if model else DROPOUT_MODELS)}
    if not model and fitted[DROPOUT_MODELS[0]].estimate.status is not Status.CONVERGED:
        fitted[NO_DROPOUT_MODEL] = fit(rfm, NO_DROPOUT_MODEL)
    converged = {name: candidate for name, candidate in fitted.items() if candidate.estimate.status is Status.CONVERGED}
    if not converged:
        name, candidate = next(reversed(fitted.items()))
        raise ForecastRefused(
            f"The model {name} cannot be estimated from these customers: {candidate.estimate.reason}",
            "Leave out --model to have another model chosen." if model else "",
        )
    return converged


def choose_model(
    candidates: Mapping[str, PurchaseForecast],
    backtests: Mapping[str, Sequence[BacktestForecast]],
    requested: str | None = None,
) -> ModelChoice:
    """Return the candidate with the best log score. Near ties go to the first; a model without a forecast of every
    period comes last.

    Args:
        candidates: Converged models by name, in order of preference.
        backtests: Their forecasts of backtest periods; empty where the data are too short.
        requested: Name of the model that the user asked for.
    """
    names = tuple(candidates)
    if requested:
        return ModelChoice(candidates[requested], "it was requested")
    most = max((len(backtests[name]) for name in names), default=0)
    if not most:
        return _without_backtests(candidates)
    first = names[0]
    names = tuple(name for name in names if len(backtests[name]) == most)
    best = names[0]
    for name in names[1:]:
        difference, error = score_difference(backtests[name], backtests[best])
        if difference > max(_STANDARD_ERRORS * error, _MIN_GAIN):
            best = name
    if len(candidates) == 1:
        return _without_backtests(candidates)
    if best == first:
        return ModelChoice(candidates[best], "no other model forecast the backtest periods better")
    if first not in names:
        return ModelChoice(
            candidates[best],
            f"its parameters could be estimated in every backtest period, those of the default, {first}, could not",
        )
    return ModelChoice(candidates[best], "it forecast the backtest periods best")


def _without_backtests(candidates: Mapping[str, PurchaseForecast]) -> ModelChoice:
    fitted = next(iter(candidates.values()))
    if fitted.model == DROPOUT_MODELS[0]:
        return ModelChoice(fitted, "it is the default, and its parameters can be estimated from these customers")
    if fitted.model == NO_DROPOUT_MODEL:
        return ModelChoice(fitted, "the data do not show whether customers drop out: this model has no dropout")
    return ModelChoice(fitted, "the parameters of the default, Pareto/NBD, cannot be estimated from these customers")


@dataclass(frozen=True, eq=False)
class SeasonChoice:
    """A fitted model, the time scale it is fitted on, and its forecasts of backtest periods."""

    fitted: PurchaseForecast
    time_scale: TimeScale
    backtests: list[BacktestForecast]
    seasons: DailyPurchases | None
    """For the time scale in further backtest periods; None on the calendar."""
    report: dict[str, Any] | None
    """Ready for JSON: the 12 `factors`, January first, whether they are used (`taken`), the `gain` in log score per
    customer, its standard `error`, and the number of `periods`. None with less than two years of data.
    """


def choose_time_scale(
    fitted: PurchaseForecast, rfm: RFMSummary, plain: list[BacktestForecast], daily: DailyPurchases, until: int
) -> SeasonChoice:
    """Return the model on seasonal time where that is known and improves the forecasts of backtest periods, else on the
    calendar.

    Args:
        fitted: The model, fitted on the calendar.
        rfm: Customers it was fitted to.
        plain: Its forecasts of backtest periods on the calendar.
        daily: Purchases by day.
        until: First epoch day after the data.
    """
    time_scale = daily.time_scale(fitted, until)
    if time_scale is None:
        return SeasonChoice(fitted, TimeScale.plain(until), plain, None, None)
    seasonal = backtest_model(fitted.model, [backtest.period for backtest in plain], daily)
    difference, error, periods = score_gain(plain, seasonal)
    report = {
        "factors": time_scale.factors.tolist(),
        "taken": False,
        "gain": difference,
        "error": error,
        "periods": periods,
    }
    if difference > _STANDARD_ERRORS * error:
        seasonal_fit = fit(time_scale.rescale(rfm).grouped(), fitted.model)
        if seasonal_fit.estimate.status is Status.CONVERGED:
            return SeasonChoice(seasonal_fit, time_scale, seasonal, daily, report | {"taken": True})
    return SeasonChoice(fitted, TimeScale.plain(until), plain, None, report)


def score_gain(plain: Sequence[BacktestForecast], seasonal: Sequence[BacktestForecast]) -> tuple[float, float, int]:
    """Return the gain of seasonal time in log score per customer, its standard error, and the number of periods
    compared.

    Args:
        plain: Forecasts on the calendar.
        seasonal: Forecasts of the same periods on seasonal time; on the calendar where there were less than two years
            of data.
    """
    pairs = [
        (on_calendar, on_seasonal_time)
        for on_calendar, on_seasonal_time in zip(plain, seasonal, strict=True)
        if not on_seasonal_time.time_scale.is_calendar
    ]
    if not pairs:
        return 0.0, 0.0, 0
    calendar_forecasts, seasonal_forecasts = zip(*pairs, strict=True)
    return *score_difference(seasonal_forecasts, calendar_forecasts), len(pairs)
