"""The fact `leads`: people who showed interest before they bought, on the day they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import PERSON, FactTable, Read, Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir


def _build(sources: Sources) -> ir.Table:
    """Return the rows. `became_customer` is 1 where the person's first order came on the day of the lead or later, else 0,
    and null where the person is not known.
    """
    rows = with_local_days(sources.table("leads_of_persons"), LEADS.days, sources)
    orders = sources.fact_of_other_group("orders", {"person": "int64", "day": "int32", "order_number": "int32"})
    first_orders = orders.filter(orders.order_number == 1).select(customer=orders.person, first_day=orders.day)
    rows = rows.left_join(first_orders, rows.person == first_orders.customer)
    became_customer = (rows.first_day >= rows.day).fill_null(False).ifelse(1, 0).cast("int64")
    return rows.select(
        "source", "lead_id", PERSON, "day", "channel", "campaign",
        bucket=bucket_of(rows.person, rows.lead_id), qualified=rows.qualified_at.notnull(),
        became_customer=rows.person.notnull().ifelse(became_customer, None),
    )  # fmt: skip


LEADS = FactTable(
    name="leads",
    about="one row per lead, on the day it was created",
    table=BY_NAME["leads"],
    build=_build,
    days={"created_at": "day"},
    splits=("channel", "campaign", "source"),
    reads=(Read("orders", by=(PERSON,)),),
)
