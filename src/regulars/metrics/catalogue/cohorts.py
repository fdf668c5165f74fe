"""Cohorts of customers by their first order, by age."""

from __future__ import annotations

from regulars.metrics.deferred import _
from regulars.metrics.examples import Example, Order
from regulars.metrics.measures import CUSTOMER_ORDERS, Measure
from regulars.metrics.shapes import Age, Grid, Interval, Metric, Nature
from regulars.vocabulary.units import Better, Unit

_FIRST_OF_ITS_AGE = Measure(CUSTOMER_ORDERS, 1, _.previous_day.isnull() | (_.previous_age < _.age))

_THREE = (
    Order("ana", "2024-03-01", "10.00"),
    Order("ana", "2024-04-09", "20.00"),
    Order("ben", "2024-03-30", "30.00"),
    Order("cem", "2024-05-31", "5.00"),
)
_CAVEAT = "Cells whose time is not over are left out, of the average too."


def _grids(suffix: str, ages: str, age: Age, split: dict[str, str]) -> tuple[Metric, ...]:
    return (
        Grid(
            name=f"cohort_retention_rate{suffix}",
            title=f"Retention rate of cohorts{ages}",
            group="cohort_retention_rate",
            nature=Nature.CUMULATIVE,
            question="Which share of the customers won together orders again, month by month?",
            formula=f"customers of the cohort with an order in the cell / customers of the cohort, by {age.value}",
            cell=_FIRST_OF_ITS_AGE,
            age=age,
            unit=Unit.SHARE,
            better=Better.HIGHER,
            interval=Interval.WILSON,
            caveat=_CAVEAT,
            variants=("cohort_retention_rate_rolling",) if not suffix else ("cohort_retention_rate",),
            example=Example(_THREE, "2024-03", 0.5, split=split),
        ),
        Grid(
            name=f"cohort_revenue_per_customer{suffix}",
            title=f"Revenue per customer of cohorts{ages}",
            group="cohort_revenue_per_customer",
            nature=Nature.CUMULATIVE,
            question="How much have the customers won together brought by then, each?",
            formula=f"cumulative net revenue / customers of the cohort, by {age.value}",
            cell=Measure(CUSTOMER_ORDERS, _.net_revenue),
            cumulative=True,
            age=age,
            unit=Unit.MONEY,
            better=Better.HIGHER,
            caveat=_CAVEAT,
            example=Example(_THREE, "2024-03", 30, split=split),
        ),
        Grid(
            name=f"cohort_profit_per_customer{suffix}",
            title=f"Profit per customer of cohorts{ages}",
            group="cohort_profit_per_customer",
            nature=Nature.CUMULATIVE,
            question="How much have the customers won together left after costs by then, each?",
            formula=f"cumulative profit / customers of the cohort, by {age.value}",
            cell=Measure(CUSTOMER_ORDERS, _.profit, complete=True),
            cumulative=True,
            age=age,
            unit=Unit.MONEY,
            better=Better.HIGHER,
            caveat=_CAVEAT + " Unknown while any cost is.",
            example=Example(_THREE, "2024-03", None, split=split),
        ),
    )


COHORTS: tuple[Metric, ...] = (
    *_grids("", "", Age.CALENDAR_MONTHS, {"age": "1"}),
    *_grids("_rolling", ", blocks of 30 days", Age.THIRTY_DAYS, {"age": "1"}),
)
