"""A forecast as it is written down, and read again: a row of `facts.forecasts`, and its customers' in `facts.predictions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from regulars.forecast.backtests.ranges import Range, stored
from regulars.forecast.store import ForecastStore
from regulars.warehouse.forecasts import FORECASTS, PREDICTIONS


@dataclass(frozen=True)
class Forecast:
    """One forecast: what it is of, how it was made, and what it comes to. `as_of` is the last day it knows."""

    as_of: date
    made_at: datetime
    """UTC."""
    model: str
    why: str
    """Why this model."""
    status: str
    reason: str
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    customers: int
    horizon: int
    """Days that purchases and value are of."""
    discount: float
    """A year: 0.1 takes 10 % off what comes a year later."""
    currency: str
    value_of: str
    """profit or revenue."""
    value_share: float
    """Of revenue that is value."""
    value_why: str
    spend: dict[str, Any]
    """The model of spend, its parameters, and why it is not Gamma-Gamma where it is not."""
    cap: Decimal
    """What an order counts at most."""
    capped_orders: int
    capped_amount: Decimal
    """What the cap took away."""
    totals: dict[str, Any]
    """Of all customers: buyers expected in 30, 90 and 365 days, purchases, value …"""
    backtest: dict[str, Any] | None = None
    """How such forecasts made in the past would have done; None where the data are too short."""
    seasons: dict[str, Any] | None = None
    """The shop's own clock: its 12 `factors`, January first, whether it was `taken`, `gain` in log score a customer and its
    standard `error` over so many `periods`; None where there are less than two years of data.
    """
    stale: tuple[str, ...] = field(default=(), compare=False)
    """What came after it, in words; empty where it is up to date."""

    def buyers_range(self, days: int) -> Range | None:
        """Between which the customers who buy within so many days will lie in eight of ten cases; None where not known."""
        return stored(self.totals["buyers_range"], days)

    def total_range(self, name: str) -> Range | None:
        """Between which purchases, revenue or profit within the horizon will lie in eight of ten cases; None where not known."""
        found = self.totals.get(f"{name}_range")  # not in forecasts that an older Regulars made
        return Range(**found) if found else None


SHELF = ForecastStore(
    Forecast, FORECASTS, PREDICTIONS, ("parameters", "standard_errors", "spend", "totals", "backtest", "seasons"),
    "frequency, age, recency, person",
)  # fmt: skip
