"""The shop's day of an instant: by hand where clocks change, and against Python's own timezones everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.fact_table import FactSettings, Sources
from regulars.warehouse.facts.days import with_local_day, zone_days

ZONES = sorted(available_timezones() - {"localtime"})


def local_days(moments: list[datetime], zone: str | None, shops_zone: str) -> list[int]:
    """What the expression says of these instants (UTC, without an offset)."""
    days = [epoch_day(at.date()) for at in moments]
    zones = pa.array([zone] * len(moments), pa.string())
    at = pa.array(moments, pa.timestamp("us"))
    rows = ibis.memtable(pa.table({"number": range(len(moments)), "at": at, "zone": zones}))
    known = ibis.memtable(pa.table(zone_days(sorted({zone or shops_zone}), min(days), max(days))))
    sources = Sources(lambda name: {"zone_days": known}[name], FactSettings(shops_zone, "GBP"))
    found = ibis.duckdb.connect().to_pyarrow(with_local_day(rows, "at", sources).order_by("number"))
    assert found.column_names == ["number", "at", "zone", "day"]
    return [int(day) for day in found["day"].to_pylist()]


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Europe/London", "2024-03-30T23:59:59", "2024-03-30"),
        ("Europe/London", "2024-06-30T23:30:00", "2024-07-01"),
        ("Europe/London", "2024-10-26T22:59:59", "2024-10-26"),
        ("Europe/London", "2024-10-26T23:00:00", "2024-10-27"),
        ("America/New_York", "2024-01-01T04:59:59", "2023-12-31"),
        ("America/New_York", "2024-03-10T04:59:59", "2024-03-09"),
        ("America/New_York", "2024-03-11T03:59:59", "2024-03-10"),
        ("Asia/Kolkata", "2024-12-31T18:30:00", "2025-01-01"),
        ("Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-31"),
        ("UTC", "1969-12-31T23:59:59", "1969-12-31"),
    ],
)
def test_days_follow_the_clocks_of_the_zone(zone: str, at: str, day: str) -> None:
    assert local_days([datetime.fromisoformat(at)], zone, "Asia/Tokyo") == [epoch_day(date.fromisoformat(day))]
    assert local_days([datetime.fromisoformat(at)], None, zone) == [epoch_day(date.fromisoformat(day))]


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1971, 1, 1), datetime(2036, 12, 31)),
    st.lists(st.timedeltas(timedelta(0), timedelta(days=200)), min_size=20, max_size=60),
)
def test_every_zone_and_instant(zone: str, start: datetime, later: list[timedelta]) -> None:
    moments = [start + span for span in later]
    told = [at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for at in moments]
    assert local_days(moments, zone, "UTC") == [epoch_day(day) for day in told]
