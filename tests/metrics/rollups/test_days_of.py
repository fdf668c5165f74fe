"""The calendar that rollups are joined with is that of single days."""

from __future__ import annotations

from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from regulars.metrics.rollups.kinds.projection import DAY, days_of, end_of, start_of
from regulars.metrics.rollups.rollup_tables import grains
from regulars.vocabulary.calendar import Calendar, epoch_day, from_epoch_day

days = st.dates(date(1901, 1, 1), date(2199, 12, 31)).map(epoch_day)


@given(days, st.integers(0, 800), st.integers(0, 6), st.integers(1, 12))
@example(-1, 2, 6, 7)
@example(0, 0, 0, 1)
def test_each_day_lies_in_the_periods_of_the_calendar(first: int, more: int, week_start: int, fiscal_year_start: int):
    calendar = Calendar("UTC", week_start, fiscal_year_start)
    listed = days_of(calendar, first, first + more)
    asked = grains(calendar)
    edges = [calendar.period_of(from_epoch_day(day), grain) for day in (first, first + more) for grain in asked]
    assert listed[DAY].tolist() == list(
        range(epoch_day(min(one.start for one in edges)), epoch_day(max(one.end for one in edges)))
    )
    for grain in asked:
        periods = [calendar.period_of(from_epoch_day(int(day)), grain) for day in listed[DAY]]
        assert listed[start_of(grain)].tolist() == [epoch_day(one.start) for one in periods]
        assert listed[end_of(grain)].tolist() == [epoch_day(one.end) for one in periods]
