"""What a forecast of subscriptions is refused for."""

from __future__ import annotations

from datetime import date

import pytest

from forecast.subscriptions.engines import Row, subscribed
from forecast.subscriptions.population import UNTIL, Plan, drawn
from regulars.forecast.options import ForecastOptions
from regulars.forecast.subscriptions.pipeline import MAX_DAYS_SINCE_LAST, run_forecast
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.errors import ForecastRefused
from regulars.vocabulary.settings.term import Terms

LAST = epoch_day(UNTIL)
PEOPLE: list[Row] = [
    (one.customer, "box", one.began, one.ended) for one in drawn([Plan("box", 1, 1.0, 3.0, 800)], seed=8)
]


def refused(rows: list[Row], until: int = LAST + 1, last_day: int = LAST, terms: object = "month") -> str:
    with pytest.raises(ForecastRefused) as error:
        run_forecast(subscribed(rows), "GBP", Terms.read(terms), (last_day, 0), until, ForecastOptions())
    return str(error.value)


def test_before_the_first_subscription_there_is_nothing_to_forecast():
    assert refused(PEOPLE, until=epoch_day(date(2022, 12, 31))) == "No subscription had begun by 2022-12-30."


def test_where_none_runs_any_more_there_is_nothing_to_forecast():
    over = [(customer, plan, began, min(ended or UNTIL, UNTIL)) for customer, plan, began, ended in PEOPLE]
    assert refused(over) == "No subscription that could be forecast is running."


def test_ends_that_lie_ahead_are_counted():
    ahead = sum(began <= UNTIL < (ended or UNTIL) for _, _, began, ended in PEOPLE)
    assert refused(PEOPLE).endswith(f"is running; {ahead} have a known end.")


def test_where_those_that_run_are_of_a_plan_without_a_model_too():
    over = [(customer, plan, began, min(ended or UNTIL, UNTIL)) for customer, plan, began, ended in PEOPLE]
    running: list[Row] = [("z", "yearly", date(2025, 6, 1), None)]
    assert refused(over + running, terms={"yearly": "year"}) == "No subscription that could be forecast is running."


def test_every_plan_says_what_it_lacks():
    few: list[Row] = [("a", "yearly", date(2025, 6, 1), None), ("b", None, date(2025, 6, 1), date(2025, 12, 30))]
    said = refused(few, terms={"yearly": "year"})
    assert said.startswith("There are not enough data to forecast subscriptions: 100 subscriptions")
    assert "; yearly: 100 subscriptions with a renewal due are needed, and there are 0" in said


def test_subscriptions_that_are_out_of_date_are_not_taken_for_todays():
    known = [
        (customer, plan, began, ended if ended and ended <= UNTIL else None) for customer, plan, began, ended in PEOPLE
    ]
    last = max(max(began, ended or began) for _, _, began, ended in known)
    late = epoch_day(last) + MAX_DAYS_SINCE_LAST
    found, _ = run_forecast(subscribed(known), "GBP", Terms(), (late, 0), late + 1, ForecastOptions())
    assert found.as_of == last
    limit = f"{MAX_DAYS_SINCE_LAST + 1} days before the data end; at most {MAX_DAYS_SINCE_LAST} are allowed"
    assert limit in refused(known, late + 2, late + 1)
