"""What a forecast of subscriptions comes to, over all and by plan."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.backtests.ranges import Errors, ranges_of
from regulars.forecast.conventions import WITHIN
from regulars.warehouse.engine import Engine


def totals(engine: Engine, rows: ir.Table, errors: Errors) -> dict[str, Any]:
    """Sums of `predictions`, money as text with its decimals, null where no value is known.

    `renewing` holds, by days ahead, how many subscriptions to expect to renew, and `renewing_spread` one standard deviation of
    it by the model; `renewing_range`, between which it will lie in eight of ten cases, comes from the errors of backtest periods.
    `persons` counts everybody once.
    """
    chances = {days: rows[f"probability_purchase_{days}d"].cast("float64") for days in WITHIN}
    found = engine.row(
        rows.agg(
            subscriptions=rows.count(),
            persons=rows.person.nunique(),
            **_sums(rows),
            **{f"renewing_{days}": chance.sum() for days, chance in chances.items()},
            **{f"spread_{days}": (chance * (ibis.literal(1.0) - chance)).sum() for days, chance in chances.items()},
        )
    )
    renewing = {days: found[f"renewing_{days}"] for days in chances}
    spread = {days: found[f"spread_{days}"] ** 0.5 for days in chances}
    return {
        "subscriptions": found["subscriptions"],
        "persons": found["persons"],
        "renewing": {str(days): number for days, number in renewing.items()},
        "renewing_spread": {str(days): number for days, number in spread.items()},
        "renewing_range": ranges_of(renewing, spread, errors),
        **_told(found),
    }


def by_plan(engine: Engine, rows: ir.Table) -> dict[str, dict[str, Any]]:
    """The same sums by plan: subscriptions, renewals and what they bring."""
    found = engine.read(rows.group_by("plan").agg(subscriptions=rows.count(), **_sums(rows)))
    return {row["plan"]: {"subscriptions": row["subscriptions"], **_told(row)} for row in found.to_pylist()}


def _sums(rows: ir.Table) -> dict[str, ir.Value]:
    return {
        "purchases": rows.purchases.cast("float64").sum(),
        "revenue": rows.revenue.sum(),
        "profit": rows.profit.sum(),
        "value_at_stake": rows.value_at_stake.sum(),
    }


def _told(sums: dict[str, Any]) -> dict[str, Any]:
    money = {name: None if sums[name] is None else str(sums[name]) for name in ("revenue", "profit", "value_at_stake")}
    return {"purchases": sums["purchases"], **money}
