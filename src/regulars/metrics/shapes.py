"""The shapes a metric can have. Each says what stands above and below its line; a metric only says what, never how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from regulars.metrics.examples import Example
from regulars.metrics.maturity import AT_ONCE, WINDOW_BEFORE, Maturity
from regulars.metrics.measures import (
    CUSTOMERS_ORDERING,
    HISTOGRAMS,
    HISTORIES,
    KINDS_OF_FORECAST,
    Amount,
    Expression,
    Fact,
    Measure,
    Term,
    Timing,
    persons,
    within,
)
from regulars.vocabulary.units import Better, Bounds, Unit


class Interval(Enum):
    """How a metric's 95 % interval is found."""

    NONE = "none: a count or sum of what happened"
    WILSON = "Wilson (a share of customers)"
    JACKKNIFE = "grouped jackknife over 32 buckets of customers"
    WOODRUFF = "Woodruff, from the rows up to the value in each of 32 buckets of customers"

    @property
    def by_bucket(self) -> bool:
        """Whether it is found from what the buckets of customers say, each for itself."""
        return self in (Interval.JACKKNIFE, Interval.WOODRUFF)


class Nature(StrEnum):
    """What a metric's value is about. Changes of flows and stocks are judged, those of the others are not."""

    FLOW = "flow"
    """Of a period."""
    STOCK = "stock"
    """At a moment."""
    CUMULATIVE = "cumulative"
    """Of all time up to a moment: time alone changes it."""
    MOVING = "moving"
    """Its past values change as time passes."""


class Length(StrEnum):
    """How a flow depends on its period's number of days."""

    PROPORTIONAL = "proportional"
    """A sum of rows: compared per day."""
    HAZARD = "hazard"
    """A share of the customers at the start, lost or won with time: compared as a rate per day."""
    NONE = "none"
    """A mean or share of rows: compared as it is."""
    BETWEEN = "between"
    """Distinct customers or visitors, and what is divided by them: grows by less than the number of days does."""


class Hazard(Enum):
    """What happens to customers with time, for flows whose length is a hazard."""

    LEAVING = "leaving"
    """The value is of those who left; for net churn by how many they became fewer."""
    STAYING = "staying"
    JOINING = "joining"


@dataclass(frozen=True, eq=False, kw_only=True)
class Metric:
    """What every metric says of itself, in the shop owner's words."""

    name: str
    title: str
    """The name as a heading shows it."""
    question: str
    formula: str
    group: str
    """The metric whose question it answers too: a headline's name for its variants, else its own or that of its first variant."""
    nature: Nature
    length: Length | None = None
    """For flows alone."""
    unit: Unit
    example: Example
    better: Better = Better.NEITHER
    caveat: str = ""
    limits: Bounds | None = None
    """The least and the greatest value there can be, where they are not those of the unit."""
    variants: tuple[str, ...] = ()
    """Names of metrics that answer the same question otherwise."""
    interval: Interval = Interval.JACKKNIFE
    maturity: Maturity = AT_ONCE
    needs: tuple[str, ...] = ()
    """What else must be covered by the data for the value to mean anything: a table, or "linked_returns"."""
    customers: Amount | None = None
    """How many customers the value rests on, where it is not those with a row of its first fact in the period."""

    def __post_init__(self) -> None:
        if not self.title or not self.group:
            raise ValueError(f"{self.name}: a metric needs a title and a group.")
        if self.length is Length.HAZARD and not isinstance(self, State):
            raise ValueError(f"{self.name}: only a State is a hazard.")
        if (self.length is None) is (self.nature is Nature.FLOW):
            raise ValueError(f"{self.name}: a flow needs a length; a metric of another nature has none.")

    @property
    def bounds(self) -> Bounds:
        """The least and the greatest value there can be; the interval stays inside."""
        return self.unit.bounds if self.limits is None else self.limits

    @property
    def is_judged(self) -> bool:
        """Whether a change can be real: not where time alone changes the value."""
        return self.nature in (Nature.FLOW, Nature.STOCK)

    @property
    def above(self) -> Amount:
        """What stands above the line."""
        raise NotImplementedError

    @property
    def below(self) -> Amount | None:
        """What stands below the line; None for a total."""
        raise NotImplementedError

    @property
    def people(self) -> Amount:
        """How many customers the value rests on; below 30 a change is not judged."""
        if self.customers is not None:
            return self.customers
        fact = self.above.facts[0]
        if not fact.of_customers:
            return Amount()
        return CUSTOMERS_ORDERING if fact is HISTORIES or fact in HISTOGRAMS else persons(fact)

    @property
    def rows(self) -> Amount | None:
        """The number of rows behind the value, where neither line already counts them."""
        return None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts it reads, what is above the line first."""
        below = self.below.facts if self.below else ()
        return tuple(dict.fromkeys((*self.above.facts, *below)))

    @property
    def of_numerator(self) -> tuple[str, ...]:
        """Splits that the numerator alone knows: each part of it stands over the whole denominator."""
        return ()

    @property
    def splits(self) -> tuple[str, ...]:
        """What its values may be split by: the words that all its facts know, and those `of_numerator`."""
        return _common([fact.splits for fact in self.facts], self.of_numerator)

    @property
    def filters(self) -> tuple[str, ...]:
        """What its values may be filtered by (`--where`)."""
        facts = dict.fromkeys((*self.facts, *self.people.facts))
        return _common([(*fact.splits, *fact.filters) for fact in facts], self.of_numerator)

    @property
    def tables(self) -> tuple[str, ...]:
        """The canonical tables (and kinds of forecast) that must cover a period for the value to mean anything."""
        return tuple(dict.fromkeys((*(table for fact in self.facts for table in fact.tables), *self.needs)))

    @property
    def lacking(self) -> Amount | None:
        """The number of rows that the value leaves out because they cannot be told apart; None where it leaves out none."""
        return None

    @property
    def forecast(self) -> str:
        """Which kind of forecast it rests on, of KINDS_OF_FORECAST; empty where on none."""
        return next((table for fact in self.facts for table in fact.tables if table in KINDS_OF_FORECAST), "")

    @property
    def of_snapshots(self) -> bool:
        """Whether it tells of the days with a forecast only."""
        return any(fact.snapshot for fact in self.facts)


def _common(words: Sequence[Iterable[str]], beside: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The words that stand in all lists, and of the first list those `beside`; in the order of the first."""
    first, *rest = words
    return tuple(word for word in dict.fromkeys(first) if word in beside or all(word in others for others in rest))


@dataclass(frozen=True, eq=False, kw_only=True)
class Total(Metric):
    """A count or a sum over one fact."""

    fact: Fact
    of: Expression = 1
    where: Expression = None
    day: str = "day"
    complete: bool = False
    left_out: Expression = None
    """Rows that belong to the period and cannot be counted: where there are such alone, the value is not known, not 0."""
    interval: Interval = Interval.NONE
    _above: Amount = field(init=False, repr=False)
    _count: Measure = field(init=False, repr=False)
    _lacking: Amount | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        measure = Measure(self.fact, self.of, self.where, self.day, self.complete)
        object.__setattr__(self, "_above", Amount((Term(1, measure, Timing.WITHIN),)))
        object.__setattr__(self, "_count", Measure(self.fact, 1, self.where, self.day))
        lacking = None if self.left_out is None else within(self.fact, 1, self.left_out, day=self.day)
        object.__setattr__(self, "_lacking", lacking)

    @property
    def above(self) -> Amount:
        return self._above

    @property
    def below(self) -> None:
        return None

    @property
    def rows(self) -> Amount | None:
        if self.unit is Unit.COUNT:
            return None
        return Amount((Term(1, self._count, Timing.WITHIN),))

    @property
    def lacking(self) -> Amount | None:
        return self._lacking


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratio(Metric):
    """Two sums over one fact, over the same rows: means and shares. `per` = 1 counts the rows."""

    fact: Fact
    of: Expression
    per: Expression = 1
    where: Expression = None
    day: str = "day"
    complete: bool = False
    timing: Timing = Timing.WITHIN
    _above: Amount = field(init=False, repr=False)
    _below: Amount = field(init=False, repr=False)
    _rows: Amount | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        above = Measure(self.fact, self.of, self.where, self.day, self.complete)
        below = Measure(self.fact, self.per, self.where, self.day)
        object.__setattr__(self, "_above", Amount((Term(1, above, self.timing),)))
        count = (
            None
            if isinstance(self.per, int) or self.fact in HISTOGRAMS
            else Measure(self.fact, 1, self.where, self.day)
        )
        object.__setattr__(self, "_below", Amount((Term(1, below, self.timing),)))
        object.__setattr__(self, "_rows", None if count is None else Amount((Term(1, count, self.timing),)))

    @property
    def above(self) -> Amount:
        return self._above

    @property
    def below(self) -> Amount:
        return self._below

    @property
    def rows(self) -> Amount | None:
        return self._rows


@dataclass(frozen=True, eq=False, kw_only=True)
class Quotient(Metric):
    """Two amounts, of one fact or of two.

    A split or filter that one of the facts does not know is refused, unless `numerator_splits` names it: then each part of the
    numerator stands over the whole denominator, such as the returns for one reason over all that was sold.
    """

    of: Amount
    per: Amount
    numerator_splits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        both = _common([fact.splits for fact in self.facts])
        for split in self.numerator_splits:
            if split in both or not all(split in fact.splits for fact in self.of.facts):
                raise ValueError(f"{self.name}: {split} is no split that the numerator alone knows.")

    @property
    def of_numerator(self) -> tuple[str, ...]:
        return self.numerator_splits

    @property
    def above(self) -> Amount:
        return self.of

    @property
    def below(self) -> Amount:
        return self.per


@dataclass(frozen=True, eq=False, kw_only=True)
class State(Metric):
    """Who is a customer at a moment; takes the active window. Without `per` it counts customers."""

    of: Amount
    per: Amount | None = None
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
    def above(self) -> Amount:
        return self.of

    @property
    def below(self) -> Amount | None:
        return self.per


def kind_of_values(
    fact: Fact, of: Expression, where: Expression, weight: Expression, day: str, per: str, timing: Timing
) -> tuple[str, ...]:
    """Names the values that a quantile or a largest share is taken of."""
    return fact.name, repr(of), repr(where), repr(weight), day, per, timing.value


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
    counted: Amount | None = None
    """The number of values, where it is not that of rows or of the period's entities."""
    interval: Interval = Interval.WOODRUFF
    _above: Amount = field(init=False, repr=False)

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
    def above(self) -> Amount:
        """The number of values that the quantile is taken of."""
        return self._above

    @property
    def below(self) -> None:
        return None


class Age(Enum):
    """How time since a customer's first order is counted in a cohort grid."""

    CALENDAR_MONTHS = "calendar months since the month of the first order"
    THIRTY_DAYS = "blocks of 30 days since the day of the first order"


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid(Metric):
    """Customers by the period of their first order, followed over time: each cell per customer of the cohort."""

    cell: Measure
    """What is summed over the orders of a cell."""
    cumulative: bool = False
    """Whether a cell adds up all earlier ones."""
    age: Age = Age.CALENDAR_MONTHS

    @property
    def above(self) -> Amount:
        return Amount((Term(1, self.cell, Timing.WITHIN),))

    @property
    def below(self) -> None:
        return None
