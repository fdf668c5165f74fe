"""Parameters that customers were drawn with come back, and as often as the intervals promise."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.customers import TRUE, draw
from regulars import forecast

SEEDS = 60


@pytest.mark.parametrize("model", TRUE)
def test_the_truth_is_found(model: str):
    found = forecast.fit(draw(model, 20_000, seed=7).summary, model).estimate
    assert found.status is forecast.Status.CONVERGED
    assert found.names == (*TRUE[model],)
    apart = (found.values - [*TRUE[model].values()]) / found.standard_errors
    assert np.abs(apart).max() < 4
    assert (found.standard_errors < 0.5 * found.values).all()
    assert np.diag(found.correlation) == pytest.approx(1)


@pytest.mark.parametrize("model", TRUE)
def test_intervals_cover_the_truth(model: str):
    """Of 95 % intervals, between 91 and 98.5 % over all parameters: what chance leaves of 95 in so many."""
    covered = []
    for seed in range(SEEDS):
        found = forecast.fit(draw(model, 8000, seed).summary, model).estimate
        assert found.status is forecast.Status.CONVERGED, (seed, found.reason)
        intervals = found.intervals()
        covered += [low < TRUE[model][name] < high for name, (low, high) in intervals.items()]
    assert 0.91 < np.mean(covered) < 0.985


def test_intervals_of_spend_and_of_subscriptions_cover_the_truth():
    spend, stay = {"p": 5.0, "q": 4.0, "v": 20.0}, {"alpha": 0.8, "beta": 2.5}
    covered = []
    for seed in range(SEEDS):
        chance = np.random.default_rng(seed)
        x = chance.geometric(0.3, 3000).astype(float)
        rate = chance.gamma(spend["q"], 1 / spend["v"], 3000)
        mean = chance.gamma(spend["p"] * x, 1 / rate) / x
        intervals = forecast.fit_spend({"frequency": x, "monetary_value": mean}).estimate.intervals()
        covered += [low < spend[name] < high for name, (low, high) in intervals.items()]

        leave = chance.beta(stay["alpha"], stay["beta"], 4000)
        renewals = chance.geometric(leave) - 1
        lives = [[int((renewals[first::4] >= k).sum()) for k in range(first + 2)] for first in range(4)]
        intervals = forecast.fit_subscriptions(lives).estimate.intervals()
        covered += [low < stay[name] < high for name, (low, high) in intervals.items()]
    assert 0.91 < np.mean(covered) < 0.985


@pytest.mark.parametrize("model", TRUE)
def test_many_cells_are_searched_from_a_sample(model: str, monkeypatch: pytest.MonkeyPatch):
    """Which is faster, and ends in the same place."""
    summary = draw(model, 8000, seed=3).summary
    whole = forecast.fit(summary, model).estimate
    monkeypatch.setattr("regulars.forecast.models.purchase_fit._SAMPLE_ROWS", 1000)
    sampled = forecast.fit(summary, model).estimate
    np.testing.assert_allclose(sampled.values, whole.values, rtol=1e-7)
    np.testing.assert_allclose(sampled.standard_errors, whole.standard_errors, rtol=1e-4)
    assert sampled.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("model", TRUE)
@pytest.mark.parametrize("unit", [1 / 7, 86_400.0, 1 / 365.25])
def test_any_unit_of_time(model: str, unit: float):
    """Weeks, seconds and years: parameters that are times change with the unit, nothing else does."""
    summary = draw(model, 3000, seed=4).summary
    times = {"alpha": unit, "beta": unit}
    other = {"frequency": summary["frequency"], "recency": summary["recency"] * unit, "T": summary["T"] * unit}
    days, others = forecast.fit(summary, model), forecast.fit(other, model)
    scale = np.array([times.get(name, 1.0) for name in days.estimate.names])
    np.testing.assert_allclose(others.estimate.values, days.estimate.values * scale, rtol=1e-8)
    np.testing.assert_allclose(others.estimate.standard_errors, days.estimate.standard_errors * scale, rtol=1e-6)
    moments = summary["frequency"].sum() * np.log(unit)
    assert others.estimate.log_likelihood + moments == pytest.approx(days.estimate.log_likelihood, abs=1e-6)
    np.testing.assert_allclose(
        others.expected_purchases(other, 90 * unit), days.expected_purchases(summary, 90), rtol=1e-8
    )
    np.testing.assert_allclose(others.overdue(other), days.overdue(summary), rtol=1e-8)
