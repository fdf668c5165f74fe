"""A split whose metric stands mostly under "unknown" shows no known values, and says how much is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from metrics.shops import SETTINGS, TestShop, order, shop
from regulars.metrics.catalogue import named
from regulars.metrics.query import Query, condition
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.services.metric_tables import by_period
from regulars.services.serializer import record


def ask(made: TestShop, name: str, splits: tuple[str, ...] = (), where: tuple[str, ...] = ()) -> list[Value]:
    facts = made.facts
    question = Query((named(name),), (facts.calendar.parse("2024-03"),), splits, tuple(map(condition, where)))
    return list(run_query(question, facts))


def told(values: list[Value]) -> dict[str, tuple[float | None, float | None]]:
    """Value and share under unknown, by split."""
    return {", ".join(one.split.values()): (one.value, one.unknown_share) for one in values}


def returned(linked: int, unlinked: int) -> TestShop:
    """Ten pieces sold to DE, ten to FR; pieces of DE come back with their order, others without one."""
    orders = [order(n, f"c{n}", "2024-03-05", country="DE" if n < 10 else "FR") for n in range(20)]
    lines = [
        {"order_id": str(n), "line_id": "1", "product_id": "mug", "quantity": 1, "amount": Decimal(10)}
        for n in range(20)
    ]
    back: list[dict[str, Any]] = [
        {"return_id": f"r{n}", "returned_at": datetime(2024, 3, 20), "quantity": 1, "amount": Decimal(10),
         "order_id": str(n) if n < linked else None}
        for n in range(linked + unlinked)
    ]  # fmt: skip
    return shop(orders=orders, order_lines=lines, returns=back)


RATE = "product_return_rate_by_return_day"


def test_returns_without_orders_tell_no_country_its_rate():
    assert told(ask(returned(0, 3), RATE, ("country",))) == {
        "DE": (None, 1.0), "FR": (None, 1.0), "unknown": (None, None),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["refunds_by_return_day", "refunds_by_order_day"])
@pytest.mark.parametrize(("linked", "unlinked", "value"), [(0, 3, None), (0, 0, None), (2, 3, 20), (1, 0, 10)])
def test_refunds_without_any_known_order_are_no_sum_of_nothing(
    name: str, linked: int, unlinked: int, value: int | None
):
    assert told(ask(returned(linked, unlinked), name)) == {"": (value, None)}


@pytest.mark.parametrize(("linked", "unlinked", "value"), [(4, 1, 0.4), (3, 1, None), (5, 0, 0.5)])
def test_more_than_a_fifth_hides_and_a_fifth_does_not(linked: int, unlinked: int, value: float | None):
    (germany, *_) = ask(returned(linked, unlinked), RATE, ("country",))
    assert germany.value == value
    assert germany.unknown_share == (None if value is not None else unlinked / (linked + unlinked))
    assert (germany.low is None) is (value is None) and (germany.high is None) is (value is None)


def test_a_filter_hides_as_a_split_does():
    made = returned(1, 3)
    assert told(ask(made, RATE, where=("country=DE",))) == {"": (None, 0.75)}
    assert told(ask(made, RATE, where=("country!=FR",))) == {"": (None, 0.75)}
    assert told(ask(made, RATE)) == {"": (0.2, None)}
    assert told(ask(returned(4, 1), RATE, where=("country=DE",))) == {"": (0.4, None)}


def profit_after(spent: dict[str | None, int]) -> dict[str, tuple[float | None, float | None]]:
    """By channel: 20 orders of 10.00 with a margin of 40 %, ten by each channel; what was spent on each."""
    orders = [order(n, f"c{n}", "2024-03-05", channel="ads" if n < 10 else "mail") for n in range(20)]
    spend = [
        {"day": date(2024, 3, 1), "channel": channel, "campaign": "x", "amount": Decimal(amount), "currency": "GBP"}
        for channel, amount in spent.items()
    ]
    made = shop(replace(SETTINGS, default_margin=Decimal("0.4")), orders=orders, spend=spend)
    found = told(ask(made, "average_profit_per_customer_after_marketing", ("channel",)))
    return {split: one for split, one in found.items() if split != "unknown"}


def test_spend_without_a_channel_is_no_channel_s():
    """Profit of 80 less spend of 30: 30 of 110 have no channel, whatever cancels out."""
    assert profit_after({None: 30}) == {"ads": (None, 30 / 110), "mail": (None, 30 / 110)}
    assert profit_after({None: 70, "ads": 10}) == {"ads": (None, 70 / 160), "mail": (None, 70 / 160)}


def test_a_fifth_is_of_the_whole_numerator_not_of_the_spend_in_it():
    """All spend is without a channel, and is little beside the profit: 20 of 100."""
    assert profit_after({None: 20}) == {"ads": (4, None), "mail": (4, None)}


def test_within_one_table_both_sides_of_a_ratio_know_the_split_alike():
    orders = [order(1, "a", "2024-03-05", country="DE"), order(2, "b", "2024-03-06"), order(3, "c", "2024-03-07")]
    assert told(ask(shop(orders=orders), "average_order_value", ("country",))) == {
        "DE": (10, None),
        "unknown": (10, None),
    }


def test_table_and_json_say_the_share():
    values = ask(returned(1, 3), RATE, ("country",))
    found = record(values[0], compared=False)
    assert (found["split"], found["value"], found["low"], found["unknown_share"]) == (
        {"country": "DE"},
        None,
        None,
        0.75,
    )
    assert found["reason"] == "not known by this split or filter: 75.0 % of the metric stands under unknown"
    assert "reason" not in record(values[-1], compared=False)
    sheet = by_period(values, ("country",), compared=False)
    assert [row[2] for row in sheet.rows] == ["–", "–", "–"]
    assert "– not known by this split or filter: 75.0 % of the metric stands under unknown" in sheet.notes


def two_months(**more: Any) -> TestShop:
    """February: a piece of order 0 comes back with its order. March: one piece comes back without an order, of DE or not."""
    orders = [order(n, f"c{n}", "2024-02-05", country="DE" if n else "FR") for n in range(4)]
    back = [
        {"return_id": "r1", "returned_at": datetime(2024, 2, 20), "amount": Decimal(10), "order_id": "0", "reason": "size"},
        {"return_id": "r2", "returned_at": datetime(2024, 3, 20), "amount": Decimal(4), "reason": "broken"},
        {"return_id": "r3", "returned_at": datetime(2024, 5, 2), "amount": Decimal(1), "order_id": "1", "reason": "size"},
    ]  # fmt: skip
    return shop(orders=orders, returns=back, **more)


def by_month(
    name: str, splits: tuple[str, ...] = (), where: tuple[str, ...] = ()
) -> dict[tuple[str, str], float | None]:
    facts = two_months().facts
    months = tuple(facts.calendar.parse(month) for month in ("2024-02", "2024-03", "2024-04"))
    values = run_query(Query((named(name),), months, splits, tuple(map(condition, where))), facts)
    return {(one.period.label, ", ".join(one.split.values())): one.value for one in values}


def test_a_month_whose_refunds_all_lack_an_order_has_no_sum_of_linked_refunds():
    """April has no refund at all, which is a sum of nothing; March has one that nobody knows the order of."""
    months = [(month, "") for month in ("2024-02", "2024-03", "2024-04")]
    assert by_month("refunds_by_return_day") == dict(zip(months, (10, None, 0), strict=True))
    assert by_month("unlinked_refunds") == dict(zip(months, (0, 4, 0), strict=True))


def test_such_a_month_has_none_by_country_and_with_a_filter_either():
    found = by_month("refunds_by_return_day", ("country",))
    assert {group: value for (month, group), value in found.items() if month == "2024-03"} == {
        "FR": None, "unknown": None,
    }  # fmt: skip
    assert found["2024-02", "FR"] == 10 and found["2024-04", "FR"] == 0
    of_france = by_month("refunds_by_return_day", where=("country=FR",))
    assert list(of_france.values()) == [10, None, 0]
    assert list(by_month("refunds_by_return_day", where=("reason=size",)).values()) == [10, None, 0]


def test_a_change_from_such_a_month_is_none():
    facts = two_months().facts
    question = Query((named("refunds_by_return_day"),), (facts.calendar.parse("2024-04"),), compare=True)
    (value,) = run_query(question, facts)
    assert value.change is not None
    assert (value.value, value.change.before, value.change.difference, value.change.verdict) == (0, None, None, None)
