"""The share of a total that one customer brings: how much a mean or total rests on its largest customer."""

from __future__ import annotations

from dataclasses import dataclass

from regulars.metrics.measures import Amount, Expression, Fact, Timing
from regulars.metrics.relations import PERSON
from regulars.metrics.shapes import Interval, Metric, kind_of_values


@dataclass(frozen=True, eq=False, kw_only=True)
class LargestShare(Metric):
    """What the largest customer's rows come to together, divided by `total`. No value where the total is not above 0."""

    fact: Fact
    of: Expression
    total: Amount
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
    def above(self) -> Amount:
        """The total that the largest customer's share is of."""
        return self.total

    @property
    def below(self) -> None:
        return None
