"""The fact `tickets`: requests to customer service, on the day they were opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import PERSON, FactTable, Read, Sources, bucket_of
from regulars.warehouse.facts.business_time import with_business_time
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import seconds_between
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

SUCCESS_SECONDS = 30 * 86_400
"""A request that is reopened later than this after it was resolved counts as solved."""
_CLOCKS = ("first_reply_at", "first_resolved_at", "last_resolved_at")


def _build(sources: Sources) -> ir.Table:
    """Return the rows. Spans are in seconds from the opening, null where the event did not happen; flags are 0 or 1, and null
    where the source does not tell.
    """
    rows = with_local_days(sources.table("tickets_of_persons"), TICKETS.days, sources)
    for at in ("opened_at", *_CLOCKS):
        rows = with_business_time(rows, at, sources, f"{at}_business")
    rows = _with_first_visits(_with_contacts(rows, sources), sources)
    resolved, reopened = rows.last_resolved_at.notnull(), rows.reopened > 0
    late = (seconds_between(rows.first_resolved_at, rows.first_reopened_at) > SUCCESS_SECONDS).fill_null(False)
    contact_came_first = (rows.first_contact_at < rows.opened_at).fill_null(False)
    spans = {
        name: seconds_between(rows.opened_at, rows[at])
        for name, at in (
            ("first_response", "first_reply_at"),
            ("first_resolution", "first_resolved_at"),
            ("resolution", "last_resolved_at"),
        )
    }
    business = {
        f"{name}_business": (rows[f"{at}_business"] - rows.opened_at_business).cast("int64")
        for name, at in zip(("first_response", "first_resolution", "resolution"), _CLOCKS, strict=True)
    }
    topic_changed, assignee_changed = rows.topic != rows.first_topic, rows.reassigned > 0
    diagnosis_known = topic_changed.notnull() | assignee_changed.notnull()
    diagnosed = ~(topic_changed.fill_null(False) | assignee_changed.fill_null(False))
    return rows.select(
        "source", "ticket_id", PERSON, "day", "channel", "topic", "agent", "solutions_offered", "contacts",
        **spans, **business,
        bucket=bucket_of(rows.person, rows.ticket_id),
        resolved=_flag(resolved),
        at_first_contact=_flag(resolved & ~reopened & (rows.contacts <= 1)),
        diagnosed_at_first=diagnosis_known.ifelse(_flag(diagnosed), ibis.null("int64")),
        closed=_flag(resolved | rows.closed_at.notnull()),
        success=_flag(resolved & (~reopened | late)),
        to_solution=seconds_between(
            contact_came_first.ifelse(rows.first_contact_at, rows.opened_at), rows.last_resolved_at
        ),
        from_first_visit=seconds_between(rows.first_visit_at, rows.last_resolved_at),
    )  # fmt: skip


def _flag(condition: ir.BooleanValue) -> ir.IntegerValue:
    return condition.ifelse(1, 0).cast("int64")


def _with_contacts(rows: ir.Table, sources: Sources) -> ir.Table:
    """Add the customer's first contact about the request, and the number until it was resolved: the opening at least."""
    contacts = sources.table("contacts")
    contacts = contacts.filter(contacts.direction == "in")
    contacts = contacts.select(c_source=contacts.source, c_ticket=contacts.ticket_id, contact_at=contacts["at"])
    about = rows.select("source", "ticket_id", "last_resolved_at").inner_join(
        contacts, [rows.source == contacts.c_source, rows.ticket_id == contacts.c_ticket]
    )
    until_resolved = (about.contact_at <= about.last_resolved_at).fill_null(True)
    numbers = about.group_by(n_source=about.source, n_ticket=about.ticket_id).agg(
        first_contact_at=about.contact_at.min(), contacts=until_resolved.sum()
    )
    rows = rows.left_join(numbers, [rows.source == numbers.n_source, rows.ticket_id == numbers.n_ticket])
    return rows.mutate(contacts=(rows.contacts > 0).fill_null(False).ifelse(rows.contacts, 1).cast("int64"))


def _with_first_visits(rows: ir.Table, sources: Sources) -> ir.Table:
    """Add the instant of the person's first known visit to the site, null where it came after the request was resolved."""
    visits = sources.fact_of_other_group("visits", {"person": "int64", "at": "timestamp"})
    visits = visits.filter(visits.person.notnull())
    first = visits.group_by(visitor=visits.person).agg(first_visit=visits["at"].min())
    rows = rows.left_join(first, rows.person == first.visitor)
    before = (rows.first_visit <= rows.last_resolved_at).fill_null(False)
    return rows.mutate(first_visit_at=before.ifelse(rows.first_visit, ibis.null("timestamp")))


TICKETS = FactTable(
    name="tickets",
    about="one row per request to customer service, on the day it was opened",
    table=BY_NAME["tickets"],
    build=_build,
    days={"opened_at": "day"},
    clocks=_CLOCKS,
    splits=("channel", "topic", "agent", "source"),
    reads=(Read("contacts", ("source", "ticket_id")), Read("visits", (PERSON,))),
)
