"""The additive parts that metrics are made of: what is summed, over which fact, and when it counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from ibis import _
from ibis.common.deferred import Deferred

from regulars.warehouse.facts.gaps import NONE

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
    rows: str = ""
    """The derived table whose rows it sees, where that is not called like the fact."""
    snapshot: bool = False
    """Whether it says how things stood on a few days, and nothing of those between."""

    @property
    def table(self) -> str:
        """The derived table whose rows it sees."""
        return self.rows or self.name


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


def _of_known_customers(name: str, about: str) -> Fact:
    return Fact(name, about, ("orders",), _FIRST | _same(*AS_NOW), _ORDER_FILTERS, rows="orders")


HISTORIES = _of_known_customers("histories", "the orders of known customers, split by the first order's attributes")
BEFORE = _of_known_customers("gaps_before", "how many orders came after which silence (histogram `gaps`)")
AFTER = _of_known_customers("gaps_after", "how many orders were followed by which silence (histogram `gaps`)")
BY_DAY = _of_known_customers("gaps_by_day", "as gaps_before, several orders of one day taken as one (histogram `gaps`)")
HISTOGRAMS = {BEFORE: "before", AFTER: "after", BY_DAY: "before_by_day"}
"""What the orders of one day, gap and number have in common is in a histogram already: no order need be read."""
LINES = Fact("lines", "one row per product line of a counted order", ("order_lines",), _same(*_OF_LINE))
RETURNS = Fact("returns", "one row per return or refund", ("returns",), _same(*_OF_LINE, "reason"))
SPEND = Fact("spend", "what advertising cost by day", ("spend",), _same("channel", "source"), of_customers=False)
FORECASTS, SUBSCRIPTION_FORECASTS = KINDS_OF_FORECAST = ("forecasts", "subscription_forecasts")
"""What must be there for a metric that looks ahead: it covers the days of orders up to the latest forecast's."""
PREDICTIONS = Fact(
    "predictions", "one row per customer and forecast, on the last day the forecast knew", (FORECASTS,),
    _FIRST | _same(*AS_NOW), (*_FIRST.values(), *AS_NOW), snapshot=True,
)  # fmt: skip
PROSPECTS = Fact(
    "prospects", "one row per customer of the latest forecast, on the day of the first order", (FORECASTS,),
    _FIRST | _same(*AS_NOW), (*_FIRST.values(), *AS_NOW), rows="predictions",
)  # fmt: skip
SUBSCRIPTIONS = Fact(
    "subscription_predictions", "one row per running subscription and forecast, on the last day the forecast knew",
    (SUBSCRIPTION_FORECASTS,), _same("plan", "source"), snapshot=True,
)  # fmt: skip

FACTS = (ORDERS, HISTORIES, BEFORE, AFTER, BY_DAY, LINES, RETURNS, SPEND, PREDICTIONS, PROSPECTS, SUBSCRIPTIONS)


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

    @property
    def definition(self) -> str:
        """What it sums, as text: measures that sum the same have the same."""
        return _definition(self)

    @property
    def of_period(self) -> bool:
        """Whether it asks where a period starts or ends, so that its sums over days do not add up to that of a month."""
        return "_.period_start" in self.definition or "_.period_end" in self.definition

    @property
    def of_window(self) -> bool:
        """Whether it depends on the active window."""
        return "_.active_window" in self.definition or self.day == "day_gone"


@lru_cache(maxsize=4096)
def _definition(measure: Measure) -> str:
    kind = "complete " * measure.complete + "distinct " * measure.distinct
    return f"{kind}{measure.of!r} of {measure.fact.name} where {measure.where!r} on {measure.day}"


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


@lru_cache(maxsize=64)
def persons(fact: Fact) -> Amount:
    """Distinct known customers with a row inside the period."""
    return within(fact, _.person, distinct=True)


FIRST_IN_PERIOD = (_.gap == NONE) | (_.day - _.gap < _.period_start)
"""An order that is its customer's first inside the period: counting these counts distinct customers."""
CUSTOMERS_ORDERING = within(BEFORE, _.n, FIRST_IN_PERIOD)
"""Distinct known customers with an order in the period."""
