"""The rules of integration against integrals that are known, far beyond what shops ask of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import beta

from regulars.forecast.quadrature import beta_expectation, effective_end, integral, time_nodes


@pytest.mark.parametrize("power", [0.3, 1.0, 1.7, 9.0])
@pytest.mark.parametrize("ends", [[1, 100, 400], [1, 100, 10_000]])
def test_a_power_of_time(power: float, ends: list[int]):
    """The integral of (1 + t/3)^−power from 0 to each end."""
    end, shift = np.array(ends, dtype=float), np.full(len(ends), 3.0)
    longer = 1 + end / 3
    exact = 3 * np.log(longer) if power == 1 else 3 * (longer ** (1 - power) - 1) / (1 - power)
    t, weight = time_nodes(end, shift)
    np.testing.assert_allclose((weight * (1 + t / 3) ** -power).sum(axis=0), exact, rtol=1e-12)
    np.testing.assert_allclose(integral(lambda t: (1 + t / 3) ** -power, end, shift), exact, rtol=1e-12)


@pytest.mark.parametrize("fast", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("end", [30.0, 365.0, 3650.0])
def test_few_points_do_where_they_do(fast: float, end: float):
    """Of what falls fast at first, then slowly: by a power, and as half of the customers leave at once."""
    asked = []

    def f(t: np.ndarray) -> np.ndarray:
        asked.append(len(t))
        return np.exp(-fast * t) + (1 + t / 40) ** -1.4

    found = integral(f, np.array([end]), np.array([40.0]))
    exact = -np.expm1(-fast * end) / fast + 100 * (1 - (1 + end / 40) ** -0.4)
    assert found == pytest.approx(exact, rel=1e-10)
    assert asked in ([8, 16], [8, 16, 48])
    assert asked == [8, 16] or fast * end > 3


def test_what_is_gone_is_thirty_nats_down():
    shifts, powers = np.array([1.0, 50.0, 1.0, 2.0]), np.array([2.0, 900.0, 0.01, 3.0])
    end = effective_end(np.full(4, 1e9), ((shifts, powers), (np.full(4, 10.0), np.full(4, 0.5))))
    fallen = powers * np.log1p(end / shifts) + 0.5 * np.log1p(end / 10)
    gone = np.array([True, True, False, True])
    assert (fallen[gone] > 30).all()
    assert (fallen[gone] < 36).all()
    assert end[2] == 1e9  # never


GRID = list(itertools.product((0.05, 0.6, 40.0, 1200.0), (0.01, 0.5, 1.0, 1.001, 3.0, 20.0), (0.1, 1.0, 2.5, 40.0)))


@pytest.mark.parametrize(("r", "a", "b"), GRID)
def test_the_mean_over_who_leaves(r: float, a: float, b: float):
    """Expected purchases until one leaves, of which the papers' ₂F₁ is only in reach for small r; with quad's own weights."""
    t = 5.0

    def until_left(p: float) -> float:
        return -np.expm1(-r * np.log1p(p * t)) / p if p > 1e-200 else r * t

    cuts = [0.0, *np.geomspace(1e-7, 0.5, 12), 1.0]
    whole = 0.0
    for low, high in itertools.pairwise(cuts):
        if low == 0:
            part = quad(lambda p: until_left(p) * (1 - p) ** (b - 1), low, high, weight="alg", wvar=(a - 1, 0))
        elif high == 1:
            part = quad(lambda p: until_left(p) * p ** (a - 1), low, high, weight="alg", wvar=(0, b - 1))
        else:
            part = quad(lambda p: until_left(p) * p ** (a - 1) * (1 - p) ** (b - 1), low, high, epsrel=1e-12)
        whole += part[0]
    found = beta_expectation(np.vectorize(until_left), np.array([a]), np.array([b]), np.array([r * t]))
    assert found == pytest.approx(whole / beta(a, b), rel=1e-6)
