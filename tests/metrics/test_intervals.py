"""Intervals and quantiles against published values, direct loops, and DuckDB's own quantile."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from decimal import Decimal
from statistics import fmean

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics.shops import order, shop
from regulars.metrics.catalogue import named
from regulars.metrics.cells.occurrences import Histogram
from regulars.metrics.compute.intervals import benjamini_hochberg, jackknife, left_out, p_value, ratio, wilson
from regulars.metrics.query import answer
from regulars.metrics.question import Question


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
    low, high, error = jackknife(ratio(left_out(above), left_out(below)), ratio(above.sum(-1), below.sum(-1)), filled)
    assert (low[0], high[0], error[0]) == pytest.approx(
        jackknife_by_hand(list(above[0]), list(below[0])), rel=1e-9, abs=1e-9
    )


def test_32_buckets_use_students_t_with_31_degrees_of_freedom() -> None:
    above, below = np.arange(32.0)[None], np.ones((1, 32))
    low, high, error = jackknife(
        ratio(left_out(above), left_out(below)), np.array([15.5]), np.ones((1, 32), dtype=bool)
    )
    assert (high[0] - low[0]) / 2 / error[0] == pytest.approx(2.0395, abs=5e-5)
    # The jackknife of a mean of equal buckets is its textbook standard error.
    assert error[0] == pytest.approx(np.arange(32.0).std(ddof=1) / math.sqrt(32))


def test_returns_of_nobody_make_buckets_of_their_own() -> None:
    """400 pieces sold to 400 customers, 80 returns that name neither order nor customer: 20 % came back."""
    orders = [order(f"o{number}", f"c{number}", "2024-03-05") for number in range(400)]
    lines = [
        {"order_id": f"o{number}", "line_id": "1", "product_id": "mug", "quantity": 1, "amount": Decimal(10)}
        for number in range(400)
    ]
    back = [
        {"return_id": f"r{number}", "returned_at": datetime(2024, 3, 20), "quantity": 1, "amount": Decimal(10)}
        for number in range(80)
    ]
    made = shop(orders=orders, order_lines=lines, returns=back)
    returned, sold = [0.0] * 32, [0.0] * 32
    for one in back:
        returned[hashlib.md5(str(one["return_id"]).encode()).digest()[0] % 32] += 1
    for (person,) in made.con.execute("SELECT person FROM facts.orders").fetchall():
        sold[person % 32] += 1
    period = made.facts.calendar.parse("2024-03")
    (found,) = answer(Question((named("product_return_rate_by_return_day"),), (period,)), made.facts)
    low, high, _ = jackknife_by_hand(returned, sold)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, low, high))
    assert (low, high) == pytest.approx((0.15, 0.25), abs=0.02)  # in one bucket: 0.00 to 0.61


def test_one_bucket_tells_nothing_about_its_spread() -> None:
    filled = np.zeros((1, 32), dtype=bool)
    filled[0, 3] = True
    found = jackknife(np.zeros((1, 32)), np.array([1.0]), filled)
    assert all(np.isnan(one[0]) for one in found)


def test_the_p_value_of_a_difference_is_that_of_its_interval() -> None:
    filled = np.ones((1, 32), dtype=bool)
    assert p_value(np.array([2.0395]), np.array([1.0]), filled)[0] == pytest.approx(0.05, abs=1e-5)
    assert p_value(np.array([0.0]), np.array([0.0]), filled)[0] == 1


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
    assert benjamini_hochberg(np.array(THEIRS), 0.05).tolist() == [True] * 4 + [False] * 11
    # At 10 %, the ninth does: 0.0459 ≤ 0.06.
    assert benjamini_hochberg(np.array(THEIRS)).tolist() == [True] * 9 + [False] * 6


@given(st.permutations(range(15)))
def test_the_order_of_the_tests_does_not_matter(order: list[int]) -> None:
    stands = benjamini_hochberg(np.array([THEIRS[place] for place in order]), 0.05)
    assert stands.tolist() == [place < 4 for place in order]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=30), st.sampled_from([0.05, 0.1]))
def test_the_false_discovery_rate_is_scipys(given_p: list[float | None], rate: float) -> None:
    p = np.array([np.nan if one is None else one for one in given_p], dtype=float)
    known = p[~np.isnan(p)]
    adjusted = stats.false_discovery_control(known) if len(known) else known
    # Where both come to the limit itself, rounding decides; leave those out.
    if len(known) and np.isclose(adjusted, rate, rtol=1e-9).any():
        return
    stands = benjamini_hochberg(p, rate)
    assert stands[~np.isnan(p)].tolist() == (adjusted <= rate).tolist()
    assert not stands[np.isnan(p)].any()


@given(
    st.dictionaries(st.integers(-50, 500), st.integers(1, 6), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0]),
)
def test_a_quantile_is_duckdbs_quantile_cont(counted: dict[int, int], q: float) -> None:
    values = sorted(counted)
    every = [float(value) for value in values for _ in range(counted[value])]
    (theirs,) = duckdb.execute(f"SELECT quantile_cont(x, {q}) FROM (SELECT unnest(?) AS x)", [every]).fetchone() or (
        None,
    )
    shape = (1, 1, 1)
    nothing = np.zeros(len(values), dtype=np.int64)
    ours = Histogram(nothing, nothing, np.array(values, float), np.array([counted[v] for v in values], float), shape)
    assert ours.quantile(q)[0, 0] == pytest.approx(theirs, abs=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 9), st.integers(1, 4)), max_size=40),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
)
def test_a_quantile_without_a_bucket_is_that_of_the_other_rows(rows: list[tuple[int, int, int, int]], q: float) -> None:
    rows = sorted(
        {(cell, bucket, value): weight for cell, bucket, value, weight in rows}.items(),
        key=lambda r: (r[0][0], r[0][2]),
    )
    cell, bucket, value = (np.array([key[place] for key, _ in rows], dtype=np.int64) for place in range(3))
    weight = np.array([weight for _, weight in rows], dtype=float)
    ours = Histogram(cell, bucket, value.astype(float), weight, (3, 1, 4)).quantiles_left_out(q)
    for one in range(3):
        for without in range(4):
            kept = [key[2] for key, n in rows if key[0] == one and key[1] != without for _ in range(n)]
            expected = np.quantile(kept, q) if kept else np.nan
            assert ours[one, 0, without] == pytest.approx(expected, abs=1e-9, nan_ok=True)
