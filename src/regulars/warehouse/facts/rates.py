"""Exchange rates by day, in the shop's currency per unit: the latest one of the last 7 days."""

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
    """Add `rate`: 1 for the shop's own currency, null where none is known. `rows` has `currency` and the epoch day
    `day`.
    """
    foreign = rows.filter(rows.currency != sources.settings.currency).select("currency", "day").distinct()
    rates = sources.table("exchange_rates")
    rates = rates.select(
        rate_currency=rates.currency,
        rate_day=epoch_day(rates.day),
        rate=rates.rate.cast(RATE),
        rate_source=rates.source,
    )
    candidates = foreign.join(
        rates,
        [
            foreign.currency == rates.rate_currency,
            rates.rate_day <= foreign.day,
            rates.rate_day >= foreign.day - MOST_DAYS,
        ],
    )
    latest = first_rows(candidates, ("currency", "day"), [candidates.rate_day.desc(), candidates.rate_source.asc()])
    latest = latest.select(found_currency=latest.currency, found_day=latest.day, found_rate=latest.rate)
    joined = rows.left_join(latest, [rows.currency == latest.found_currency, rows.day == latest.found_day])
    own_rate = ibis.literal(Decimal(1), type=RATE)
    is_own_currency = joined.currency == sources.settings.currency
    return joined.mutate(rate=is_own_currency.ifelse(own_rate, joined.found_rate)).drop(
        "found_currency", "found_day", "found_rate"
    )
