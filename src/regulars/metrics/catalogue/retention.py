"""Who stays, who leaves, who comes back."""

from __future__ import annotations

from ibis import _

from regulars.metrics.measures import (
    AFTER,
    BEFORE,
    BY_DAY,
    CUSTOMERS_ORDERING,
    FIRST_IN_PERIOD,
    HISTORIES,
    Amount,
    Timing,
    before_end,
    before_start,
    within,
)
from regulars.metrics.shapes import Example, Interval, Metric, Order, Quantile, Quotient, Ratio, Ripens, State, Total
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.facts.gaps import NONE

_silent = _.gap > _.active_window

START: Amount = before_start(BEFORE, _.n, _silent) - before_start(AFTER, _.n, _silent, day="day_gone")
END: Amount = before_end(BEFORE, _.n, _silent) - before_end(AFTER, _.n, _silent, day="day_gone")
_stays_away = (_.gap == NONE) | (_.day + _.gap >= _.period_end)
LOST: Amount = within(AFTER, _.n, (_.day < _.period_start) & _stays_away, day="day_gone", by_sets="lost")
KEPT: Amount = START - LOST
JOINED: Amount = END - KEPT
NEW_AND_ACTIVE: Amount = within(BEFORE, _.n, _.gap == NONE, by_sets="new_and_active")

_came_back = (_.gap < NONE) & ((_.day - _.gap < _.period_start) | (_.number == 2))
RETURNING: Amount = within(BEFORE, _.n, _came_back)
_first_in_period = _.previous_day.isnull() | (_.previous_day < _.period_start)

# Four customers, window 40 days, over March: ana stays, ben leaves, cem is new, dua was lost and comes back.
_FOUR = (
    Order("ana", "2024-02-20"),
    Order("ana", "2024-03-15"),
    Order("ben", "2024-02-10"),
    Order("cem", "2024-03-20"),
    Order("dua", "2023-11-05"),
    Order("dua", "2024-03-28"),
)


def _four(value: float) -> Example:
    return Example(_FOUR, "2024-03", value, active_window=40)


_ACTIVE = "A customer is active at a moment with an order on one of the active_window days before it."

RETENTION: tuple[Metric, ...] = (
    State(
        name="customer_retention_rate",
        question="Which share of the customers we had at the start are still customers at the end?",
        formula="kept customers / customers at the start = (E − N) / S",
        of=KEPT,
        per=START,
        customers=START,
        unit=Unit.SHARE,
        better=Better.HIGHER,
        interval=Interval.WILSON,
        caveat=_ACTIVE + " N counts everyone who joined, new or won back.",
        variants=("customer_churn_rate", "net_churn_rate"),
        example=_four(0.5),
    ),
    State(
        name="customer_churn_rate",
        question="Which share of the customers we had at the start did we lose?",
        formula="lost customers / customers at the start",
        of=LOST,
        per=START,
        customers=START,
        unit=Unit.SHARE,
        better=Better.LOWER,
        interval=Interval.WILSON,
        caveat=_ACTIVE + " Too low by construction until the data reach one window back before the period.",
        variants=("customer_retention_rate", "net_churn_rate"),
        example=_four(0.5),
    ),
    State(
        name="net_churn_rate",
        question="By which share did the number of customers shrink?",
        formula="(customers at the start − customers at the end) / customers at the start",
        of=START - END,
        per=START,
        customers=START,
        unit=Unit.SHARE,
        better=Better.LOWER,
        caveat="Negative when the base grows.",
        variants=("customer_churn_rate",),
        example=_four(-0.5),
    ),
    State(
        name="customers_start",
        question="How many customers did we have at the start?",
        formula="customers active at the start of the period",
        of=START,
        customers=START,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=_four(2),
    ),
    State(
        name="customers_end",
        question="How many customers do we have at the end?",
        formula="customers active at the end of the period",
        of=END,
        customers=END,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        ripens=Ripens.AT_ONCE,
        example=_four(3),
    ),
    State(
        name="kept_customers",
        question="How many customers stayed?",
        formula="customers active at the start and at the end",
        of=KEPT,
        customers=START,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=_four(1),
    ),
    State(
        name="lost_customers",
        question="How many customers did we lose?",
        formula="customers at the start − kept customers",
        of=LOST,
        customers=START,
        unit=Unit.COUNT,
        better=Better.LOWER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=_four(1),
    ),
    State(
        name="joined_customers",
        question="How many customers joined, for the first time or again?",
        formula="customers at the end − kept customers",
        of=JOINED,
        customers=END,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=_four(2),
    ),
    State(
        name="won_back_customers",
        question="How many customers did we win back?",
        formula="joined customers − those whose first order ever lies in the period",
        of=JOINED - NEW_AND_ACTIVE,
        customers=END,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=_four(1),
    ),
    Total(
        name="new_customers",
        question="How many customers bought for the first time?",
        formula="customers whose first order ever lies in the period",
        fact=BEFORE,
        of=_.n,
        where=_.gap == NONE,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        caveat="First in the loaded data: older orders that were never loaded are not known.",
        example=_four(1),
    ),
    Total(
        name="active_buyers",
        question="How many customers bought?",
        formula="distinct customers with an order in the period",
        fact=BEFORE,
        of=_.n,
        where=FIRST_IN_PERIOD,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        example=_four(3),
    ),
    Quotient(
        name="returning_customer_rate",
        question="Which share of the customers who bought had bought before?",
        formula="customers with an order in the period that was not their first / active buyers",
        of=RETURNING,
        per=CUSTOMERS_ORDERING,
        customers=CUSTOMERS_ORDERING,
        unit=Unit.SHARE,
        better=Better.HIGHER,
        interval=Interval.WILSON,
        variants=("returning_customer_rate_lifetime", "repeat_purchase_rate", "repeat_customer_rate"),
        example=_four(2 / 3),
    ),
    Quotient(
        name="returning_customer_rate_lifetime",
        question="Which share of the customers who bought have more than one order by today?",
        formula="active buyers with more than one order in all loaded data / active buyers",
        of=within(HISTORIES, 1, _first_in_period & ((_.order_number > 1) | _.next_day.notnull())),
        per=CUSTOMERS_ORDERING,
        unit=Unit.SHARE,
        ripens=Ripens.LATER_ORDERS,
        judged=False,
        better=Better.HIGHER,
        interval=Interval.WILSON,
        caveat="This is Shopify's reading. Its past moves: a later second order changes it.",
        variants=("returning_customer_rate",),
        example=Example(
            (Order("ana", "2024-03-01"), Order("ana", "2024-05-01"), Order("ben", "2024-03-02")), "2024-03", 0.5
        ),
    ),
    Quotient(
        name="repeat_purchase_rate",
        question="Which share of the customers who bought did so at least twice in the period?",
        formula="customers with two or more orders in the period / active buyers",
        of=within(
            HISTORIES,
            1,
            (_.previous_day >= _.period_start)
            & (_.second_previous_day.isnull() | (_.second_previous_day < _.period_start)),
        ),
        per=CUSTOMERS_ORDERING,
        unit=Unit.SHARE,
        better=Better.HIGHER,
        interval=Interval.WILSON,
        variants=("returning_customer_rate", "repeat_customer_rate"),
        example=Example(
            (
                Order("ana", "2024-03-01"),
                Order("ana", "2024-03-01"),
                Order("ana", "2024-03-09"),
                Order("ben", "2024-03-02"),
            ),
            "2024-03",
            0.5,
        ),
    ),
    Ratio(
        name="repeat_customer_rate",
        question="Which share of all customers so far came back at least once?",
        formula="customers with two or more orders by the period's end / customers by then",
        fact=BEFORE,
        of=(_.number == 2).ifelse(_.n, 0),
        per=(_.gap == NONE).ifelse(_.n, 0),
        timing=Timing.BEFORE_END,
        customers=before_end(BEFORE, _.n, _.gap == NONE),
        unit=Unit.SHARE,
        judged=False,
        better=Better.HIGHER,
        interval=Interval.WILSON,
        variants=("repeat_customer_rate_by_days",),
        example=Example(
            (
                Order("ana", "2024-02-01"),
                Order("ana", "2024-02-01"),
                Order("ben", "2024-03-02"),
                Order("cem", "2024-03-05"),
            ),
            "2024-03",
            1 / 3,
        ),
    ),
    Ratio(
        name="repeat_customer_rate_by_days",
        question="Which share of all customers so far came back on another day?",
        formula="customers with orders on two or more days by the period's end / customers by then",
        fact=BY_DAY,
        of=(_.number == 2).ifelse(_.n, 0),
        per=(_.gap == NONE).ifelse(_.n, 0),
        timing=Timing.BEFORE_END,
        customers=before_end(BEFORE, _.n, _.gap == NONE),
        unit=Unit.SHARE,
        judged=False,
        better=Better.HIGHER,
        interval=Interval.WILSON,
        caveat="Several orders of one day count as one purchase.",
        variants=("repeat_customer_rate",),
        example=Example(
            (
                Order("ana", "2024-02-01"),
                Order("ana", "2024-02-01"),
                Order("ben", "2024-03-02"),
                Order("ben", "2024-03-05"),
            ),
            "2024-03",
            0.5,
        ),
    ),
    Ratio(
        name="time_between_purchases",
        question="How many days pass between a customer's purchases?",
        formula="sum of days between consecutive purchase days / number of such gaps, on the later day",
        fact=BY_DAY,
        where=_.gap < NONE,
        of=_.gap.cast("int64") * _.n,
        per=_.n,
        unit=Unit.DAYS,
        better=Better.LOWER,
        caveat="Only customers who came back have gaps; a young shop has short ones by construction.",
        variants=("time_between_purchases_median", "time_between_purchases_p90"),
        example=Example(
            (Order("ana", "2024-03-01"), Order("ana", "2024-03-11"), Order("ana", "2024-03-31")), "2024-03", 15
        ),
    ),
    Quantile(
        name="time_between_purchases_median",
        question="After how many days has half of the returning purchases been made?",
        formula="median of the days between consecutive purchase days, on the later day",
        fact=BY_DAY,
        where=_.gap < NONE,
        of=_.gap,
        weight=_.n,
        q=0.5,
        unit=Unit.DAYS,
        better=Better.LOWER,
        variants=("time_between_purchases",),
        example=Example(
            (Order("ana", "2024-03-01"), Order("ana", "2024-03-05"), Order("ana", "2024-03-31")), "2024-03", 15
        ),
    ),
    Quantile(
        name="time_between_purchases_p90",
        question="After how many days have nine in ten of the returning purchases been made?",
        formula="90 % quantile of the days between consecutive purchase days, on the later day",
        fact=BY_DAY,
        where=_.gap < NONE,
        of=_.gap,
        weight=_.n,
        q=0.9,
        unit=Unit.DAYS,
        better=Better.LOWER,
        variants=("time_between_purchases",),
        example=Example(
            (Order("ana", "2024-03-01"), Order("ana", "2024-03-05"), Order("ana", "2024-03-31")), "2024-03", 23.8
        ),
    ),
)
