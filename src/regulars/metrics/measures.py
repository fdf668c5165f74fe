"""The additive parts that metrics are made of: what is summed, over which fact, and when it counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from ibis import _
from ibis.common.deferred import Deferred

Expression: TypeAlias = Deferred | int | None
"""An expression over a fact's columns, a number for each row, or nothing."""


@dataclass(frozen=True, eq=False)
class Fact:
    """A fact as metrics see it. `splits` maps the word a user says to the column that answers it."""

    name: str
    about: str
    tables: tuple[str, ...]
    """Canonical tables whose days decide whether a period is finished."""
    splits: dict[str, str]
    filters: tuple[str, ...] = ()
    """Further columns that `--where` may name."""
    of_customers: bool = True
    """Whether its rows belong to customers; what does not is taken as fixed, and shared evenly among the buckets."""


AS_NOW = tuple(f"customer_{name}" for name in ("country", "city", "language", "channel"))
"""What the customer's record says today. Unlike the first order's attributes it can change, and past values with it."""
_OF_ORDER = ("country", "channel", "coupon", "source", "currency")
_OF_FIRST = ("country", "channel", "coupon", "product")
_OF_LINE = ("product", "category", "country", "channel", "source")
_FIRST = {name: f"first_{name}" for name in _OF_FIRST}
_ORDER_FILTERS = (*_OF_ORDER, "product", "units", "net_revenue", "order_number", *_FIRST.values(), *AS_NOW)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


ORDERS = Fact(
    "orders", "one row per counted order, guests included", ("orders",), _same(*_OF_ORDER, *AS_NOW), _ORDER_FILTERS
)
HISTORIES = Fact(
    "histories",
    "the orders of known customers, split by the first order's attributes",
    ("orders",),
    _FIRST | _same(*AS_NOW),
    _ORDER_FILTERS,
)
GAPS = Fact(
    "gaps",
    "how many orders had which silence before and after, split by the first order's attributes",
    ("orders",),
    _FIRST | _same(*AS_NOW),
    _ORDER_FILTERS,
)
LINES = Fact("lines", "one row per product line of a counted order", ("order_lines",), _same(*_OF_LINE))
RETURNS = Fact("returns", "one row per return or refund", ("returns",), _same(*_OF_LINE, "reason"))
SPEND = Fact("spend", "what advertising cost by day", ("spend",), _same("channel", "source"), of_customers=False)

FACTS = (ORDERS, HISTORIES, GAPS, LINES, RETURNS, SPEND)


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
    that says when the row counts. `complete` makes the sum unknown where `of` is null in any row. `distinct` counts the different
    values of `of` instead, which adds up over buckets for persons only, each of whom lies in one. `by_sets` names the
    count of `compute.sets` that replaces the sum for periods longer than the active window.
    """

    fact: Fact
    of: Expression = 1
    where: Expression = None
    day: str = "day"
    complete: bool = False
    distinct: bool = False
    by_sets: str = ""


@dataclass(frozen=True, eq=False)
class Term:
    """A measure with its sign and timing."""

    sign: int
    measure: Measure
    timing: Timing


@dataclass(frozen=True, eq=False)
class Amount:
    """A sum of measures with signs: what stands above or below a metric's line."""

    terms: tuple[Term, ...] = field(default=())

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.terms + other.terms)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.terms + tuple(Term(-t.sign, t.measure, t.timing) for t in other.terms))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts it reads, each once."""
        return tuple(dict.fromkeys(term.measure.fact for term in self.terms))


def within(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Amount:
    """The sum over the rows inside the period."""
    return Amount((Term(1, Measure(fact, of, where, **more), Timing.WITHIN),))  # type: ignore[arg-type]


def before_start(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Amount:
    """The sum over all rows before the period's start."""
    return Amount((Term(1, Measure(fact, of, where, **more), Timing.BEFORE_START),))  # type: ignore[arg-type]


def before_end(fact: Fact, of: Expression = 1, where: Expression = None, **more: object) -> Amount:
    """The sum over all rows before the period's end."""
    return Amount((Term(1, Measure(fact, of, where, **more), Timing.BEFORE_END),))  # type: ignore[arg-type]


def persons(fact: Fact) -> Amount:
    """Distinct known customers with a row inside the period."""
    return within(fact, _.person, distinct=True)


FIRST_IN_PERIOD = _.previous_day.isnull() | (_.previous_day < _.period_start)
"""An order that is its customer's first inside the period: counting these counts distinct customers."""
CUSTOMERS_ORDERING = within(HISTORIES, 1, FIRST_IN_PERIOD)
"""Distinct known customers with an order in the period."""
