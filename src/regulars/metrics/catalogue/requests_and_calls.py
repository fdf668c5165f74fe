"""How well customer service solves what it is asked, and how many callers it reaches."""

from __future__ import annotations

from math import inf
from typing import Any

from regulars.metrics.catalogue.response_times import FOUR, TICKETS
from regulars.metrics.deferred import Deferred, _
from regulars.metrics.examples import Example, Row
from regulars.metrics.measures import ORDERS, Fact, fact_of, within
from regulars.metrics.shapes import Length, Metric, Nature, Quotient, Ratio
from regulars.metrics.shapes.metric import Maturity
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.facts import calls

CALLS = fact_of(calls.CALLS)
_RESOLVED = _.resolved == 1
_ABANDONED, _ANSWERED = _.outcome == "abandoned", _.outcome == "answered"


def _call(number: int, outcome: str, day: int, wait: int, **more: object) -> Row:
    start = f"2024-03-{day:02} 12:{number:02}"
    end = f"{start}:{wait:02}"
    answered = {"answered_at": end} if outcome == "answered" else {}
    return {"call_id": str(number), "entered_at": start, "left_at": end, "outcome": outcome, **answered, **more}


# cem calls again a minute later, twelve days after a call that was answered; the one of 2 seconds is not counted.
_CALLS = {
    "calls": (
        _call(1, "answered", 4, 20, customer_id="cem"),
        _call(2, "abandoned", 16, 40, customer_id="cem", ticket_id="1"),
        _call(3, "answered", 16, 40, customer_id="cem"),
        _call(4, "abandoned", 18, 50, customer_id="dua", ticket_id="4"),
        _call(5, "abandoned", 18, 2, customer_id="eva"),
        _call(6, "timed out", 19, 59),
    ),
    "tickets": FOUR,
}
_SOLVED: dict[str, tuple[Row, ...]] = {
    "tickets": (
        {**FOUR[0], "first_topic": "parcel", "topic": "parcel", "reassigned": 0, "solutions_offered": 1},
        {**FOUR[1], "first_topic": "parcel", "topic": "refund", "reassigned": 0, "solutions_offered": 2},
        {**FOUR[2], "reopened": 1, "first_reopened_at": "2024-03-20", "reassigned": 1, "solutions_offered": 3},
        FOUR[3],
    ),
    "contacts": tuple(
        {"ticket_id": ticket, "at": f"2024-03-{at}"}
        for ticket, at in (("1", "04 09:00"), ("2", "05 09:00"), ("2", "05 12:00"), ("2", "09 12:00"))
    ),
}  # fmt: skip


def _share(fact: Fact, of: Deferred, where: Deferred | None, **more: Any) -> Ratio:
    """A share or mean over the rows of a fact: a group of its own, unless `more` says otherwise."""
    usual = {"group": more["name"], "unit": Unit.SHARE, "nature": Nature.FLOW, "length": Length.NONE}
    return Ratio(fact=fact, of=of, where=where, customers=within(fact, 1, where), **{**usual, **more})


SERVICE: tuple[Metric, ...] = (
    _share(
        TICKETS, _.at_first_contact, _RESOLVED,
        name="first_contact_resolution_rate",
        title="First contact resolution rate",
        question="How many requests are solved with one contact by the customer?",
        formula="requests resolved, never reopened and with one contact by the customer / requests resolved",
        better=Better.HIGHER,
        needs=("contacts",),
        caveat="By the day of opening. The opening is a contact; further ones are counted until the request is resolved.",
        example=Example(rows=_SOLVED, value=1 / 3),
    ),
    _share(
        TICKETS, _.solutions_offered, _RESOLVED & _.solutions_offered.notnull(),
        name="solutions_per_request",
        title="Solutions offered per request",
        question="How many solutions do we offer until one works?",
        formula="solutions offered / requests resolved that say how many were offered",
        unit=Unit.PER_REQUEST,
        better=Better.LOWER,
        example=Example(rows=_SOLVED, value=2),
    ),
    _share(
        TICKETS, _.contacts, _RESOLVED,
        name="contacts_per_request",
        title="Contacts per request",
        question="How often does a customer write or call until a request is resolved?",
        formula="contacts by the customer until the resolution / requests resolved",
        unit=Unit.PER_REQUEST,
        better=Better.LOWER,
        needs=("contacts",),
        caveat="A request without any contact of its own has one: its opening.",
        example=Example(rows=_SOLVED, value=4 / 3),
    ),
    _share(
        TICKETS, _.diagnosed_at_first, _RESOLVED & _.diagnosed_at_first.notnull(),
        name="diagnosed_at_first_rate",
        title="Diagnosed at first",
        question="How many requests go to the right person under the right topic at once?",
        formula="requests whose topic and agent never changed / requests resolved",
        better=Better.HIGHER,
        caveat="Of requests whose source tells the first topic, or how often the agent changed.",
        example=Example(rows=_SOLVED, value=1 / 3),
    ),
    _share(
        TICKETS, _.success, _.closed == 1,
        name="solution_success_rate",
        title="Solution success rate",
        question="How many solutions last?",
        formula="requests resolved and not reopened within 30 days / requests resolved or closed",
        better=Better.HIGHER,
        maturity=Maturity(days=30),
        caveat="By the day of opening. Where the source has no time of reopening, a request that was ever reopened is no"
        " success.",
        example=Example(rows=_SOLVED, value=2 / 3),
    ),
    Quotient(
        name="contact_rate",
        title="Contact rate",
        question="How many requests come for every hundred orders?",
        formula="requests opened in the period / orders of the period",
        of=within(TICKETS),
        per=within(ORDERS),
        customers=within(TICKETS),
        different_splits=("channel",),
        group="contact_rate",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.RATE,
        limits=(0, inf),
        better=Better.LOWER,
        caveat="Requests about orders of earlier periods count too.",
        example=Example(rows={"tickets": FOUR, "orders": ({"ordered_at": "2024-03-02"},) * 8}, value=0.5),
    ),
    _share(
        CALLS, _ABANDONED.ifelse(1, 0), _ABANDONED | _ANSWERED,
        name="call_abandonment_rate",
        title="Call abandonment rate",
        question="How many callers give up before somebody answers?",
        formula="calls abandoned / (calls answered + calls abandoned)",
        better=Better.LOWER,
        caveat="A call abandoned within the setting call_threshold (5 seconds) is left out of both; so are calls that the"
        " queue ended: calls_not_served_rate has them.",
        variants=("calls_not_served_rate",),
        example=Example(rows=_CALLS, value=0.5),
    ),
    _share(
        CALLS, _.outcome.isin(("timed out", "left empty")).ifelse(1, 0), _.outcome != "short",
        name="calls_not_served_rate",
        title="Calls not served",
        question="How many callers does the queue send away?",
        formula="calls that timed out or were left empty / all calls",
        group="call_abandonment_rate",
        better=Better.LOWER,
        caveat="Calls abandoned within the setting call_threshold (5 seconds) are left out.",
        variants=("call_abandonment_rate",),
        example=Example(rows=_CALLS, value=0.2),
    ),
    _share(
        CALLS, _.wait, _ABANDONED,
        name="wait_before_abandoning",
        title="Wait before abandoning",
        question="How long do callers wait before they give up?",
        formula="mean wait of abandoned calls",
        unit=Unit.SECONDS,
        better=Better.NEITHER,
        caveat="Without calls abandoned within the setting call_threshold (5 seconds).",
        example=Example(rows=_CALLS, value=45),
    ),
    _share(
        CALLS, _.wait, _ANSWERED,
        name="wait_before_answer",
        title="Wait before an answer",
        question="How long do callers wait until somebody answers?",
        formula="mean wait of answered calls",
        unit=Unit.SECONDS,
        better=Better.LOWER,
        example=Example(rows=_CALLS, value=30),
    ),
    *(
        _share(
            CALLS, column, _ABANDONED & column.notnull(),
            group="call_abandonment_rate", example=Example(rows=_CALLS, value=value), variants=("call_abandonment_rate",), **words,
        )
        for column, value, words in (
            (
                _.called_again, 0.5,
                {
                    "name": "abandoned_calls_repeated_rate",
                    "title": "Abandoned calls followed by another call",
                    "question": "How many callers who gave up call again within a day?",
                    "formula": "abandoned calls whose caller calls again within 24 hours / abandoned calls of known callers",
                    "better": Better.NEITHER,
                },
            ),
            (
                _.calls_before, 0.5,
                {
                    "name": "calls_before_abandoning",
                    "title": "Calls before an abandoned call",
                    "question": "How often had callers who gave up called before?",
                    "formula": "calls of the same person in the 30 days before / abandoned calls of known callers",
                    "unit": Unit.PER_CALL,
                    "better": Better.LOWER,
                },
            ),
            (
                _.answered_before, 0.5,
                {
                    "name": "answered_calls_before_abandoning",
                    "title": "Answered calls before an abandoned call",
                    "question": "How often had somebody answered callers who later gave up?",
                    "formula": "answered calls of the same person in the 30 days before / abandoned calls of known callers",
                    "unit": Unit.PER_CALL,
                    "better": Better.NEITHER,
                },
            ),
            (
                _.solved, 0.5,
                {
                    "name": "abandoned_calls_solved_rate",
                    "title": "Abandoned calls solved anyway",
                    "question": "How many callers who gave up have their problem solved all the same?",
                    "formula": "abandoned calls whose request was resolved / abandoned calls that name a request",
                    "better": Better.HIGHER,
                    "needs": ("tickets",),
                },
            ),
        )
    ),
)  # fmt: skip
