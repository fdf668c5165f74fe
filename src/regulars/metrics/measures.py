"""Measures, the parts of metrics: sums over the rows of a fact, and which rows count for a period."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cache, lru_cache
from typing import TypeAlias

from regulars.metrics.deferred import Deferred, _
from regulars.warehouse.fact_table import PERSON, FactTable
from regulars.warehouse.facts import FACT_TABLES, spend
from regulars.warehouse.facts.orders import lines, orders, returns
from regulars.warehouse.facts.orders.gaps import NONE

Expression: TypeAlias = Deferred | int | None
"""An expression over a fact's columns, a constant for each row, or None."""


@dataclass(frozen=True, eq=False)
class Fact:
    """A fact as metrics see it. `splits` maps the names of splits to columns."""

    name: str
    about: str
    tables: tuple[str, ...]
    """Canonical tables that must cover a period for it to be complete."""
    splits: dict[str, str]
    filters: tuple[str, ...] = ()
    """Further columns of conditions."""
    entities: tuple[str, ...] = (PERSON,)
    """Columns whose distinct values can be counted."""
    several: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Further entities, with the columns of their composite key: not stored in rollups, but counted from rows."""
    kept_by: tuple[str, ...] = ()
    """Columns that rollups are split by."""
    key: tuple[str, ...] = ()
    """Columns of the primary key."""
    sequence: tuple[str, ...] = ()
    """Columns that order the rows of one day, without ties."""
    rows: str = ""
    """The derived table of its rows, if its name is not that of the fact."""
    snapshot: bool = False
    """Whether it holds states on single days, and nothing for the days between."""

    @property
    def table(self) -> str:
        """The derived table of its rows."""
        return self.rows or self.name

    @property
    def of_customers(self) -> bool:
        """Whether its rows belong to customers."""
        return PERSON in self.entities

    @property
    def has_buckets(self) -> bool:
        """Whether its rows have the buckets of an entity; others are constants, divided evenly among the buckets."""
        return bool(self.entities)


CURRENT_CUSTOMER_ATTRIBUTES = tuple(f"customer_{name}" for name in ("country", "city", "language", "channel"))
"""Attributes of the customer's current record (slowly changing dimension, type 1): a change also changes past values."""
_OF_FIRST = ("country", "channel", "coupon", "product")
OF_FIRST = tuple(f"first_{name}" for name in _OF_FIRST)
"""Attributes of the customer's first order."""
_FIRST = dict(zip(_OF_FIRST, OF_FIRST, strict=True))


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


@cache
def fact_of(declared: FactTable) -> Fact:
    """Return a declared fact as metrics see it: split by its columns and, if it has persons, by their attributes."""
    of_person = (*OF_FIRST, *CURRENT_CUSTOMER_ATTRIBUTES) if PERSON in declared.entities else ()
    return Fact(
        declared.name,
        declared.about,
        (declared.table.name,),
        _same(*declared.splits, *of_person),
        declared.filters,
        declared.entities,
        tuple(declared.several.items()),
        declared.splits,
        declared.key,
        (*declared.sequence, *declared.key),
    )


ORDERS, LINES, RETURNS, SPEND = map(fact_of, (orders.ORDERS, lines.LINES, returns.RETURNS, spend.SPEND))
_ORDER_FILTERS = (*ORDERS.filters, *orders.ORDERS.splits, *OF_FIRST, *CURRENT_CUSTOMER_ATTRIBUTES)


def _of_known_customers(name: str, about: str) -> Fact:
    return Fact(
        name,
        about,
        ("orders",),
        _FIRST | _same(*CURRENT_CUSTOMER_ATTRIBUTES),
        _ORDER_FILTERS,
        kept_by=OF_FIRST,
        rows="orders",
    )


CUSTOMER_ORDERS = _of_known_customers(
    "histories", "the orders of known customers, split by the first order's attributes"
)
GAPS_BEFORE = _of_known_customers("gaps_before", "how many orders came after which silence (histogram `gaps`)")
GAPS_AFTER = _of_known_customers("gaps_after", "how many orders were followed by which silence (histogram `gaps`)")
GAP_DAYS = _of_known_customers(
    "gaps_by_day", "as gaps_before, several orders of one day taken as one (histogram `gaps`)"
)
HISTOGRAMS = {GAPS_BEFORE: "before", GAPS_AFTER: "after", GAP_DAYS: "before_by_day"}
"""Values of `gaps.histogram` by fact: counts of orders by day, gap and number, which replace the orders."""
FORECASTS, SUBSCRIPTION_FORECASTS = KINDS_OF_FORECAST = ("forecasts", "subscription_forecasts")
"""Kinds of forecast that metrics need. Each covers the days from the first order to the latest forecast."""
PREDICTIONS = Fact(
    "predictions", "one row per customer and forecast, on the last day the forecast knew", (FORECASTS,),
    _FIRST | _same(*CURRENT_CUSTOMER_ATTRIBUTES), (*_FIRST.values(), *CURRENT_CUSTOMER_ATTRIBUTES), snapshot=True,
)  # fmt: skip
PREDICTIONS_BY_FIRST_ORDER = Fact(
    "prospects", "one row per customer of the latest forecast, on the day of the first order", (FORECASTS,),
    _FIRST | _same(*CURRENT_CUSTOMER_ATTRIBUTES), (*_FIRST.values(), *CURRENT_CUSTOMER_ATTRIBUTES), rows="predictions",
)  # fmt: skip
SUBSCRIPTIONS = Fact(
    "subscription_predictions", "one row per running subscription and forecast, on the last day the forecast knew",
    (SUBSCRIPTION_FORECASTS,), _same("plan", "source"), snapshot=True,
)  # fmt: skip

DECLARED = tuple(fact_of(declared) for declared in FACT_TABLES)
FACTS = (
    *DECLARED,
    CUSTOMER_ORDERS,
    GAPS_BEFORE,
    GAPS_AFTER,
    GAP_DAYS,
    PREDICTIONS,
    PREDICTIONS_BY_FIRST_ORDER,
    SUBSCRIPTIONS,
)


class Timing(Enum):
    """Which rows count for a period: those within it, or all before its start or end."""

    WITHIN = "within the period"
    BEFORE_START = "before the period's start"
    BEFORE_END = "before the period's end"


@dataclass(frozen=True, eq=False)
class Measure:
    """A sum over a fact's rows, or a count of distinct entities.

    Sums with `distinct` or `latest` are not additive over days.

    Attributes:
        fact: The fact.
        of: Value of a row; 1 counts rows.
        where: Condition on rows. It may use the column `active_window` and, for sums within a period, `period_start` and
            `period_end` (epoch days, the end exclusive).
        day: Column with the day on which a row counts.
        complete: Whether the sum is unknown if `of` is null in any row.
        distinct: Entity of the fact, such as person, whose distinct values are counted; empty to sum `of`.
        latest: Entity of which only the last row of the period counts, among the rows that meet `where`, the conditions of
            the query and the value of the split; empty for all rows. Rows without an entity all count.
        by_sets: Count of `compute.from_rows` that replaces the sum for periods longer than the active window.

    Raises:
        TypeError: `of` or `where` is no expression.
        ValueError: The fact has no such entity, or the options contradict each other.
    """

    fact: Fact
    of: Expression = 1
    where: Expression = None
    day: str = "day"
    complete: bool = False
    distinct: str = ""
    latest: str = ""
    by_sets: str = ""

    def __post_init__(self) -> None:
        for expression in (self.of, self.where):
            if not isinstance(expression, Deferred | int | None):
                raise TypeError(f"{expression!r} is no expression over rows: import _ from regulars.metrics.deferred.")
        for entity in filter(None, (self.distinct, self.latest)):
            known = (*self.fact.entities, *dict(self.fact.several))
            if entity not in known:
                raise ValueError(f"{entity} is no entity of the fact {self.fact.name}: {', '.join(known) or 'none'}.")
        if self.distinct and (not isinstance(self.of, int) or self.of != 1 or self.latest):
            raise ValueError("A count of distinct entities sums nothing else.")
        if self.latest and self.complete:
            raise ValueError("A sum over last rows leaves out unknown values: it cannot ask for complete ones.")

    @property
    def definition(self) -> str:
        """The definition as text; the same for equal measures."""
        return _definition(self)

    @property
    def of_period(self) -> bool:
        """Whether it depends on the start or end of the period, and so is not additive over days."""
        return "_.period_start" in self.definition or "_.period_end" in self.definition

    @property
    def adds_up(self) -> bool:
        """Whether it is additive over days."""
        return not (self.distinct or self.latest)

    @property
    def is_storable(self) -> bool:
        """Whether rollups can store it: not if its entity has a composite key."""
        return not {self.distinct, self.latest} & {*dict(self.fact.several)}

    @property
    def of_window(self) -> bool:
        """Whether it depends on the active window."""
        return "_.active_window" in self.definition or self.day == "day_gone"


@lru_cache(maxsize=4096)
def _definition(measure: Measure) -> str:
    of_entities = [
        f"{kind} {entity} " for kind, entity in (("distinct", measure.distinct), ("latest", measure.latest)) if entity
    ]
    kind = "complete " * measure.complete + "".join(of_entities)
    return f"{kind}{measure.of!r} of {measure.fact.name} where {measure.where!r} on {measure.day}"


@dataclass(frozen=True, eq=False)
class SignedMeasure:
    """A measure with its sign and timing."""

    sign: int
    measure: Measure
    timing: Timing


@dataclass(frozen=True, eq=False)
class Sum:
    """A sum of signed measures: the numerator or denominator of a metric."""

    terms: tuple[SignedMeasure, ...] = field(default=())

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.terms + other.terms)

    def __sub__(self, other: Sum) -> Sum:
        return Sum(self.terms + tuple(SignedMeasure(-t.sign, t.measure, t.timing) for t in other.terms))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The distinct facts of the terms."""
        return tuple(dict.fromkeys(term.measure.fact for term in self.terms))


def within(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Sum:
    """Return the sum over the rows within the period."""
    return Sum((SignedMeasure(1, Measure(fact, of, where, **more), Timing.WITHIN),))  # type: ignore[arg-type]


def before_start(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Sum:
    """Return the sum over all rows before the period's start."""
    return Sum((SignedMeasure(1, Measure(fact, of, where, **more), Timing.BEFORE_START),))  # type: ignore[arg-type]


def before_end(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Sum:
    """Return the sum over all rows before the period's end."""
    return Sum((SignedMeasure(1, Measure(fact, of, where, **more), Timing.BEFORE_END),))  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def persons(fact: Fact) -> Sum:
    """Return the number of distinct known customers with a row within the period."""
    return within(fact, distinct=PERSON)


FIRST_IN_PERIOD = (_.gap == NONE) | (_.day - _.gap < _.period_start)
"""Whether an order is its customer's first within the period; the number of these is that of distinct customers."""
CUSTOMERS_ORDERING = within(GAPS_BEFORE, _.n, FIRST_IN_PERIOD)
"""The number of distinct known customers with an order in the period."""
