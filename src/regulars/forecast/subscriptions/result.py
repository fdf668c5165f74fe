"""The stored forecast of subscriptions: one row of `facts.subscription_forecasts`, and one row per running subscription
in `facts.subscription_predictions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from regulars.forecast.prediction_intervals import PredictionInterval, interval_from_json
from regulars.forecast.store import ForecastStore
from regulars.warehouse.forecasts import SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS


@dataclass(frozen=True)
class SubscribersForecast:
    """One forecast of subscriptions. `as_of` is the last day whose data it uses."""

    as_of: date
    made_at: datetime
    """UTC."""
    horizon: int
    """Days that renewals and value cover."""
    discount: float
    """Per year: 0.1 for 10 %."""
    currency: str
    value_of: str
    """profit or revenue; empty where the revenue of a renewal is not known."""
    value_share: float
    """Value / revenue."""
    value_why: str
    models: list[dict[str, Any]]
    """For each model: plans, whether it is pooled, parameters, standard errors, status, reason."""
    plans: list[dict[str, Any]]
    """For each plan: term, sums, revenue of a renewal, and why it has no forecast."""
    ending: int
    """Running subscriptions with a known end, which have no forecast."""
    totals: dict[str, Any]
    cohorts: list[dict[str, Any]]
    """By the quarter of the start: subscriptions, those with a renewal due, those renewed, those running."""
    backtest: dict[str, Any] | None = None
    """Results of the backtest; None where the data are too short."""
    stale: tuple[str, ...] = field(default=(), compare=False)
    """What has changed since, in words; empty where the forecast is up to date."""

    def renewing_range(self, days: int) -> PredictionInterval | None:
        """Return the 80 % prediction interval of the subscriptions that renew within so many days; None where it is not
        known.
        """
        return interval_from_json(self.totals.get("renewing_range", {}), days)  # missing in forecasts by older versions


STORE = ForecastStore(
    SubscribersForecast, SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS, ("models", "plans", "totals", "cohorts", "backtest"),
    "plan, age, source, subscription_id",
)  # fmt: skip
