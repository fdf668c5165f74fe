"""What a renewal brings, against sums by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from forecast.subscriptions.engines import Order, Row, subscribed
from regulars.forecast.subscriptions.renewal_history import renewal_history, subscription_data
from regulars.forecast.subscriptions.renewal_value import RenewalValue, fit_renewal_value
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.settings.term import Terms

AS_OF = date(2024, 6, 30)
START = date(2024, 1, 10)


def brought(rows: list[Row], orders: list[Order], terms: object = "month") -> RenewalValue:
    engine = subscribed(rows, orders)
    until = epoch_day(AS_OF) + 1
    seen = subscription_data(engine, engine.fact("subscriptions"), Terms.read(terms), until)
    return fit_renewal_value(engine, engine.fact("orders"), renewal_history(seen, until), until, seen.terms)


def many(plan: str, count: int, first: int = 0, ended: date | None = None) -> list[Row]:
    return [(f"c{first + number}", plan, START, ended) for number in range(count)]


def test_revenue_is_spread_over_the_periods_that_began():
    """40 subscribers, six periods each: 240 periods, of which 40 × 2 were ordered at 30 and 40 × 1 at 12."""
    orders: list[Order] = [(0, date(2024, 1, 1), "1000", None)]  # before any subscription
    for person in range(40):
        orders += [
            (person, START, "30", None),
            (person, START + timedelta(40), "30", None),
            (person, AS_OF, "12", None),
        ]
        orders += [(person, AS_OF + timedelta(1), "500", None)]  # not seen yet
    found = brought(many("box", 40), orders)
    assert found.plans["box"] == pytest.approx((40 * 72) / 240)
    assert (found.value_of, found.share) == ("revenue", 1.0)
    assert "the profit of 120 of 120 orders is not known" in found.why


def test_orders_after_the_end_are_no_part_of_it():
    ended = date(2024, 3, 10)  # two periods
    orders: list[Order] = [(0, START, "20", "5")]
    for person in range(40):
        orders += [(person, START + timedelta(30), "20", "5"), (person, ended + timedelta(1), "90", "1")]
    found = brought(many("box", 40, ended=ended), orders)
    assert found.plans["box"] == pytest.approx((40 * 20 + 20) / 80)
    assert found.value_of == "profit" and found.share == pytest.approx(0.25)
    assert "25.0 % of revenue was profit" in found.why


def test_an_order_of_somebody_with_two_subscriptions_is_shared():
    rows = many("box", 40) + many("tea", 40)  # the same forty customers
    orders: list[Order] = [(person, START, "30", "3") for person in range(40)]
    found = brought(rows, orders)
    assert found.plans == {"box": pytest.approx(30 / 2 / 6), "tea": pytest.approx(30 / 2 / 6)}


def test_few_of_a_plan_take_what_their_term_brings():
    rows = many("box", 40) + many("tea", 5, first=40) + many("club", 5, first=45)
    orders: list[Order] = [(person, START, "60" if person < 40 else "600", None) for person in range(50)]
    orders += [(person, START, "60", None) for person in range(40, 50)]
    found = brought(rows, orders, {"club": "year"})
    assert found.plans["box"] == pytest.approx(10)
    assert found.plans["tea"] == pytest.approx((40 * 60 + 5 * 660) / (45 * 6))
    assert found.plans["club"] == pytest.approx(660)


def test_an_outlier_counts_as_much_as_the_cap():
    orders: list[Order] = [(person % 1500, START, "20", None) for person in range(2000)]
    orders[7] = (7, START, "1000000", None)
    found = brought(many("box", 1500), orders)
    assert found.cap < 1000
    assert found.plans["box"] == pytest.approx(2000 * 20 / (1500 * 6), rel=0.01)


@pytest.mark.parametrize(
    ("orders", "why"),
    [
        ([], "no orders of known customers are loaded"),
        ([(900, START, "20", None)], "too few of them have orders while subscribed"),
        ([(person, START, "20", None) for person in range(19)], "too few of them have orders while subscribed"),
        ([(person, START + timedelta(9), "20", None) for person in range(40)], "none began after the first order"),
        (
            [(person, START, "0", None) for person in range(40)],
            "no order of a known customer has a net revenue above 0",
        ),
    ],
)
def test_what_orders_do_not_tell_is_not_known(orders: list[Order], why: str):
    found = brought(many("box", 40), orders)
    assert found.plans == {"box": None} and found.value_of == ""
    assert why in found.why
