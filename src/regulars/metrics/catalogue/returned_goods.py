"""Returns and refunds."""

from __future__ import annotations

from math import inf

from regulars.metrics.deferred import _
from regulars.metrics.examples import Example, Order
from regulars.metrics.measures import LINES, ORDERS, RETURNS, within
from regulars.metrics.shapes import Length, Metric, Nature, Quotient, Ratio
from regulars.metrics.shapes.metric import Maturity, setting
from regulars.vocabulary.units import Better, Unit

_TWO = (
    Order("ana", "2024-03-01", "40.00", units=2),
    Order("ben", "2024-03-20", "60.00", units=2, returned=("2024-04-02", 1, "30.00")),
)
LINKED = "linked_returns"
"""Required by rates by order day and by sums of linked refunds: without a return of a known order they would be 0."""
_LATE = "Mature once the return window after the period's last day is over."

RETURNED: tuple[Metric, ...] = (
    Quotient(
        name="product_return_rate",
        title="Product return rate",
        question="Which share of the pieces sold came back?",
        formula="units returned of orders of the period / units sold, by order day",
        of=within(RETURNS, _.quantity, _.linked, day="order_day", complete=True),
        per=within(LINES, _.quantity),
        numerator_splits=("reason",),
        group="product_return_rate",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.SHARE,
        better=Better.LOWER,
        maturity=Maturity(days=setting("return_window"), of="returns"),
        needs=(LINKED,),
        caveat=_LATE
        + " Unknown where a refund does not say how many pieces came back; see product_return_rate_orders.",
        variants=("product_return_rate_by_return_day", "product_return_rate_orders", "product_return_rate_value"),
        example=Example(_TWO, "2024-03", 0.25),
    ),
    Quotient(
        name="product_return_rate_by_return_day",
        title="Product return rate by return day",
        question="How many pieces came back in the period, against those sold in it?",
        formula="units returned in the period, with or without an order / units sold in the period",
        of=within(RETURNS, _.quantity, complete=True),
        per=within(LINES, _.quantity),
        numerator_splits=("reason",),
        group="product_return_rate",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.RATE,
        limits=(0, inf),
        better=Better.LOWER,
        caveat="Returns of earlier orders count against this period's sales.",
        variants=("product_return_rate",),
        example=Example(_TWO, "2024-03", 0.5, unlinked_refunds=(("2024-03-25", 2, "10.00"),)),
    ),
    Ratio(
        name="product_return_rate_orders",
        title="Share of orders with a return",
        question="Which share of the orders had something returned?",
        formula="orders with a return or refund / orders, by order day",
        fact=ORDERS,
        of=_.returned.ifelse(1, 0),
        group="product_return_rate",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.SHARE,
        better=Better.LOWER,
        maturity=Maturity(days=setting("return_window"), of="returns"),
        needs=(LINKED,),
        caveat=_LATE,
        variants=("product_return_rate",),
        example=Example(_TWO, "2024-03", 0.5),
    ),
    Ratio(
        name="product_return_rate_value",
        title="Product return rate by value",
        question="Which share of the revenue was given back?",
        formula="linked refunds / net revenue before refunds, by order day",
        fact=ORDERS,
        of=_.refunds,
        per=_.net_revenue + _.refunds,
        group="product_return_rate",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.SHARE,
        better=Better.LOWER,
        maturity=Maturity(days=setting("return_window"), of="returns"),
        needs=(LINKED,),
        caveat=_LATE,
        variants=("product_return_rate",),
        example=Example(_TWO, "2024-03", 0.3),
    ),
)
