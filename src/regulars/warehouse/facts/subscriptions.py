"""The fact `subscriptions`: whose they are, and the days of the shop's calendar on which they began and ended."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.fact_table import FactTable, Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

ENDLESS = date(2100, 1, 1)
"""An end on this day or later is none: where there is none, some sources write one far ahead."""


def _build(sources: Sources) -> ir.Table:
    """`day` it began and `ended_day` (epoch days), null where it has no end; an end may lie ahead."""
    rows = with_local_days(sources.table("subscriptions_of_persons"), SUBSCRIPTIONS.days, sources)
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


SUBSCRIPTIONS = FactTable(
    name="subscriptions",
    about="one row per subscription, on the day it began",
    table=BY_NAME["subscriptions"],
    build=_build,
    days={"started_at": "day", "ended_at": "ended_day"},
    splits=("plan", "source"),
    order="ORDER BY day, source, subscription_id",
)
