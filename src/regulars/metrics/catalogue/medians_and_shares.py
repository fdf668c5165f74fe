"""Medians, and shares of the largest customer, shown beside means that large amounts move.

They are shown with their metric and are not part of the catalogue. The interval of a mean does not cover a single large order to
come.
"""

from __future__ import annotations

from regulars.metrics.deferred import _
from regulars.metrics.examples import Example, Order
from regulars.metrics.measures import CUSTOMER_ORDERS, CUSTOMERS_ORDERING, ORDERS, Timing, before_end, within
from regulars.metrics.relations import PERSON
from regulars.metrics.shapes import LargestShare, Length, Metric, Nature, Quantile
from regulars.vocabulary.units import Better, Unit

_ORDERS = (
    Order("ana", "2024-03-01", "40.00"),
    Order("ana", "2024-03-09", "30.00"),
    Order("ben", "2024-03-09", "20.00"),
    Order("cem", "2024-03-12", "50.00"),
    Order(None, "2024-03-10", "60.00"),
)
"""Orders of 20, 30, 40, 50 and 60; customers of 20, 50 and 70."""
_FIRST = _.order_number == 1

SHOWN_BESIDE: tuple[Metric, ...] = (
    Quantile(
        name="average_order_value_median",
        title="Order value, median",
        question="What is the order in the middle worth?",
        formula="median of the orders' net revenue, guests included",
        fact=ORDERS,
        of=_.net_revenue,
        q=0.5,
        group="average_order_value",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        example=Example(_ORDERS, "2024-03", 40),
    ),
    LargestShare(
        name="average_order_value_largest_share",
        title="Largest customer's share of net revenue",
        question="How much of the revenue does one customer bring?",
        formula="net revenue of the largest known customer / net revenue, guests included",
        fact=ORDERS,
        of=_.net_revenue,
        total=within(ORDERS, _.net_revenue),
        group="average_order_value",
        nature=Nature.FLOW,
        length=Length.BETWEEN,
        unit=Unit.SHARE,
        example=Example(_ORDERS, "2024-03", 0.35),
    ),
    Quantile(
        name="average_revenue_per_customer_median",
        title="Revenue per customer, median",
        question="What does the customer in the middle bring in the period?",
        formula="median of the net revenue of known customers who ordered in the period",
        fact=CUSTOMER_ORDERS,
        of=_.net_revenue,
        q=0.5,
        per=PERSON,
        counted=CUSTOMERS_ORDERING,
        group="average_revenue_per_customer",
        nature=Nature.FLOW,
        length=Length.BETWEEN,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        example=Example(_ORDERS, "2024-03", 50),
    ),
    LargestShare(
        name="average_revenue_per_customer_largest_share",
        title="Largest customer's share of known customers' revenue",
        question="How much of the customers' revenue does one of them bring?",
        formula="net revenue of the largest customer / net revenue of known customers",
        fact=CUSTOMER_ORDERS,
        of=_.net_revenue,
        total=within(CUSTOMER_ORDERS, _.net_revenue),
        group="average_revenue_per_customer",
        nature=Nature.FLOW,
        length=Length.BETWEEN,
        unit=Unit.SHARE,
        example=Example(_ORDERS, "2024-03", 0.5),
    ),
    Quantile(
        name="customer_lifetime_value_median",
        title="Customer lifetime value to date, median",
        question="What has the customer in the middle brought so far?",
        formula="median of the net revenue to the period's end of customers by then",
        fact=CUSTOMER_ORDERS,
        of=_.net_revenue,
        q=0.5,
        per=PERSON,
        timing=Timing.BEFORE_END,
        counted=before_end(CUSTOMER_ORDERS, 1, _FIRST),
        customers=before_end(CUSTOMER_ORDERS, 1, _FIRST),
        group="customer_lifetime_value",
        nature=Nature.CUMULATIVE,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        example=Example(_ORDERS, "2024-03", 50),
    ),
    LargestShare(
        name="customer_lifetime_value_largest_share",
        title="Largest customer's share of revenue to date",
        question="How much of all customers' revenue so far did one of them bring?",
        formula="net revenue to the period's end of the largest customer / that of all customers by then",
        fact=CUSTOMER_ORDERS,
        of=_.net_revenue,
        total=before_end(CUSTOMER_ORDERS, _.net_revenue),
        timing=Timing.BEFORE_END,
        customers=before_end(CUSTOMER_ORDERS, 1, _FIRST),
        group="customer_lifetime_value",
        nature=Nature.CUMULATIVE,
        unit=Unit.SHARE,
        example=Example(_ORDERS, "2024-03", 0.5),
    ),
)
