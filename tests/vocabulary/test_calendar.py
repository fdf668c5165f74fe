"""Periods of the shop's calendar."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.vocabulary.calendar import Calendar, Grain, Period, between, epoch_day, from_epoch_day, relative
from regulars.vocabulary.errors import UsageError

DATES = st.dates(date(1990, 1, 1), date(2060, 12, 31))
CALENDARS = st.builds(Calendar, st.just("UTC"), st.integers(0, 6), st.integers(1, 12))
GRAINS = st.sampled_from([grain for grain in Grain if grain is not Grain.ALL])


@given(CALENDARS, DATES, GRAINS)
def test_a_period_holds_its_day_and_its_label_names_it(calendar: Calendar, day: date, grain: Grain) -> None:
    period = calendar.period_of(day, grain)
    assert period.start <= day < period.end
    assert calendar.parse(period.label) == period


@given(CALENDARS, DATES, GRAINS)
def test_every_day_of_a_period_has_the_same_one(calendar: Calendar, day: date, grain: Grain) -> None:
    period = calendar.period_of(day, grain)
    assert {calendar.period_of(one, grain) for one in (period.start, period.end - timedelta(days=1))} == {period}
    assert calendar.period_of(period.end, grain) != period


@given(CALENDARS, DATES, st.integers(0, 800), GRAINS)
def test_periods_follow_each_other_without_gap(calendar: Calendar, since: date, days: int, grain: Grain) -> None:
    until = since + timedelta(days=days)
    found = calendar.periods(grain, since, until)
    assert found[0].start <= since and found[-1].start <= until < found[-1].end
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(calendar.before(other) == one for one, other in pairwise(found))


@given(DATES)
def test_weeks_from_monday_are_those_of_iso_8601(day: date) -> None:
    year, week, weekday = day.isocalendar()
    period = Calendar().period_of(day, Grain.WEEK)
    assert (period.label, (day - period.start).days) == (f"{year}-W{week:02d}", weekday - 1)


@given(st.integers(0, 6), DATES)
def test_a_week_starts_on_the_shops_weekday_and_has_seven_days(start: int, day: date) -> None:
    period = Calendar(week_start=start).period_of(day, Grain.WEEK)
    assert (period.start.weekday(), period.days) == (start, 7)


@pytest.mark.parametrize(
    ("day", "label"),
    [(date(2023, 12, 31), "2024-W01"), (date(2024, 1, 6), "2024-W01"), (date(2024, 12, 28), "2024-W52")],
)
def test_a_week_from_sunday_is_named_by_its_wednesday(day: date, label: str) -> None:
    assert Calendar(week_start=6).period_of(day, Grain.WEEK).label == label


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2011-10-05", "2011-10-05", "2011-10-06"),
        ("2011-W40", "2011-10-03", "2011-10-10"),
        ("2020-W53", "2020-12-28", "2021-01-04"),
        ("2011-10", "2011-10-01", "2011-11-01"),
        ("2011-12", "2011-12-01", "2012-01-01"),
        ("2012-02", "2012-02-01", "2012-03-01"),
        ("2011-Q4", "2011-10-01", "2012-01-01"),
        ("2011", "2011-01-01", "2012-01-01"),
        ("FY2012", "2012-01-01", "2013-01-01"),
        ("2011-10-01..2011-10-31", "2011-10-01", "2011-11-01"),
        (" 2011-10 ", "2011-10-01", "2011-11-01"),
        ("2011-W40..2011-W43", "2011-10-03", "2011-10-31"),
        ("2011-10..2012-Q1", "2011-10-01", "2012-04-01"),
        ("2011-10-05 .. 2011", "2011-10-05", "2012-01-01"),
    ],
)
def test_how_a_period_is_written(text: str, start: str, end: str) -> None:
    period = Calendar().parse(text)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)


@pytest.mark.parametrize(
    ("month", "text", "start", "end"),
    [
        (4, "FY2012", "2011-04-01", "2012-04-01"),  # as in the United Kingdom and Japan
        (7, "FY2012", "2011-07-01", "2012-07-01"),  # as in Australia
        (10, "FY2024", "2023-10-01", "2024-10-01"),  # as in the United States' government
        (12, "FY2024", "2023-12-01", "2024-12-01"),
        (1, "FY2024", "2024-01-01", "2025-01-01"),
    ],
)
def test_a_fiscal_year_is_named_by_the_year_it_ends_in(month: int, text: str, start: str, end: str) -> None:
    period = Calendar(fiscal_year_start=month).parse(text)
    assert (period.start.isoformat(), period.end.isoformat(), period.label) == (start, end, text)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2011-13", "2011-02-30", "2011-W54", "2011-W00", "2021-W53", "2011-Q5", "11-10", "2011-10-31..2011-10-01",
     "2011-10-01..", "..2011", "2011-W44..2011-W40", "2011..2012..2013", "2011-10-5", "0000", "last-month"],
)  # fmt: skip
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Calendar().parse(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("last-month", (False, None, Grain.MONTH)),
        (" Last month ", (False, None, Grain.MONTH)),
        ("last-90-days", (False, 90, Grain.DAY)),
        ("last-1-week", (False, 1, Grain.WEEK)),
        ("this-fiscal-year", (True, None, Grain.FISCAL_YEAR)),
        ("this-3-months", None),
        ("last-100000-days", None),
        ("month", None),
        ("2011-10", None),
    ],
)
def test_relative_periods_are_read(text: str, read: tuple[bool, int | None, Grain] | None) -> None:
    assert relative(text) == read


def test_a_refusal_shows_how_to_write_one() -> None:
    with pytest.raises(UsageError) as refused:
        Calendar().parse("last month")
    assert "2011-10" in refused.value.hint


def test_the_period_before_two_dates_is_as_long() -> None:
    before = Calendar().before(between(date(2024, 3, 11), date(2024, 3, 20)))
    assert (before.start, before.end) == (date(2024, 3, 1), date(2024, 3, 11))


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("2024-02", "2023-02"), ("2023-02", "2022-02"), ("2024-Q1", "2023-Q1"), ("2024", "2023"), ("FY2024", "FY2023"),
        ("2024-03-04", "2023-03-06"),  # both Mondays
        ("2024-02-29", "2023-03-02"),  # both Thursdays
        ("2024-W10", "2023-W10"),
        ("2024-03-04..2024-03-10", "2023-03-06..2023-03-12"),
    ],
)  # fmt: skip
def test_one_year_earlier(text: str, earlier: str) -> None:
    assert Calendar().year_earlier(Calendar().parse(text)) == Calendar().parse(earlier)


def test_all_is_the_days_asked_for() -> None:
    (period,) = Calendar().periods(Grain.ALL, date(2024, 1, 5), date(2024, 3, 1))
    assert (period.start, period.end, period.label, period.days) == (date(2024, 1, 5), date(2024, 3, 2), "all", 57)


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(UsageError, match="before it starts"):
        Calendar().periods(Grain.DAY, date(2024, 1, 2), date(2024, 1, 1))
    with pytest.raises(UsageError, match="end after it starts"):
        Period(date(2024, 1, 2), date(2024, 1, 2), "empty")


@given(DATES)
def test_days_are_numbered_from_1970(day: date) -> None:
    assert from_epoch_day(epoch_day(day)) == day
    assert epoch_day(date(1970, 1, 1)) == 0
    assert Calendar().period_of(day, Grain.DAY).first == epoch_day(day)
