"""What a forecast comes to over all customers."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.shop.engine import Engine

CERTAIN = 1.2816
"""Standard deviations to both sides that eight in ten outcomes lie within, were the model the whole truth."""


def at_risk(rows: ir.Table) -> ir.BooleanValue:
    """Who is leaving: came back before, and is half as likely to buy within 90 days as at their last purchase, or less."""
    return (rows.frequency >= 1) & (rows.buys_90 < rows.buys_90_at_last / 2)


def totals(engine: Engine, rows: ir.Table) -> dict[str, Any]:
    """Sums of `predictions`, money as text with its decimals: what a report begins with.

    `buyers` holds, by days ahead, how many customers to expect, and `buyers_spread` one standard deviation of it by the model.
    """
    risk = at_risk(rows)
    chances = {days: rows[f"buys_{days}"].cast("float64") for days in (30, 90, 365)}
    found = engine.one(
        rows.agg(
            alive=rows.alive.cast("float64").sum(),
            purchases=rows.purchases.cast("float64").sum(),
            value=rows.value.sum(),
            value_if_staying=rows.value_if_staying.sum(),
            at_risk=rows.count(where=risk),
            value_at_risk=(rows.value_if_staying - rows.value).sum(where=risk),
            **{f"buyers_{days}": chance.sum() for days, chance in chances.items()},
            **{f"spread_{days}": (chance * (ibis.literal(1.0) - chance)).sum() for days, chance in chances.items()},
        )
    )
    return {
        "alive": found["alive"],
        "buyers": {str(days): found[f"buyers_{days}"] for days in chances},
        "buyers_spread": {str(days): found[f"spread_{days}"] ** 0.5 for days in chances},
        "purchases": found["purchases"],
        "value": str(found["value"]),
        "value_if_staying": str(found["value_if_staying"]),
        "at_risk": found["at_risk"],
        "value_at_risk": str(found["value_at_risk"] or 0),
    }
