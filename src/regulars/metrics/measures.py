"""The additive parts that metrics are made of: what is summed, over which fact, and when it counts."""

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
"""An expression over a fact's columns, a number for each row, or nothing."""


@dataclass(frozen=True, eq=False)
class Fact:
    """A fact as metrics see it. `splits` maps the word a user says to the column that answers it."""

    name: str
    about: str
    tables: tuple[str, ...]
    """Canonical tables whose days decide whether a period is complete."""
    splits: dict[str, str]
    filters: tuple[str, ...] = ()
    """Further columns that `--where` may name."""
    entities: tuple[str, ...] = (PERSON,)
    """The columns whose distinct values may be counted."""
    several: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Further entities, with the columns that together name one: not stored, and counted from rows."""
    kept_by: tuple[str, ...] = ()
    """The columns by which sums are kept beside the fact."""
    key: tuple[str, ...] = ()
    """The columns that name a row."""
    sequence: tuple[str, ...] = ()
    """The columns by which rows of one day follow each other, without ties."""
    rows: str = ""
    """The derived table whose rows it sees, where that is not called like the fact."""
    snapshot: bool = False
    """Whether it says how things stood on a few days, and nothing of those between."""

    @property
    def table(self) -> str:
        """The derived table whose rows it sees."""
        return self.rows or self.name

    @property
    def of_customers(self) -> bool:
        """Whether its rows belong to customers."""
        return PERSON in self.entities

    @property
    def has_buckets(self) -> bool:
        """Whether its rows lie in the buckets of an entity; others are taken as fixed, and shared evenly among the buckets."""
        return bool(self.entities)


CURRENT_CUSTOMER_ATTRIBUTES = tuple(f"customer_{name}" for name in ("country", "city", "language", "channel"))
"""What the customer's record says today. Unlike the first order's attributes it can change, and past values with it."""
_OF_FIRST = ("country", "channel", "coupon", "product")
OF_FIRST = tuple(f"first_{name}" for name in _OF_FIRST)
"""Attributes of the customer's first order."""
_FIRST = dict(zip(_OF_FIRST, OF_FIRST, strict=True))


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


@cache
def fact_of(declared: FactTable) -> Fact:
    """A declared fact as metrics see it: split by its own columns and, where it is about persons, by theirs."""
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
"""What the orders of one day, gap and number have in common is in a histogram already: no order need be read."""
FORECASTS, SUBSCRIPTION_FORECASTS = KINDS_OF_FORECAST = ("forecasts", "subscription_forecasts")
"""What must be there for a metric that looks ahead: it covers the days of orders up to the latest forecast's."""
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
    """Which rows count for a period: those inside it, or all before its start or end."""

    WITHIN = "within the period"
    BEFORE_START = "before the period's start"
    BEFORE_END = "before the period's end"


@dataclass(frozen=True, eq=False)
class Measure:
    """A sum over a fact's rows.

    `of` is the value of a row (1 counts rows). `where` chooses rows; for sums within a period it may use the columns
    `period_start` and `period_end` (epoch days, the end exclusive), and always `active_window`. `day` is the column
    that says when the row counts. `complete` makes the sum unknown where `of` is null in any row. `by_sets` names the
    count of `compute.from_rows` that replaces the sum for periods longer than the active window.

    `distinct` names an entity of the fact, such as person, and counts its different values instead of summing `of`. `latest`
    names one whose last row of the period counts alone, of those that meet `where`, the conditions of the question and the
    value of the split; a row that names none counts for itself. Neither adds up over days.
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
        """What it sums, as text: measures that sum the same have the same."""
        return _definition(self)

    @property
    def of_period(self) -> bool:
        """Whether it asks where a period starts or ends, so that its sums over days do not add up to that of a month."""
        return "_.period_start" in self.definition or "_.period_end" in self.definition

    @property
    def adds_up(self) -> bool:
        """Whether sums over days make up that of a month."""
        return not (self.distinct or self.latest)

    @property
    def is_storable(self) -> bool:
        """Whether it can be kept summed up: an entity that is no column of the fact is counted from rows."""
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
    """A sum of measures with signs: what stands above or below a metric's line."""

    terms: tuple[SignedMeasure, ...] = field(default=())

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.terms + other.terms)

    def __sub__(self, other: Sum) -> Sum:
        return Sum(self.terms + tuple(SignedMeasure(-t.sign, t.measure, t.timing) for t in other.terms))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts it reads, each once."""
        return tuple(dict.fromkeys(term.measure.fact for term in self.terms))


def within(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Sum:
    """The sum over the rows inside the period."""
    return Sum((SignedMeasure(1, Measure(fact, of, where, **more), Timing.WITHIN),))  # type: ignore[arg-type]


def before_start(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Sum:
    """The sum over all rows before the period's start."""
    return Sum((SignedMeasure(1, Measure(fact, of, where, **more), Timing.BEFORE_START),))  # type: ignore[arg-type]


def before_end(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Sum:
    """The sum over all rows before the period's end."""
    return Sum((SignedMeasure(1, Measure(fact, of, where, **more), Timing.BEFORE_END),))  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def persons(fact: Fact) -> Sum:
    """Distinct known customers with a row inside the period."""
    return within(fact, distinct=PERSON)


FIRST_IN_PERIOD = (_.gap == NONE) | (_.day - _.gap < _.period_start)
"""An order that is its customer's first inside the period: counting these counts distinct customers."""
CUSTOMERS_ORDERING = within(GAPS_BEFORE, _.n, FIRST_IN_PERIOD)
"""Distinct known customers with an order in the period."""
