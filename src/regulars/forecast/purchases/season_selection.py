"""Whether a shop's own clock is taken: where forecasts of backtest periods gain by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.newton import Status
from regulars.forecast.purchases.backtest import Trial, gain, tried
from regulars.forecast.rfm import RFMSummary
from regulars.forecast.season.factors import DailyPurchases
from regulars.forecast.season.seasonal_time import Clock

_SURE = 2.0
"""Standard errors that the gain must be above nothing."""


@dataclass(frozen=True, eq=False)
class Timed:
    """A fitted model with the clock it measures time on, and its forecasts of backtest periods."""

    fitted: PurchaseForecast
    clock: Clock
    trials: list[Trial]
    seasons: DailyPurchases | None
    """What to measure time by in further backtest periods; None on the calendar."""
    report: dict[str, Any] | None
    """Ready for JSON: the 12 `factors`, January first, whether they are `taken`, the `gain` in log score a customer and its
    standard `error`, over so many `periods`. None where there are less than two years of data.
    """


def timed(fitted: PurchaseForecast, cells: RFMSummary, plain: list[Trial], daily: DailyPurchases, until: int) -> Timed:
    """The model on the shop's own clock where that is known as of the epoch day `until` and its backtest periods gain by it.

    cells: those it was fitted to; plain: its forecasts of backtest periods on the calendar.
    """
    clock = daily.clock(fitted, until)
    if clock is None:
        return Timed(fitted, Clock.plain(until), plain, None, None)
    seasonal = tried(fitted.model, [trial.quarter for trial in plain], daily)
    better, error, periods = gained(plain, seasonal)
    report = {"factors": clock.factors.tolist(), "taken": False, "gain": better, "error": error, "periods": periods}
    if better > _SURE * error:
        on_clock = fit(clock.cells(cells).grouped(), fitted.model)
        if on_clock.estimate.status is Status.CONVERGED:
            return Timed(on_clock, clock, seasonal, daily, report | {"taken": True})
    return Timed(fitted, Clock.plain(until), plain, None, report)


def gained(plain: Sequence[Trial], seasonal: Sequence[Trial]) -> tuple[float, float, int]:
    """How much better forecasts are on the clock: in log score a customer, its standard error, and over how many periods: those
    before which there were two years of data. `seasonal` are of the same periods as `plain`.
    """
    pairs = [(one, other) for one, other in zip(plain, seasonal, strict=True) if not other.clock.is_plain]
    if not pairs:
        return 0.0, 0.0, 0
    without, on_clock = zip(*pairs, strict=True)
    return *gain(on_clock, without), len(pairs)
