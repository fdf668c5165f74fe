"""Which earlier changes tell what is usual: the same ones, whether a change is asked alone or in a series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from regulars.metrics.verdicts.history import History
from regulars.metrics.verdicts.noise import Past
from regulars.metrics.verdicts.scales import Scale
from regulars.vocabulary.calendar import Calendar, Grain, Period

CALENDAR = Calendar()


def back_from(day: date, grain: Grain, count: int) -> list[Period]:
    """The period of a day and those before it (of days, the same weekday), the latest first."""
    found = [CALENDAR.period_of(day, grain)]
    while len(found) < count:
        found.append(CALENDAR.compared_with(found[-1]))
    return found


def history(periods: Sequence[Period], marked: Sequence[Period] = ()) -> History:
    places = {period: place for place, period in enumerate(periods)}
    return History(CALENDAR, places, np.ones(len(periods), dtype=bool), [period.first for period in marked])


def changes(found: History, judged: Period) -> list[float]:
    """Of a metric whose change of each period is its number of days since 1970."""
    untouched = {later: Past(later.first, 0.0, 0) for later in found.places if not found.marked or tells(found, later)}
    return [one.change for one in found.before(judged, untouched)]


def tells(found: History, later: Period) -> bool:
    sooner = CALENDAR.compared_with(later)
    return not any(period.first <= day < period.beyond for period in (sooner, later) for day in found.marked)


@pytest.mark.parametrize(
    ("grain", "looked_at"), [(Grain.DAY, 53), (Grain.WEEK, 156), (Grain.MONTH, 36), (Grain.QUARTER, 12)]
)
def test_a_longer_series_changes_nothing_of_what_is_usual(grain: Grain, looked_at: int) -> None:
    alone, longer = (back_from(date(2024, 12, 16), grain, count) for count in (looked_at + 2, looked_at + 30))
    expected = [period.first for period in alone[1 : looked_at + 1]]
    assert changes(history(alone), alone[0]) == expected
    assert changes(history(longer), longer[0]) == expected


def test_what_an_event_leaves_out_is_not_made_up_for_by_older_months() -> None:
    alone, longer = (back_from(date(2024, 12, 16), Grain.MONTH, count) for count in (38, 60))
    marked = [alone[5]]
    assert changes(history(alone, marked), alone[0]) == changes(history(longer, marked), longer[0])
    assert len(changes(history(longer, marked), longer[0])) == 34


def test_a_stock_has_the_same_usual_growth_alone_and_in_a_series() -> None:
    alone, longer = (back_from(date(2024, 12, 16), Grain.MONTH, count) for count in (14, 40))
    marked = [alone[5]]
    grown = [grown_of(history(periods, marked), periods) for periods in (alone, longer)]
    assert grown[0] == grown[1]
    assert len(grown[0]) == 10, "twelve months before, without the two changes that touch the event"


def grown_of(found: History, periods: Sequence[Period]) -> list[float]:
    logs = np.array([[period.first / 1000] for period in periods])
    return found.growths(periods[0], Scale(logs, logs[..., None]), 0, False)
