"""What every metric says of itself, against one list written by hand: name, group, nature, length."""

from __future__ import annotations

from dataclasses import replace

import pytest

from regulars.metrics.catalogue import BY_NAME, CATALOGUE, SHOWN_BESIDE, check_groups, companions, named
from regulars.metrics.catalogue.headlines import HEADLINES
from regulars.metrics.shapes import Length, Metric, Nature

# A line: group (where it has a name of its own), then its metrics by nature and, of flows, length. "planned" marks what is
# defined and not built yet. Nothing here is read from the catalogue.
LISTED = """
customer_churn_rate
    flow hazard: customer_retention_rate customer_churn_rate net_churn_rate
    flow hazard: retained_customers lost_customers joined_customers won_back_customers
customers_start
    stock: customers_start
customers_end
    stock: customers_end
new_customers
    flow proportional: new_customers
active_buyers
    flow between: active_buyers
returning_customer_rate
    flow between: returning_customer_rate repeat_purchase_rate
    moving: returning_customer_rate_lifetime
    cumulative: repeat_customer_rate repeat_customer_rate_by_days
time_between_purchases
    flow none: time_between_purchases time_between_purchases_median time_between_purchases_p90
    flow between planned: time_between_purchases_per_customer
time_to_first_purchase
    flow none planned: time_to_first_purchase time_to_first_purchase_median
active_customer_share
    stock planned: active_customer_share
one_time_buyer_share
    cumulative planned: one_time_buyer_share
subscription_churn_rate
    flow hazard planned: subscription_retention_rate subscription_churn_rate
    flow hazard planned: subscription_new subscription_lost
running_subscriptions
    stock planned: running_subscriptions
visitor_churn_rate
    flow hazard planned: visitor_retention_rate visitor_churn_rate
churn_reasons
    flow hazard planned: churn_reasons
cohort_retention_rate
    cumulative: cohort_retention_rate cohort_retention_rate_rolling
cohort_revenue_per_customer
    cumulative: cohort_revenue_per_customer cohort_revenue_per_customer_rolling
cohort_profit_per_customer
    cumulative: cohort_profit_per_customer cohort_profit_per_customer_rolling

orders
    flow proportional: orders
net_revenue
    flow proportional: net_revenue
gross_revenue
    flow proportional: gross_revenue
units
    flow proportional: units
discounts
    flow proportional: discounts
refunds_by_order_day
    flow proportional: refunds_by_order_day refunds_by_return_day unlinked_refunds
guest_order_share
    flow none: guest_order_share
average_order_value
    flow none: average_order_value average_order_value_median
    flow between: average_order_value_largest_share
average_order_profit
    flow none: average_order_profit
cost_coverage
    flow none: cost_coverage
orders_per_active_customer
    flow between: orders_per_active_customer
average_revenue_per_customer
    flow between: average_revenue_per_customer average_revenue_per_customer_median
    flow between: average_revenue_per_customer_largest_share
average_profit_per_customer
    flow between: average_profit_per_customer average_profit_per_customer_after_marketing
customer_lifetime_value
    cumulative: customer_lifetime_value customer_lifetime_value_profit
    cumulative: customer_lifetime_value_median customer_lifetime_value_largest_share
predicted_lifetime_value
    moving: predicted_lifetime_value predicted_lifetime_value_profit
subscription_predicted_lifetime_value
    moving: subscription_predicted_lifetime_value subscription_predicted_lifetime_value_profit
customer_lifetime_value_total
    moving planned: customer_lifetime_value_total customer_lifetime_value_total_profit
lifetime_value_to_acquisition_cost
    moving: lifetime_value_to_acquisition_cost lifetime_value_to_acquisition_cost_profit
customers_at_risk
    moving: customers_at_risk
value_at_risk
    moving: value_at_risk value_at_risk_profit
payback_months
    flow none planned: payback_months

customer_acquisition_cost
    flow none planned: customer_acquisition_cost customer_acquisition_cost_net
return_on_acquisition_spend
    flow none planned: return_on_acquisition_spend
lead_to_customer_rate
    flow none: lead_to_customer_rate qualified_lead_to_customer_rate
conversion_rate
    flow between: conversion_rate
    flow none planned: visit_conversion_rate

net_promoter_score
    flow none: net_promoter_score
customer_satisfaction_score
    flow none planned: customer_satisfaction_score
customer_satisfaction_rate
    flow none planned: customer_satisfaction_rate
customer_effort_score
    flow none planned: customer_effort_score easy_rate
response_rate
    flow none planned: response_rate

first_response_time
    flow none: first_response_time first_response_time_median first_response_time_p90
    flow none: first_response_time_business first_response_time_business_median first_response_time_business_p90
unanswered_requests
    flow proportional: unanswered_requests
resolution_time
    flow none: resolution_time resolution_time_median resolution_time_p90
    flow none: resolution_time_business resolution_time_business_median resolution_time_business_p90
first_resolution_time
    flow none: first_resolution_time first_resolution_time_median first_resolution_time_p90
    flow none: first_resolution_time_business first_resolution_time_business_median
    flow none: first_resolution_time_business_p90
unresolved_requests
    flow proportional: unresolved_requests
first_contact_resolution_rate
    flow none: first_contact_resolution_rate
solutions_per_request
    flow none: solutions_per_request
contacts_per_request
    flow none: contacts_per_request
diagnosed_at_first_rate
    flow none: diagnosed_at_first_rate
solution_success_rate
    flow none: solution_success_rate
time_to_solution
    flow none: time_to_solution time_to_solution_median time_to_solution_p90 time_to_solution_from_first_visit
contact_rate
    flow none: contact_rate
call_abandonment_rate
    flow none: call_abandonment_rate calls_not_served_rate abandoned_calls_repeated_rate calls_before_abandoning
    flow none: answered_calls_before_abandoning abandoned_calls_solved_rate
wait_before_abandoning
    flow none: wait_before_abandoning
wait_before_answer
    flow none: wait_before_answer

cart_abandonment_rate
    flow none planned: cart_abandonment_rate checkout_abandonment_rate
product_return_rate
    flow none: product_return_rate product_return_rate_by_return_day
    flow none: product_return_rate_orders product_return_rate_value

late_delivery_rate
    flow none planned: late_delivery_rate
delivery_time
    flow none planned: delivery_time delivery_time_median delivery_time_p90
consented_customers_share
    stock planned: consented_customers_share
message_delivery_rate
    flow none planned: message_delivery_rate
unsubscribe_rate
    flow none planned: unsubscribe_rate
mentions
    flow proportional planned: mentions
"""


def listed() -> tuple[dict[str, tuple[str, str, str | None]], set[str]]:
    """Group, nature and length by name; and which names are planned."""
    properties: dict[str, tuple[str, str, str | None]] = {}
    planned: set[str] = set()
    group = ""
    for line in filter(None, LISTED.splitlines()):
        if not line.startswith(" "):
            group = line
            continue
        kind, names = line.split(":")
        nature, *rest = kind.split()
        length = rest[0] if nature == "flow" else None
        for name in names.split():
            assert name not in properties, f"{name} is listed twice"
            properties[name] = (group, nature, length)
            if rest[-1:] == ["planned"]:
                planned.add(name)
    return properties, planned


PROPERTIES, PLANNED = listed()


EVERY = (*CATALOGUE, *SHOWN_BESIDE)


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_every_metric_is_listed_with_its_group_nature_and_length(metric: Metric) -> None:
    length = None if metric.length is None else metric.length.value
    assert (metric.group, metric.nature.value, length) == PROPERTIES[metric.name]


def test_everything_listed_is_built_or_planned() -> None:
    assert PROPERTIES.keys() - {metric.name for metric in EVERY} == PLANNED


def test_means_of_money_have_a_median_and_a_largest_share_beside_them() -> None:
    with_companions = {
        metric.name: [one.name for one in companions(metric)] for metric in CATALOGUE if companions(metric)
    }
    means = ("average_order_value", "average_revenue_per_customer", "customer_lifetime_value")
    assert with_companions == {name: [f"{name}_median", f"{name}_largest_share"] for name in means}
    for metric in SHOWN_BESIDE:
        assert metric.name not in BY_NAME
        assert named(metric.name) is metric


def test_the_headlines_in_their_order() -> None:
    assert ", ".join(HEADLINES) == (
        "net_revenue, orders, new_customers, customer_churn_rate, returning_customer_rate, average_order_value,"
        " customer_acquisition_cost, conversion_rate, cart_abandonment_rate, product_return_rate, net_promoter_score,"
        " customer_satisfaction_score, customer_effort_score, first_response_time, first_contact_resolution_rate,"
        " call_abandonment_rate"
    )
    for name in HEADLINES:
        group, nature, _ = PROPERTIES[name]
        assert (group, nature) == (name, "flow")


def test_titles_are_distinct() -> None:
    assert len({metric.title for metric in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": ""}, "needs a title and a group"),
        ({"group": ""}, "needs a title and a group"),
        ({"length": None}, "a flow needs a length"),
        ({"nature": Nature.STOCK}, "a metric of another nature has none"),
    ],
)
def test_a_metric_that_does_not_know_itself_is_refused(change: dict[str, object], message: str) -> None:
    for name in ("orders", "average_order_value", "customer_churn_rate", "time_between_purchases_p90"):
        with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
            replace(named(name), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("group", ["sales", "lost_customers", "net_revenue"])
def test_a_group_is_led_by_its_own_metric(group: str) -> None:
    """No metric is called so; that metric leads none; a headline cannot follow another."""
    wrong = replace(named("orders"), group=group, length=Length.PROPORTIONAL)
    with pytest.raises(ValueError, match=r"^orders: "):
        check_groups({**BY_NAME, "orders": wrong})
