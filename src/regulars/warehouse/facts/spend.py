"""The fact `spend`: advertising spend by day, in the shop's currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources
from regulars.warehouse.facts.rates import with_rate
from regulars.warehouse.portable import converted, epoch_day
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir


def _build(sources: Sources) -> ir.Table:
    rows = sources.table("spend")
    rows = with_rate(rows.mutate(day=epoch_day(rows.day)), sources)
    amount = converted(rows.amount, rows.rate, sources.settings.digits)
    return rows.select("source", "day", "channel", "campaign", amount=amount)


SPEND = FactTable(
    name="spend",
    about="what advertising cost by day, channel and campaign; the amount is null where no rate is known",
    table=BY_NAME["spend"],
    build=_build,
    entities=(),
    splits=("channel", "source"),
    reads=(Read("exchange_rates"),),
)
