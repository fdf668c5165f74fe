"""The stored forecast: one row of `facts.forecasts`, and one row per customer in `facts.predictions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from regulars.forecast.prediction_intervals import PredictionInterval, interval_from_json
from regulars.forecast.store import ForecastStore
from regulars.warehouse.forecasts import FORECASTS, PREDICTIONS


@dataclass(frozen=True)
class Forecast:
    """One forecast of purchases. `as_of` is the last day whose data it uses."""

    as_of: date
    made_at: datetime
    """UTC."""
    model: str
    why: str
    """Why this model was chosen."""
    status: str
    reason: str
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    customers: int
    horizon: int
    """Days that purchases and value cover."""
    discount: float
    """Per year: 0.1 for 10 %."""
    currency: str
    value_of: str
    """profit or revenue."""
    value_share: float
    """Value / revenue."""
    value_why: str
    spend: dict[str, Any]
    """The model of spend, its parameters, and why it is not Gamma-Gamma."""
    cap: Decimal
    """Most that an order counts."""
    capped_orders: int
    capped_amount: Decimal
    """Amount that the cap cut off."""
    totals: dict[str, Any]
    """Sums over all customers; see `totals`."""
    backtest: dict[str, Any] | None = None
    """Results of the backtest; None where the data are too short."""
    seasons: dict[str, Any] | None = None
    """The 12 monthly `factors`, January first, whether they are used (`taken`), the `gain` in log score per customer,
    its standard `error` and the number of `periods`; None with less than two years of data.
    """
    stale: tuple[str, ...] = field(default=(), compare=False)
    """What has changed since, in words; empty where the forecast is up to date."""

    def buyers_range(self, days: int) -> PredictionInterval | None:
        """Return the 80 % prediction interval of the customers who buy within so many days; None where it is not known."""
        return interval_from_json(self.totals["buyers_range"], days)

    def total_range(self, name: str) -> PredictionInterval | None:
        """Return the 80 % prediction interval of purchases, revenue or profit within the horizon; None where it is not
        known.
        """
        interval = self.totals.get(f"{name}_range")  # missing in forecasts by older versions
        return PredictionInterval(**interval) if interval else None


STORE = ForecastStore(
    Forecast, FORECASTS, PREDICTIONS, ("parameters", "standard_errors", "spend", "totals", "backtest", "seasons"),
    "frequency, age, recency, person",
)  # fmt: skip
