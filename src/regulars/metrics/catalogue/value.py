"""What is sold, and what a customer brings."""

from __future__ import annotations

from ibis import _

from regulars.metrics.catalogue.returns import LINKED
from regulars.metrics.measures import (
    CUSTOMERS_ORDERING,
    HISTORIES,
    LINES,
    ORDERS,
    RETURNS,
    SPEND,
    Amount,
    before_end,
    within,
)
from regulars.metrics.shapes import Example, Metric, Order, Quotient, Ratio, Total
from regulars.vocabulary.units import Better, Unit

PROFIT: Amount = within(HISTORIES, _.profit, complete=True)
_first_ever = _.order_number == 1

# ana orders twice, ben once, a guest once; ana sends half of her second order back.
_THREE = (
    Order("ana", "2024-03-01", "40.00", units=2, unit_cost="10.00"),
    Order("ana", "2024-03-09", "60.00", units=2, unit_cost="15.00", returned=("2024-04-02", 1, "30.00")),
    Order("ben", "2024-03-09", "20.00", units=1, unit_cost="5.00"),
    Order(None, "2024-03-10", "30.00", units=1, unit_cost="10.00"),
)


def _three(value: float) -> Example:
    return Example(_THREE, "2024-03", value)


_NET = "Net revenue is product lines − discounts + shipping − linked refunds, without tax, on the order's day."
_PROFIT = (
    "Profit is net revenue − goods − shipping cost − payment fees; unknown (null) while the cost of any product sold is,"
    " unless the shop set default_margin."
)

VALUE: tuple[Metric, ...] = (
    Total(
        name="orders",
        question="How many orders were placed?",
        formula="counted orders, guests included",
        fact=ORDERS,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        example=_three(4),
    ),
    Total(
        name="net_revenue",
        question="How much did the shop earn from its orders?",
        formula="sum of net revenue of the orders",
        fact=ORDERS,
        of=_.net_revenue,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        caveat=_NET,
        example=_three(120),
    ),
    Total(
        name="gross_revenue",
        question="What were the products sold worth before discounts?",
        formula="sum of product lines before discounts, without tax",
        fact=ORDERS,
        of=_.gross_revenue,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        caveat="Gift cards, tips, duties and shipping are left out.",
        example=_three(150),
    ),
    Total(
        name="units",
        question="How many pieces were sold?",
        formula="sum of quantities of product lines",
        fact=LINES,
        of=_.quantity,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        example=_three(6),
    ),
    Total(
        name="discounts",
        question="How much was given as discounts?",
        formula="sum of discounts, without tax",
        fact=ORDERS,
        of=_.discounts,
        unit=Unit.MONEY,
        example=_three(0),
    ),
    Total(
        name="refunds_by_order_day",
        question="How much of this period's orders was given back, whenever that was?",
        formula="sum of refunds linked to orders of the period, without tax",
        fact=ORDERS,
        of=_.refunds,
        unit=Unit.MONEY,
        better=Better.LOWER,
        needs=(LINKED,),
        variants=("refunds_by_return_day", "unlinked_refunds"),
        example=_three(30),
    ),
    Total(
        name="refunds_by_return_day",
        question="How much was given back in the period?",
        formula="sum of linked refunds of the period, without tax",
        fact=RETURNS,
        of=_.amount,
        where=_.linked,
        unit=Unit.MONEY,
        better=Better.LOWER,
        needs=(LINKED,),
        variants=("refunds_by_order_day",),
        example=_three(0),
    ),
    Total(
        name="unlinked_refunds",
        question="How much was given back without a known order?",
        formula="sum of refunds without an order",
        fact=RETURNS,
        of=_.amount,
        where=~_.linked,
        unit=Unit.MONEY,
        better=Better.LOWER,
        caveat="They reduce no metric by order day.",
        variants=("refunds_by_order_day",),
        example=Example(_THREE, "2024-03", 12, unlinked_refunds=(("2024-03-20", 1, "12.00"),)),
    ),
    Ratio(
        name="guest_order_share",
        question="Which share of orders comes from people we cannot recognise?",
        formula="orders without any identity / orders",
        fact=ORDERS,
        of=_.person.isnull().ifelse(1, 0),
        unit=Unit.SHARE,
        better=Better.LOWER,
        caveat="Metrics per customer leave these orders out.",
        example=_three(0.25),
    ),
    Ratio(
        name="average_order_value",
        question="What is an order worth?",
        formula="net revenue / orders, guests included",
        fact=ORDERS,
        of=_.net_revenue,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        caveat=_NET,
        example=_three(30),
    ),
    Ratio(
        name="average_order_profit",
        question="What does an order leave after costs?",
        formula="profit / orders, guests included",
        fact=ORDERS,
        of=_.profit,
        complete=True,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        caveat=_PROFIT,
        example=_three(13.75),
    ),
    Quotient(
        name="orders_per_active_customer",
        question="How often does a customer who buys order in the period?",
        formula="orders of known customers / active buyers",
        of=within(HISTORIES),
        per=CUSTOMERS_ORDERING,
        unit=Unit.PER_CUSTOMER,
        better=Better.HIGHER,
        example=_three(1.5),
    ),
    Quotient(
        name="average_revenue_per_customer",
        question="What does a customer who buys bring in the period?",
        formula="net revenue of known customers / active buyers",
        of=within(HISTORIES, _.net_revenue),
        per=CUSTOMERS_ORDERING,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        caveat=_NET,
        example=_three(45),
    ),
    Quotient(
        name="average_profit_per_customer",
        question="What does a customer who buys leave after costs?",
        formula="profit of known customers / active buyers",
        of=PROFIT,
        per=CUSTOMERS_ORDERING,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        caveat=_PROFIT,
        variants=("average_profit_per_customer_after_marketing",),
        example=_three(17.5),
    ),
    Quotient(
        name="average_profit_per_customer_after_marketing",
        question="What does a customer who buys leave after costs and advertising?",
        formula="(profit of known customers − spend of the period) / active buyers",
        of=PROFIT - within(SPEND, _.amount, complete=True),
        per=CUSTOMERS_ORDERING,
        unit=Unit.MONEY,
        better=Better.HIGHER,
        caveat=_PROFIT + " Spend is taken as fixed.",
        variants=("average_profit_per_customer",),
        example=Example(_THREE, "2024-03", 12.5, spend=(("2024-03-05", "10.00"),)),
    ),
    Quotient(
        name="customer_lifetime_value",
        question="What has a customer brought so far?",
        formula="net revenue to the period's end of customers by then / their number",
        of=before_end(HISTORIES, _.net_revenue),
        per=before_end(HISTORIES, 1, _first_ever),
        customers=before_end(HISTORIES, 1, _first_ever),
        unit=Unit.MONEY,
        judged=False,
        better=Better.HIGHER,
        caveat="Value so far, not a forecast: young customers have had less time.",
        variants=("customer_lifetime_value_profit",),
        example=_three(45),
    ),
    Quotient(
        name="customer_lifetime_value_profit",
        question="What has a customer left after costs so far?",
        formula="profit to the period's end of customers by then / their number",
        of=before_end(HISTORIES, _.profit, complete=True),
        per=before_end(HISTORIES, 1, _first_ever),
        customers=before_end(HISTORIES, 1, _first_ever),
        unit=Unit.MONEY,
        judged=False,
        better=Better.HIGHER,
        caveat=_PROFIT,
        variants=("customer_lifetime_value",),
        example=_three(17.5),
    ),
    Ratio(
        name="cost_coverage",
        question="For which share of what we sell is the cost known?",
        formula="value of product lines with a known cost / value of all product lines",
        fact=ORDERS,
        of=_.covered_revenue,
        per=_.gross_revenue,
        unit=Unit.SHARE,
        better=Better.HIGHER,
        caveat="Below 100 % profit is unknown, unless the shop set default_margin.",
        example=_three(1),
    ),
)
