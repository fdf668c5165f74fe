"""Intervals against published values and direct loops."""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics.shops import SETTINGS, TestShop, order, shop
from regulars.metrics.catalogue import named
from regulars.metrics.deferred import _
from regulars.metrics.inference.intervals import (
    jackknife,
    jackknife_of_logs,
    leave_one_out,
    ratio,
    wilson,
)
from regulars.metrics.query import Query
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.metrics.verdicts.decide import stands
from regulars.vocabulary.units import Unit


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17, 857–872, table I, method 3 (score without continuity correction).
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_as_published(successes: int, trials: int, low: float, high: float) -> None:
    found = wilson(np.array([float(successes)]), np.array([float(trials)]))
    assert (round(float(found[0][0]), 4), round(float(found[1][0]), 4)) == (low, high)


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_a_share_lies_inside_its_own_interval_and_that_inside_0_to_1(trials: int, part: float) -> None:
    successes = float(round(trials * part))
    low, high = wilson(np.array([successes]), np.array([float(trials)]))
    assert 0 <= low[0] <= successes / trials <= high[0] <= 1


def test_no_trials_have_no_interval() -> None:
    low, high = wilson(np.array([0.0]), np.array([0.0]))
    assert np.isnan(low[0]) and np.isnan(high[0])


def jackknife_by_hand(above: list[float], below: list[float]) -> tuple[float, float, float]:
    """Leave out each group in turn; the spread of what is left, times what a group is missing."""
    groups = [(a, b) for a, b in zip(above, below, strict=True) if b != 0]
    count = len(groups)
    whole = sum(a for a, _ in groups) / sum(b for _, b in groups)
    without = [
        sum(a for j, (a, _) in enumerate(groups) if j != i) / sum(b for j, (_, b) in enumerate(groups) if j != i)
        for i in range(count)
    ]
    mean = fmean(without)
    error = math.sqrt((count - 1) / count * sum((one - mean) ** 2 for one in without))
    t = float(stats.t.ppf(0.975, count - 1))
    return whole - t * error, whole + t * error, error


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 40)), min_size=32, max_size=32))
def test_the_jackknife_is_what_a_loop_finds(groups: list[tuple[int, int]]) -> None:
    above = np.array([[float(a) if b else 0.0 for a, b in groups]])
    below = np.array([[float(b) for _, b in groups]])
    filled = below != 0
    if filled.sum() < 2:
        return
    low, high, error = jackknife(
        ratio(leave_one_out(above), leave_one_out(below)), ratio(above.sum(-1), below.sum(-1)), filled
    )
    assert (low[0], high[0], error[0]) == pytest.approx(
        jackknife_by_hand(list(above[0]), list(below[0])), rel=1e-9, abs=1e-9
    )


def test_32_buckets_use_students_t_with_31_degrees_of_freedom() -> None:
    above, below = np.arange(32.0)[None], np.ones((1, 32))
    low, high, error = jackknife(
        ratio(leave_one_out(above), leave_one_out(below)), np.array([15.5]), np.ones((1, 32), dtype=bool)
    )
    assert (high[0] - low[0]) / 2 / error[0] == pytest.approx(2.0395, abs=5e-5)
    # The jackknife of a mean of equal buckets is its textbook standard error.
    assert error[0] == pytest.approx(np.arange(32.0).std(ddof=1) / math.sqrt(32))


def log_jackknife_by_hand(above: list[float], below: list[float]) -> tuple[float, float]:
    """The same of the logarithms: ln of the value and of each leave-out value, t errors to each side, and back."""
    groups = [(a, b) for a, b in zip(above, below, strict=True) if (a, b) != (0, 0)]
    logs = [
        math.log(
            sum(a for j, (a, _) in enumerate(groups) if j != i) / sum(b for j, (_, b) in enumerate(groups) if j != i)
        )
        for i in range(len(groups))
    ]
    count, mean = len(logs), fmean(logs)
    error = math.sqrt((count - 1) / count * sum((one - mean) ** 2 for one in logs))
    width = float(stats.t.ppf(0.975, count - 1)) * error
    middle = math.log(sum(above) / sum(below))
    return math.exp(middle - width), math.exp(middle + width)


GROUPS_OF_MONEY = st.lists(st.tuples(st.integers(-200, 900), st.integers(0, 40)), min_size=2, max_size=32)


@given(GROUPS_OF_MONEY)
def test_the_jackknife_of_logs_is_what_a_loop_finds_and_plain_where_a_value_is_not_positive(
    groups: list[tuple[int, int]],
) -> None:
    groups = [(a, b) for a, b in groups if b]
    if len(groups) < 2:
        return
    above, below = ([float(one[place]) for one in groups] for place in (0, 1))
    whole, filled = np.array([sum(above) / sum(below)]), np.ones((1, len(groups)), dtype=bool)
    without = [(sum(above) - a) / (sum(below) - b) for a, b in groups]
    low, high = jackknife_of_logs(np.array([without]), whole, filled)
    if whole[0] > 0 and min(without) > 0:
        expected = log_jackknife_by_hand(above, below)
        assert low[0] > 0
    else:
        expected = jackknife_by_hand(above, below)[:2]
    assert (low[0], high[0]) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def md5_bucket(own_id: str) -> int:
    return hashlib.md5(own_id.encode()).digest()[0] % 32


def by_bucket(made: TestShop, what: str = "net_revenue") -> tuple[list[float], list[float]]:
    """Sums of a column of orders, and orders, by bucket: the person's, or for guests that of the order's own id."""
    above, below = [0.0] * 32, [0.0] * 32
    for person, own, amount in made.con.execute(f"SELECT person, order_id, {what} FROM facts.orders").fetchall():
        bucket = md5_bucket(own) if person is None else person % 32
        above[bucket] += float(amount)
        below[bucket] += 1
    return above, below


def asked(made: TestShop, name: str) -> Value:
    (found,) = run_query(Query((named(name),), (made.facts.calendar.parse("2024-03"),)), made.facts)
    return found


def test_guests_are_spread_over_the_buckets_by_their_orders_own_ids() -> None:
    """Guests alone, then guests and customers: the interval of the average order is that of 32 buckets."""
    for known in (0, 150):
        rows = [
            order(f"o{n}", f"c{n % 90}" if n < known else None, "2024-03-05", f"{10 + n % 50}.00") for n in range(300)
        ]
        made = shop(orders=rows)
        above, below = by_bucket(made)
        assert min(below) > 0
        found = asked(made, "average_order_value")
        assert (found.low, found.high) == pytest.approx(log_jackknife_by_hand(above, below))


def test_lines_of_guests_and_returns_of_nobody_make_buckets_of_their_own() -> None:
    """400 pieces sold, half to guests, 80 returns that name neither order nor customer: 20 % came back."""
    orders = [order(f"o{number}", f"c{number}" if number % 2 else None, "2024-03-05") for number in range(400)]
    lines = [
        {"order_id": f"o{number}", "line_id": "1", "product_id": "mug", "quantity": 1, "amount": Decimal(10)}
        for number in range(400)
    ]
    back = [
        {"return_id": f"r{number}", "returned_at": datetime(2024, 3, 20), "quantity": 1, "amount": Decimal(10)}
        for number in range(80)
    ]
    made = shop(orders=orders, order_lines=lines, returns=back)
    returned = [0.0] * 32
    for one in back:
        returned[md5_bucket(str(one["return_id"]))] += 1
    _, sold = by_bucket(made)
    found = asked(made, "product_return_rate_by_return_day")
    low, high, _ = jackknife_by_hand(returned, sold)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, low, high))
    assert (low, high) == pytest.approx((0.15, 0.25), abs=0.02)  # in one bucket: 0.00 to 0.61


def test_a_return_lies_in_the_bucket_of_its_own_person_or_order() -> None:
    """With an order, in that order's bucket (a guest's too); without one, in that of the person it names."""
    orders = [order("o1", "ana", "2024-03-05"), order("o2", None, "2024-03-05"), order("o3", "ben", "2024-03-05")]
    given_back = {"returned_at": datetime(2024, 3, 20), "quantity": 1, "amount": Decimal(1)}
    back = [
        {"return_id": "r1", "order_id": "o1", **given_back}, {"return_id": "r2", "order_id": "o2", **given_back},
        {"return_id": "r3", "customer_id": "ben", **given_back}, {"return_id": "r4", **given_back},
    ]  # fmt: skip
    made = shop(orders=orders, returns=back)
    persons = dict(made.con.execute("SELECT order_id, person FROM facts.orders").fetchall())
    found = dict(made.con.execute("SELECT return_id, bucket FROM facts.returns").fetchall())
    assert found == {
        "r1": persons["o1"] % 32, "r2": md5_bucket("o2"), "r3": persons["o3"] % 32, "r4": md5_bucket("r4"),
    }  # fmt: skip


def test_spend_is_shared_evenly_among_the_buckets() -> None:
    """Spend is taken as fixed: of 64 spent, 2 stand in each bucket, whoever was won by it."""
    rows = [order(f"o{n}", f"c{n}", "2024-03-05", f"{20 + n % 30}.00") for n in range(300)]
    spend = [{"day": date(2024, 3, 9), "campaign": "x", "amount": Decimal(64), "currency": "GBP"}]
    made = shop(replace(SETTINGS, default_margin=Decimal("0.5")), orders=rows, spend=spend)
    profit, customers = by_bucket(made, what="profit")
    found = asked(made, "average_profit_per_customer_after_marketing")
    expected = log_jackknife_by_hand([one - 2 for one in profit], customers)
    assert (found.low, found.high) == pytest.approx(expected)


def test_intervals_of_money_never_reach_below_zero_where_the_value_is_positive() -> None:
    """One large order among 60: on the plain scale the low end of the average would be negative."""
    rows = [order(f"o{n}", f"c{n}", "2024-03-05", "9000.00" if n == 0 else "1.00") for n in range(60)]
    made = shop(orders=rows)
    found = asked(made, "average_order_value")
    above, below = by_bucket(made)
    assert jackknife_by_hand(above, below)[0] < 0
    assert (found.low, found.high) == pytest.approx(log_jackknife_by_hand(above, below))
    assert found.low is not None and found.value is not None and found.high is not None
    assert 0 < found.low < found.value < found.high


def test_days_between_purchases_are_on_the_log_scale_and_orders_per_customer_are_not() -> None:
    luck = random.Random(3)
    rows = [
        order(f"o{n}{day}", f"c{n}", f"2024-03-{day:02d}")
        for n in range(80)
        for day in sorted(luck.sample(range(1, 31), luck.randint(1, 4)))
    ]
    made = shop(orders=rows)
    days: dict[int, list[int]] = {}
    for person, day in made.con.execute("SELECT person, day FROM facts.orders ORDER BY day").fetchall():
        days.setdefault(person, []).append(day)
    waited, gaps, placed, customers = ([0.0] * 32 for _ in range(4))
    for person, mine in days.items():
        waited[person % 32] += mine[-1] - mine[0]
        gaps[person % 32] += len(mine) - 1
        placed[person % 32] += len(mine)
        customers[person % 32] += 1
    between, per_customer = asked(made, "time_between_purchases"), asked(made, "orders_per_active_customer")
    assert (between.low, between.high) == pytest.approx(log_jackknife_by_hand(waited, gaps))
    assert (per_customer.low, per_customer.high) == pytest.approx(jackknife_by_hand(placed, customers)[:2])


@pytest.mark.parametrize(("unit", "scale"), [(Unit.NPS, 100), (Unit.SHARE, 1)])
def test_the_interval_of_a_bounded_unit_stays_inside_its_bounds(unit: Unit, scale: int) -> None:
    """Three answers, two at the top and one at the bottom: what 32 buckets say of them reaches far beyond."""
    rows = [order(f"o{n}", f"c{n}", "2024-03-05", units) for n, units in enumerate(("5.00", "5.00", "1.00"))]
    made = shop(orders=rows)
    least = -1 if unit is Unit.NPS else 0
    score = replace(
        named("average_order_value"), name="score", unit=unit, of=(_.net_revenue > 3).ifelse(scale, least * scale)
    )
    (found,) = run_query(Query((score,), (made.facts.calendar.parse("2024-03"),)), made.facts)
    assert found.value == pytest.approx((2 * scale + least * scale) / 3)
    assert (found.low, found.high) == (least * scale, scale)


def test_a_rate_may_leave_0_to_1_up_to_its_own_limits() -> None:
    """Net churn has no least value, and 1 is its greatest; a return rate by return day has no greatest."""
    assert named("net_churn_rate").bounds == (-math.inf, 1)
    assert named("product_return_rate_by_return_day").bounds == (0, math.inf)
    assert named("product_return_rate").bounds == named("guest_order_share").bounds == (0, 1)
    assert named("net_revenue").bounds == (-math.inf, math.inf)


def test_a_customer_who_orders_has_one_order_at_least() -> None:
    """Few customers, of whom one ordered three times: the jackknife alone would reach below 0."""
    rows = [("ana", 4), ("ben", 5), ("ben", 6), ("ben", 7)]
    made = shop(
        orders=[order(number, who, f"2024-03-{day:02}T10:00:00", "9.00") for number, (who, day) in enumerate(rows)]
    )
    question = Query((named("orders_per_active_customer"),), (made.facts.calendar.parse("2024-03"),))
    (found,) = run_query(question, made.facts)
    assert found.value == 2
    assert found.low is not None and found.low == 1


def test_one_bucket_tells_nothing_about_its_spread() -> None:
    filled = np.zeros((1, 32), dtype=bool)
    filled[0, 3] = True
    found = jackknife(np.zeros((1, 32)), np.array([1.0]), filled)
    assert all(np.isnan(one[0]) for one in found)


# Benjamini & Hochberg (1995), JRSS B 57, section 3.1: fifteen tests of treatments of myocardial infarction.
THEIRS = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.3240,
    0.4262,
    0.5719,
    0.6528,
    0.7590,
    1.0,
]


def test_the_false_discovery_rate_of_the_paper() -> None:
    """Four stand at 5 %: p(4) = 0.0095 is the last with p(i) ≤ 0.05 i / 15."""
    assert stands(np.array(THEIRS), 0.05).tolist() == [True] * 4 + [False] * 11
    # At 10 %, the ninth does: 0.0459 ≤ 0.06.
    assert stands(np.array(THEIRS)).tolist() == [True] * 9 + [False] * 6


@given(st.permutations(range(15)))
def test_the_order_of_the_tests_does_not_matter(order: list[int]) -> None:
    found = stands(np.array([THEIRS[place] for place in order]), 0.05)
    assert found.tolist() == [place < 4 for place in order]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=30), st.sampled_from([0.05, 0.1]))
def test_the_false_discovery_rate_is_scipys(given_p: list[float | None], rate: float) -> None:
    p = np.array([np.nan if one is None else one for one in given_p], dtype=float)
    known = p[~np.isnan(p)]
    adjusted = stats.false_discovery_control(known) if len(known) else known
    # Where both come to the limit itself, rounding decides; leave those out.
    if len(known) and np.isclose(adjusted, rate, rtol=1e-9).any():
        return
    found = stands(p, rate)
    assert found[~np.isnan(p)].tolist() == (adjusted <= rate).tolist()
    assert not found[np.isnan(p)].any()
