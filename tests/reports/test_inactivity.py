"""What silence means: a customer still is not somebody who is going to buy."""

from __future__ import annotations

import re

import pytest

from regulars.forecast import RFMSummary, fit
from regulars.reports.charts.theme import BLUE, ORANGE
from regulars.reports.forecasts.customers import Paces
from regulars.reports.forecasts.inactivity import fitted, one_time, paces
from reports.forecasts import forecast
from reports.svg import marks, words

CELLS = RFMSummary.of(
    {
        "frequency": [0, 0, 0, 1, 2, 3, 5, 8],
        "recency": [0, 0, 0, 20, 60, 90, 200, 250],
        "T": [300, 200, 100, 300, 90, 200, 220, 300],
    }
)
PARETO = {"r": 0.7, "alpha": 90.0, "s": 0.9, "beta": 300.0}


def percents(chart: object) -> list[str]:
    """The numbers at the curves, without those of the axis."""
    return [word for word in words(chart) if re.fullmatch(r"\d+ %", word)][6:]


def of_nbd(returns: int, pace: float) -> str:
    """Nobody leaves, so the rate is Gamma(r + x, alpha + T), and P(no purchase in 90 days) its Laplace transform there."""
    age = 30.0 + returns * pace + 90
    return f"{100 * (1 - (age / (age + 90)) ** (0.5 + returns)):.0f} %"


def test_of_those_who_never_leave_all_are_customers_still_and_the_slow_buy_less():
    found = paces(fitted(forecast()), Paces(3, 20.0, 80.0))
    assert percents(found.chart) == ["100 %", of_nbd(3, 20.0), "100 %", of_nbd(3, 80.0), "100 %", of_nbd(0, 0.0)]
    assert found.title.startswith("This model has no churn")
    assert {"Came back 3 times,", "every 20 days", "every 80 days", "Bought once,"} <= set(words(found.chart))
    assert {"still a customer", "buys within 90 days"} <= set(words(found.chart))
    for color in (BLUE, ORANGE):
        assert len(marks(found.chart, "line", color)) == len(marks(found.chart, "symbol", color)) == 3


def test_the_title_says_what_silence_says_of_these_customers():
    model = fitted(forecast(model="pareto", parameters=PARETO, standard_errors=dict.fromkeys(PARETO, 0.1)))
    slow_stay = paces(model, Paces(4, 35.0, 115.0))
    assert slow_stay.title.endswith("the slow buyer is more likely still a customer, and less likely to buy soon")
    alike = paces(model, Paces(4, 115.0, 115.0))
    assert re.fullmatch(
        r"After 90 days without a purchase (\d+ %) of the quick buyers are still customers, and \1 of the slow ones",
        alike.title,
    )


def test_somebody_who_came_back_once_and_daily():
    found = paces(fitted(forecast()), Paces(1, 1.0, 3.0))
    assert {"Came back once,", "after a day", "after 3 days"} <= set(words(found.chart))


def test_a_one_time_buyer_is_a_customer_for_ever_to_bg_alone():
    models = {"BG/NBD": fit(CELLS, "bg"), "MBG/NBD": fit(CELLS, "mbg")}
    found = one_time(models)
    probability_alive, buys, other, _ = percents(found.chart)
    assert probability_alive == "100 %" != other
    past = {"frequency": [0], "recency": [0], "T": [90]}
    assert buys == f"{100 * models['BG/NBD'].probability_of_purchase(past, 90)[0]:.0f} %"
    assert {"BG/NBD", "MBG/NBD"} <= set(words(found.chart))


def test_a_model_written_down_says_the_same_as_before():
    before = fit(CELLS, "mbg")
    errors = dict(zip(before.estimate.names, before.estimate.standard_errors, strict=True))
    again = fitted(forecast(model="mbg", parameters=before.estimate.parameters, standard_errors=errors))
    assert again.expected_purchases(CELLS, 90) == pytest.approx(before.expected_purchases(CELLS, 90), rel=1e-12)
    assert again.estimate.intervals()["r"] == pytest.approx(before.estimate.intervals()["r"], nan_ok=True)
