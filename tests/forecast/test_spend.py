"""What customers spend a purchase: against drawn customers and the model's own meaning."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from forecast.test_reference import estimate_of
from regulars import forecast
from regulars.forecast import SpendForecast
from regulars.vocabulary.errors import InputError

TRUTH = {"p": 5.0, "q": 4.0, "v": 20.0}


def drawn(number: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Customers with the mean of some purchases, and what each spends in the long run."""
    chance = np.random.default_rng(seed)
    x = chance.geometric(0.3, number).astype(float)
    rate = chance.gamma(TRUTH["q"], 1 / TRUTH["v"], number)
    return {"frequency": x, "monetary_value": chance.gamma(TRUTH["p"] * x, 1 / rate) / x}, TRUTH["p"] / rate


def test_the_truth_is_found():
    rows, _ = drawn(20_000, seed=1)
    found = forecast.fit_spend(rows).estimate
    assert found.status is forecast.Status.CONVERGED
    assert (np.abs(found.values - [*TRUTH.values()]) < 4 * found.standard_errors).all()


def test_customers_spend_in_the_long_run_what_is_expected():
    rows, spends = drawn(200_000, seed=2)
    known = SpendForecast(estimate_of(TRUTH))
    expected = known.expected(rows)
    for part in (rows["frequency"] == 1, rows["frequency"] > 4, rows["monetary_value"] > 60):
        apart = (spends - expected)[part]
        assert abs(apart.mean()) < 4 * apart.std() / np.sqrt(part.sum())


def test_it_lies_between_their_own_mean_and_that_of_all():
    known = SpendForecast(estimate_of(TRUTH))
    assert known.of_all == pytest.approx(5 * 20 / 3)
    rows = {"frequency": [0, 1, 10, 10_000], "monetary_value": [0, 90, 90, 90]}
    found = known.expected(rows)
    assert found[0] == known.of_all
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(90, rel=1e-3)


def test_a_mean_that_does_not_exist_is_infinite():
    heavy = SpendForecast(estimate_of({"p": 2.0, "q": 0.9, "v": 20.0}))
    assert heavy.of_all == np.inf
    assert np.isfinite(heavy.expected({"frequency": [1], "monetary_value": [10]})).all()


@pytest.mark.parametrize("unit", [0.01, 1000.0])
def test_any_currency(unit: float):
    rows, _ = drawn(3000, seed=3)
    other = rows | {"monetary_value": rows["monetary_value"] * unit}
    pounds, others = forecast.fit_spend(rows), forecast.fit_spend(other)
    np.testing.assert_allclose(others.estimate.values, pounds.estimate.values * [1, 1, unit], rtol=1e-8)
    np.testing.assert_allclose(others.expected(other), pounds.expected(rows) * unit, rtol=1e-8)
    shift = -3000 * np.log(unit)
    assert others.estimate.log_likelihood == pytest.approx(pounds.estimate.log_likelihood + shift, abs=1e-6)


def test_customers_counted_once_are_counted_singly():
    rows, _ = drawn(500, seed=4)
    counted = {name: np.round(column) + (name != "frequency") for name, column in rows.items()}
    twice = {name: np.concatenate((column, column)) for name, column in counted.items()}
    for table in (dict, pa.table):
        weighed = forecast.fit_spend(table(counted | {"customers": np.full(500, 2)})).estimate
        assert weighed.customers == 1000
        np.testing.assert_allclose(weighed.values, forecast.fit_spend(twice).estimate.values, rtol=1e-9)


@pytest.mark.parametrize("frequency", [[1.5, 2], [-1, 2], [np.nan, 2], [1e9, 2]])
def test_frequency_is_a_number_of_purchases(frequency: list[float]):
    with pytest.raises(InputError, match="frequency is not a number of purchases"):
        forecast.fit_spend({"frequency": frequency, "monetary_value": [10, 20]})


def test_columns_are_of_one_length_and_there():
    with pytest.raises(InputError, match="not of one length"):
        forecast.fit_spend({"frequency": [1, 2, 3], "monetary_value": [10, 20]})
    with pytest.raises(InputError, match="no column monetary_value"):
        forecast.fit_spend({"frequency": [1, 2, 3]})
