"""Sums of a forecast over all customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.conventions import PROBABILITY_HORIZONS
from regulars.forecast.prediction_intervals import ErrorsByLength, intervals_by_days, prediction_interval
from regulars.forecast.purchases.total_errors import ExpectedTotal, TotalErrors
from regulars.warehouse.engine import Engine
from regulars.warehouse.forecasts import at_risk


def totals(
    engine: Engine, rows: ir.Table, horizon: int, spreads: Mapping[str, ExpectedTotal], errors: TotalErrors
) -> dict[str, Any]:
    """Return the sums of `predictions`, money as text with its decimals.

    `buyers`, `buyers_spread` and `buyers_range` hold, by days ahead, the expected number of buyers, its standard
    deviation by the model and its 80 % prediction interval. `purchases_range`, `revenue_range` and `profit_range` are
    those of the horizon; null where not known.

    Args:
        engine: Where the rows are.
        rows: `predictions`.
        horizon: Days that purchases and revenue cover.
        spreads: Standard deviations of purchases and revenue by the model; profit is a fixed share of revenue.
        errors: Errors of totals in backtest periods.
    """
    risk = at_risk(rows)
    probabilities = {days: rows[f"probability_purchase_{days}d"].cast("float64") for days in PROBABILITY_HORIZONS}
    sums = engine.row(
        rows.agg(
            customers_alive=rows.probability_alive.cast("float64").sum(),
            purchases=rows.purchases.cast("float64").sum(),
            revenue=rows.revenue.sum(),
            profit=rows.profit.sum(),
            at_risk=rows.count(where=risk),
            revenue_at_risk=rows.revenue_at_risk.sum(where=risk),
            profit_at_risk=rows.profit_at_risk.sum(where=risk),
            **{f"buyers_{days}": probability.sum() for days, probability in probabilities.items()},
            **{
                f"spread_{days}": (probability * (ibis.literal(1.0) - probability)).sum()
                for days, probability in probabilities.items()
            },
        )
    )
    buyers = {days: sums[f"buyers_{days}"] for days in probabilities}
    spread = {days: sums[f"spread_{days}"] ** 0.5 for days in probabilities}

    def interval_of(name: str, of: str, past: ErrorsByLength) -> dict[str, Any] | None:
        if sums[name] is None or not spreads[of].expected:
            return None
        expected = float(sums[name])
        interval = prediction_interval(expected, expected * spreads[of].spread / spreads[of].expected, horizon, past)
        return None if interval is None else asdict(interval)

    return {
        "customers_alive": sums["customers_alive"],
        "buyers": {str(days): number for days, number in buyers.items()},
        "buyers_spread": {str(days): number for days, number in spread.items()},
        "buyers_range": intervals_by_days(buyers, spread, errors.buyers),
        "purchases": sums["purchases"],
        "purchases_range": interval_of("purchases", "purchases", errors.purchases),
        "revenue_range": interval_of("revenue", "revenue", errors.revenue),
        "profit_range": interval_of("profit", "revenue", errors.profit),
        "revenue": str(sums["revenue"]),
        "profit": None if sums["profit"] is None else str(sums["profit"]),
        "at_risk": sums["at_risk"],
        "revenue_at_risk": str(sums["revenue_at_risk"] or 0),
        "profit_at_risk": None if sums["profit"] is None else str(sums["profit_at_risk"] or 0),
    }
