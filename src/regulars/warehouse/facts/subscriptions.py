"""The fact `subscriptions`: whose they are, and the days of the shop's calendar on which they began and ended."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.facts import Sources
from regulars.warehouse.facts.days import with_local_day
from regulars.warehouse.facts.heads import bucket_of

ENDLESS = date(2100, 1, 1)
"""An end on this day or later is none: where there is none, some sources write one far ahead."""


def subscriptions(sources: Sources) -> ir.Table:
    """One row per subscription: `day` it began and `ended_day` (epoch days), null where it has no end; an end may lie ahead."""
    rows = sources.table("subscriptions_of_persons")
    rows = with_local_day(rows, "started_at", sources)
    rows = with_local_day(rows, "ended_at", sources, name="ended_day")
    ends = rows.ended_day < epoch_day(ENDLESS)
    return rows.select(
        "source",
        "subscription_id",
        "person",
        "plan",
        "day",
        ended_day=ends.ifelse(rows.ended_day, ibis.null()).cast("int32"),
        bucket=bucket_of(rows.person, rows.subscription_id),
    )
