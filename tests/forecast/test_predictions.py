"""What a fitted model says of customers: against drawn customers, against the papers' closed forms, and against itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1, hyperu

from forecast.customers import TRUE, Customers, draw
from forecast.test_reference import NEW, known
from regulars.forecast import RFMSummary
from regulars.forecast.models.purchase_fit import PurchaseForecast
from regulars.forecast.models.purchase_models import MODELS
from regulars.vocabulary.errors import UsageError

HORIZON = 90.0
SOME = {
    "frequency": [0, 1, 1, 4, 30, 2, 0],
    "recency": [0, 20, 200, 150, 290, 10, 0],
    "T": [10, 210, 210, 300, 300, 300, 360],
}
"""A few customers, in days."""


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def truth(model: str) -> PurchaseForecast:
    return known(model, **TRUE[model])


def within_chance(happened: np.ndarray, expected: np.ndarray) -> bool:
    """Whether a mean of what happened is within four standard errors of what was expected."""
    apart = happened - expected
    return bool(abs(apart.mean()) <= 4 * apart.std() / np.sqrt(len(apart)) + 1e-12)


def groups(customers: Customers) -> list[np.ndarray]:
    """One-time buyers, those who came back lately, those who did long ago; young and old."""
    silence = customers.T - customers.t_x
    parts = [customers.x == 0, (customers.x > 0) & (silence < 60), (customers.x > 0) & (silence >= 60), customers.x > 5]
    return [part & age for part in parts for age in (customers.T < 200, customers.T >= 200)]


def test_drawn_customers_do_what_is_predicted(model: str, truth: PurchaseForecast):
    """A hundred thousand customers who behave as the model says: all predictions hold in every group of pasts."""
    drawn = draw(model, 100_000, seed=11, horizon=HORIZON)
    predictions = {
        "probability_alive": (truth.probability_alive(drawn.summary), drawn.probability_alive),
        "purchases": (truth.expected_purchases(drawn.summary, HORIZON), drawn.later),
        "any": (truth.probability_of_purchase(drawn.summary, HORIZON), drawn.later > 0),
        "any sooner": (truth.probability_of_purchase(drawn.summary, 20), drawn.wait <= 20),
        "two": (truth.probability_of_counts(drawn.summary, HORIZON, 2)[:, 2], drawn.later == 2),
    }
    wrong = [
        (name, place)
        for place, chosen in enumerate(groups(drawn))
        for name, (expected, happened) in predictions.items()
        if chosen.sum() > 300 and not within_chance(happened[chosen].astype(float), expected[chosen])
    ]
    assert wrong == []


def test_half_of_those_still_customers_have_bought_by_the_median(model: str, truth: PurchaseForecast):
    drawn = draw(model, 100_000, seed=12, horizon=1e4)
    median = truth.median_next_purchase(drawn.summary)
    here = drawn.probability_alive & (median < 1e4)
    assert here.sum() > 20_000
    for part in (drawn.x == 0, drawn.x > 1):
        chosen = here & part
        assert within_chance((drawn.wait <= median)[chosen].astype(float), np.full(chosen.sum(), 0.5))


def test_overdue_is_the_probability_of_the_silence():
    """After their last purchase before a moment, those who stay are silent so long as often as it says."""
    stays = known("nbd", **TRUE["nbd"])
    now = draw("nbd", 200_000, seed=13, horizon=60)
    chosen = (now.T - now.t_x < 1) & (now.x > 0)  # a purchase just now
    later = {"frequency": now.x[chosen], "recency": now.t_x[chosen], "T": now.T[chosen] + 60}
    assert chosen.sum() > 500
    assert within_chance((now.wait[chosen] > 60).astype(float), stays.overdue(later))


def test_overdue_falls_with_silence(model: str, truth: PurchaseForecast):
    silent = {"frequency": [3] * 4, "recency": [100] * 4, "T": [100, 130, 200, 800]}
    found = truth.overdue(silent)
    assert found[0] == 1
    assert (np.diff(found) < 0).all()


@pytest.mark.parametrize("horizon", [1.0, 90.0, 2000.0])
def test_expected_purchases_of_bg_nbd_are_its_equation_10(horizon: float):
    """And MBG/NBD's as published: with ₂F₁, where that is in reach."""
    x, T = np.array(SOME["frequency"], dtype=float), np.array(SOME["T"], dtype=float)
    for model, more in (("bg", 0), ("mbg", 1)):
        r, alpha, a, b = TRUE[model].values()
        z = horizon / (alpha + T + horizon)
        c = a + b + x + more - 1
        series = hyp2f1(r + x, b + x + more, c, z)
        equation = c / (a - 1) * (1 - ((alpha + T) / (alpha + T + horizon)) ** (r + x) * series)
        fitted = known(model, **TRUE[model])
        np.testing.assert_allclose(
            fitted.expected_purchases(SOME, horizon), equation * fitted.probability_alive(SOME), rtol=1e-9
        )


def test_expected_purchases_where_the_equation_has_a_pole():
    """At a = 1 (BG/NBD) and s = 1 (Pareto/NBD) the papers divide by 0; what is beside them closes the gap."""
    for model, name in (("bg", "a"), ("mbg", "a"), ("pareto", "s")):
        at, below, above = (
            known(model, **(TRUE[model] | {name: value})).expected_purchases(SOME, 90)
            for value in (1.0, 1 - 1e-5, 1 + 1e-5)
        )
        np.testing.assert_allclose(at, (below + above) / 2, rtol=1e-9)


def test_counts_sum_to_one_and_mean_what_is_expected(model: str):
    # Rates that differ little, so that hardly anybody buys 300 times.
    calm = known(model, **(TRUE[model] | {"r": 4.0, "alpha": 100.0}))
    found = calm.probability_of_counts(SOME, 120, 300)
    assert found.shape == (7, 301)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(found @ np.arange(301), calm.expected_purchases(SOME, 120), rtol=1e-8)
    np.testing.assert_allclose(1 - found[:, 0], calm.probability_of_purchase(SOME, 120), rtol=1e-9)


def test_rates_add_up_to_purchases(model: str, truth: PurchaseForecast):
    """Discounted by nothing, the integral of the rate is the closed form; over a long time too."""
    for horizon in (1.0, 365.0, 20_000.0):
        np.testing.assert_allclose(
            truth.discounted_purchases(SOME, horizon), truth.expected_purchases(SOME, horizon), rtol=1e-7
        )


def test_discounting_is_the_integral_of_the_papers(model: str, truth: PurchaseForecast):
    """Eq. (2) of "RFM and CLV", by another quadrature over differences of expected purchases."""
    discount = 1.1 ** (1 / 365) - 1
    one = {name: column[3:4] for name, column in SOME.items()}

    def bought(t: float) -> float:
        return float(truth.expected_purchases(one, t)[0]) if t else 0.0

    # By parts: the integral of exp(−δt) dE(t) is exp(−δT) E(T) + δ times that of exp(−δt) E(t).
    force = np.log1p(discount)
    rest = quad(lambda t: force * np.exp(-force * t) * bought(t), 0, 730, epsrel=1e-9)[0]
    assert truth.discounted_purchases(one, 730, discount) == pytest.approx(
        np.exp(-force * 730) * bought(730) + rest, rel=1e-7
    )


def test_an_endless_horizon_is_pareto_nbds_closed_form():
    """Fader, Hardie & Lee (2005), "RFM and CLV", eq. (2): discounted expected residual transactions, with Tricomi's Ψ."""
    r, alpha, s, beta = TRUE["pareto"].values()
    truth, discount = known("pareto", **TRUE["pareto"]), 1.15 ** (1 / 365) - 1
    force, (x, t_x, T) = np.log1p(discount), (np.array(column, dtype=float) for column in SOME.values())
    ones = [RFMSummary(*(part[k : k + 1] for part in (x, t_x, T, np.ones(7)))) for k in range(7)]
    likelihood = np.array([MODELS["pareto"].likelihood(truth.estimate.values, one).value for one in ones])
    logs = r * np.log(alpha) + s * np.log(beta) + (s - 1) * np.log(force) + gammaln(r + x + 1) - gammaln(r)
    logs -= (r + x + 1) * np.log(alpha + T) + likelihood
    expected = np.exp(logs) * hyperu(s, s, force * (beta + T))
    np.testing.assert_allclose(truth.discounted_purchases(SOME, np.inf, discount), expected, rtol=1e-7)


def test_value_is_purchases_times_spend(model: str, truth: PurchaseForecast):
    spend = np.arange(7.0)
    np.testing.assert_allclose(
        truth.discounted_value(SOME, spend, 90, 1e-4), truth.discounted_purchases(SOME, 90, 1e-4) * spend
    )


def test_limits_of_time(model: str, truth: PurchaseForecast):
    """Soon nothing happens; in the end a customer has bought or left. The longer, the more."""
    horizons = [1e-6, 1.0, 30.0, 1e3, 1e6]
    expected = np.array([truth.expected_purchases(SOME, horizon) for horizon in horizons])
    any_at_all = np.array([truth.probability_of_purchase(SOME, horizon) for horizon in horizons])
    assert (np.diff(expected, axis=0) > 0).all()
    assert (np.diff(any_at_all, axis=0) >= 0).all()
    assert (any_at_all <= truth.probability_alive(SOME) + 1e-12).all()
    assert (expected >= any_at_all - 1e-12).all()
    assert (expected[0] < 1e-5).all()


def test_pareto_nbd_without_leaving_is_nbd():
    stays = known("pareto", r=0.6, alpha=50.0, s=1e-9, beta=100.0)
    nbd = known("nbd", r=0.6, alpha=50.0)
    leaves_never = known("bg", r=0.6, alpha=50.0, a=1e-9, b=2.0)
    for method in ("expected_purchases", "probability_of_purchase", "discounted_purchases"):
        for other in (stays, leaves_never):
            np.testing.assert_allclose(getattr(other, method)(SOME, 90), getattr(nbd, method)(SOME, 90), rtol=1e-6)
    np.testing.assert_allclose(stays.median_next_purchase(SOME), nbd.median_next_purchase(SOME), rtol=1e-6)


def test_the_median_is_infinite_where_most_never_return():
    leaving = known("pareto", r=0.5, alpha=100.0, s=5.0, beta=20.0)
    assert leaving.median_next_purchase(NEW).tolist() == [np.inf]
    assert np.isfinite(leaving.median_next_purchase({"frequency": [50], "recency": [90], "T": [91]})).all()


def test_many_customers_are_as_each_alone(model: str, truth: PurchaseForecast):
    """More pairs of x and T than are worked on at once, in the order of the rows."""
    drawn = draw(model, 6000, seed=5)
    drawn.T += np.arange(6000) / 1e4
    whole = truth.expected_purchases(drawn.summary, 30)
    for place in (0, 1234, 4095, 4096, 5999):
        one = drawn.only(np.arange(6000) == place)
        assert truth.expected_purchases(one, 30) == pytest.approx(whole[place], rel=1e-12)


@pytest.mark.parametrize("horizon", [0.0, -3.0, np.nan, np.inf])
def test_a_horizon_is_a_time(horizon: float, truth: PurchaseForecast):
    for method in (truth.expected_purchases, truth.probability_of_purchase, truth.discounted_purchases):
        with pytest.raises(UsageError):
            method(SOME, horizon)


def test_a_discount_is_not_negative(truth: PurchaseForecast):
    with pytest.raises(UsageError, match="0 or more"):
        truth.discounted_purchases(SOME, 90, -0.1)
