"""Simes and Benjamini–Hochberg against their definitions in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.metrics.verdicts.decide import simes, stands

P = st.one_of(st.just(math.nan), st.floats(0, 1))


@given(st.lists(st.lists(P, min_size=4, max_size=4), min_size=1, max_size=5))
def test_simes_is_the_least_of_m_p_over_rank(groups: list[list[float]]) -> None:
    for p, found in zip(groups, simes(np.array(groups)), strict=True):
        known = sorted(value for value in p if not math.isnan(value))
        if not known:
            assert math.isnan(found)
        else:
            expected = min(len(known) * value / rank for rank, value in enumerate(known, 1))
            assert found == pytest.approx(min(expected, 1))


@given(st.lists(P, min_size=1, max_size=12))
def test_benjamini_hochberg_rejects_up_to_the_last_rank_under_its_line(p: list[float]) -> None:
    known = sorted(value for value in p if not math.isnan(value))
    under = [value for rank, value in enumerate(known, 1) if value <= 0.1 * rank / len(known)]
    limit = max(under, default=-1.0)
    assert stands(np.array(p)).tolist() == [not math.isnan(value) and value <= limit for value in p]


def test_each_comparison_is_a_family_of_its_own() -> None:
    # 0.04 of three is above 0.1 / 3, alone it is below 0.1.
    both = stands(np.array([[0.04, 0.9, 0.8], [0.04, math.nan, math.nan]]))
    assert both.tolist() == [[False, False, False], [True, False, False]]
