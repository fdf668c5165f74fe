"""Shapes of single values: the quantiles of rows or of what customers come to, and the largest customer's share."""

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


def kind_of_values(
    fact: Fact, of: Expression, where: Expression, weight: Expression, day: str, per: str, timing: Timing
) -> tuple[str, ...]:
    """Names the values that a quantile or a largest share is taken of. Facts of one table have the same customers."""
    return fact.table if per else fact.name, repr(of), repr(where), repr(weight), day, per, timing.value


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantile(Metric):
    """The value below which a share `q` of the values lies, interpolated between neighbours (percentile_cont).

    A value is a row's, or with `per` what the rows of an entity, such as person, come to together.
    """

    fact: Fact
    of: Expression
    q: float
    where: Expression = None
    weight: Expression = 1
    """How many rows a row stands for."""
    day: str = "day"
    per: str = ""
    timing: Timing = Timing.WITHIN
    """Rows within the period, or with `per` all before its end."""
    counted: Sum | None = None
    """The number of values, where it is not that of rows or of the period's entities."""
    interval: Interval = Interval.WOODRUFF
    _above: Sum = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.timing is not Timing.WITHIN and (not self.per or self.counted is None):
            raise ValueError(f"{self.name}: only sums of an entity are of all time, and their number must be given.")
        if self.per:
            number = within(self.fact, 1, self.where, day=self.day, distinct=self.per)
        else:
            number = within(self.fact, self.weight, self.where, day=self.day)
        object.__setattr__(self, "_above", self.counted or number)

    @property
    def of_money(self) -> bool:
        """Whether the values are money."""
        return self.unit is Unit.MONEY

    @property
    def kind(self) -> tuple[str, ...]:
        """The values it is taken of: quantiles that differ in q alone share one."""
        return kind_of_values(self.fact, self.of, self.where, self.weight, self.day, self.per, self.timing)

    @property
    def above(self) -> Sum:
        """The number of values that the quantile is taken of."""
        return self._above


@dataclass(frozen=True, eq=False, kw_only=True)
class LargestShare(Metric):
    """What the largest customer's rows come to together, divided by `total`. No value where the total is not above 0."""

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
        """The values of which the largest is taken."""
        return kind_of_values(self.fact, self.of, self.where, self.weight, self.day, self.per, self.timing)

    @property
    def above(self) -> Sum:
        """The total that the largest customer's share is of."""
        return self.total
