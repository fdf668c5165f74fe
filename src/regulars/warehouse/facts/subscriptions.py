"""The fact `subscriptions`: subscriptions with their persons and the local days of their start and end."""

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

NO_END_FROM = date(2100, 1, 1)
"""An end on this day or later counts as none: some sources write a far date for a subscription without an end."""


def _build(sources: Sources) -> ir.Table:
    """Return the rows, with the epoch days `day` of the start and `ended_day` of the end (null without one; it may be in
    the future).
    """
    rows = with_local_days(sources.table("subscriptions_of_persons"), SUBSCRIPTIONS.days, sources)
    has_end = rows.ended_day < epoch_day(NO_END_FROM)
    return rows.select(
        "source",
        "subscription_id",
        "person",
        "plan",
        "day",
        ended_day=has_end.ifelse(rows.ended_day, ibis.null()).cast("int32"),
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
