"""The fact `calls`: phone calls, on the day the caller began to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import PERSON, FactTable, Read, Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import seconds_between
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

_AGAIN_SECONDS = 86_400
_BEFORE_SECONDS = 30 * 86_400


def _build(sources: Sources) -> ir.Table:
    """Return the rows. `wait` is in seconds until the answer, or until the caller left. An abandoned call that waited less
    than the setting `call_threshold` has the outcome "short".

    Of an abandoned call of a known person: `called_again` within 24 hours, and the number of calls and of answered calls in
    the 30 days before, else null. `solved` says whether the request it is about was resolved, null without a request.
    """
    rows = with_local_days(sources.table("calls_of_persons"), CALLS.days, sources)
    tickets = sources.table("tickets")
    tickets = tickets.select(
        t_source=tickets.source, t_ticket=tickets.ticket_id, ticket_resolved=tickets.last_resolved_at.notnull()
    )
    rows = rows.left_join(tickets, [rows.source == tickets.t_source, rows.ticket_id == tickets.t_ticket])
    wait = seconds_between(rows.entered_at, ibis.coalesce(rows.answered_at, rows.left_at))
    is_short = (rows.outcome == "abandoned") & (wait < sources.settings.call_threshold)
    rows = rows.mutate(wait=wait, outcome=is_short.ifelse("short", rows.outcome))
    rows = _with_other_calls(rows)
    abandoned = rows.outcome == "abandoned"
    return rows.select(
        "source", "call_id", PERSON, "day", "queue", "outcome", "wait",
        bucket=bucket_of(rows.person, rows.call_id),
        solved=(abandoned & rows.ticket_id.notnull()).ifelse(
            rows.ticket_resolved.fill_null(False).ifelse(1, 0), ibis.null("int64")
        ),
        **{name: (abandoned & rows.person.notnull()).ifelse(rows[name], ibis.null("int64")) for name in _OTHER_CALLS},
    )  # fmt: skip


_OTHER_CALLS = ("called_again", "calls_before", "answered_before")


def _with_other_calls(rows: ir.Table) -> ir.Table:
    """Add numbers of other calls of the same person: 0 where there are none."""
    others = rows.select(
        o_person=rows.person, o_source=rows.source, o_call=rows.call_id, o_entered=rows.entered_at,
        o_answered=rows.outcome == "answered",
    )  # fmt: skip
    own = rows.filter(rows.outcome == "abandoned", rows.person.notnull())
    own = own.select("source", "call_id", PERSON, "entered_at")
    pairs = own.inner_join(others, own.person == others.o_person)
    pairs = pairs.filter((pairs.o_source != pairs.source) | (pairs.o_call != pairs.call_id))
    later = seconds_between(pairs.entered_at, pairs.o_entered)
    is_again, is_before = (later >= 0) & (later <= _AGAIN_SECONDS), (later < 0) & (later >= -_BEFORE_SECONDS)
    numbers = pairs.group_by(n_source=pairs.source, n_call=pairs.call_id).agg(
        again=is_again.sum(), before=is_before.sum(), answered=(is_before & pairs.o_answered).sum()
    )
    rows = rows.left_join(numbers, [rows.source == numbers.n_source, rows.call_id == numbers.n_call])
    return rows.mutate(
        called_again=(rows.again > 0).fill_null(False).ifelse(1, 0).cast("int64"),
        calls_before=rows.before.fill_null(0).cast("int64"),
        answered_before=rows.answered.fill_null(0).cast("int64"),
    )


CALLS = FactTable(
    name="calls",
    about="one row per phone call, on the day the caller began to wait",
    table=BY_NAME["calls"],
    build=_build,
    days={"entered_at": "day"},
    splits=("queue", "source"),
    filters=("outcome",),
    reads=(Read("tickets", ("source", "ticket_id")), Read("calls", (PERSON,))),
)
