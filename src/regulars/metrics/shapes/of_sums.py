"""Shapes of sums: totals, ratios and quotients of them, and who is a customer at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from regulars.metrics.maturity import WINDOW_BEFORE, Maturity
from regulars.metrics.measures import (
    HISTOGRAMS,
    Expression,
    Fact,
    Measure,
    SignedMeasure,
    Sum,
    Timing,
    within,
)
from regulars.metrics.shapes.metric import Hazard, Interval, Length, Metric, common_words
from regulars.vocabulary.units import Unit


@dataclass(frozen=True, eq=False, kw_only=True)
class Total(Metric):
    """A count or a sum over one fact."""

    fact: Fact
    of: Expression = 1
    where: Expression = None
    day: str = "day"
    complete: bool = False
    distinct: str = ""
    """The entity of the fact whose different values are counted, in place of a sum."""
    by_line: Measure | None = None
    """What is summed over order lines instead, for a split or filter by what only these know, such as the product."""
    left_out: Expression = None
    """Rows that belong to the period and cannot be counted: where there are such alone, the value is not known, not 0."""
    interval: Interval = Interval.NONE
    _above: Sum = field(init=False, repr=False)
    _count: Measure = field(init=False, repr=False)
    _lacking: Sum | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        measure = Measure(self.fact, self.of, self.where, self.day, self.complete, self.distinct)
        object.__setattr__(self, "_above", Sum((SignedMeasure(1, measure, Timing.WITHIN),)))
        object.__setattr__(self, "_count", Measure(self.fact, 1, self.where, self.day))
        lacking = None if self.left_out is None else within(self.fact, 1, self.left_out, day=self.day)
        object.__setattr__(self, "_lacking", lacking)

    @property
    def above(self) -> Sum:
        return self._above

    @property
    def rows(self) -> Sum | None:
        if self.unit is Unit.COUNT:
            return None
        return Sum((SignedMeasure(1, self._count, Timing.WITHIN),))

    @property
    def lacking(self) -> Sum | None:
        return self._lacking


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratio(Metric):
    """Two sums over one fact, over the same rows: means and shares. `per` = 1 counts the rows.

    `latest` names an entity of the fact of which only the last row of the period counts (see `Measure`).
    """

    fact: Fact
    of: Expression
    per: Expression = 1
    where: Expression = None
    day: str = "day"
    complete: bool = False
    latest: str = ""
    timing: Timing = Timing.WITHIN
    _above: Sum = field(init=False, repr=False)
    _below: Sum = field(init=False, repr=False)
    _rows: Sum | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        above = Measure(self.fact, self.of, self.where, self.day, self.complete, latest=self.latest)
        below = Measure(self.fact, self.per, self.where, self.day, latest=self.latest)
        object.__setattr__(self, "_above", Sum((SignedMeasure(1, above, self.timing),)))
        count = (
            None
            if isinstance(self.per, int) or self.fact in HISTOGRAMS
            else Measure(self.fact, 1, self.where, self.day, latest=self.latest)
        )
        object.__setattr__(self, "_below", Sum((SignedMeasure(1, below, self.timing),)))
        object.__setattr__(self, "_rows", None if count is None else Sum((SignedMeasure(1, count, self.timing),)))

    @property
    def above(self) -> Sum:
        return self._above

    @property
    def below(self) -> Sum:
        return self._below

    @property
    def rows(self) -> Sum | None:
        return self._rows


@dataclass(frozen=True, eq=False, kw_only=True)
class Quotient(Metric):
    """Two amounts, of one fact or of two.

    A split or filter that one of the facts does not know is refused, unless `numerator_splits` names it: then each part of the
    numerator stands over the whole denominator, such as the returns for one reason over all that was sold.
    """

    of: Sum
    per: Sum
    numerator_splits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        both = common_words([fact.splits for fact in self.facts])
        for split in self.numerator_splits:
            if split in both or not all(split in fact.splits for fact in self.of.facts):
                raise ValueError(f"{self.name}: {split} is no split that the numerator alone knows.")

    @property
    def of_numerator(self) -> tuple[str, ...]:
        return self.numerator_splits

    @property
    def above(self) -> Sum:
        return self.of

    @property
    def below(self) -> Sum:
        return self.per


@dataclass(frozen=True, eq=False, kw_only=True)
class State(Metric):
    """Who is a customer at a moment; takes the active window. Without `per` it counts customers."""

    of: Sum
    per: Sum | None = None
    maturity: Maturity = WINDOW_BEFORE
    hazard: Hazard | None = None
    """For a hazard: what happens to the customers at the start; counts are put to their number."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.hazard is None) is (self.length is Length.HAZARD):
            raise ValueError(
                f"{self.name}: a hazard needs to say whether customers leave, stay or join; nothing else does."
            )

    @property
    def above(self) -> Sum:
        return self.of

    @property
    def below(self) -> Sum | None:
        return self.per
