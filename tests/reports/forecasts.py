"""A forecast and its past, made up by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from regulars.forecast.purchases.result import Forecast


def quarter(as_of: str, forecast: float, came: int, naive: int, spread: float = 10.0) -> dict[str, Any]:
    counts = {"forecast": forecast, "actual": float(came), "naive": float(naive)}
    return {"as_of": as_of, "customers": 1000.0, "purchases": counts, "buyers": {**counts, "spread": spread}}


def backtest(*quarters: dict[str, Any]) -> dict[str, Any]:
    of_a_model = {"quarters": 1, "log_score": -0.5, "brier": 0.1, "log_loss": 0.3, "mean_absolute_error": 0.4}
    return {
        "days": 90,
        "quarters": list(quarters) or [quarter("2025-10-02", 100.0, 80, 160)],
        "models": {"pareto": {**of_a_model, "top_tenth": 0.523}, "bg": {**of_a_model, "top_tenth": 0.514}},
        "naive": {"brier": 0.2, "mean_absolute_error": 0.5, "top_tenth": 0.4},
        "calibration": [
            {"customers": 100.0, "forecast": 0.07 * group, "actual": 0.06 * group} for group in range(1, 11)
        ],
    }  # fmt: skip


def forecast(**changes: Any) -> Forecast:
    """NBD with r = 0.5 and alpha = 30 days, so that its chances are known by heart."""
    usual: dict[str, Any] = {
        "as_of": date(2025, 12, 31),
        "made_at": datetime(2026, 1, 1, tzinfo=UTC),
        "model": "nbd",
        "why": "it was requested",
        "status": "converged",
        "reason": "",
        "parameters": {"r": 0.5, "alpha": 30.0},
        "standard_errors": {"r": 0.05, "alpha": 3.0},
        "log_likelihood": -1234.5,
        "customers": 1000,
        "horizon": 365,
        "discount": 0.1,
        "currency": "GBP",
        "value_of": "profit",
        "value_share": 0.5,
        "value_why": "50.0 % of revenue was profit",
        "spend": {"model": "mean", "reason": "", "parameters": {"mean": 40.0}},
        "cap": Decimal(400),
        "capped_orders": 0,
        "capped_amount": Decimal(0),
        "totals": {"buyers": {"90": 100.0}, "buyers_spread": {"90": 9.0}, "buyers_range": {"90": None}},
    }
    return Forecast(**usual | changes)
