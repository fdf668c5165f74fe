"""The declaration of a metric: fields that all shapes share, and when a value is mature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import Enum, StrEnum
from typing import TypeAlias

from regulars.metrics.examples import Example
from regulars.metrics.measures import (
    CUSTOMER_ORDERS,
    CUSTOMERS_ORDERING,
    HISTOGRAMS,
    KINDS_OF_FORECAST,
    Fact,
    Sum,
    persons,
)
from regulars.vocabulary.shop import Settings
from regulars.vocabulary.units import Better, Bounds, Unit

ACTIVE_WINDOW = "active_window"


@dataclass(frozen=True)
class Setting:
    """A number of days of the shop's settings, by the name of the field. The active window is that of the query."""

    name: str

    def __post_init__(self) -> None:
        if (self.name, "int") not in ((field.name, field.type) for field in fields(Settings)):
            raise ValueError(f"{self.name} is no setting of a number of days.")

    def __str__(self) -> str:
        return f"one {self.name.replace('_', ' ')}"


Days: TypeAlias = int | Setting


def setting(name: str) -> Setting:
    """Return the setting of this name. Raises ValueError if there is no such number of days."""
    return Setting(name)


@dataclass(frozen=True)
class Maturity:
    """The days that the data must cover around a period before its value is mature. By default none.

    Attributes:
        days: Days that the data must reach beyond the period's last day, for late events.
        of: The canonical table whose data must reach so far; empty for all tables that the metric needs.
        history: Days before the period's first day by which these data must begin.
    """

    days: Days = 0
    of: str = ""
    history: Days = 0

    @property
    def at_once(self) -> bool:
        """Whether a value is mature at once."""
        return not self.days and not self.history

    def __str__(self) -> str:
        data = self.of.replace("_", " ") or "the data"
        parts = []
        if self.days:
            parts.append(f"{data} reach {_in_words(self.days)} beyond the period's last day")
        if self.history:
            parts.append(f"{data} reach {_in_words(self.history)} back before the period's start")
        return f"once {' and '.join(parts)}" if parts else "at once"


AT_ONCE = Maturity()
WINDOW_BEFORE = Maturity(history=setting(ACTIVE_WINDOW))
"""Data of one active window before the period: without them no customer can have lapsed."""


def _in_words(days: Days) -> str:
    return f"{days} days" if isinstance(days, int) else str(days)


def resolved(days: Days, settings: Settings, active_window: int) -> int:
    """Return the number of days, for these settings and the active window of the query."""
    if isinstance(days, int):
        return days
    return active_window if days.name == ACTIVE_WINDOW else int(getattr(settings, days.name))


class Interval(Enum):
    """Method of a metric's 95 % interval."""

    NONE = "none: a count or sum of what happened"
    WILSON = "Wilson (a share of customers)"
    JACKKNIFE = "grouped jackknife over 32 buckets of customers"
    WOODRUFF = "Woodruff, from the rows up to the value in each of 32 buckets of customers"

    @property
    def uses_buckets(self) -> bool:
        """Whether it is computed from the values of single buckets of customers."""
        return self in (Interval.JACKKNIFE, Interval.WOODRUFF)


class Nature(StrEnum):
    """What a metric's value is about. Only changes of flows and stocks are tested."""

    FLOW = "flow"
    """Of a period."""
    STOCK = "stock"
    """At a point in time."""
    CUMULATIVE = "cumulative"
    """Of all time up to a point: it changes with time alone."""
    MOVING = "moving"
    """Past values change as time passes."""


class Length(StrEnum):
    """How a flow depends on the number of days of its period."""

    PROPORTIONAL = "proportional"
    """Proportional to the days: compared per day."""
    HAZARD = "hazard"
    """A share of the customers at the start who churn or are won back with time: compared as a rate per day."""
    NONE = "none"
    """Independent of the days: compared as it is."""
    BETWEEN = "between"
    """Distinct customers or visitors, and ratios to them: grows less than in proportion."""


class Hazard(Enum):
    """The event that a hazard counts."""

    LEAVING = "leaving"
    """Customers who churned; for net churn the decrease of their number."""
    STAYING = "staying"
    JOINING = "joining"


@dataclass(frozen=True, eq=False, kw_only=True)
class Metric:
    """The declaration of a metric, in terms that a shop owner knows."""

    name: str
    title: str
    """Name in headings."""
    question: str
    formula: str
    group: str
    """Name of the metric that leads its group: variants carry the headline's name, others their own."""
    nature: Nature
    length: Length | None = None
    """Of flows only."""
    unit: Unit
    example: Example
    better: Better = Better.NEITHER
    caveat: str = ""
    limits: Bounds | None = None
    """Smallest and largest possible value, where they differ from the unit's."""
    variants: tuple[str, ...] = ()
    """Names of metrics with another definition for the same question."""
    interval: Interval = Interval.JACKKNIFE
    maturity: Maturity = AT_ONCE
    needs: tuple[str, ...] = ()
    """What else the data must cover: a table, or "linked_returns"."""
    needs_setting: str = ""
    """Setting of the shop without which it has no value."""
    customers: Sum | None = None
    """Number of customers behind the value; None for those with a row of its first fact in the period."""

    def __post_init__(self) -> None:
        if not self.title or not self.group:
            raise ValueError(f"{self.name}: a metric needs a title and a group.")
        if self.length is Length.HAZARD and not hasattr(self, "hazard"):
            raise ValueError(f"{self.name}: only a State is a hazard.")
        if (self.length is None) is (self.nature is Nature.FLOW):
            raise ValueError(f"{self.name}: a flow needs a length; a metric of another nature has none.")

    @property
    def bounds(self) -> Bounds:
        """Smallest and largest possible value; intervals stay inside."""
        return self.unit.bounds if self.limits is None else self.limits

    @property
    def has_verdict(self) -> bool:
        """Whether changes are tested: not where time alone changes the value."""
        return self.nature in (Nature.FLOW, Nature.STOCK)

    @property
    def numerator(self) -> Sum:
        """The numerator."""
        raise NotImplementedError

    @property
    def denominator(self) -> Sum | None:
        """The denominator; None for totals."""
        return None

    @property
    def sample_size(self) -> Sum:
        """Number of customers behind the value; below 30 a change is not tested."""
        if self.customers is not None:
            return self.customers
        fact = self.numerator.facts[0]
        if not fact.of_customers:
            return Sum()
        return CUSTOMERS_ORDERING if fact is CUSTOMER_ORDERS or fact in HISTOGRAMS else persons(fact)

    @property
    def rows(self) -> Sum | None:
        """Number of rows behind the value, where neither numerator nor denominator counts them."""
        return None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Facts that it reads, those of the numerator first."""
        denominator = self.denominator.facts if self.denominator else ()
        return tuple(dict.fromkeys((*self.numerator.facts, *denominator)))

    @property
    def numerator_splits(self) -> tuple[str, ...]:
        """Splits of the numerator alone: each part is divided by the whole denominator."""
        return ()

    @property
    def splits(self) -> tuple[str, ...]:
        """Columns that its values may be split by: those of all its facts, and `numerator_splits`."""
        return shared_names([fact.splits for fact in self.facts], self.numerator_splits)

    @property
    def filters(self) -> tuple[str, ...]:
        """Columns that its values may be filtered by (`--where`)."""
        facts = dict.fromkeys((*self.facts, *self.sample_size.facts))
        return shared_names([(*fact.splits, *fact.filters) for fact in facts], self.numerator_splits)

    @property
    def tables(self) -> tuple[str, ...]:
        """Canonical tables, and kinds of forecast, that must cover a period."""
        return tuple(dict.fromkeys((*(table for fact in self.facts for table in fact.tables), *self.needs)))

    @property
    def omitted_rows(self) -> Sum | None:
        """Number of rows that belong to the period and cannot be counted; None where there are none by definition."""
        return None

    @property
    def forecast(self) -> str:
        """Kind of forecast that it reads, one of KINDS_OF_FORECAST; empty where none."""
        return next((table for fact in self.facts for table in fact.tables if table in KINDS_OF_FORECAST), "")

    @property
    def is_snapshot(self) -> bool:
        """Whether it has values only for days with a forecast."""
        return any(fact.snapshot for fact in self.facts)


def shared_names(lists: Sequence[Iterable[str]], exempt: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the names that are in all lists, and those of the first list that are in `exempt`, in the order of the
    first.
    """
    first, *rest = lists
    return tuple(name for name in dict.fromkeys(first) if name in exempt or all(name in others for others in rest))
