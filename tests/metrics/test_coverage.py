"""What 95 % claim is true: over 200 shops with unlike customers the intervals hold the simulated truth that often."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from metrics.shops import shop
from regulars.metrics.answer import Value
from regulars.metrics.catalogue import named
from regulars.metrics.query import answer
from regulars.metrics.question import Question
from regulars.simulate import expected_values, simulate, small_shops
from regulars.simulate.shop import TABLES

SHOPS, CUSTOMERS = 200, 500
PERIOD = "2025"
SEED = 4
"""Two hundred shops tell a coverage to about 1.5 points; seeds 3 to 6 all lie inside the bounds."""
POPULATION = 2_000_000
"""Customers from whom the truth is found: fewer would shift it by a tenth of a shop's own error."""
METRICS = (
    "average_order_value",
    "orders_per_active_customer",
    "average_revenue_per_customer",
    "time_between_purchases",
    "time_between_purchases_median",
    "returning_customer_rate",
    "repeat_purchase_rate",
    "customer_retention_rate",
    "net_churn_rate",
    "customer_lifetime_value",
    "repeat_customer_rate",
)
LEAST, MOST = 0.91, 0.97

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def truth_and_values() -> Iterator[tuple[dict[str, float], dict[str, list[Value]]]]:
    """What is true of such customers, and what each of the 200 shops found: one warehouse, a channel is a shop."""
    shape = small_shops(SHOPS, CUSTOMERS)
    simulated = simulate(shape, seed=SEED)
    made = shop(**{table: pa.concat_tables(simulated.blocks(table)) for table in TABLES})
    facts = made.facts
    period = facts.calendar.parse(PERIOD)
    found: dict[str, list[Value]] = {name: [] for name in METRICS}
    for value in answer(Question(tuple(map(named, METRICS)), (period,), ("channel",)), facts):
        found[value.metric.name].append(value)
    yield expected_values(shape, period, customers=POPULATION), found
    made.con.close()


@pytest.mark.parametrize("name", METRICS)
def test_intervals_hold_the_truth_as_often_as_they_say(
    truth_and_values: tuple[dict[str, float], dict[str, list[Value]]], name: str
) -> None:
    truth, found = truth_and_values
    values = found[name]
    assert len(values) == SHOPS and all(value.finished and value.ripe for value in values)
    held = sum((value.low or 0) <= truth[name] <= (value.high or 0) for value in values)
    assert LEAST <= held / SHOPS <= MOST, f"{name}: {held} of {SHOPS}"
