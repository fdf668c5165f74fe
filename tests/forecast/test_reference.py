"""What others published or computed: Fader & Hardie's papers and sheets, R's BTYD, and lifetimes 0.11.3 on the CDNOW sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecast.customers import cdnow
from regulars import forecast
from regulars.forecast.estimate import Estimate
from regulars.forecast.models.gamma_gamma import SpendForecast
from regulars.forecast.models.purchase_fit import PurchaseForecast

NEW = {"frequency": [0], "recency": [0], "T": [0]}


def known(model: str, **parameters: float) -> PurchaseForecast:
    """A model with parameters that somebody published."""
    return PurchaseForecast(model, estimate_of(parameters))


def estimate_of(parameters: dict[str, float]) -> Estimate:
    none = np.full(len(parameters), np.nan)
    status = forecast.Status.CONVERGED
    return Estimate(tuple(parameters), np.array([*parameters.values()]), none, none, np.nan, 0, status)


@pytest.fixture(scope="module")
def sample(data: Callable[[str], Path]) -> dict[str, np.ndarray]:
    """Fader & Hardie's summary, with its rounded weeks."""
    rows = np.genfromtxt(data("cdnow/cdnow_customers_summary.csv"), delimiter=",", names=True)
    return {name: rows[name] for name in ("frequency", "recency", "T")}


# Their papers: 2005 for BG/NBD, the note of 2005 for Pareto/NBD; MBG/NBD as Batislam et al.'s authors and BTYD find it.
PUBLISHED = {
    "bg": ({"r": 0.24259, "alpha": 4.4135, "a": 0.7929, "b": 2.4258}, -9582.43),
    "mbg": ({"r": 0.52484, "alpha": 6.18299, "a": 0.89136, "b": 1.61400}, -9582.133),
    "pareto": ({"r": 0.55328, "alpha": 10.5776, "s": 0.60621, "beta": 11.6679}, -9594.97),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_cdnow_gives_the_published_parameters(sample: dict[str, np.ndarray], model: str):
    parameters, log_likelihood = PUBLISHED[model]
    found = forecast.fit(sample, model).estimate
    assert found.status is forecast.Status.CONVERGED
    assert found.parameters == pytest.approx(parameters, rel=5e-5)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=0.01)


# lifetimes 0.11.3 (tol 1e-7) on summary_data_from_transaction_data(freq="D") in weeks, the same file: parameters, expected
# purchases of (2, 30.43, 38.86) in 39 weeks and P(alive) of it, purchases of all in 39 weeks, customers still alive.
LIFETIMES = {
    ("1997-09-30", "bg"): ((0.242595, 4.413603, 0.792922, 2.425906), (1.225907, 0.726609, 1653.4087, 1917.2777)),
    ("1997-09-30", "mbg"): ((0.524843, 6.183082, 0.891360, 1.614003), (1.262669, 0.706126, 1576.7283, 1057.6365)),
    ("1997-09-30", "pareto"): ((0.553277, 10.577684, 0.606240, 11.668737), (1.455099, 0.869116, 1665.5131, 1051.8753)),
    ("1997-12-31", "bg"): ((0.248371, 4.762927, 0.616696, 2.198472), (1.316862, 0.761922, 1681.6250, 1896.2616)),
    ("1997-12-31", "mbg"): ((0.530829, 6.789301, 0.687885, 1.342303), (1.359578, 0.743473, 1619.4598, 1073.3603)),
    ("1997-12-31", "pareto"): ((0.550431, 10.993051, 0.440434, 8.940103), (1.554032, 0.897298, 1726.3269, 1062.7668)),
}


@pytest.mark.parametrize(("until", "model"), LIFETIMES)
def test_two_calibration_dates_agree_with_lifetimes(data: Callable[[str], Path], until: str, model: str):
    summary = cdnow(data("cdnow/CDNOW_sample.txt"), until)
    parameters, (expected, probability_alive, in_all, alive_in_all) = LIFETIMES[until, model]
    fitted = forecast.fit(summary, model)
    # lifetimes' search ends a little before the maximum, in beta most.
    np.testing.assert_allclose(fitted.estimate.values, parameters, rtol=2e-4)
    one = {"frequency": [2], "recency": [30.43], "T": [38.86]}
    assert fitted.expected_purchases(one, 39) == pytest.approx(expected, rel=2e-5)
    assert fitted.probability_alive(one) == pytest.approx(probability_alive, rel=2e-5)
    assert fitted.expected_purchases(summary, 39).sum() == pytest.approx(in_all, rel=2e-5)
    assert fitted.probability_alive(summary).sum() == pytest.approx(alive_in_all, rel=5e-5)


GAMMA_GAMMA = {
    "1997-09-30": (6.249572, 3.744225, 15.443521),
    "1997-12-31": (5.038148, 3.978620, 21.088782),
}


@pytest.mark.parametrize("until", GAMMA_GAMMA)
def test_spend_agrees_with_lifetimes(data: Callable[[str], Path], until: str):
    summary = cdnow(data("cdnow/CDNOW_sample.txt"), until)
    found = forecast.fit_spend(summary)
    assert found.estimate.status is forecast.Status.CONVERGED
    np.testing.assert_allclose(found.estimate.values, GAMMA_GAMMA[until], rtol=2e-6)


def test_fader_and_hardies_sheet_of_spend(data: Callable[[str], Path]):
    summary = cdnow(data("cdnow/CDNOW_sample.txt"), "1997-09-30")
    sheet = SpendForecast(estimate_of({"p": 6.25, "q": 3.74, "v": 15.44}))
    first = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    np.testing.assert_allclose(sheet.expected(summary)[:10], first, atol=0.1)
    assert sheet.of_all == pytest.approx(6.25 * 15.44 / 2.74)


def test_fader_and_hardies_sheet_of_bg_nbd(sample: dict[str, np.ndarray]):
    fitted = forecast.fit(sample, "bg")
    one = {"frequency": [2], "recency": [30.43], "T": [38.86]}
    assert fitted.expected_purchases(one, 39) == pytest.approx(1.226, abs=5e-4)
    moments = [0.1429, 1, 3, 31.8571, 32, 78]
    found = [fitted.expected_purchases(NEW, t)[0] for t in moments]
    np.testing.assert_allclose(found, [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], atol=1e-3)


def test_btyd_on_bg_nbd():
    btyd = known("bg", r=0.243, alpha=4.414, a=0.793, b=2.426)
    assert btyd.probability_of_counts(NEW, 2, 10)[0, 10] == pytest.approx(1.07869e-7, rel=1e-5)
    assert btyd.probability_of_counts(NEW, 39, 0)[0, 0] == pytest.approx(0.5737864, rel=1e-6)
    assert btyd.probability_of_purchase(NEW, 39) == pytest.approx(1 - 0.5737864, rel=1e-6)


def test_btyd_on_pareto_nbd():
    btyd = known("pareto", r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562)
    one = {"frequency": [26], "recency": [30.86], "T": [31]}
    assert btyd.probability_alive(one) == pytest.approx(0.9979, abs=5e-5)
    assert btyd.expected_purchases(one, 52) == pytest.approx(
        25.46, abs=1e-2
    )  # its vignette's parameters are rounded here


# Fader & Hardie (2007), tables 1 and 2: per cent of customers left after each year, and what seven of them gave.
RETENTION = {
    "high end": ([1000, 869, 743, 653, 593, 551, 517, 491], (0.668, 3.806), -1611.2, 0.394),
    "regular": ([1000, 631, 468, 382, 326, 289, 262, 241], (0.704, 1.182), -1680.3, 0.173),
}


@pytest.mark.parametrize("segment", RETENTION)
def test_fader_and_hardies_subscribers(segment: str):
    life, parameters, log_likelihood, after_twelve_years = RETENTION[segment]
    found = forecast.fit_subscriptions([life])
    np.testing.assert_allclose(found.estimate.values, parameters, atol=5e-4)
    assert found.estimate.log_likelihood == pytest.approx(log_likelihood, abs=0.05)
    # Five years ahead of what was fitted, the paper's point.
    assert found.survival(12) == pytest.approx(after_twelve_years, abs=0.02)
