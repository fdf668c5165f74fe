"""Sums of a forecast of subscriptions, over all and by plan."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.conventions import PROBABILITY_HORIZONS
from regulars.forecast.prediction_intervals import ErrorsByLength, intervals_by_days
from regulars.warehouse.engine import Engine


def totals(engine: Engine, rows: ir.Table, errors: ErrorsByLength) -> dict[str, Any]:
    """Return the sums of `predictions`, money as text with its decimals, null where no value is known.

    `renewing`, `renewing_spread` and `renewing_range` hold, by days ahead, the expected number of renewals, its
    standard deviation by the model and its 80 % prediction interval from the errors of backtest periods. `persons` is
    the number of distinct subscribers.
    """
    probabilities = {days: rows[f"probability_purchase_{days}d"].cast("float64") for days in PROBABILITY_HORIZONS}
    sums = engine.row(
        rows.agg(
            subscriptions=rows.count(),
            persons=rows.person.nunique(),
            **_sums(rows),
            **{f"renewing_{days}": probability.sum() for days, probability in probabilities.items()},
            **{
                f"spread_{days}": (probability * (ibis.literal(1.0) - probability)).sum()
                for days, probability in probabilities.items()
            },
        )
    )
    renewing = {days: sums[f"renewing_{days}"] for days in probabilities}
    spread = {days: sums[f"spread_{days}"] ** 0.5 for days in probabilities}
    return {
        "subscriptions": sums["subscriptions"],
        "persons": sums["persons"],
        "renewing": {str(days): number for days, number in renewing.items()},
        "renewing_spread": {str(days): number for days, number in spread.items()},
        "renewing_range": intervals_by_days(renewing, spread, errors),
        **_as_json(sums),
    }


def by_plan(engine: Engine, rows: ir.Table) -> dict[str, dict[str, Any]]:
    """Return the sums by plan: subscriptions, renewals and their value."""
    sums = engine.read(rows.group_by("plan").agg(subscriptions=rows.count(), **_sums(rows)))
    return {row["plan"]: {"subscriptions": row["subscriptions"], **_as_json(row)} for row in sums.to_pylist()}


def _sums(rows: ir.Table) -> dict[str, ir.Value]:
    return {
        "purchases": rows.purchases.cast("float64").sum(),
        "revenue": rows.revenue.sum(),
        "profit": rows.profit.sum(),
        "value_at_risk": rows.value_at_risk.sum(),
    }


def _as_json(sums: dict[str, Any]) -> dict[str, Any]:
    money = {name: None if sums[name] is None else str(sums[name]) for name in ("revenue", "profit", "value_at_risk")}
    return {"purchases": sums["purchases"], **money}
