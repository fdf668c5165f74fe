"""Retention, churn and reactivation of customers, by the active window."""

from __future__ import annotations

from math import inf

from regulars.metrics.deferred import _
from regulars.metrics.examples import Example, Order
from regulars.metrics.measures import (
    GAPS_AFTER,
    GAPS_BEFORE,
    Sum,
    before_end,
    before_start,
    within,
)
from regulars.metrics.shapes import Hazard, Interval, Length, Metric, Nature, State
from regulars.metrics.shapes.metric import AT_ONCE
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.facts.orders.gaps import NONE

_silent = _.gap > _.active_window

START: Sum = before_start(GAPS_BEFORE, _.n, _silent) - before_start(GAPS_AFTER, _.n, _silent, day="day_gone")
END: Sum = before_end(GAPS_BEFORE, _.n, _silent) - before_end(GAPS_AFTER, _.n, _silent, day="day_gone")
_stays_away = (_.gap == NONE) | (_.day + _.gap >= _.period_end)
LOST: Sum = within(GAPS_AFTER, _.n, (_.day < _.period_start) & _stays_away, day="day_gone", by_sets="lost")
KEPT: Sum = START - LOST
JOINED: Sum = END - KEPT
NEW_AND_ACTIVE: Sum = within(GAPS_BEFORE, _.n, _.gap == NONE, by_sets="new_and_active")

# Four customers, window 40 days, over March: ana stays, ben leaves, cem is new, dua was lost and comes back.
_FOUR = (
    Order("ana", "2024-02-20"),
    Order("ana", "2024-03-15"),
    Order("ben", "2024-02-10"),
    Order("cem", "2024-03-20"),
    Order("dua", "2023-11-05"),
    Order("dua", "2024-03-28"),
)


def of_four(value: float) -> Example:
    """Return the example of four customers with its value in March."""
    return Example(_FOUR, "2024-03", value, active_window=40)


_ACTIVE = "A customer is active at a moment with an order on one of the active_window days before it."

RETENTION: tuple[Metric, ...] = (
    State(
        name="customer_retention_rate",
        title="Customer retention rate",
        question="Which share of the customers we had at the start are still customers at the end?",
        formula="retained customers / customers at the start = (E − N) / S",
        of=KEPT,
        per=START,
        customers=START,
        group="customer_churn_rate",
        nature=Nature.FLOW,
        length=Length.HAZARD,
        hazard=Hazard.STAYING,
        unit=Unit.SHARE,
        better=Better.HIGHER,
        interval=Interval.WILSON,
        caveat=_ACTIVE + " N counts everyone who joined, new or won back.",
        variants=("customer_churn_rate", "net_churn_rate"),
        example=of_four(0.5),
    ),
    State(
        name="customer_churn_rate",
        title="Customer churn rate",
        question="Which share of the customers we had at the start did we lose?",
        formula="lost customers / customers at the start",
        of=LOST,
        per=START,
        customers=START,
        group="customer_churn_rate",
        nature=Nature.FLOW,
        length=Length.HAZARD,
        hazard=Hazard.LEAVING,
        unit=Unit.SHARE,
        better=Better.LOWER,
        interval=Interval.WILSON,
        caveat=_ACTIVE + " Too low by construction until the data reach one window back before the period.",
        variants=("customer_retention_rate", "net_churn_rate"),
        example=of_four(0.5),
    ),
    State(
        name="net_churn_rate",
        title="Net churn rate",
        question="By which share did the number of customers shrink?",
        formula="(customers at the start − customers at the end) / customers at the start",
        of=START - END,
        per=START,
        customers=START,
        group="customer_churn_rate",
        nature=Nature.FLOW,
        length=Length.HAZARD,
        hazard=Hazard.LEAVING,
        unit=Unit.RATE,
        limits=(-inf, 1),
        better=Better.LOWER,
        caveat="Negative when the base grows.",
        variants=("customer_churn_rate",),
        example=of_four(-0.5),
    ),
    State(
        name="customers_start",
        title="Customers at the start",
        question="How many customers did we have at the start?",
        formula="customers active at the start of the period",
        of=START,
        customers=START,
        group="customers_start",
        nature=Nature.STOCK,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=of_four(2),
    ),
    State(
        name="customers_end",
        title="Customers at the end",
        question="How many customers do we have at the end?",
        formula="customers active at the end of the period",
        of=END,
        customers=END,
        group="customers_end",
        nature=Nature.STOCK,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        maturity=AT_ONCE,
        example=of_four(3),
    ),
    State(
        name="retained_customers",
        title="Retained customers",
        question="How many customers stayed?",
        formula="customers active at the start and at the end",
        of=KEPT,
        customers=START,
        group="customer_churn_rate",
        nature=Nature.FLOW,
        length=Length.HAZARD,
        hazard=Hazard.STAYING,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=of_four(1),
    ),
    State(
        name="lost_customers",
        title="Lost customers",
        question="How many customers did we lose?",
        formula="customers at the start − retained customers",
        of=LOST,
        customers=START,
        group="customer_churn_rate",
        nature=Nature.FLOW,
        length=Length.HAZARD,
        hazard=Hazard.LEAVING,
        unit=Unit.COUNT,
        better=Better.LOWER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=of_four(1),
    ),
    State(
        name="joined_customers",
        title="Customers who joined",
        question="How many customers joined, for the first time or again?",
        formula="customers at the end − retained customers",
        of=JOINED,
        customers=END,
        group="customer_churn_rate",
        nature=Nature.FLOW,
        length=Length.HAZARD,
        hazard=Hazard.JOINING,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=of_four(2),
    ),
    State(
        name="won_back_customers",
        title="Customers won back",
        question="How many customers did we win back?",
        formula="joined customers − those whose first order ever lies in the period",
        of=JOINED - NEW_AND_ACTIVE,
        customers=END,
        group="customer_churn_rate",
        nature=Nature.FLOW,
        length=Length.HAZARD,
        hazard=Hazard.JOINING,
        unit=Unit.COUNT,
        better=Better.HIGHER,
        interval=Interval.NONE,
        caveat=_ACTIVE,
        example=of_four(1),
    ),
)
