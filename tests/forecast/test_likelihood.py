"""Likelihoods against their definition, and their derivatives against differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import gammaln, roots_genlaguerre, roots_jacobi

from regulars.forecast.models import gamma_gamma, sbg
from regulars.forecast.models.purchase_models import MODELS
from regulars.forecast.newton import Expansion
from regulars.forecast.rfm import RFMSummary

PARAMETERS = {
    "bg": [(0.6, 40, 0.8, 2.5), (0.1, 300, 3, 0.4), (9, 2, 1, 1)],
    "mbg": [(0.6, 40, 0.8, 2.5), (2, 5, 0.1, 30)],
    "pareto": [(0.6, 50, 0.7, 120), (0.6, 120, 0.7, 50), (2, 3, 0.2, 900), (1, 80, 1, 80)],
    "nbd": [(0.5, 80), (3, 900)],
}
CASES = [(model, parameters) for model, several in PARAMETERS.items() for parameters in several]


@pytest.fixture(scope="module")
def rfm() -> RFMSummary:
    """All sorts of customers: never back, back today, bought thousands of times, first bought today."""
    chance = np.random.default_rng(1)
    x = chance.integers(0, 8, 300).astype(float)
    x[:80], x[-3:] = 0, (1200, 5000, 40)
    T = chance.uniform(1, 365, 300)
    T[:3] = 0
    t_x = np.where(x > 0, T * chance.uniform(0.05, 1, 300), 0)
    t_x[100], x[100] = T[100], 3
    return RFMSummary(x, t_x, T, chance.integers(1, 9, 300).astype(float))


def check_derivatives(function: Callable[[np.ndarray], Expansion], at: np.ndarray) -> None:
    """Against central differences of sixth order, in the parameters' logarithms."""

    def difference(of: Callable[[np.ndarray], np.ndarray | float], k: int) -> np.ndarray | float:
        step = np.zeros(len(at))
        step[k] = 1e-3
        weighed = [w * (of(at * np.exp(j * step)) - of(at * np.exp(-j * step))) for j, w in ((1, 45), (2, -9), (3, 1))]
        return sum(weighed) / 60 / 1e-3

    exact = function(at)
    gradient = np.array([difference(lambda p: function(p).value, k) for k in range(len(at))])
    hessian = np.array([difference(lambda p: function(p).gradient, k) for k in range(len(at))]) * at
    np.testing.assert_allclose(exact.gradient * at, gradient, rtol=0, atol=1e-7 * np.abs(gradient).max())
    np.testing.assert_allclose(exact.hessian * np.outer(at, at), hessian, rtol=0, atol=1e-7 * np.abs(hessian).max())


@pytest.mark.parametrize(("model", "parameters"), CASES)
def test_derivatives(rfm: RFMSummary, model: str, parameters: tuple[float, ...]):
    check_derivatives(lambda at: MODELS[model].likelihood(at, rfm), np.array(parameters, dtype=float))


def test_derivatives_of_spend():
    chance = np.random.default_rng(2)
    x, mean, n = (
        chance.integers(1, 50, 200).astype(float),
        chance.gamma(2, 20, 200),
        chance.integers(1, 5, 200).astype(float),
    )
    check_derivatives(lambda at: gamma_gamma.likelihood(at, x, mean, n), np.array([4.0, 3.5, 20.0]))


def test_derivatives_of_subscriptions():
    renewed, left = np.arange(50) % 8.0, np.arange(50) % 2.0
    check_derivatives(lambda at: sbg.likelihood(at, renewed, left, np.arange(50.0)), np.array([0.7, 1.2]))


def gamma_rule(shape: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the mean over a gamma distribution."""
    points, weights = roots_genlaguerre(120, shape - 1)
    return points / rate, weights / np.exp(gammaln(shape))


def beta_rule(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    points, weights = roots_jacobi(60, b - 1, a - 1)
    return (1 + points) / 2, weights / weights.sum()


# What one customer with a known rate λ and a known way to leave does: the papers' individual likelihoods.
INDIVIDUAL = {
    "nbd": lambda rate, _, x, t_x, T: rate**x * np.exp(-rate * T),
    "bg": lambda rate, p, x, t_x, T: (
        rate**x * ((1 - p) ** x * np.exp(-rate * T) + (p * (1 - p) ** (x - 1) * np.exp(-rate * t_x) if x else 0))
    ),
    "mbg": lambda rate, p, x, t_x, T: (
        rate**x * ((1 - p) ** (x + 1) * np.exp(-rate * T) + p * (1 - p) ** x * np.exp(-rate * t_x))
    ),
    "pareto": lambda rate, mu, x, t_x, T: (
        rate**x / (rate + mu) * (mu * np.exp(-(rate + mu) * t_x) + rate * np.exp(-(rate + mu) * T))
    ),
}
MIXTURES = {"nbd": (1.8, 30), "bg": (1.8, 30, 1.4, 2.5), "mbg": (1.8, 30, 1.4, 2.5), "pareto": (1.8, 30, 2.5, 40)}
ALIVE = {
    "nbd": lambda rate, _, x, t_x, T: rate**x * np.exp(-rate * T),
    "bg": lambda rate, p, x, t_x, T: rate**x * (1 - p) ** x * np.exp(-rate * T),
    "mbg": lambda rate, p, x, t_x, T: rate**x * (1 - p) ** (x + 1) * np.exp(-rate * T),
    "pareto": lambda rate, mu, x, t_x, T: rate**x * np.exp(-(rate + mu) * T),
}
PASTS = [(0, 0, 20), (1, 5, 25), (3, 20, 21), (4, 4, 30), (6, 28, 28), (0, 0, 0)]


@pytest.mark.parametrize("model", MIXTURES)
@pytest.mark.parametrize("past", PASTS)
def test_a_customer_is_a_mixture(model: str, past: tuple[float, float, float]):
    """The likelihood and P(alive) by integrating over the customer's rate and way to leave, with nothing of our formulas."""
    r, alpha, *leaving = MIXTURES[model]
    rates, weights = gamma_rule(r, alpha)
    ways, shares = {0: lambda: (np.zeros(1), np.ones(1)), 2: lambda: DROPOUT_MODELS[model](*leaving)}[len(leaving)]()
    rate, way, weight = rates[:, None], ways[None], weights[:, None] * shares[None]
    whole = (weight * INDIVIDUAL[model](rate, way, *past)).sum()
    one = RFMSummary(*(np.array([float(part)]) for part in (*past, 1)))
    parameters = np.array(MIXTURES[model], dtype=float)
    assert np.exp(MODELS[model].likelihood(parameters, one).value) == pytest.approx(whole, rel=1e-5)
    probability_alive = (weight * ALIVE[model](rate, way, *past)).sum() / whole
    assert MODELS[model].probability_alive(parameters, one) == pytest.approx(probability_alive, rel=1e-5)


DROPOUT_MODELS = {"bg": beta_rule, "mbg": beta_rule, "pareto": gamma_rule}


@pytest.mark.parametrize(("model", "parameters"), CASES)
def test_counted_once_is_counted_singly(rfm: RFMSummary, model: str, parameters: tuple[float, ...]):
    """A cell of n customers is n rows; equal rows grouped are the rows."""
    n = rfm.n.astype(int)
    rows = RFMSummary(*(np.repeat(part, n) for part in (rfm.x, rfm.t_x, rfm.T)), np.ones(n.sum()))
    at = np.array(parameters, dtype=float)
    counted, singly, grouped = (MODELS[model].likelihood(at, these) for these in (rfm, rows, rows.grouped()))
    assert len(rows.grouped().x) <= len(rfm.x)
    for other in (singly, grouped):
        assert other.value == pytest.approx(counted.value, rel=1e-12)
        np.testing.assert_allclose(other.gradient, counted.gradient, rtol=1e-9, atol=1e-9)
