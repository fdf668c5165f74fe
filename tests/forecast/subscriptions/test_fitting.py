"""Which model a plan gets, and that it is the truth that subscribers were drawn from."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from forecast.subscriptions.engines import subscribed
from forecast.subscriptions.population import UNTIL, Plan, drawn
from regulars.forecast.subscriptions.fitting import PlanModels, fit_plans
from regulars.forecast.subscriptions.renewal_history import (
    PERIOD_PARTS,
    RenewalSummary,
    ends_by_part,
    renewal_history,
    renewal_summary,
    subscription_data,
)
from regulars.forecast.subscriptions.scoring import running_subscriptions
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.settings.term import Term, Terms

LAST = epoch_day(UNTIL)
MONTH, YEAR = Term(months=1), Term(months=12)


def fitted_to(*plans: Plan, seed: int = 1, terms: object = "month") -> PlanModels:
    engine = subscribed((one.customer, one.plan.name, one.began, one.ended) for one in drawn(plans, seed))
    seen = subscription_data(engine, engine.fact("subscriptions"), Terms.read(terms), LAST + 1)
    rows = renewal_history(seen, LAST + 1)
    return fit_plans(renewal_summary(engine, rows), ends_by_part(engine, rows), seen.terms)


@pytest.mark.parametrize("early", [False, True], ids=["ends with its period", "ends on any day"])
@pytest.mark.parametrize(("months", "alpha", "beta"), [(1, 0.7, 3.0), (3, 1.2, 1.8)])
def test_the_truth_is_found_whenever_within_a_period_people_leave(months: int, alpha: float, beta: float, early: bool):
    """Three times: one in a thousand is further off than 3.3 standard errors by chance."""
    for seed in (1, 2, 3):
        found = fitted_to(Plan("p", months, alpha, beta, 6000, early=early), seed=seed, terms=f"{months} months")
        estimate = found.models[0].fitted.estimate
        assert (np.abs(estimate.values - [alpha, beta]) < 3.3 * estimate.standard_errors).all()
        assert found.models[0].fitted.retention(0) == pytest.approx(beta / (alpha + beta), abs=0.02)


def test_who_still_runs_late_in_a_period_is_likelier_to_renew():
    plan = Plan("p", 12, 1.5, 1.5, 60_000, early=True)
    people = drawn([plan], seed=9, since=date(2024, 1, 1))
    model = fitted_to(plan, terms="year", seed=9).models[0]
    running = [one for one in people if one.began <= date(2024, 12, 31) and one.ended > UNTIL]
    year = [one for one in running if one.began.year == 2024]  # all renewed once: those of its first months long ago
    early, late = [one for one in year if one.began.month <= 3], [one for one in year if one.began.month >= 10]
    for some in (early, late):
        began = np.array([epoch_day(one.began) for one in some])
        said = running_subscriptions(model, began, LAST).renewal_probability(1)
        came = np.mean([one.renewals >= 2 for one in some])
        assert came == pytest.approx(said.mean(), abs=4 * 0.5 / np.sqrt(len(some)))
    assert np.mean([one.renewals >= 2 for one in early]) > np.mean([one.renewals >= 2 for one in late]) + 0.05


def told(plan: str, **counts: int) -> list[tuple[Any, ...]]:
    """Subscriptions of a plan by `left_k` and `stay_k`: how many left after k renewals, or have k and run on."""
    return [
        (plan, 0, int(name[-1]), int(name.startswith("left")), int(name.startswith("stay")), n)
        for name, n in counts.items()
    ]


def cells_of(*rows: list[tuple[Any, ...]]) -> RenewalSummary:
    plans, *numbers = zip(*(row for group in rows for row in group), strict=True)
    return RenewalSummary(list(plans), *(np.array(one, dtype=np.int64) for one in numbers))


def test_a_plan_that_can_carry_a_model_has_its_own_and_others_that_of_their_term():
    many = told("box", left_0=300, left_1=120, left_2=60, stay_0=50, stay_3=470)
    few = told("tea", left_0=9, stay_2=8)
    yearly = told("club", left_0=100, left_1=30, stay_2=90, stay_0=40)
    terms = {"box": MONTH, "tea": MONTH, "club": YEAR}
    found = fit_plans(cells_of(many, few, yearly), {}, terms)
    assert [(model.plans, model.pooled, model.term) for model in found.models] == [
        (("box",), False, MONTH), (("tea",), True, MONTH), (("club",), False, YEAR),
    ]  # fmt: skip
    assert [model.subscriptions for model in found.models] == [1000, 1017, 260]
    assert found.refused == {}
    # What is pooled is fitted to both: the same as if they were one plan.
    together = fit_plans(
        cells_of(told("all", left_0=309, left_1=120, left_2=60, stay_0=50, stay_2=8, stay_3=470)), {}, {"all": MONTH}
    )
    np.testing.assert_allclose(
        found.models[1].fitted.estimate.values, together.models[0].fitted.estimate.values, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        (
            {"left_0": 40, "stay_1": 30, "stay_2": 29},
            "100 subscriptions with a renewal due are needed, and there are 99",
        ),
        ({"left_0": 19, "stay_2": 100}, "20 that ended at a renewal are needed, and there are 19"),
        ({"left_0": 90, "stay_1": 90, "stay_2": 19}, "20 that were renewed twice or more are needed, and there are 19"),
        ({"stay_0": 900}, "100 subscriptions with a renewal due are needed, and there are 0"),
    ],
)
def test_a_plan_that_cannot_is_refused_and_says_why(counts: dict[str, int], why: str):
    found = fit_plans(cells_of(told("box", **counts)), {}, {"box": MONTH})
    assert found.models == () and why in found.refused["box"]
    assert found.of("box") is None


def test_another_terms_plans_lend_no_model():
    rows = cells_of(told("box", left_0=300, left_1=100, stay_2=300), told("club", left_0=9, stay_2=8))
    found = fit_plans(rows, {}, {"box": MONTH, "club": YEAR})
    assert [model.plans for model in found.models] == [("box",)]
    assert set(found.refused) == {"club"}


def test_subscribers_who_are_all_alike_are_an_extreme_that_can_be_relied_on():
    """One in four leaves at every renewal, whoever they are."""
    found = fit_plans(cells_of(told("box", left_0=400, left_1=300, left_2=225, stay_3=675)), {}, {"box": MONTH})
    model = found.models[0]
    assert "all leave with the same probability" in model.fitted.estimate.reason
    assert model.fitted.retention(np.array([0.0, 5.0])) == pytest.approx([0.75, 0.75], abs=0.005)


def test_those_who_leave_at_once_or_never_are_not():
    found = fit_plans(cells_of(told("box", left_0=400, stay_3=600)), {}, {"box": MONTH})
    assert found.models == () and "leave at their first renewal or never" in found.refused["box"]


def test_when_people_leave_within_a_period_is_counted():
    counts = np.zeros(PERIOD_PARTS + 1, dtype=np.int64)
    counts[0], counts[10], counts[PERIOD_PARTS] = 20, 30, 50
    rows = told("box", left_0=400, left_1=150, stay_2=600)
    model = fit_plans(cells_of(rows), {"box": counts}, {"box": MONTH}).models[0]
    assert model.share_ended(np.array([0.0, 0.05, 0.5, 0.55, 0.999])) == pytest.approx([0, 0.2, 0.2, 0.5, 0.5])
    assert model.probability_running(np.zeros(1), np.ones(1)) == pytest.approx(
        1 - 0.5 * (1 - model.fitted.retention(0))
    )
    # Nobody has left yet of whom one knows the day: nobody leaves early.
    assert fit_plans(cells_of(rows), {}, {"box": MONTH}).models[0].share_ended(np.array([0.7])).tolist() == [0.0]
