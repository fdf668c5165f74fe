"""Which way a change goes: by what is judged, which is not always the sign of the difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from regulars.metrics.catalogue import named
from regulars.metrics.compute.estimates import Estimate
from regulars.metrics.verdicts.evidence import Evidence, Pairs, evidence
from regulars.metrics.verdicts.history import History
from regulars.vocabulary.calendar import Calendar, Period

CALENDAR = Calendar()
BUCKETS = 32
LUCK = np.random.default_rng(11)
UNEVEN = LUCK.normal(0, 0.02, (400, BUCKETS))
UNEVEN -= UNEVEN.mean(axis=1, keepdims=True)
"""How far each month's buckets lie from an even share: the luck of the customers, the same in every test."""
WOBBLE = LUCK.normal(0, 0.01, 400)
"""The shop's own ups and downs, as logarithms."""


def months_until(last: date, count: int) -> list[Period]:
    found = [CALENDAR.parse(f"{last:%Y-%m}")]
    while len(found) < count:
        found.append(CALENDAR.before(found[-1]))
    return found[::-1]


def judged(name: str, values: Sequence[float], periods: list[Period], below: Sequence[float] | None = None) -> Evidence:
    """The change to the last of these months, of a shop with many customers."""
    top = (np.array(values)[:, None] * (1 + UNEVEN[: len(values)]) / BUCKETS)[:, None, :]
    whole, rest = top.sum(-1), top.sum(-1, keepdims=True) - top
    nothing, filled = np.full(whole.shape, np.nan), np.ones(top.shape, dtype=bool)
    many = np.full(whole.shape, 1e4)
    if below is None:
        found = Estimate(whole, nothing, nothing, whole, None, many, rest * BUCKETS / (BUCKETS - 1), filled)
    else:
        each = np.array(below)[:, None, None] / BUCKETS * np.ones(BUCKETS)
        total = each.sum(-1)
        without = rest / (total[..., None] - each)
        found = Estimate(whole / total, nothing, nothing, whole, total, many, without, filled)
    places = {period: place for place, period in enumerate(periods)}
    pairs = Pairs(periods, np.array([len(periods) - 1]), np.array([len(periods) - 2]), False, False)
    history = History(CALENDAR, places, np.ones(len(periods), dtype=bool))
    return evidence(named(name), found, many, np.array([True]), pairs, None, history)


def told(found: Evidence) -> tuple[bool, int, str]:
    return bool(found.away[0, 0]), int(found.direction[0, 0]), str(found.notes[0, 0])


DECEMBERS = months_until(date(2025, 12, 1), 38)


def with_decembers(usual: float, last: float) -> list[float]:
    """So many orders a month, of which December has `usual` times as many, and the last December `last` times."""
    factors = [usual if period.start.month == 12 else 1.0 for period in DECEMBERS]
    factors[-1] = last
    return [10_000 * factor * math.exp(wobble) for factor, wobble in zip(factors, WOBBLE, strict=False)]


@pytest.mark.parametrize("name", ["orders", "net_revenue", "active_buyers"])
@pytest.mark.parametrize("last", [1.01, 1.1])
def test_a_december_that_rises_less_than_usual_goes_down(name: str, last: float) -> None:
    """By 1 % it rises as a whole and falls per day: both are much less than the usual half."""
    found = judged(name, with_decembers(1.5, last), DECEMBERS)
    assert told(found) == (True, -1, "1 more day; lower than usual for December")


def test_a_december_that_rises_more_than_usual_goes_up() -> None:
    found = judged("active_buyers", with_decembers(1.5, 2.0), DECEMBERS)
    assert told(found) == (True, 1, "1 more day; higher than usual for December")


def test_a_usual_rise_is_called_usual_where_the_days_of_the_month_alone_explain_the_rest() -> None:
    """By 4.5 % as in other Decembers: more than chance as a whole, though not per day."""
    steady = [10_000 * (1.045 if period.start.month == 12 else 1.0) for period in DECEMBERS]
    found = judged("active_buyers", steady, DECEMBERS)
    assert found.low[0, 0] > 0
    assert told(found)[::2] == (False, "1 more day; as usual for December")


MARCHES = months_until(date(2025, 3, 1), 16)


def test_a_longer_month_with_a_few_more_orders_fell_per_day() -> None:
    values = [1_000.0 * period.days * math.exp(wobble) for period, wobble in zip(MARCHES, WOBBLE, strict=False)]
    values[-1] = values[-2] * 1.03  # 31 days after 28
    found = judged("orders", values, MARCHES)
    assert found.difference[0, 0] > 0
    assert told(found) == (True, -1, "3 more days; per day it fell; season not known")


def test_what_fell_as_a_whole_and_rose_per_day_is_said_to_rise() -> None:
    february = MARCHES[:-1]
    values = [1_000.0 * period.days * math.exp(wobble) for period, wobble in zip(february, WOBBLE, strict=False)]
    values[-1] = values[-2] * 0.98  # 28 days after 31
    found = judged("orders", values, february)
    assert found.difference[0, 0] < 0
    assert told(found) == (True, 1, "3 fewer days; per day it rose; season not known")


def growing(by: Sequence[float]) -> list[float]:
    sizes = [10_000.0]
    for part in by:
        sizes.append(sizes[-1] * (1 + part))
    return sizes


def test_a_stock_that_grows_less_than_usual_goes_down() -> None:
    usual = [0.03 + wobble / 10 for wobble in WOBBLE[:14]]
    found = judged("customers_end", growing([*usual, 0.01]), MARCHES)
    assert found.difference[0, 0] > 0
    assert told(found) == (True, -1, "growth below the usual")


def test_a_stock_that_falls_less_than_usual_goes_up() -> None:
    usual = [-0.03 + wobble / 10 for wobble in WOBBLE[:14]]
    found = judged("customers_end", growing([*usual, -0.004]), MARCHES)
    assert told(found) == (True, 1, "growth above the usual")


def test_usual_growth_that_chance_does_not_explain_is_called_usual() -> None:
    found = judged("customers_end", growing([0.05 + wobble / 10 for wobble in WOBBLE[:15]]), MARCHES)
    assert found.low[0, 0] > 0
    away, _, note = told(found)
    assert (away, note) == (False, "such growth is usual here")


def test_a_stock_with_too_short_a_past_says_so() -> None:
    found = judged("customers_end", growing([0.05] * 4), months_until(date(2025, 3, 1), 5))
    assert np.isnan(found.p[0, 0])
    assert told(found)[2] == "usual growth not known"


def test_a_loss_per_customer_does_not_change_with_the_days_of_the_month() -> None:
    """Of values that have no logarithm, the whole is judged too, not only what comes of a day."""
    customers = [1_000.0] * len(MARCHES)
    found = judged("average_profit_per_customer", [-5_000.0] * len(MARCHES), MARCHES, customers)
    assert abs(found.difference[0, 0]) < 0.1
    assert not found.away[0, 0]
    fallen = judged("average_profit_per_customer", [*[-5_000.0] * 15, -9_000.0], MARCHES, customers)
    assert told(fallen)[:2] == (True, -1)
