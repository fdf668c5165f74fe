"""Business time: by hand where clocks change, and against minutes counted one by one in every timezone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties import few
from regulars.vocabulary.calendar import WEEKDAYS, epoch_day
from regulars.vocabulary.settings.business_hours import BusinessHours
from regulars.warehouse.fact_table import FactSettings, Sources
from regulars.warehouse.facts.business_time import business_days, with_business_time
from warehouse.facts.test_days import ZONES

OFFICE = dict.fromkeys(WEEKDAYS[:5], "09:00-17:00")


def open_seconds(hours: BusinessHours | None, zone: str, spans: list[tuple[datetime, datetime]]) -> list[int | None]:
    """What the expression says of these spans of instants (UTC, without an offset)."""
    days = [epoch_day(at.date()) for span in spans for at in span]
    columns = [pa.array([span[end] for span in spans], pa.timestamp("us")) for end in (0, 1)]
    rows = ibis.memtable(pa.table({"number": range(len(spans)), "start": columns[0], "end": columns[1]}))
    known = ibis.memtable(pa.table(business_days(hours, zone, min(days), max(days))))
    sources = Sources(lambda name: {"business_days": known}[name], FactSettings(zone, "GBP"))
    rows = with_business_time(with_business_time(rows, "start", sources, "since"), "end", sources, "until")
    rows = rows.select("number", seconds=rows.until - rows.since).order_by("number")
    found = ibis.duckdb.connect().to_pyarrow(rows)
    return list(found["seconds"].to_pylist())


def read(**hours: object) -> BusinessHours:
    made = BusinessHours.read(hours)
    assert made is not None
    return made


LONDON, NEW_YORK, KOLKATA = "Europe/London", "America/New_York", "Asia/Kolkata"
HOUR = 3600


@pytest.mark.parametrize(
    ("hours", "zone", "start", "end", "seconds"),
    [
        pytest.param(OFFICE, LONDON, "2024-01-08T10:00", "2024-01-08T10:20", 1200, id="within a day"),
        pytest.param(OFFICE, LONDON, "2024-01-08T16:50", "2024-01-09T09:10", 1200, id="over a night"),
        pytest.param(OFFICE, LONDON, "2024-01-12T16:00", "2024-01-15T10:00", 2 * HOUR, id="over a weekend"),
        pytest.param(OFFICE, LONDON, "2024-01-13T10:00", "2024-01-14T20:00", 0, id="asked and answered outside hours"),
        pytest.param(OFFICE, LONDON, "2024-01-12T17:00", "2024-01-15T09:00", 0, id="from closing to opening"),
        pytest.param(OFFICE, LONDON, "2024-07-08T08:00", "2024-07-08T16:00", 8 * HOUR, id="a day in summer"),
        pytest.param(OFFICE, NEW_YORK, "2024-01-08T14:00", "2024-01-08T22:00", 8 * HOUR, id="a day behind UTC"),
        pytest.param(OFFICE, KOLKATA, "2024-01-08T03:30", "2024-01-08T11:30", 8 * HOUR, id="a day before UTC"),
        pytest.param(
            {**OFFICE, "holidays": ["2024-01-09", "01-10"]}, LONDON, "2024-01-08T17:00", "2024-01-11T10:00", HOUR,
            id="over holidays",
        ),
        pytest.param(
            {"monday": ["13:00-17:00", "09:00-12:00"]}, LONDON, "2024-01-08T11:00", "2024-01-08T14:00", 2 * HOUR, id="over lunch",
        ),
        pytest.param({"sunday": "00:00-24:00"}, LONDON, "2024-03-30T12:00", "2024-04-01T12:00", 23 * HOUR, id="clocks forward"),
        pytest.param({"sunday": "00:00-24:00"}, LONDON, "2024-10-26T12:00", "2024-10-28T12:00", 25 * HOUR, id="clocks back"),
        pytest.param({"sunday": "01:00-02:00"}, LONDON, "2024-03-30T12:00", "2024-04-01T12:00", 0, id="an hour left out"),
        pytest.param({"sunday": "01:00-02:00"}, LONDON, "2024-10-26T12:00", "2024-10-28T12:00", 2 * HOUR, id="an hour twice"),
        pytest.param({"sunday": "00:30-01:30"}, LONDON, "2024-03-30T12:00", "2024-04-01T12:00", HOUR // 2, id="half left out"),
        pytest.param(dict.fromkeys(WEEKDAYS, "00:00-24:00"), NEW_YORK, "2024-01-01T00:00", "2024-01-08", 168 * HOUR, id="always"),
        pytest.param(OFFICE, LONDON, "2024-01-08T10:00:05", "2024-01-08T10:00:12", 7, id="seconds"),
    ],
)  # fmt: skip
def test_by_hand(hours: dict[str, object], zone: str, start: str, end: str, seconds: int) -> None:
    assert open_seconds(read(**hours), zone, [(datetime.fromisoformat(start), datetime.fromisoformat(end))]) == [
        seconds
    ]


def test_without_hours_it_is_unknown() -> None:
    assert open_seconds(None, LONDON, [(datetime(2024, 1, 8, 10), datetime(2024, 1, 8, 11))]) == [None]


minutes = st.integers(0, 24 * 60)
spans_of_day = st.lists(minutes, min_size=0, max_size=6, unique=True).map(
    lambda drawn: [
        f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
        for opens, closes in zip(sorted(drawn)[::2], sorted(drawn)[1::2], strict=False)
    ]
)


@settings(max_examples=few(30), deadline=None)
@given(
    st.sampled_from(ZONES),
    st.lists(spans_of_day, min_size=7, max_size=7).filter(any),
    st.datetimes(datetime(1971, 1, 1), datetime(2036, 12, 31)),
    st.integers(0, 5 * 24 * 60),
    st.integers(0, 5),
)
def test_every_zone_minute_by_minute(zone: str, week: list[list[str]], start: datetime, length: int, day: int) -> None:
    """An instant is in business time where the clocks of the zone show a time that the hours hold."""
    start = start.replace(second=0, microsecond=0)
    closed = (start + timedelta(days=day)).date()
    hours = read(**dict(zip(WEEKDAYS, week, strict=True)), holidays=[closed])
    open_minutes = 0
    for number in range(length):
        local = (start + timedelta(minutes=number)).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        written = [text.split("-") for text in week[local.weekday()]]
        open_minutes += local.date() != closed and any(first <= f"{local:%H:%M}" < last for first, last in written)
    seconds = [open_minutes * 60]
    assert open_seconds(hours, zone, [(start, start + timedelta(minutes=length))]) == pytest.approx(seconds, abs=59)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("always", "is no section"),
        ({}, "no day has hours"),
        ({"monday": []}, "no day has hours"),
        ({"montag": "09:00-17:00"}, "there is no day 'montag'"),
        ({"monday": "9 to 5"}, "write them like"),
        ({"monday": "09:00"}, "write them like"),
        ({"monday": "09:75-17:00"}, "write them like"),
        ({"monday": "09:00-24:01"}, "write them like"),
        ({"monday": "17:00-09:00"}, "ends before it begins"),
        ({"monday": 9}, "are no hours"),
        ({"monday": ["09:00-12:00", "11:00-17:00"]}, "overlap"),
        ({"monday": ["01:00-02:00", "03:00-04:00", "05:00-06:00", "07:00-08:00"]}, "a day has 3 at most"),
        ({"monday": "09:00-17:00", "holidays": "12-25"}, "is no list"),
        ({"monday": "09:00-17:00", "holidays": ["12-32"]}, "is no day"),
    ],
)
def test_what_makes_no_sense_is_refused(section: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BusinessHours.read(section)


def test_what_is_written_reads_the_same() -> None:
    hours = read(monday=["09:00-12:00", "13:00 – 17:00"], sunday="00:00-24:00", holidays=["12-25", date(2026, 4, 6)])
    assert hours.written() == {
        "monday": ["09:00-12:00", "13:00-17:00"], "sunday": ["00:00-24:00"], "holidays": ["12-25", "2026-04-06"],
    }  # fmt: skip
    assert BusinessHours.read(hours.written()) == hours
