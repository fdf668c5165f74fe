"""How long customers wait for customer service: first response, resolution, solution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regulars.metrics.deferred import Deferred, _
from regulars.metrics.examples import Example, Row
from regulars.metrics.measures import fact_of, within
from regulars.metrics.shapes import Length, Metric, Nature, Quantile, Ratio, Total
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.facts import tickets

TICKETS = fact_of(tickets.TICKETS)
_HOUR, _DAY = 3600, 86_400
_OFFICE_HOURS = "09:00-17:00"


def _request(number: int, opened: str, **events: str) -> Row:
    days = {name: f"2024-03-{day_and_time}" for name, day_and_time in events.items()}
    return {"ticket_id": str(number), "customer_id": f"c{number}", "opened_at": f"2024-03-{opened}", **days}


# Monday to Friday: answered after 1, 2 and 12 hours, solved after 2, 4 and 24; the fourth waits.
FOUR: tuple[Row, ...] = (
    _request(1, "04 09:00", first_reply_at="04 10:00", first_resolved_at="04 11:00", last_resolved_at="04 11:00"),
    _request(2, "05 09:00", first_reply_at="05 11:00", first_resolved_at="05 13:00", last_resolved_at="05 13:00"),
    _request(3, "06 09:00", first_reply_at="06 21:00", first_resolved_at="07 09:00", last_resolved_at="07 09:00"),
    _request(4, "08 09:00"),
)
_CONTACTS = ({"ticket_id": "1", "at": "2024-03-04 08:00"}, {"ticket_id": "3", "at": "2024-03-05 09:00"})
_VISITS = (
    {"customer_id": "c1", "started_at": "2024-03-01 11:00"},
    {"customer_id": "c2", "started_at": "2024-03-05 12:00"},
)


@dataclass(frozen=True)
class _Clock:
    """A time that is measured from one event of a request to another, with its mean, median and 90 % quantile."""

    name: str
    title: str
    question: str
    formula: str
    seconds: Deferred
    caveat: str
    values: tuple[float, float, float]
    """Mean, median and 90 % quantile of the example."""
    rows: dict[str, tuple[Row, ...]]
    group: str
    needs: tuple[str, ...] = ()
    in_business_hours: bool = False

    def metrics(self) -> Iterator[Metric]:
        """The three metrics."""
        known = self.seconds.notnull()
        hours = _OFFICE_HOURS if self.in_business_hours else ""
        mean, median, p90 = (Example(rows=self.rows, value=value, office_hours=hours) for value in self.values)
        shared = {
            "fact": TICKETS, "of": self.seconds, "where": known, "customers": within(TICKETS, 1, known),
            "group": self.group, "nature": Nature.FLOW, "length": Length.NONE, "unit": Unit.SECONDS,
            "better": Better.LOWER, "needs": self.needs, "caveat": self.caveat,
            "needs_setting": "business_hours" if self.in_business_hours else "",
        }  # fmt: skip
        yield Ratio(
            name=self.name,
            title=self.title,
            question=f"{self.question}, on average?",
            formula=f"mean time from {self.formula}, by the day of opening",
            variants=(f"{self.name}_median", f"{self.name}_p90"),
            example=mean,
            **shared,  # type: ignore[arg-type]
        )
        for suffix, q, kind, requests, example in (
            ("median", 0.5, "median", "half of the requests", median),
            ("p90", 0.9, "90 % quantile", "nine in ten requests", p90),
        ):
            yield Quantile(
                name=f"{self.name}_{suffix}",
                title=f"{self.title}, {kind}",
                question=f"{self.question}, at most, for {requests}?",
                formula=f"{kind} of the times from {self.formula}, by the day of opening",
                q=q,
                variants=(self.name,),
                example=example,
                **shared,  # type: ignore[arg-type]
            )


_UNANSWERED = (
    "Requests without an answer yet are left out; unanswered_requests counts them. A bot's reply is no answer."
)
_UNRESOLVED = "Requests that are not resolved yet are left out; unresolved_requests counts them."
_IN_HOURS = " Counts the time of the setting business_hours only: asked and answered outside of it is 0."
_REQUESTS = {"tickets": FOUR}


def _with_business_time(
    name: str, title: str, question: str, formula: str, seconds: Deferred, business_seconds: Deferred, caveat: str,
    values: tuple[float, float, float], business_values: tuple[float, float, float], group: str,
) -> tuple[_Clock, _Clock]:  # fmt: skip
    """A time by the calendar, and in business hours."""
    return (
        _Clock(name, title, question, formula, seconds, caveat, values, _REQUESTS, group),
        _Clock(
            f"{name}_business", f"{title} in business hours", f"In business hours: {question[0].lower()}{question[1:]}",
            f"{formula} in business hours", business_seconds, caveat + _IN_HOURS, business_values, _REQUESTS,
            group, in_business_hours=True,
        ),
    )  # fmt: skip


_CLOCKS = (
    *_with_business_time(
        "first_response_time", "First response time", "How long does a customer wait for an answer",
        "opening to the first reply by a person", _.first_response, _.first_response_business, _UNANSWERED,
        (5 * _HOUR, 2 * _HOUR, 10 * _HOUR), (11 / 3 * _HOUR, 2 * _HOUR, 6.8 * _HOUR), "first_response_time",
    ),
    *_with_business_time(
        "resolution_time", "Resolution time", "How long until a request is resolved for good",
        "opening to the last resolution", _.resolution, _.resolution_business, _UNRESOLVED,
        (10 * _HOUR, 4 * _HOUR, 20 * _HOUR), (14 / 3 * _HOUR, 4 * _HOUR, 7.2 * _HOUR), "resolution_time",
    ),
    *_with_business_time(
        "first_resolution_time", "First resolution time", "How long until a request is first resolved",
        "opening to the first resolution", _.first_resolution, _.first_resolution_business, _UNRESOLVED,
        (10 * _HOUR, 4 * _HOUR, 20 * _HOUR), (14 / 3 * _HOUR, 4 * _HOUR, 7.2 * _HOUR), "first_resolution_time",
    ),
    _Clock(
        "time_to_solution", "Time to solution", "How long until a known problem is solved",
        "the customer's first contact about the request, or its opening, to the last resolution", _.to_solution,
        "The first contact is known where contacts name their request." + f" {_UNRESOLVED}",
        ((3 + 4 + 48) / 3 * _HOUR, 4 * _HOUR, (4 + 0.8 * 44) * _HOUR), {"tickets": FOUR, "contacts": _CONTACTS},
        "time_to_solution",
    ),
)  # fmt: skip

RESPONSE_TIMES: tuple[Metric, ...] = (
    *(metric for clock in _CLOCKS for metric in clock.metrics()),
    Ratio(
        name="time_to_solution_from_first_visit",
        title="Time from first visit to solution",
        question="How long after finding the shop do customers have their problem solved, on average?",
        formula="mean time from the customer's first known visit to the last resolution, by the day of opening",
        fact=TICKETS,
        of=_.from_first_visit,
        where=_.from_first_visit.notnull(),
        customers=within(TICKETS, 1, _.from_first_visit.notnull()),
        group="time_to_solution",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.SECONDS,
        better=Better.LOWER,
        needs=("visits",),
        caveat="Only requests of customers who are known to have visited the site before.",
        variants=("time_to_solution",),
        example=Example(rows={"tickets": FOUR, "visits": _VISITS}, value=(3 * _DAY + 1 * _HOUR) / 2),
    ),
    Total(
        name="unanswered_requests",
        title="Unanswered requests",
        question="How many requests has nobody answered yet?",
        formula="requests without a reply by a person, by the day of opening",
        fact=TICKETS,
        where=_.first_response.isnull(),
        group="unanswered_requests",
        nature=Nature.FLOW,
        length=Length.PROPORTIONAL,
        unit=Unit.COUNT,
        better=Better.LOWER,
        caveat="As of the latest load: a request that is answered later is no longer counted.",
        example=Example(rows=_REQUESTS, value=1),
    ),
    Total(
        name="unresolved_requests",
        title="Unresolved requests",
        question="How many requests are not resolved yet?",
        formula="requests without a resolution, by the day of opening",
        fact=TICKETS,
        where=_.resolution.isnull(),
        group="unresolved_requests",
        nature=Nature.FLOW,
        length=Length.PROPORTIONAL,
        unit=Unit.COUNT,
        better=Better.LOWER,
        caveat="As of the latest load: a request that is resolved later is no longer counted.",
        example=Example(rows=_REQUESTS, value=1),
    ),
)
