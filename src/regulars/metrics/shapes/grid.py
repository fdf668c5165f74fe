"""Cohort grids."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from regulars.metrics.measures import (
    Measure,
    SignedMeasure,
    Sum,
    Timing,
)
from regulars.metrics.shapes.metric import Metric


class Age(Enum):
    """How time since a customer's first order is counted in a cohort grid."""

    CALENDAR_MONTHS = "calendar months since the month of the first order"
    THIRTY_DAYS = "blocks of 30 days since the day of the first order"


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid(Metric):
    """Customers by the period of their first order, followed over time. A cell's value is divided by the customers of
    its cohort.
    """

    cell: Measure
    """Sum over the orders of a cell."""
    cumulative: bool = False
    """Whether a cell includes all earlier ones."""
    age: Age = Age.CALENDAR_MONTHS

    @property
    def numerator(self) -> Sum:
        return Sum((SignedMeasure(1, self.cell, Timing.WITHIN),))
