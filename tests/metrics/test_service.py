"""Customer service: times, rates and calls by hand at the edges, and of shops drawn at random against plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from metrics.shops import SETTINGS, TestShop, order, shop
from metrics.test_splits_and_filters import numbers
from regulars.vocabulary.calendar import WEEKDAYS
from regulars.vocabulary.settings.business_hours import BusinessHours

Row = dict[str, Any]
LONDON = ZoneInfo("Europe/London")
OFFICE = BusinessHours.read(dict.fromkeys(WEEKDAYS[:5], "09:00-17:00") | {"holidays": ["2024-03-29"]})
OPEN = replace(SETTINGS, business_hours=OFFICE)
MINUTE, HOUR, DAY = 60, 3600, 86_400


def request(number: int, opened: str, **events: Any) -> Row:
    """A request; events are instants in UTC."""
    at = {
        name: datetime.fromisoformat(value) if name.endswith("_at") else value
        for name, value in {"opened_at": opened, **events}.items()
    }
    return {"ticket_id": str(number), "status": "open", "reopened": 0, **at}


def value(made: TestShop, metric: str, period: str = "2024-03") -> Any:
    return numbers(made, metric, period)[""]


def test_answers_at_the_edges_of_hours() -> None:
    """Friday evening to Monday morning is no business time; the clocks go forward on 31 March, a Sunday; Good Friday is closed."""
    made = shop(
        OPEN,
        tickets=[
            request(1, "2024-03-08T17:30", first_reply_at="2024-03-09T10:30"),
            request(2, "2024-03-08T16:30", first_reply_at="2024-03-11T09:30"),
            request(
                3, "2024-03-28T16:00", first_reply_at="2024-04-01T09:00"
            ),  # from 16:00 to 10:00 of British summer time
            request(4, "2024-03-14T12:00", first_reply_at="2024-03-14T12:00"),
            request(5, "2024-03-14T12:00", first_bot_reply_at="2024-03-14T12:00:10", first_reply_at="2024-03-14T13:00"),
            request(6, "2024-03-15T12:00", first_bot_reply_at="2024-03-15T12:00:10"),
        ],
    )
    calendar = [17 * HOUR, 65 * HOUR, 3 * DAY + 17 * HOUR, 0, HOUR]
    business = [0, HOUR, 2 * HOUR, 0, HOUR]
    assert value(made, "first_response_time") == pytest.approx(fmean(calendar))
    assert value(made, "first_response_time_median") == HOUR * 17
    assert value(made, "first_response_time_p90") == pytest.approx(float(np.percentile(calendar, 90)))
    assert value(made, "first_response_time_business") == pytest.approx(fmean(business))
    assert value(made, "first_response_time_business_median") == HOUR
    assert value(made, "unanswered_requests") == 1
    assert value(made, "unresolved_requests") == 6


def test_where_clocks_go_back_an_hour_is_twice() -> None:
    always = BusinessHours.read(dict.fromkeys(WEEKDAYS, "00:00-24:00"))
    made = shop(
        replace(SETTINGS, business_hours=always),
        tickets=[request(1, "2024-10-26T22:30", first_reply_at="2024-10-27T02:30")],
    )
    assert value(made, "first_response_time_business", "2024-10") == 4 * HOUR
    assert numbers(made, "unanswered_requests", "2024-10-26") == {"": 0}
    # 23:30 of summer time: the day before it would be in UTC.
    late = shop(tickets=[request(1, "2024-06-30T23:30"), request(2, "2024-06-30T22:59")])
    assert numbers(late, "unanswered_requests", "2024-07") == {"": 1}


def test_nobody_asked() -> None:
    made = shop(
        OPEN,
        tickets=[request(1, "2024-03-01T12:00"), request(2, "2024-05-01T12:00", first_reply_at="2024-05-01T13:00")],
    )
    assert value(made, "first_response_time") is None
    assert value(made, "first_response_time_median") is None
    assert value(made, "first_response_time", "2024-04") is None
    assert value(made, "unanswered_requests", "2024-04") == 0
    assert value(made, "solution_success_rate", "2024-04") is None


def test_reopened_and_asked_again() -> None:
    events: list[dict[str, Any]] = [
        {"first_resolved_at": "03-04T10:00", "last_resolved_at": "03-04T10:00", "closed_at": "03-05T10:00"},
        {
            "first_resolved_at": "03-04T11:00", "last_resolved_at": "03-09T11:00", "first_reopened_at": "03-05T11:00",
            "reopened": 2, "topic": "tax", "first_topic": "parcel", "reassigned": 1, "solutions_offered": 3,
        },
        {
            "first_resolved_at": "03-04T12:00", "last_resolved_at": "04-20T12:00", "first_reopened_at": "04-10T11:00",
            "reopened": 1, "topic": "tax", "first_topic": "tax", "solutions_offered": 1,
        },
        {"first_resolved_at": "03-04T13:00", "last_resolved_at": "03-04T13:00", "reopened": 1, "reassigned": 0},
        {"closed_at": "03-20T09:00"},
        {},
    ]  # fmt: skip
    requests = [
        {name: f"2024-{event}" if name.endswith("_at") else event for name, event in one.items()} for one in events
    ]
    made = shop(
        tickets=[request(number, "2024-03-04T09:00", **one) for number, one in enumerate(requests, 1)],
        contacts=[
            {
                "contact_id": str(n),
                "ticket_id": ticket,
                "at": datetime.fromisoformat(at),
                "direction": direction,
                "channel": "mail",
            }
            for n, (ticket, at, direction) in enumerate(
                [
                    ("1", "2024-03-04T09:00", "in"),
                    ("1", "2024-03-04T09:30", "out"),
                    ("1", "2024-03-04T18:00", "in"),
                    ("2", "2024-03-02T09:00", "in"),
                    ("2", "2024-03-04T09:00", "in"),
                    ("2", "2024-03-06T09:00", "in"),
                    (None, "2024-03-04T09:00", "in"),
                ]
            )
        ],
    )
    assert value(made, "first_resolution_time") == pytest.approx(fmean((1, 2, 3, 4)) * HOUR)
    assert value(made, "resolution_time_median") == pytest.approx(median((1, 4, 5 * 24 + 2, 47 * 24 + 3)) * HOUR)
    # Only the first was resolved with one contact and never opened again: what was written after the resolution is no more of it.
    assert value(made, "first_contact_resolution_rate") == 1 / 4
    assert value(made, "contacts_per_request") == (1 + 3 + 1 + 1) / 4
    assert value(made, "solutions_per_request") == 2
    assert value(made, "diagnosed_at_first_rate") == 2 / 3
    # Solved for good: the first, and the third, which was opened again after more than 30 days. The fourth: nobody knows when.
    assert value(made, "solution_success_rate") == 2 / 5
    assert value(made, "unresolved_requests") == 2
    assert value(made, "time_to_solution_median") == pytest.approx(median((1, 4, 7 * 24 + 2, 47 * 24 + 3)) * HOUR)


def test_the_way_from_the_first_visit() -> None:
    made = shop(
        visits=[
            {"visit_id": "1", "customer_id": "ana", "started_at": datetime(2024, 3, 1, 9)},
            {"visit_id": "2", "customer_id": "ana", "started_at": datetime(2024, 3, 3, 9)},
            {"visit_id": "3", "customer_id": "ben", "started_at": datetime(2024, 3, 5, 12)},
        ],
        tickets=[
            request(1, "2024-03-04T09:00", customer_id="ana", last_resolved_at="2024-03-04T10:00"),
            request(2, "2024-03-05T09:00", customer_id="ben", last_resolved_at="2024-03-05T10:00"),
            request(3, "2024-03-05T09:00", last_resolved_at="2024-03-05T10:00"),
        ],
    )
    assert value(made, "time_to_solution_from_first_visit") == 3 * DAY + HOUR


def test_requests_for_each_order() -> None:
    made = shop(
        tickets=[request(n, "2024-03-04T09:00", channel="web") for n in range(3)],
        orders=[order(n, "ana", "2024-03-05", channel="web") for n in range(4)],
    )
    assert value(made, "contact_rate") == 3 / 4
    with pytest.raises(Exception, match="channel"):
        numbers(made, "contact_rate", "2024-03", ("channel",))


def call(number: int, at: str, outcome: str, wait: int, **more: Any) -> Row:
    start = datetime.fromisoformat(at)
    end = start + timedelta(seconds=wait)
    answered = {"answered_at": end} if outcome == "answered" else {}
    return {"call_id": str(number), "entered_at": start, "left_at": end, "outcome": outcome, **answered, **more}


CALLS = [
    call(1, "2024-03-04T09:00", "abandoned", 60, customer_id="ana", queue="a"),
    call(2, "2024-03-05T09:00", "answered", 30, customer_id="ana", queue="a"),  # 24 hours later: called again
    call(
        3, "2024-03-10T09:00", "abandoned", 4, customer_id="ana", queue="a"
    ),  # too short to count, but a call before the next
    call(4, "2024-03-20T09:00", "abandoned", 5, customer_id="ana", queue="b"),
    call(5, "2024-03-20T09:00", "timed out", 300, customer_id="ben", queue="b"),
    call(6, "2024-03-20T10:00", "left empty", 10, queue="b"),
    call(7, "2024-03-21T10:00", "abandoned", 20, queue="b", ticket_id="1"),
    call(8, "2024-03-21T11:00", "abandoned", 20, queue="b", ticket_id="9"),
    call(9, "2024-03-22T11:00", "answered", 50, queue="b"),
]


def test_calls() -> None:
    made = shop(calls=CALLS, tickets=[request(1, "2024-03-21T10:00", last_resolved_at="2024-03-22T10:00")])
    assert value(made, "call_abandonment_rate") == 4 / 6
    assert numbers(made, "call_abandonment_rate", "2024-03", ("queue",)) == {"a": 1 / 2, "b": 3 / 4}
    assert value(made, "calls_not_served_rate") == 2 / 8
    assert value(made, "wait_before_abandoning") == (60 + 5 + 20 + 20) / 4
    assert value(made, "wait_before_answer") == 40
    assert value(made, "abandoned_calls_repeated_rate") == 1 / 2
    assert value(made, "calls_before_abandoning") == (0 + 3) / 2
    assert value(made, "answered_calls_before_abandoning") == (0 + 1) / 2
    assert value(made, "abandoned_calls_solved_rate") == 1 / 2
    patient = shop(replace(SETTINGS, call_threshold=0), calls=CALLS)
    assert value(patient, "call_abandonment_rate") == 5 / 7
    hasty = shop(replace(SETTINGS, call_threshold=61), calls=CALLS)
    assert value(hasty, "call_abandonment_rate") == 0


# Drawn at random -----------------------------------------------------------------------------------------------------


def business(start: datetime, end: datetime) -> int:
    """Open minutes between two instants, each asked for the time on London's clocks."""
    minutes = int((end - start).total_seconds()) // MINUTE
    locals_ = ((start + timedelta(minutes=n)).replace(tzinfo=UTC).astimezone(LONDON) for n in range(minutes))
    return (
        sum(at.weekday() < 5 and 9 <= at.hour < 17 and at.date().isoformat() != "2024-03-29" for at in locals_) * MINUTE
    )


def month_of(at: datetime) -> str:
    return f"{at.replace(tzinfo=UTC).astimezone(LONDON):%Y-%m}"


def drawn(seed: int) -> list[Row]:
    chance = random.Random(seed)
    rows = []
    for number in range(120):
        at = datetime(2024, 3, 20) + timedelta(minutes=chance.randrange(30 * 24 * 60))
        events: dict[str, datetime | None] = {"opened_at": at}
        for name, known, most in (
            ("first_reply_at", 0.9, 4000),
            ("first_resolved_at", 0.8, 3000),
            ("last_resolved_at", 1, 2000),
        ):
            happens = at is not None and chance.random() < known
            at = at + timedelta(minutes=chance.choice((0, chance.randrange(most)))) if happens else None
            events[name] = at
        rows.append(
            {
                "ticket_id": str(number), "status": "x", "reopened": 0, "channel": chance.choice(("mail", "chat", None)),
                "customer_id": chance.choice((None, "ana", "ben", "cem")), **events,
            }
        )  # fmt: skip
    return rows


SPANS = {
    "first_response_time": "first_reply_at",
    "first_resolution_time": "first_resolved_at",
    "resolution_time": "last_resolved_at",
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", SPANS)
def test_times_are_those_of_plain_python(seed: int, name: str) -> None:
    rows = drawn(seed)
    made = shop(OPEN, tickets=rows)
    kinds: dict[str, Callable[[datetime, datetime], float]] = {
        "": lambda start, end: (end - start).total_seconds(),
        "_business": business,
    }
    for kind, seconds in kinds.items():
        by_channel: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            end = row[SPANS[name]]
            if end is not None and month_of(row["opened_at"]) == "2024-03":
                by_channel[row["channel"] or "unknown"].append(seconds(row["opened_at"], end))
        for suffix, of in (("", fmean), ("_median", median), ("_p90", lambda found: float(np.percentile(found, 90)))):
            expected = {channel: of(found) for channel, found in by_channel.items()}
            assert numbers(made, f"{name}{kind}{suffix}", "2024-03", ("channel",)) == pytest.approx(expected), (
                f"{kind}{suffix}"
            )


def rate(rows: Iterable[Row], of: Callable[[Row], bool]) -> float:
    found = [of(row) for row in rows]
    return sum(found) / len(found)


@pytest.mark.parametrize("seed", range(3))
def test_calls_are_those_of_plain_python(seed: int) -> None:
    chance = random.Random(seed)
    rows = [
        call(
            number, str(datetime(2024, 3, 1) + timedelta(minutes=chance.randrange(45 * 24 * 60))),
            chance.choice(("answered", "abandoned", "abandoned", "timed out", "left empty")), chance.randrange(20),
            customer_id=chance.choice((None, "ana", "ben", "cem", "dua")),
        )
        for number in range(120)
    ]  # fmt: skip
    made = shop(calls=rows)

    def wait(row: Row) -> float:
        return float((row["left_at"] - row["entered_at"]).total_seconds())

    counted = [row for row in rows if row["outcome"] != "abandoned" or wait(row) >= 5]
    march = [row for row in counted if row["entered_at"].month == 3 and row["entered_at"] < datetime(2024, 3, 31, 23)]
    ended = [row for row in march if row["outcome"] in ("answered", "abandoned")]
    assert value(made, "call_abandonment_rate") == pytest.approx(rate(ended, lambda row: row["outcome"] == "abandoned"))
    assert value(made, "calls_not_served_rate") == pytest.approx(1 - len(ended) / len(march))
    given_up = [row for row in ended if row["outcome"] == "abandoned"]
    assert value(made, "wait_before_abandoning") == pytest.approx(fmean(map(wait, given_up)))

    def others(row: Row, low: int, high: int) -> list[Row]:
        return [
            other for other in rows
            if other is not row and other["customer_id"] == row["customer_id"]
            and low <= (other["entered_at"] - row["entered_at"]).total_seconds() <= high
        ]  # fmt: skip

    known = [row for row in given_up if row["customer_id"]]
    assert value(made, "abandoned_calls_repeated_rate") == pytest.approx(
        rate(known, lambda row: bool(others(row, 0, DAY)))
    )
    before = [others(row, -30 * DAY, -1) for row in known]
    assert value(made, "calls_before_abandoning") == pytest.approx(fmean(map(len, before)))
    answered = [sum(other["outcome"] == "answered" for other in found) for found in before]
    assert value(made, "answered_calls_before_abandoning") == pytest.approx(fmean(answered))
