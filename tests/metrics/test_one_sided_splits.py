"""A split or filter that only one side of a quotient knows is refused, unless the metric declares it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from metrics.shops import TestShop, order, shop
from metrics.test_splits_and_filters import numbers
from regulars.metrics.catalogue import CATALOGUE, named
from regulars.metrics.customers.drill_down import rows
from regulars.metrics.query import Query, condition
from regulars.vocabulary.errors import UsageError

DECLARED = {"product_return_rate": ("reason",), "product_return_rate_by_return_day": ("reason",)}
"""The splits that METRICS gives a metric though only its numerator knows them."""


@pytest.fixture(scope="module")
def made() -> TestShop:
    """Eight pieces sold in two countries; two came back broken, one unwanted."""
    orders = [order(n, f"c{n}", "2024-03-05", "40.00", country="GB" if n < 3 else "FR") for n in range(4)]
    lines = [{"order_id": str(n), "line_id": "1", "quantity": 2, "amount": 40, "product_id": "mug"} for n in range(4)]
    returns = [
        {
            "return_id": f"r{n}", "order_id": str(n), "line_id": "1", "returned_at": datetime(2024, 3, 20, 12), "quantity": 1,
            "amount": 20, "reason": reason,
        }
        for n, reason in enumerate(("broken", "unwanted", "broken"))
    ]  # fmt: skip
    return shop(orders=orders, order_lines=lines, returns=returns)


def test_the_metrics_that_declare_such_splits() -> None:
    found = {m.name: m.numerator_splits for m in CATALOGUE if m.numerator_splits}
    assert found == DECLARED


@pytest.mark.parametrize("name", DECLARED)
def test_returns_for_one_reason_stand_over_all_that_was_sold(made: TestShop, name: str) -> None:
    assert numbers(made, name, "2024-03", ("reason",)) == {"broken": 2 / 8, "unwanted": 1 / 8}
    assert numbers(made, name, "2024-03", (), ("reason=broken",)) == {"": 2 / 8}
    assert numbers(made, name, "2024-03", (), ("reason=broken", "country=FR")) == {"": 0}
    assert numbers(made, name, "2024-03", ("country",), ("reason=broken",)) == {"GB": 2 / 6, "FR": 0}


def test_those_behind_it_are_the_customers_of_that_reason_and_all_who_bought(made: TestShop) -> None:
    facts = made.facts
    found = rows(named("product_return_rate"), facts.calendar.parse("2024-03"), facts, (condition("reason=broken"),))
    assert sorted((row.numerator, row.denominator) for row in found) == [(0, 2), (0, 2), (1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("name", "word", "why"),
    [
        ("lifetime_value_to_acquisition_cost", "country", "Only prospects has it, not spend."),
        ("lifetime_value_to_acquisition_cost_profit", "product", "Only prospects has it, not spend."),
        ("average_profit_per_customer_after_marketing", "country", "has it, not spend."),
        ("product_return_rate_orders", "reason", ""),
    ],
)
def test_any_other_is_refused_and_the_known_ones_are_named(made: TestShop, name: str, word: str, why: str) -> None:
    metric, period = named(name), made.facts.calendar.parse("2024-03")
    for splits, where, how in (((word,), (), "split"), ((), (condition(f"{word}=x"),), "filtered")):
        with pytest.raises(UsageError, match=f"^{name} cannot be {how} by '{word}'") as refused:
            Query((metric,), (period,), splits, where)
        assert why in str(refused.value)
        assert refused.value.hint.startswith("It knows: ")
        assert "channel" in refused.value.hint
    with pytest.raises(UsageError, match="cannot be filtered"):
        rows(metric, period, made.facts, (condition(f"{word}=x"),))


@pytest.mark.parametrize("split", ["product", "colour"])
def test_what_both_sides_or_neither_knows_cannot_be_declared(split: str) -> None:
    with pytest.raises(ValueError, match=f"{split} is no split that the numerator alone knows"):
        replace(named("product_return_rate"), numerator_splits=(split,))
