"""What a forecast comes to over all customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.backtests.ranges import Errors, range_of, ranges_of
from regulars.forecast.conventions import WITHIN
from regulars.forecast.purchases.accuracy.chance import Total
from regulars.forecast.purchases.accuracy.period_errors import TotalErrors
from regulars.warehouse.engine import Engine
from regulars.warehouse.forecasts import at_risk


def totals(
    engine: Engine, rows: ir.Table, horizon: int, spreads: Mapping[str, Total], errors: TotalErrors
) -> dict[str, Any]:
    """Sums of `predictions`, money as text with its decimals: what a report begins with.

    `buyers` holds, by days ahead, how many customers to expect, `buyers_spread` one standard deviation of it by the model, and
    `buyers_range` between which it will lie in eight of ten cases, by the errors of backtest periods. `purchases_range`,
    `revenue_range` and `profit_range` are those of the horizon, null where not known. spreads: of purchases and revenue, by
    the model; profit is a fixed share of revenue.
    """
    risk = at_risk(rows)
    chances = {days: rows[f"probability_purchase_{days}d"].cast("float64") for days in WITHIN}
    found = engine.row(
        rows.agg(
            customers_alive=rows.probability_alive.cast("float64").sum(),
            purchases=rows.purchases.cast("float64").sum(),
            revenue=rows.revenue.sum(),
            profit=rows.profit.sum(),
            at_risk=rows.count(where=risk),
            revenue_at_risk=rows.revenue_at_risk.sum(where=risk),
            profit_at_risk=rows.profit_at_risk.sum(where=risk),
            **{f"buyers_{days}": chance.sum() for days, chance in chances.items()},
            **{f"spread_{days}": (chance * (ibis.literal(1.0) - chance)).sum() for days, chance in chances.items()},
        )
    )
    buyers = {days: found[f"buyers_{days}"] for days in chances}
    spread = {days: found[f"spread_{days}"] ** 0.5 for days in chances}

    def ranged(name: str, of: str, past: Errors) -> dict[str, Any] | None:
        if found[name] is None or not spreads[of].expected:
            return None
        expected = float(found[name])
        one = range_of(expected, expected * spreads[of].spread / spreads[of].expected, horizon, past)
        return None if one is None else asdict(one)

    return {
        "customers_alive": found["customers_alive"],
        "buyers": {str(days): number for days, number in buyers.items()},
        "buyers_spread": {str(days): number for days, number in spread.items()},
        "buyers_range": ranges_of(buyers, spread, errors.buyers),
        "purchases": found["purchases"],
        "purchases_range": ranged("purchases", "purchases", errors.purchases),
        "revenue_range": ranged("revenue", "revenue", errors.revenue),
        "profit_range": ranged("profit", "revenue", errors.profit),
        "revenue": str(found["revenue"]),
        "profit": None if found["profit"] is None else str(found["profit"]),
        "at_risk": found["at_risk"],
        "revenue_at_risk": str(found["revenue_at_risk"] or 0),
        "profit_at_risk": None if found["profit"] is None else str(found["profit_at_risk"] or 0),
    }
