"""Quantiles against DuckDB's own, and their intervals by Woodruff against values by hand and plain Python."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from regulars.metrics.inference.intervals import jackknife, quantile_leave_one_out, woodruff
from regulars.metrics.inference.value_counts import Histogram, Quantiles

BUCKETS = 4
Rows = list[tuple[int, int, int, int]]
"""Cell, bucket, value and how often it occurs."""
some_rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, BUCKETS - 1), st.integers(0, 9), st.integers(1, 4)), max_size=40
)
shares = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])


def histogram(rows: Rows) -> Histogram:
    """The histogram of three cells."""
    counted: dict[tuple[int, int, int], int] = defaultdict(int)
    for cell, value, bucket, times in ((cell, value, bucket, times) for cell, bucket, value, times in rows):
        counted[cell, value, bucket] += times
    keys = np.array(sorted(counted), dtype=np.int64).reshape(-1, 3)
    weight = np.array([counted[key] for key in sorted(counted)], dtype=float)
    return Histogram(keys[:, 0], keys[:, 2], keys[:, 1].astype(float), weight, (3, 1, BUCKETS))


def of_bucket(rows: Rows, cell: int, bucket: int) -> list[int]:
    """Every value of a bucket, as often as it occurs."""
    return [value for mine, own, value, times in rows if (mine, own) == (cell, bucket) for _ in range(times)]


def by_hand(rows: Rows, cell: int, q: float) -> tuple[float, float, float]:
    """Value, low and high: the share up to the value without each bucket in turn, put about q, read off the values."""
    buckets = [found for bucket in range(BUCKETS) if (found := of_bucket(rows, cell, bucket))]
    every = [value for values in buckets for value in values]
    if not every:
        return math.nan, math.nan, math.nan
    middle = float(np.quantile(every, q))
    if len(buckets) < 2:
        return middle, math.nan, math.nan
    without = []
    for place in range(len(buckets)):
        others = [value for other, values in enumerate(buckets) if other != place for value in values]
        without.append(sum(value <= middle for value in others) / len(others))
    mean = sum(without) / len(without)
    freedom = len(without) - 1
    error = math.sqrt(freedom / len(without) * sum((one - mean) ** 2 for one in without))
    half = float(stats.t.ppf(0.975, freedom)) * error
    return middle, float(np.quantile(every, max(q - half, 0))), float(np.quantile(every, min(q + half, 1)))


@given(
    st.dictionaries(st.integers(-50, 500), st.integers(1, 6), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0]),
)
def test_a_quantile_is_duckdbs_quantile_cont(counted: dict[int, int], q: float) -> None:
    values = sorted(counted)
    every = [float(value) for value in values for _ in range(counted[value])]
    row = duckdb.execute(f"SELECT quantile_cont(x, {q}) FROM (SELECT unnest(?) AS x)", [every]).fetchone()
    assert row is not None
    nothing = np.zeros(len(values), dtype=np.int64)
    weight = np.array([counted[value] for value in values], dtype=float)
    ours = Histogram(nothing, nothing, np.array(values, dtype=float), weight, (1, 1, 1)).of(q)
    assert ours.value[0, 0] == pytest.approx(row[0], abs=1e-9)
    assert np.isnan([ours.low, ours.high]).all()


LEFT = {1: 0, 5: 0, 9: 0, 2: 1, 6: 1, 3: 2, 7: 2, 10: 2, 4: 3, 8: 3}
RIGHT = {11: 0, 12: 0, 13: 1, 14: 1, 15: 1, 16: 2, 17: 2, 18: 3, 19: 3, 20: 3}
"""Values 1 to 20 and their buckets of five; 3, 2, 3 and 2 of each lie below the median of 10.5."""


def test_the_interval_of_a_median_by_hand() -> None:
    """Without a bucket the share below is 7/15 or 8/15: an error of √(3/4 · 4/900) = 0.0577; t with 3 degrees is 3.1824.

    So the ends lie at the shares 0.5 ± 0.1837: at 6.009 and 12.991 of 19 steps from 1 to 20.
    """
    found = histogram([(0, bucket, value, 1) for value, bucket in (LEFT | RIGHT).items()]).of(0.5)
    assert [found.value[0, 0], found.low[0, 0], found.high[0, 0]] == pytest.approx([10.5, 7.009, 13.991], abs=1e-3)
    assert found.rows[0, 0].tolist() == [5, 5, 5, 5]
    assert found.at_most[0, 0].tolist() == [3, 2, 3, 2]
    # Without a bucket the share moves by 1/30, and by a step of 19 for each whole share.
    assert leave_one_out(found, 0.5)[0, 0] == pytest.approx([10.5 + 19 / 30, 10.5 - 19 / 30] * 2)


def leave_one_out(found: Quantiles, q: float) -> np.ndarray:
    return quantile_leave_one_out(found.value, found.low, found.high, found.at_most, found.rows, q)


@given(some_rows, shares)
def test_intervals_of_quantiles_are_those_of_plain_python(rows: Rows, q: float) -> None:
    found = histogram(rows).of(q)
    for cell in range(3):
        ours = found.value[cell, 0], found.low[cell, 0], found.high[cell, 0]
        assert ours == pytest.approx(by_hand(rows, cell, q), abs=1e-9, nan_ok=True)
        assert found.rows[cell, 0].tolist() == [len(of_bucket(rows, cell, bucket)) for bucket in range(BUCKETS)]


@given(some_rows, shares)
def test_a_quantile_lies_inside_its_own_interval_and_that_among_the_values(rows: Rows, q: float) -> None:
    found = histogram(rows).of(q)
    known = ~np.isnan(found.low)
    assert known.tolist() == ((found.rows > 0).sum(axis=-1) > 1).tolist()
    for cell in np.flatnonzero(known[:, 0]):
        every = [value for bucket in range(BUCKETS) for value in of_bucket(rows, int(cell), bucket)]
        low, value, high = found.low[cell, 0], found.value[cell, 0], found.high[cell, 0]
        assert min(every) <= low <= value <= high <= max(every)


@given(some_rows)
def test_a_median_without_each_bucket_has_the_error_of_its_interval(rows: Rows) -> None:
    """Half the width of the interval over t, where the interval was not cut off at the ends of the distribution."""
    found = histogram(rows).of(0.5)
    low, high, error = jackknife(leave_one_out(found, 0.5), found.value, found.rows > 0)
    for cell in range(3):
        buckets = [of_bucket(rows, cell, bucket) for bucket in range(BUCKETS)]
        every = sorted(value for values in buckets for value in values)
        inside = every and every[0] < found.low[cell, 0] and found.high[cell, 0] < every[-1]
        if inside:
            width = found.high[cell, 0] - found.low[cell, 0]
            assert high[cell, 0] - low[cell, 0] == pytest.approx(width)
    assert (np.isnan(error) == np.isnan(found.low)).all()


def test_the_interval_lies_about_the_quantile_and_not_about_the_share_of_rows_up_to_it() -> None:
    """Of many rows of one value more lie at the median or below than half."""
    at_most, rows = np.array([4.0, 3.0, 4.0, 3.0]), np.array([4.0, 4.0, 4.0, 4.0])
    low, high = woodruff(at_most, rows, 0.5)
    assert 0 < low < 0.5 < high < 1
    assert (low + high) / 2 == pytest.approx(0.5)


def test_a_value_that_all_rows_share_is_sure() -> None:
    found = histogram([(0, bucket, 7, 3) for bucket in range(BUCKETS)]).of(0.9)
    assert (found.low[0, 0], found.value[0, 0], found.high[0, 0]) == (7, 7, 7)
    assert leave_one_out(found, 0.9)[0, 0].tolist() == [7] * BUCKETS


def test_a_quantile_of_rows_of_one_bucket_has_no_interval() -> None:
    found = histogram([(0, 2, value, 1) for value in range(10)]).of(0.5)
    assert found.value[0, 0] == 4.5
    assert np.isnan([found.low[0, 0], found.high[0, 0]]).all()


def test_no_rows_have_no_quantile() -> None:
    nothing = replace(histogram([(0, 0, 0, 1)]), shape=(3, 1, BUCKETS)).of(0.5)
    assert np.isnan(nothing.value[1:]).all()
    assert nothing.rows[1:].sum() == 0
