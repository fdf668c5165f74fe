"""The query plan, with the reason for scanning more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metrics.rollups.shop_of_rollups import shop_of, tables, told, without_rollups
from metrics.shops import TestShop, shop
from regulars.metrics.catalogue import CATALOGUE, named
from regulars.metrics.compute.plan import Source
from regulars.metrics.query import Query, condition, periods_of
from regulars.metrics.rollups.rollup import StorageRule
from regulars.metrics.run_query import planned, run_query
from regulars.metrics.shapes import Grid
from regulars.vocabulary.calendar import Grain


@pytest.fixture(scope="module")
def made() -> TestShop:
    return shop_of(1)


def plan_of(
    made: TestShop,
    name: str,
    grain: Grain = Grain.MONTH,
    split: str = "",
    where: str = "",
    window: int = 40,
    compare: bool = False,
    again: bool = False,
) -> list[tuple[str, Source, str]]:
    """Fact, source and reason of each step; `again`, once it was answered."""
    conditions = (condition(where),) if where else ()
    splits = tuple(filter(None, split.split(",")))
    facts = made.facts
    question = Query((named(name),), periods_of(facts, grain, None, None), splits, conditions, window, compare)
    if again:
        run_query(question, facts)
    return [(step.fact.name, step.source, step.why_not_smaller) for step in planned(question, facts)]


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR, Grain.FISCAL_YEAR])
def test_everything_that_adds_up_is_answered_from_rollups(made: TestShop, grain: Grain) -> None:
    of_orders = [metric for metric in CATALOGUE if not metric.forecast and made.facts.covered(metric) is not None]
    assert len(of_orders) > 35
    additive_measures = tuple(metric for metric in of_orders if not isinstance(metric, Grid))
    facts = made.facts
    question = Query(additive_measures, periods_of(facts, grain, None, None), active_window=365)
    run_query(question, facts)  # of another window than the shop's own no load stores sums
    sources = {step.source for step in planned(question, facts) if step.terms}
    assert sources == {Source.ROLLUP}


def test_what_a_forecast_says_is_read_customer_by_customer(made: TestShop) -> None:
    ((fact, source, why),) = plan_of(made, "value_at_risk", Grain.MONTH)
    assert (fact, source) == ("predictions", Source.ROWS)
    assert why == "what a forecast says is kept for each customer, not summed up"


@pytest.mark.parametrize("grain", [Grain.MONTH, Grain.QUARTER, Grain.YEAR, Grain.FISCAL_YEAR])
@pytest.mark.parametrize(
    ("name", "split", "where"),
    [("net_revenue", "country", ""), ("average_order_value", "", "country=DE"), ("average_order_value", "channel", "channel!=web"),
     ("product_return_rate", "reason", ""), ("product_return_rate", "product", ""), ("product_return_rate", "", "")],
)  # fmt: skip
def test_the_customers_that_a_comparison_counts_are_kept(
    made: TestShop, grain: Grain, name: str, split: str, where: str
) -> None:
    """A comparison asks the other metrics too, some of which read rows; what the metric itself rests on is kept."""
    mine = {fact.name for fact in (*named(name).facts, *named(name).sample_size.facts)}
    steps = [step for step in plan_of(made, name, grain, split, where, 365, True, again=True) if step[0] in mine]
    assert {source for _, source, _ in steps} == {Source.ROLLUP}


def test_the_smallest_table_that_holds_the_answer_is_taken(made: TestShop) -> None:
    question = Query((named("net_revenue"),), periods_of(made.facts, Grain.YEAR, None, None))
    (step,) = planned(question, made.facts)
    assert step.kept is not None
    holding = [
        one for one in made.facts.rollups if one.family == "orders" and one.by == "" and one.grain in ("day", "month")
    ]
    assert step.rows == min(one.rows for one in holding)


@pytest.mark.parametrize(
    ("asked", "fact", "source", "reason"),
    [
        ({"name": "net_revenue", "split": "customer_country"}, "orders", Source.ROWS, "the customer's record says today"),
        ({"name": "net_revenue", "where": "net_revenue>=5"}, "orders", Source.ROWS, "a column that sums are not kept by"),
        ({"name": "net_revenue", "where": "country>A"}, "orders", Source.ROWS, "compares"),
        ({"name": "net_revenue", "where": "country=DE", "split": "channel,coupon"}, "orders", Source.ROWS,
         "by two columns at most, not by channel and country and coupon"),
        ({"name": "net_revenue", "split": "channel,coupon", "grain": Grain.WEEK}, "orders", Source.ROWS, "are read themselves"),
        ({"name": "new_customers", "where": "country=DE"}, "gaps_before", Source.ROWS, "country"),
        ({"name": "lost_customers", "window": 77}, "gaps_after", Source.HISTOGRAM, "of 40 and 90 and 365 days, not of 77"),
        ({"name": "lost_customers", "window": 77, "split": "country"}, "gaps_after", Source.ROWS, "not of 77"),
        ({"name": "net_churn_rate", "window": 77}, "gaps_after", Source.ROWS, "not of 77"),
        ({"name": "active_buyers", "grain": Grain.ALL}, "gaps_before", Source.HISTOGRAM, "where the period starts"),
        ({"name": "net_revenue", "split": "country", "grain": Grain.WEEK, "compare": True}, "orders", Source.ROWS, "for months"),
        ({"name": "net_revenue", "where": "country=DE,FR", "compare": True}, "orders", Source.ROWS, "may be the same"),
        ({"name": "time_between_purchases_p90", "grain": Grain.ALL}, "gaps_by_day", Source.ROWS, "results are kept for days"),
        ({"name": "time_between_purchases_p90", "grain": Grain.WEEK, "split": "country"}, "gaps_by_day", Source.ROWS,
         "every value: results by first_country are computed when they are first asked for"),
        ({"name": "time_between_purchases_p90", "where": "first_country=DE"}, "gaps_by_day", Source.ROWS, "under a condition"),
        ({"name": "time_between_purchases_p90", "split": "customer_country"}, "gaps_by_day", Source.ROWS, "record says today"),
        ({"name": "cohort_retention_rate", "grain": Grain.WEEK}, "histories", Source.ROWS, "every customer: the periods do not"),
        ({"name": "cohort_retention_rate", "split": "channel"}, "histories", Source.ROWS, "whole and by first_country only"),
        ({"name": "net_revenue", "split": "coupon"}, "orders", Source.ROWS, "built when they are first asked for"),
        ({"name": "cohort_retention_rate", "where": "country=DE"}, "histories", Source.ROWS, "not kept by"),
        ({"name": "lost_customers", "grain": Grain.YEAR}, "gaps_before", Source.ROWS, "longer than the active window"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else None,
)  # fmt: skip
def test_what_is_not_kept_says_why(made: TestShop, asked: dict, fact: str, source: Source, reason: str) -> None:
    found = plan_of(made, **asked)
    assert [said for name, which, said in found if name == fact and which is source and reason in said], found


@pytest.mark.parametrize(
    ("name", "split", "where"),
    [("net_revenue", "", "country=DE"), ("new_customers", "", "first_country!=DE"), ("net_revenue", "channel", "country=DE"),
     ("net_revenue", "coupon,channel", ""), ("new_customers", "country,channel", "")],
)  # fmt: skip
def test_what_sums_are_kept_by_needs_no_rows(made: TestShop, name: str, split: str, where: str) -> None:
    assert {source for _, source, _ in plan_of(made, name, split=split, where=where, again=True)} == {Source.ROLLUP}


def test_a_table_that_would_not_be_small_is_named() -> None:
    small = shop_of(1, StorageRule(small=0.2, few_rows=0))
    (step,) = plan_of(small, "average_order_value", Grain.DAY)
    assert step[1] is Source.ROWS
    assert "not small against the 60 of the fact" in step[2]


def test_a_measure_of_another_definition_is_answered_from_rows(made: TestShop) -> None:
    """A changed catalogue never meets sums of the old one."""
    metric = named("net_revenue")
    other = replace(metric, of=metric.of * 2)  # type: ignore[attr-defined, call-arg]
    question = Query((other,), periods_of(made.facts, Grain.MONTH, None, None))
    assert {step.source for step in planned(question, made.facts)} == {Source.ROLLUP, Source.ROWS}
    assert told(question, made.facts) == told(question, without_rollups(made.facts))


def test_a_shop_without_rollups_is_answered_from_rows() -> None:
    (step,) = plan_of(shop(**tables(1)), "net_revenue")
    assert step[1:] == (Source.ROWS, "nothing is kept summed up")
