"""A change has one verdict: alone, among all metrics, in a series; and what is usual for a shop comes from its own months."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pytest

from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import CATALOGUE, named
from regulars.metrics.query import Facts, Query
from regulars.metrics.query_result import Change, Value, Verdict
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid, Nature
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.events import Event

CHANNELS = ("web", "shop")


@lru_cache(maxsize=1)
def three_years() -> TestShop:
    """240 orders a month from 2022 to 2024, half as many again in each December; in September 2024 less than half."""
    luck = random.Random(7)
    rows: list[dict[str, Any]] = []
    day = date(2022, 1, 1)
    while day < date(2025, 1, 1):
        pace = 8 * (1.5 if day.month == 12 else 1.0) * (0.4 if (day.year, day.month) == (2024, 9) else 1.0)
        for number in range(int(pace) + (luck.random() < pace % 1)):
            customer = f"c{luck.randrange(600)}"
            channel = luck.choice(CHANNELS)
            rows.append(order(f"{day}-{number}", customer, day, f"{luck.gauss(40, 8):.2f}", channel=channel))
        day += timedelta(days=1)
    return shop(orders=rows)


def asked(names: tuple[str, ...], periods: tuple[str, ...], facts: Facts | None = None, **more: Any) -> list[Value]:
    facts = facts or three_years().facts
    parsed = tuple(facts.calendar.parse(period) for period in periods)
    return list(run_query(Query(tuple(map(named, names)), parsed, compare=True, **more), facts))


def change(name: str, period: str, facts: Facts | None = None, **more: Any) -> Change:
    (value,) = asked((name,), (period,), facts, **more)
    assert value.change is not None
    return value.change


ALL = tuple(metric.name for metric in CATALOGUE if not isinstance(metric, Grid))
MONTHS = ("2023-12", "2024-08", "2024-09", "2024-10", "2024-12")


def test_alone_in_a_table_and_in_a_series_a_change_has_one_verdict() -> None:
    in_series = {(v.metric.name, v.period.label): v.change for v in asked(ALL, MONTHS)}
    some_real = [key for key, found in in_series.items() if found and found.verdict is Verdict.REAL]
    assert some_real, "the shop was made to have real changes"
    for month in ("2024-09", "2024-12"):
        in_table = {v.metric.name: v.change for v in asked(ALL, (month,))}
        for name in ("orders", "net_revenue", "average_order_value", "customer_churn_rate", "customers_end"):
            (alone,) = asked((name,), (month,))
            assert alone.change == in_table[name] == in_series[name, month], (name, month)


FIRE = Event(date(2024, 9, 3), "warehouse on fire")


def marked() -> Facts:
    return replace(three_years().facts, events=(FIRE,))


def test_a_december_like_those_before_is_as_usual() -> None:
    found = change("orders", "2024-12", marked())
    assert found.low is not None
    assert found.low > 0, "more than chance among customers"
    assert (found.verdict, found.note) == (Verdict.NOISE, "1 more day; as usual for December")


def test_unless_marked_a_wild_month_makes_wild_changes_usual() -> None:
    found = change("orders", "2024-12")
    assert found.verdict is Verdict.NOISE
    assert found.note.startswith("1 more day; usual change ±")


def test_a_month_like_none_before_is_real() -> None:
    found = change("orders", "2024-09")
    assert (found.verdict, found.note) == (Verdict.REAL, "1 fewer day; lower than usual for September")


def test_in_the_second_year_the_season_is_not_known() -> None:
    """Out of the ordinary for a shop that has seen one December only: it says so."""
    assert change("orders", "2023-12").note == "1 more day; season not known"


def test_below_a_year_of_changes_a_total_is_never_real() -> None:
    assert change("orders", "2022-12").verdict is Verdict.MORE_THAN_CHANCE


def test_marked_events_are_shown_beside_the_changes_they_lie_in() -> None:
    assert change("orders", "2024-09", marked()).events == (FIRE,)
    assert change("orders", "2024-10", marked()).events == (FIRE,)
    assert change("orders", "2024-12", marked()).events == ()


def test_totals_of_a_split_are_judged_against_a_year_earlier_alone() -> None:
    for value in asked(("orders",), ("2024-09",), splits=("channel",)):
        assert value.change is not None and value.year_earlier is not None
        assert value.change.verdict is None
        assert value.year_earlier.verdict is Verdict.REAL, value.split
        assert value.year_earlier.period.label == "2023-09"


def test_dates_of_ones_own_are_judged_against_the_same_days_a_year_earlier() -> None:
    (value,) = asked(("orders",), ("2024-09-02..2024-09-22",))
    assert value.change is not None and value.year_earlier is not None
    assert value.change.verdict is None
    assert value.year_earlier.verdict is Verdict.REAL
    assert str(value.year_earlier.period.start) == "2023-09-04"


@pytest.mark.parametrize("metric", [one for one in CATALOGUE if not isinstance(one, Grid)], ids=lambda one: one.name)
def test_what_time_alone_changes_has_no_verdict(metric: Any) -> None:
    found = {v.metric.name: v for v in asked(ALL, ("2024-09",))}[metric.name]
    if metric.nature in (Nature.CUMULATIVE, Nature.MOVING):
        assert found.change is None or found.change.verdict is None
        assert found.year_earlier is None or found.year_earlier.verdict is None


def test_a_day_is_compared_with_the_same_weekday() -> None:
    found = change("orders", "2024-12-16")
    assert found.period.start == date(2024, 12, 9)
    (value,) = asked(("orders",), ("2024-12-16",))
    assert value.year_earlier is not None and value.year_earlier.period.start == date(2023, 12, 18)


@pytest.mark.parametrize("grain", [Grain.WEEK, Grain.QUARTER, Grain.YEAR])
def test_other_grains_are_compared_too(grain: Grain) -> None:
    facts = three_years().facts
    period = facts.calendar.period_of(date(2024, 9, 10), grain)
    found = change("orders", period.label)
    assert found.difference is not None and found.verdict is not None
