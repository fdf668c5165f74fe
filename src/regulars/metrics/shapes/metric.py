"""What every metric says of itself, and the words it says it with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from regulars.metrics.examples import Example
from regulars.metrics.maturity import AT_ONCE, Maturity
from regulars.metrics.measures import (
    CUSTOMER_ORDERS,
    CUSTOMERS_ORDERING,
    HISTOGRAMS,
    KINDS_OF_FORECAST,
    Fact,
    Sum,
    persons,
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
    customers: Sum | None = None
    """How many customers the value rests on, where it is not those with a row of its first fact in the period."""

    def __post_init__(self) -> None:
        if not self.title or not self.group:
            raise ValueError(f"{self.name}: a metric needs a title and a group.")
        if self.length is Length.HAZARD and not hasattr(self, "hazard"):
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
    def above(self) -> Sum:
        """What stands above the line."""
        raise NotImplementedError

    @property
    def below(self) -> Sum | None:
        """What stands below the line; None where nothing does, as of totals."""
        return None

    @property
    def people(self) -> Sum:
        """How many customers the value rests on; below 30 a change is not judged."""
        if self.customers is not None:
            return self.customers
        fact = self.above.facts[0]
        if not fact.of_customers:
            return Sum()
        return CUSTOMERS_ORDERING if fact is CUSTOMER_ORDERS or fact in HISTOGRAMS else persons(fact)

    @property
    def rows(self) -> Sum | None:
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
        return common_words([fact.splits for fact in self.facts], self.of_numerator)

    @property
    def filters(self) -> tuple[str, ...]:
        """What its values may be filtered by (`--where`)."""
        facts = dict.fromkeys((*self.facts, *self.people.facts))
        return common_words([(*fact.splits, *fact.filters) for fact in facts], self.of_numerator)

    @property
    def tables(self) -> tuple[str, ...]:
        """The canonical tables (and kinds of forecast) that must cover a period for the value to mean anything."""
        return tuple(dict.fromkeys((*(table for fact in self.facts for table in fact.tables), *self.needs)))

    @property
    def lacking(self) -> Sum | None:
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


def common_words(words: Sequence[Iterable[str]], beside: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The words that stand in all lists, and of the first list those `beside`; in the order of the first."""
    first, *rest = words
    return tuple(word for word in dict.fromkeys(first) if word in beside or all(word in others for others in rest))
