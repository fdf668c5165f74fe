"""Metrics of sums: totals, ratios, quotients, and states of customers."""

from __future__ import annotations

from dataclasses import dataclass, field

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
from regulars.metrics.shapes.metric import WINDOW_BEFORE, Hazard, Interval, Length, Maturity, Metric, shared_names
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
    """Entity of the fact whose distinct values are counted instead of a sum."""
    by_line: Measure | None = None
    """Sum over order lines that replaces it for splits and filters by their columns, such as the product."""
    left_out: Expression = None
    """Rows of the period that cannot be counted: if there are only such rows, the value is unknown, not 0."""
    interval: Interval = Interval.NONE
    _numerator: Sum = field(init=False, repr=False)
    _count: Measure = field(init=False, repr=False)
    _omitted_rows: Sum | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        measure = Measure(self.fact, self.of, self.where, self.day, self.complete, self.distinct)
        object.__setattr__(self, "_numerator", Sum((SignedMeasure(1, measure, Timing.WITHIN),)))
        object.__setattr__(self, "_count", Measure(self.fact, 1, self.where, self.day))
        omitted_rows = None if self.left_out is None else within(self.fact, 1, self.left_out, day=self.day)
        object.__setattr__(self, "_omitted_rows", omitted_rows)

    @property
    def numerator(self) -> Sum:
        return self._numerator

    @property
    def rows(self) -> Sum | None:
        if self.unit is Unit.COUNT:
            return None
        return Sum((SignedMeasure(1, self._count, Timing.WITHIN),))

    @property
    def omitted_rows(self) -> Sum | None:
        return self._omitted_rows


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratio(Metric):
    """A ratio of two sums over the same rows of one fact: means and shares. `per` = 1 counts the rows.

    `latest` is an entity of the fact of which only the last row of the period counts (see `Measure`).
    """

    fact: Fact
    of: Expression
    per: Expression = 1
    where: Expression = None
    day: str = "day"
    complete: bool = False
    latest: str = ""
    timing: Timing = Timing.WITHIN
    _numerator: Sum = field(init=False, repr=False)
    _denominator: Sum = field(init=False, repr=False)
    _rows: Sum | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        numerator = Measure(self.fact, self.of, self.where, self.day, self.complete, latest=self.latest)
        denominator = Measure(self.fact, self.per, self.where, self.day, latest=self.latest)
        object.__setattr__(self, "_numerator", Sum((SignedMeasure(1, numerator, self.timing),)))
        count = (
            None
            if isinstance(self.per, int) or self.fact in HISTOGRAMS
            else Measure(self.fact, 1, self.where, self.day, latest=self.latest)
        )
        object.__setattr__(self, "_denominator", Sum((SignedMeasure(1, denominator, self.timing),)))
        object.__setattr__(self, "_rows", None if count is None else Sum((SignedMeasure(1, count, self.timing),)))

    @property
    def numerator(self) -> Sum:
        return self._numerator

    @property
    def denominator(self) -> Sum:
        return self._denominator

    @property
    def rows(self) -> Sum | None:
        return self._rows


@dataclass(frozen=True, eq=False, kw_only=True)
class Quotient(Metric):
    """A quotient of two sums, of one fact or of two.

    A split or filter that only one fact has is refused, unless it is in `numerator_splits`: then each part of the
    numerator is divided by the whole denominator, such as returns by reason by all units sold.
    """

    of: Sum
    per: Sum
    numerator_splits: tuple[str, ...] = ()
    different_splits: tuple[str, ...] = ()
    """Splits that have one name and two meanings, such as the channel of a request and that of an order: refused."""

    def __post_init__(self) -> None:
        super().__post_init__()
        shared = shared_names([fact.splits for fact in self.facts])
        for split in self.numerator_splits:
            if split in shared or not all(split in fact.splits for fact in self.of.facts):
                raise ValueError(f"{self.name}: {split} is no split that the numerator alone knows.")

    @property
    def numerator(self) -> Sum:
        return self.of

    @property
    def denominator(self) -> Sum:
        return self.per

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(split for split in super().splits if split not in self.different_splits)

    @property
    def filters(self) -> tuple[str, ...]:
        return tuple(column for column in super().filters if column not in self.different_splits)


@dataclass(frozen=True, eq=False, kw_only=True)
class State(Metric):
    """Customers at a point in time, by the active window. Without `per` it counts customers."""

    of: Sum
    per: Sum | None = None
    maturity: Maturity = WINDOW_BEFORE
    hazard: Hazard | None = None
    """For a hazard: the event; counts are divided by the customers at the start."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.hazard is None) is (self.length is Length.HAZARD):
            raise ValueError(
                f"{self.name}: a hazard needs to say whether customers leave, stay or join; nothing else does."
            )

    @property
    def numerator(self) -> Sum:
        return self.of

    @property
    def denominator(self) -> Sum | None:
        return self.per
