"""Metrics of single values: quantiles, and the largest customer's share."""

from __future__ import annotations

from dataclasses import dataclass, field

from regulars.metrics.measures import (
    Expression,
    Fact,
    Sum,
    Timing,
    within,
)
from regulars.metrics.shapes.metric import Interval, Metric
from regulars.vocabulary.units import Unit
from regulars.warehouse.fact_table import PERSON


def values_key(
    fact: Fact, of: Expression, where: Expression, weight: Expression, day: str, per: str, timing: Timing
) -> tuple[str, ...]:
    """Return the key of the values that a quantile or a largest share is taken of. Facts of one table have the same
    customers.
    """
    return fact.table if per else fact.name, repr(of), repr(where), repr(weight), day, per, timing.value


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantile(Metric):
    """The quantile `q` of values, interpolated linearly (percentile_cont).

    A value is that of a row; with `per`, the sum over the rows of an entity, such as a person.
    """

    fact: Fact
    of: Expression
    q: float
    where: Expression = None
    weight: Expression = 1
    """Number of values that a row represents."""
    day: str = "day"
    per: str = ""
    timing: Timing = Timing.WITHIN
    """Rows of the period; with `per` also all rows before its end."""
    counted: Sum | None = None
    """Number of values, where it differs from the number of rows or entities of the period."""
    interval: Interval = Interval.WOODRUFF
    _numerator: Sum = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.timing is not Timing.WITHIN and (not self.per or self.counted is None):
            raise ValueError(f"{self.name}: only sums of an entity are of all time, and their number must be given.")
        if self.per:
            number = within(self.fact, 1, self.where, day=self.day, distinct=self.per)
        else:
            number = within(self.fact, self.weight, self.where, day=self.day)
        object.__setattr__(self, "_numerator", self.counted or number)

    @property
    def of_money(self) -> bool:
        """Whether the values are money."""
        return self.unit is Unit.MONEY

    @property
    def kind(self) -> tuple[str, ...]:
        """Key of the values: quantiles that differ in q alone share it."""
        return values_key(self.fact, self.of, self.where, self.weight, self.day, self.per, self.timing)

    @property
    def numerator(self) -> Sum:
        """Number of values."""
        return self._numerator


@dataclass(frozen=True, eq=False, kw_only=True)
class LargestShare(Metric):
    """The largest customer's sum divided by `total`. No value where the total is not above 0."""

    fact: Fact
    of: Expression
    total: Sum
    where: Expression = None
    weight: Expression = 1
    day: str = "day"
    per: str = PERSON
    timing: Timing = Timing.WITHIN
    of_money: bool = True
    interval: Interval = Interval.NONE

    @property
    def kind(self) -> tuple[str, ...]:
        """Key of the values of which the largest is taken."""
        return values_key(self.fact, self.of, self.where, self.weight, self.day, self.per, self.timing)

    @property
    def numerator(self) -> Sum:
        """The total that the share refers to."""
        return self.total
