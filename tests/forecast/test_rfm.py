"""Tables of any kind become cells, and pasts that cannot be are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from regulars import forecast
from regulars.forecast import RFMSummary
from regulars.forecast.rfm import unique_pairs
from regulars.vocabulary.errors import InputError, UsageError

ROWS = {"frequency": [2, 0, 1, 0, 2], "recency": [30.5, 0, 3, 0, 30.5], "T": [40.0, 40, 9, 40, 40]}


@pytest.mark.parametrize("table", [dict, pd.DataFrame, pa.table, lambda rows: pd.DataFrame(rows).convert_dtypes()])
def test_any_table_will_do(table: Any):
    rfm = RFMSummary.of(table(ROWS))
    assert (rfm.x.tolist(), rfm.t_x.tolist(), rfm.T.tolist()) == (*ROWS.values(),)
    assert forecast.fit(table(ROWS), "nbd").estimate.customers == 5


def test_equal_pasts_are_one_cell():
    grouped = RFMSummary.of(ROWS).grouped()
    assert sorted(zip(grouped.x, grouped.t_x, grouped.T, grouped.n, strict=True)) == [
        (0, 0, 40, 2),
        (1, 3, 9, 1),
        (2, 30.5, 40, 2),
    ]
    assert grouped.customers == 5
    assert grouped.mean_age == pytest.approx(33.8)
    assert [part.tolist() for part in grouped.frequency_counts] == [[0, 1, 2], [2, 1, 2]]


def test_seconds_are_grouped_as_days():
    chance = np.random.default_rng(0)
    T = chance.integers(1, 300, 5000) * 86_400.0 + chance.integers(0, 2, 5000)
    rfm = RFMSummary(np.zeros(5000), np.zeros(5000), T, np.ones(5000)).grouped()
    values, counts = np.unique(T, return_counts=True)
    assert dict(zip(rfm.T, rfm.n, strict=True)) == dict(zip(values, counts, strict=True))


@pytest.mark.parametrize("longest", [3, 300_000], ids=["few pairs", "hardly any twice"])
def test_pairs_are_those_there_are_each_once(longest: int):
    chance = np.random.default_rng(1)
    x, t = chance.integers(0, 4, 5000).astype(float), chance.integers(0, longest, 5000).astype(float)
    there_x, there_t, where = unique_pairs(x, t)
    assert sorted(zip(there_x, there_t, strict=True)) == sorted(set(zip(x, t, strict=True)))
    np.testing.assert_array_equal([there_x[where], there_t[where]], [x, t])


def changed(**columns: list[float] | None) -> dict[str, list[float]]:
    return {name: column for name, column in (ROWS | columns).items() if column is not None}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (changed(T=None), "no column T"),
        (changed(T=["a"] * 5), "T does not hold numbers"),
        (changed(T=[40, 40, None, 40, 40]), "1 of 5 rows T is missing or not a number; row 2 is the first"),
        (changed(T=[40, 40, np.inf, 40, 40]), "T is missing or not a number"),
        (changed(T=[40, -1, 9, -4, 40]), "2 of 5 rows T is negative; row 1"),
        (changed(T=[40, 40]), "not of one length"),
        (changed(frequency=[2.5, 0, 1, 0, 2]), "frequency is not a whole number"),
        (changed(frequency=[2e9, 0, 1, 0, 2]), "frequency is above 10,000,000"),
        (changed(recency=[41, 0, 3, 0, 30.5]), "recency is longer than T"),
        (changed(recency=[30.5, 7, 3, 0, 30.5]), "recency is above 0 for a customer who never came back"),
        (changed(recency=[30.5, 0, 0, 0, 30.5]), "recency is 0 for a customer who came back"),
        ({name: [] for name in ROWS}, "no customers"),
        (changed(frequency=[0] * 5, recency=[0] * 5), "No customer has bought twice"),
    ],
)
def test_what_cannot_be_is_refused(table: dict[str, list[float]], reason: str):
    with pytest.raises(InputError, match=reason):
        forecast.fit(table)


def test_an_unknown_model_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="no model 'bgnbd'") as refused:
        forecast.fit(ROWS, "bgnbd")
    assert refused.value.hint == "The models are bg, mbg, pareto, nbd."
