"""Where data say too little, or are beyond what peers can compute: a status with its reason, a refusal, or the right number."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forecast.customers import draw
from regulars import forecast
from regulars.forecast import Status
from regulars.vocabulary.errors import InputError

DROPOUT_MODELS = ("bg", "mbg", "pareto")
ALL = (*DROPOUT_MODELS, "nbd")
SAYS_LITTLE = (Status.BOUNDARY, Status.NOT_IDENTIFIED)


@pytest.mark.parametrize("model", DROPOUT_MODELS)
@pytest.mark.parametrize("number", [300, 20_000])
def test_without_drop_out_it_says_so(model: str, number: int):
    """lifetimes raises here. Whatever the leaving parameters are, the forecast is that of NBD."""
    drawn = draw("nbd", number, seed=1)
    fitted, stays = forecast.fit(drawn.summary, model), forecast.fit(drawn.summary, "nbd")
    assert fitted.estimate.status in SAYS_LITTLE
    assert re.search("leave|drop out", fitted.estimate.reason)
    assert fitted.estimate.log_likelihood == pytest.approx(stays.estimate.log_likelihood, abs=3)
    expected, certain = (
        fitted.expected_purchases(drawn.summary, 90).sum(),
        stays.expected_purchases(drawn.summary, 90).sum(),
    )
    assert expected == pytest.approx(certain, rel=0.1)


@pytest.fixture(scope="module")
def online_retail(data: Callable[[str], Path]) -> dict[str, np.ndarray]:
    """Days with a purchase of a real shop's customers."""
    days: dict[str, set[np.datetime64]] = {}
    with gzip.open(data("online_retail/online_retail.csv.gz"), "rt") as lines:
        for line in csv.DictReader(lines):
            if line["CustomerID"] and not line["InvoiceNo"].startswith("C") and float(line["UnitPrice"]) > 0:
                days.setdefault(line["CustomerID"], set()).add(np.datetime64(line["InvoiceDate"][:10]))
    first, last = (np.array([end(those) for those in days.values()]) for end in (min, max))
    return {
        "frequency": np.array([len(those) - 1.0 for those in days.values()]),
        "recency": (last - first).astype(float),
        "T": (np.datetime64("2011-12-09") - first).astype(float),
    }


@pytest.mark.slow
@pytest.mark.parametrize("model", DROPOUT_MODELS)
def test_a_real_shop_in_which_nobody_can_be_seen_to_leave(online_retail: dict[str, np.ndarray], model: str):
    """Online Retail: a year is too short to tell leaving from seldom buying."""
    found, stays = forecast.fit(online_retail, model).estimate, forecast.fit(online_retail, "nbd").estimate
    assert found.customers == 4338
    assert found.status in SAYS_LITTLE
    assert "nobody leaves" in found.reason or "do not show whether customers drop out" in found.reason
    assert -0.01 < 2 * (found.log_likelihood - stays.log_likelihood) < 4.4
    assert forecast.fit(online_retail, model).likelihood_ratio < 4.4
    assert found.values[:2] == pytest.approx(stays.values, rel=0.01)


@pytest.mark.parametrize("model", DROPOUT_MODELS)
def test_with_drop_out_it_does_not(model: str):
    fitted = forecast.fit(draw(model, 3000, seed=1).summary, model)
    assert fitted.estimate.reason == ""
    assert fitted.likelihood_ratio > 100


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize(
    "past",
    [
        {"frequency": [5], "recency": [30], "T": [38]},
        {"frequency": [1], "recency": [3], "T": [38]},
        {"frequency": [1] * 100, "recency": [9] * 100, "T": [30] * 100},
        {"frequency": [4] * 100, "recency": [29] * 100, "T": [30] * 100},
    ],
)
def test_one_customer_and_customers_all_alike(model: str, past: dict[str, list[float]]):
    """Nothing tells how customers differ: a boundary, with finite forecasts of the extreme it names."""
    fitted = forecast.fit(past, model)
    assert fitted.estimate.status in SAYS_LITTLE
    assert "all customers buy at the same rate" in fitted.estimate.reason
    assert np.isnan(fitted.estimate.standard_errors).all()
    for found in (
        fitted.probability_alive(past),
        fitted.expected_purchases(past, 30),
        fitted.probability_of_purchase(past, 30),
    ):
        assert np.isfinite(found).all()
        assert (found >= 0).all()


@pytest.mark.parametrize("model", ALL)
def test_customers_all_alike_buy_at_their_rate(model: str):
    """A hundred customers with 4 purchases in 30 days, who bought yesterday: 4 more in as long, or nearly."""
    past = {"frequency": [4] * 100, "recency": [29] * 100, "T": [30] * 100}
    assert forecast.fit(past, model).expected_purchases(past, 30)[0] == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("model", ALL)
def test_thousands_of_purchases(model: str):
    """lifetimes' ₂F₁ leaves a float's range above a thousand. Who bought 5,000 times in a year buys 14 times a day."""
    drawn = draw(model, 3000, seed=2)
    summary = {
        name: np.append(column, more)
        for (name, column), more in zip(drawn.summary.items(), (5000, 364.9, 365), strict=True)
    }
    fitted = forecast.fit(summary, model)
    last = {name: column[-1:] for name, column in summary.items()}
    assert fitted.probability_alive(last)[0] > 0.3
    assert fitted.expected_purchases(last, 1)[0] == pytest.approx(
        5000 / 365 * fitted.probability_alive(last)[0], rel=0.1
    )
    assert 0 < fitted.probability_of_purchase(last, 0.1)[0] <= 1
    silent = last | {"T": np.array([400.0])}
    assert fitted.overdue(silent)[0] < 1e-100
    assert fitted.probability_alive(silent)[0] < 1e-10 or model == "nbd"


@pytest.mark.parametrize("model", ALL)
def test_a_purchase_a_minute_all_year(model: str):
    chance = np.random.default_rng(0)
    T = chance.uniform(100, 365, 500)
    x = np.maximum(chance.poisson(T * chance.gamma(2, 300, 500)), 1).astype(float)
    summary = {"frequency": x, "recency": T * (1 - 1e-4), "T": T}
    fitted = forecast.fit(summary, model)
    assert np.isfinite(fitted.estimate.log_likelihood)
    assert np.isfinite(fitted.expected_purchases(summary, 10)).all()


@pytest.mark.parametrize("model", ALL)
def test_customers_of_today_say_nothing(model: str):
    """Who first bought today has no past: as many of them as may be change no estimate."""
    summary = draw(model, 3000, seed=2).summary
    more = {name: np.append(column, np.zeros(500)) for name, column in summary.items()}
    with_them, without = (forecast.fit(table, model).estimate for table in (more, summary))
    np.testing.assert_allclose(with_them.values, without.values, rtol=1e-5)
    assert with_them.log_likelihood == pytest.approx(without.log_likelihood, abs=1e-6)


@st.composite
def pasts(draw: st.DrawFn) -> dict[str, list[float]]:
    """Any few customers, in any unit of time."""
    span = 10.0 ** draw(st.integers(-3, 7))
    T = draw(st.lists(st.floats(1e-3, 1), min_size=1, max_size=12))
    x = [draw(st.one_of(st.integers(0, 3), st.integers(0, 100_000))) for _ in T]
    t_x = [draw(st.floats(1e-6, 1)) * age if times else 0.0 for times, age in zip(x, T, strict=True)]
    return {"frequency": x, "recency": [span * t for t in t_x], "T": [span * age for age in T]}


@given(table=pasts(), model=st.sampled_from(ALL))
@example(table={"frequency": [1, 100_000], "recency": [1e-9, 1e-3], "T": [1e4, 1e-3]}, model="pareto")
@pytest.mark.filterwarnings("error")
def test_any_customers_give_sense_or_a_refusal(table: dict[str, list[float]], model: str):
    """Without a warning: finite parameters, probabilities that are some, and never more buyers than customers or purchases."""
    if not any(table["frequency"]):
        with pytest.raises(InputError, match="No customer has bought twice"):
            forecast.fit(table, model)
        return
    fitted, horizon = forecast.fit(table, model), float(np.mean(table["T"]))
    assert np.isfinite(fitted.estimate.values).all()
    assert (fitted.estimate.reason == "") == (fitted.estimate.status is Status.CONVERGED)
    probability_alive, expected, buys, overdue = (
        fitted.probability_alive(table),
        fitted.expected_purchases(table, horizon),
        fitted.probability_of_purchase(table, horizon),
        fitted.overdue(table),
    )
    for share in (probability_alive, buys, overdue):
        assert ((share >= 0) & (share <= 1 + 1e-9)).all()
    assert np.isfinite(expected).all()
    assert (buys <= probability_alive + 1e-9).all()
    assert (buys <= expected * (1 + 1e-6) + 1e-12).all()
    assert (fitted.median_next_purchase(table) >= 0).all()


@pytest.mark.parametrize(
    ("spend", "reason"),
    [
        ([10, 0, 20], "1 of 3 rows the mean value of a purchase is 0, negative or unknown"),
        ([10, -5, -1], "2 of 3 rows the mean value of a purchase is 0, negative or unknown"),
        ([10, np.nan, 1], "1 of 3 rows the mean value of a purchase is 0, negative or unknown"),
    ],
)
def test_spend_must_be_positive(spend: list[float], reason: str):
    with pytest.raises(InputError, match=reason):
        forecast.fit_spend({"frequency": [2, 1, 3], "monetary_value": spend})


def test_spend_of_nobody_is_not_asked_for():
    """Rows without a purchase have no mean value, whatever stands there."""
    rows = {"frequency": [2, 0, 3, 0], "monetary_value": [10, 0, 20, np.nan]}
    assert forecast.fit_spend(rows).estimate.customers == 2


def test_everybody_always_spends_the_same():
    chance = np.random.default_rng(0)
    rows = {"frequency": chance.integers(1, 9, 500), "monetary_value": np.full(500, 19.9)}
    fitted = forecast.fit_spend(rows)
    assert fitted.estimate.status is Status.BOUNDARY
    assert "each customer always spends the same" in fitted.estimate.reason
    assert fitted.expected(rows) == pytest.approx(19.9, rel=1e-3)


def test_one_purchase_each_tells_nothing_of_spend():
    with pytest.raises(InputError, match="No customer bought twice"):
        forecast.fit_spend({"frequency": [1, 1, 0], "monetary_value": [10, 20, 0]})


@pytest.mark.parametrize(
    ("cohorts", "reason"),
    [
        ([[100, 100, 100]], "nobody leaves"),
        ([[100, 0]], "all leave"),
        ([[1000, 500, 250, 125, 62, 31]], "all leave with the same probability"),
    ],
)
def test_subscribers_at_an_extreme(cohorts: list[list[float]], reason: str):
    found = forecast.fit_subscriptions(cohorts).estimate
    assert found.status is Status.BOUNDARY
    assert reason in found.reason


def test_one_renewal_does_not_tell_two_parameters():
    found = forecast.fit_subscriptions([[1000, 700]]).estimate
    assert found.status is Status.NOT_IDENTIFIED
    assert "alpha and beta" in found.reason
    assert forecast.fit_subscriptions([[1000, 700]]).retention(0) == pytest.approx(0.7)
