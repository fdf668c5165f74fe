"""What is said of subscribers: against drawn ones, and against sums that need no ₂F₁."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.test_reference import estimate_of
from regulars import forecast
from regulars.forecast import SubscriptionForecast
from regulars.vocabulary.errors import InputError, UsageError

KNOWN = SubscriptionForecast(estimate_of({"alpha": 0.7, "beta": 1.2}))


def test_drawn_subscribers_stay_as_predicted():
    chance = np.random.default_rng(0)
    renewals = chance.geometric(chance.beta(0.7, 1.2, 400_000)) - 1
    for already in (0, 1, 4):
        here = renewals[renewals >= already] - already
        margin = 4 * 0.5 / np.sqrt(len(here))
        assert (here >= 1).mean() == pytest.approx(float(KNOWN.retention(already)), abs=margin)
        assert (here >= 6).mean() == pytest.approx(float(KNOWN.survival(6, already)), abs=margin)
        assert np.minimum(here, 12).mean() == pytest.approx(
            float(KNOWN.expected_renewals(12, already)), abs=12 * margin
        )
        assert np.median(here) < KNOWN.median_renewals(already)
        assert (here >= KNOWN.median_renewals(already) - 1).mean() > 0.5 - margin


def test_retention_rises_with_tenure():
    assert (np.diff(KNOWN.retention(np.arange(20.0))) > 0).all()


def test_survival_is_a_product_of_retentions():
    assert KNOWN.survival(5, 2) == pytest.approx(float(np.prod(KNOWN.retention(np.arange(2.0, 7)))))
    assert KNOWN.survival(0, 3) == 1


@pytest.mark.parametrize("renewed", [0, 3])
def test_residual_lifetime_is_the_endless_sum(renewed: int):
    """Fader & Hardie (2010), eq. (6), against the sum it stands for."""
    endless = KNOWN.expected_renewals(600, renewed, discount=0.1)
    assert KNOWN.residual_lifetime(0.1, renewed) == pytest.approx(float(endless), rel=1e-12)


def test_cohorts_count_together():
    """Two cohorts fitted at once are one of both, as far as both have come."""
    both = forecast.fit_subscriptions({"January": [600, 380, 280], "February": [400, 250]}).estimate
    apart = forecast.fit_subscriptions([[600, 380, 280], [300, 190], [100, 60]]).estimate
    np.testing.assert_allclose(both.values, apart.values, rtol=1e-9)
    assert both.customers == 1000
    one_by_one = forecast.fit_subscriptions([[1000, 630, 465], []][:1]).estimate
    assert one_by_one.status is forecast.Status.CONVERGED


@pytest.mark.parametrize("cohorts", [[[100, 110]], [[100, -1]], [[100, np.nan]], [[]], [[[1, 2]]]])
def test_what_is_no_cohort_is_refused(cohorts: list[list[float]]):
    with pytest.raises(InputError, match="Cohort 0"):
        forecast.fit_subscriptions(cohorts)


def test_without_a_renewal_nothing_is_known():
    with pytest.raises(InputError, match="No cohort has had a renewal"):
        forecast.fit_subscriptions([[100], [50]])


def test_what_has_no_end_is_discounted():
    with pytest.raises(UsageError):
        KNOWN.residual_lifetime(0.0)
    with pytest.raises(UsageError):
        KNOWN.expected_renewals(0)


def test_the_median_of_those_who_never_leave_is_infinite():
    loyal = SubscriptionForecast(estimate_of({"alpha": 1e-9, "beta": 5.0}))
    assert loyal.median_renewals(np.array([0.0, 9.0])).tolist() == [np.inf, np.inf]
