"""A forecast of subscriptions as it is written down, and read again: a row of `facts.subscription_forecasts`, and its running
subscriptions' in `facts.subscription_predictions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from regulars.forecast.backtests.ranges import Range, stored
from regulars.forecast.store import ForecastStore
from regulars.warehouse.forecasts import SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS


@dataclass(frozen=True)
class SubscribersForecast:
    """One forecast of subscriptions: how it was made, and what it comes to. `as_of` is the last day it knows."""

    as_of: date
    made_at: datetime
    """UTC."""
    horizon: int
    """Days that renewals and value are of."""
    discount: float
    """A year: 0.1 takes 10 % off what comes a year later."""
    currency: str
    value_of: str
    """profit or revenue; empty where what a renewal brings is not known."""
    value_share: float
    """Of revenue that is value."""
    value_why: str
    models: list[dict[str, Any]]
    """Of each model: its plans, whether it is of all plans of the term, parameters, standard errors, status, reason."""
    plans: list[dict[str, Any]]
    """Of each plan: how it renews, its sums, what a renewal brings, and why it is not forecast where it is not."""
    ending: int
    """Subscriptions that run, but are known to end: nothing is forecast of them."""
    totals: dict[str, Any]
    cohorts: list[dict[str, Any]]
    """By the quarter in which they began: how many, how many came to their first renewal and kept it, how many run still."""
    backtest: dict[str, Any] | None = None
    """How such forecasts made in the past would have done; None where the data are too short."""
    stale: tuple[str, ...] = field(default=(), compare=False)
    """What came after it, in words; empty where it is up to date."""

    def renewing_range(self, days: int) -> Range | None:
        """Between which the subscriptions that renew within so many days will lie in eight of ten cases; None where not known."""
        return stored(self.totals.get("renewing_range", {}), days)  # one that an older Regulars made has none


SHELF = ForecastStore(
    SubscribersForecast, SUBSCRIPTION_FORECASTS, SUBSCRIPTION_PREDICTIONS, ("models", "plans", "totals", "cohorts", "backtest"),
    "plan, age, source, subscription_id",
)  # fmt: skip
