"""Metrics of forecasts, against plain sums over what was said of each customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from metrics.shops import TestShop, order, predict, renew, shop
from regulars.metrics.catalogue import named
from regulars.metrics.examples import Prediction, Renewals
from regulars.metrics.query import Query, condition
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query

PEOPLE = [f"c{number}" for number in range(120)]
DAYS = ("2024-04-10", "2024-04-30", "2024-06-30")
"""Two forecasts in April, none in May, one in June."""


def said_of(number: int, day: str) -> Prediction:
    lot, place = (number * 37) % 50, DAYS.index(day)
    return Prediction(
        PEOPLE[number],
        day,
        number % 3,
        lot / 50,
        0.6,
        f"{lot + place}.25",
        f"{lot}.10",
        f"{100 - lot + 10 * place}.00",
        f"{lot}.05",
    )


SAID = [said_of(number, day) for day in DAYS for number in range(120)]


@pytest.fixture(scope="module")
def made() -> TestShop:
    orders = [
        order(
            f"{name}-{one}", name, str(date(2024, 1, 1) + timedelta(number % 60 + 10 * one)), 10 + number,
            country="DE" if number % 4 else "FR", channel="ads" if number % 2 else None,
        )
        for number, name in enumerate(PEOPLE)
        for one in range(1 + number % 3)
    ]  # fmt: skip
    lines = [
        {
            "order_id": one["order_id"],
            "line_id": "1",
            "product_id": "p",
            "quantity": 1,
            "amount": one["gross"],
            "unit_cost": 4,
        }
        for one in orders
    ]
    later = order("later", PEOPLE[0], "2024-07-15", 1000, country="DE")
    spend = [
        {"day": date(2024, 1, day), "channel": channel, "amount": Decimal(50), "currency": "GBP"}
        for day, channel in ((3, "ads"), (30, "ads"), (30, "social"))
    ]
    spend.append({"day": date(2024, 7, 1), "channel": "ads", "amount": Decimal(1), "currency": "GBP"})
    found = shop(orders=[*orders, later], order_lines=lines, spend=spend)
    predict(found.con, SAID)
    return found


def ask(
    made: TestShop, name: str, *periods: str, split: str = "", where: str = "", compare: bool = False
) -> list[Value]:
    facts = made.facts
    asked = tuple(facts.calendar.parse(period) for period in periods)
    conditions = (condition(where),) if where else ()
    return list(run_query(Query((named(name),), asked, (split,) if split else (), conditions, compare=compare), facts))


def at_risk(one: Prediction) -> bool:
    return one.frequency >= 1 and one.probability_purchase_90d < one.probability_purchase_90d_at_last / 2


def of_day(day: str) -> list[Prediction]:
    return [one for one in SAID if one.as_of == day]


@pytest.mark.parametrize(
    ("period", "day"), [("2024-04", DAYS[1]), ("2024-06", DAYS[2]), ("2024-Q2", DAYS[2]), ("2024", DAYS[2])]
)
def test_of_a_period_the_latest_forecast_counts(made: TestShop, period: str, day: str):
    people = of_day(day)
    leaving = [one for one in people if at_risk(one)]
    assert 10 < len(leaving) < len(people)
    expected: dict[str, Any] = {
        "predicted_lifetime_value": sum(Decimal(one.revenue) for one in people) / len(people),
        "predicted_lifetime_value_profit": sum(Decimal(one.profit) for one in people) / len(people),
        "customers_at_risk": len(leaving),
        "value_at_risk": sum(Decimal(one.revenue_at_risk) for one in leaving),
        "value_at_risk_profit": sum(Decimal(one.profit_at_risk) for one in leaving),
    }
    for name, value in expected.items():
        (found,) = ask(made, name, period)
        assert found.value == pytest.approx(float(value), rel=1e-12), name


def test_where_nobody_forecast_there_is_nothing_rather_than_none(made: TestShop):
    for name in ("customers_at_risk", "value_at_risk", "predicted_lifetime_value"):
        found = ask(made, name, "2024-03", "2024-05", "2024-07")
        assert [one.value for one in found] == [None, None, None], name


def test_split_and_narrowed_down_by_the_first_order(made: TestShop):
    people = {
        country: [one for number, one in enumerate(of_day(DAYS[2])) if (number % 4 == 0) == (country == "FR")]
        for country in ("DE", "FR")
    }
    found = {one.split["country"]: one.value for one in ask(made, "customers_at_risk", "2024-06", split="country")}
    assert found == {country: sum(map(at_risk, ones)) for country, ones in people.items()}
    (narrowed,) = ask(made, "predicted_lifetime_value", "2024-06", where="first_channel=ads")
    of_ads = [Decimal(one.revenue) for number, one in enumerate(of_day(DAYS[2])) if number % 2]
    assert narrowed.value == pytest.approx(float(sum(of_ads) / len(of_ads)), rel=1e-12)


def test_a_period_is_compared_where_the_one_before_has_a_forecast_too(made: TestShop):
    (june,) = ask(made, "value_at_risk", "2024-06", compare=True)
    assert june.change is None  # nobody forecast in May
    (quarter,) = ask(made, "value_at_risk", "2024-Q2", compare=True)
    assert quarter.change is None
    predict(made.con, [replace(said_of(number, DAYS[0]), as_of="2024-05-31") for number in range(120)])
    try:
        (june,) = ask(made, "value_at_risk", "2024-06", compare=True)
        (worth,) = ask(made, "predicted_lifetime_value", "2024-06", compare=True)
    finally:
        made.con.execute("DELETE FROM facts.forecasts WHERE as_of = DATE '2024-05-31'")
        made.con.execute("DELETE FROM facts.predictions WHERE as_of = DATE '2024-05-31'")
    leaving = [one for one in of_day(DAYS[0]) if at_risk(one)]
    assert len(leaving) < 30
    assert june.change is not None and worth.change is not None
    assert june.change.before == sum(Decimal(one.revenue_at_risk) for one in leaving)
    assert june.change.difference == 20 * len(leaving)
    assert worth.change.difference == pytest.approx(2)
    # What a forecast says moves with every forecast: the difference is shown, and not judged.
    assert (june.change.verdict, worth.change.verdict) == (None, None)


def test_value_to_acquisition_cost_counts_up_to_the_latest_forecast_once(made: TestShop):
    """Customers of January: what they had brought by the end of June, and what the forecast of June expects of them."""
    january = [number for number in range(120) if number % 60 < 31]
    to_date = sum((1 + number % 3) * (10 + number) for number in january)
    cost = sum((1 + number % 3) * 4 for number in january)
    ahead = [said_of(number, DAYS[2]) for number in january]
    (found,) = ask(made, "lifetime_value_to_acquisition_cost", "2024-01")
    assert found.value == pytest.approx((to_date + float(sum(Decimal(one.revenue) for one in ahead))) / 150)
    assert found.complete
    (profit,) = ask(made, "lifetime_value_to_acquisition_cost_profit", "2024-01")
    assert profit.value == pytest.approx((to_date - cost + float(sum(Decimal(one.profit) for one in ahead))) / 150)
    by_channel = {
        one.split["channel"]: one for one in ask(made, "lifetime_value_to_acquisition_cost", "2024-01", split="channel")
    }
    of_ads = [number for number in january if number % 2]
    brought = sum((1 + number % 3) * (10 + number) for number in of_ads)
    brought += float(sum(Decimal(said_of(number, DAYS[2]).revenue) for number in of_ads))
    ads = by_channel["ads"]
    assert (ads.numerator, ads.denominator) == (pytest.approx(brought), 100)
    # Half the customers came by no known channel, so no channel's ratio can be told.
    whole = to_date + float(sum(Decimal(one.revenue) for one in ahead))
    assert (ads.value, ads.unknown_share) == (None, pytest.approx(1 - brought / whole))
    # Of customers after the latest forecast nothing is known yet.
    (july,) = ask(made, "lifetime_value_to_acquisition_cost", "2024-07")
    assert july.value is None


def test_a_profit_that_is_not_known_of_everybody_is_not_told(made: TestShop):
    made.con.execute("UPDATE facts.predictions SET profit = NULL WHERE as_of = DATE '2024-04-30' AND frequency = 2")
    (april,) = ask(made, "predicted_lifetime_value_profit", "2024-04")
    (june,) = ask(made, "predicted_lifetime_value_profit", "2024-06")
    assert april.value is None and june.value is not None


def test_of_subscriptions_by_plan_and_apart_from_customers():
    made = shop(orders=[order(1, "ana", "2024-01-01"), order(2, "ana", "2024-06-30")])
    assert [one.value for one in ask(made, "subscription_predicted_lifetime_value", "2024-05")] == [None]
    said = [
        Renewals(plan, day, f"{place + 10 * number}.50", f"{place}.10")
        for number, day in enumerate(("2024-05-05", "2024-05-20", "2024-06-30"))
        for place, plan in enumerate(("box", "club", "box"))
    ]
    renew(made.con, said)
    found = {
        one.split["plan"]: one.value
        for one in ask(made, "subscription_predicted_lifetime_value", "2024-05", split="plan")
    }
    assert found == {"box": 11.5, "club": 11.5}
    (june,) = ask(made, "subscription_predicted_lifetime_value_profit", "2024-06")
    assert june.value == pytest.approx(1.1)
    made.con.execute("UPDATE facts.subscription_predictions SET revenue = NULL WHERE plan = 'club'")
    found = {
        one.split["plan"]: one.value
        for one in ask(made, "subscription_predicted_lifetime_value", "2024-06", split="plan")
    }
    assert found == {"box": 21.5, "club": None}
    assert [one.value for one in ask(made, "predicted_lifetime_value", "2024-05")] == [None]
