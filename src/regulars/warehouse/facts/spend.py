"""The fact `spend`: what advertising cost, by day, in the shop's currency."""

from __future__ import annotations

import ibis.expr.types as ir

from regulars.warehouse.facts import Sources
from regulars.warehouse.facts.rates import with_rate
from regulars.warehouse.portable import converted, epoch_day


def spend(sources: Sources) -> ir.Table:
    """One row per day, channel and campaign; `amount` is null where no rate is known."""
    rows = sources.table("spend")
    rows = with_rate(rows.mutate(day=epoch_day(rows.day)), sources)
    amount = converted(rows.amount, rows.rate, sources.digits)
    return rows.select("source", "day", "channel", "campaign", amount=amount)
