"""When subscriptions renew: by hand where months are short, and against the plain calendar everywhere."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.subscriptions.population import months_later
from regulars.forecast.subscriptions.renewal_days import calendar_table, renewal_day, renewals_due
from regulars.vocabulary.calendar import epoch_day, from_epoch_day
from regulars.vocabulary.settings.term import Term


def renewed_on(term: str, began: str, number: int) -> str:
    day = renewal_day(Term.parse(term), np.array([epoch_day(date.fromisoformat(began))]), np.array([number]))
    return str(from_epoch_day(int(day[0])))


@pytest.mark.parametrize(
    ("term", "began", "number", "day"),
    [
        ("month", "2024-01-31", 1, "2024-02-29"),
        ("month", "2024-01-31", 2, "2024-03-31"),
        ("month", "2023-12-30", 2, "2024-02-29"),
        ("year", "2024-02-29", 1, "2025-02-28"),
        ("year", "2024-02-29", 4, "2028-02-29"),
        ("quarter", "2023-11-30", 1, "2024-02-29"),
        ("4 weeks", "2024-02-15", 1, "2024-03-14"),
        ("day", "2024-02-28", 2, "2024-03-01"),
        ("month", "1969-12-31", 2, "1970-02-28"),
    ],
)
def test_renewals_follow_the_calendar(term: str, began: str, number: int, day: str):
    assert renewed_on(term, began, number) == day


days = st.dates(date(1960, 1, 1), date(2060, 1, 1))


@given(days, st.integers(0, 2000), st.sampled_from([1, 2, 3, 12, 24]))
def test_so_many_renewals_have_come_by_a_day(began: date, later: int, months: int):
    day = began + timedelta(later)
    come = int(renewals_due(Term(months=months), np.array([epoch_day(began)]), epoch_day(day))[0])
    assert months_later(began, months * come) <= day < months_later(began, months * (come + 1))


@given(days, st.integers(0, 2000), st.integers(1, 400))
def test_terms_in_days_too(began: date, later: int, length: int):
    come = int(renewals_due(Term(days=length), np.array([epoch_day(began)]), epoch_day(began) + later)[0])
    assert come == later // length


@given(days)
def test_the_calendar_names_each_day(day: date):
    (row,) = calendar_table(epoch_day(day), epoch_day(day)).to_pylist()
    after, first = months_later(day.replace(day=1), 1), day.replace(day=1)
    assert (row["calendar_day"], row["of_month"]) == (epoch_day(day), day.day)
    assert row["month"] == (day.year - 1970) * 12 + day.month - 1
    assert row["length"] == (after - first).days
    assert row["before"] == (first - timedelta(1)).day
