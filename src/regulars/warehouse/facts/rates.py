"""Exchange rates by day: the shop's currency per unit, the last one known, at most a week old."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import Sources
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.missing_rates import MOST_DAYS
from regulars.warehouse.portable import epoch_day, first_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

RATE = "decimal(38, 8)"


def with_rate(rows: ir.Table, sources: Sources) -> ir.Table:
    """rows (with `currency` and the epoch day `day`) plus `rate`: 1 for the shop's own currency, null where none is known."""
    foreign = rows.filter(rows.currency != sources.currency).select("currency", "day").distinct()
    rates = sources.table("exchange_rates")
    rates = rates.select(
        rate_currency=rates.currency,
        rate_day=epoch_day(rates.day),
        rate=rates.rate.cast(RATE),
        rate_source=rates.source,
    )
    known = foreign.join(
        rates,
        [
            foreign.currency == rates.rate_currency,
            rates.rate_day <= foreign.day,
            rates.rate_day >= foreign.day - MOST_DAYS,
        ],
    )
    latest = first_rows(known, ("currency", "day"), [known.rate_day.desc(), known.rate_source.asc()])
    latest = latest.select(found_currency=latest.currency, found_day=latest.day, found_rate=latest.rate)
    joined = rows.left_join(latest, [rows.currency == latest.found_currency, rows.day == latest.found_day])
    one = ibis.literal(Decimal(1), type=RATE)
    own = joined.currency == sources.currency
    return joined.mutate(rate=own.ifelse(one, joined.found_rate)).drop("found_currency", "found_day", "found_rate")
