"""A question to the catalogue, and what must be known about the shop's data to answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, NoReturn, Protocol

from regulars.metrics.measures import KINDS_OF_FORECAST
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.shapes import Metric, Total
from regulars.vocabulary.calendar import Calendar, Grain, Period, between, relative
from regulars.vocabulary.errors import NothingLoaded, UsageError
from regulars.vocabulary.events import Event
from regulars.vocabulary.shop import Settings
from regulars.warehouse.engine import Engine
from regulars.warehouse.forecasts import StoredForecast

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Condition:
    """One condition of `--where`: a column, an operator of OPERATORS, and the values it is compared with."""

    column: str
    operator: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.column}{self.operator}{','.join(self.values)}"


OPERATORS = ("!=", "<=", ">=", "=", "<", ">")


def condition(text: str) -> Condition:
    """Read country=DE, country=DE,AT, channel!=web or net_revenue>=50. Raises UsageError."""
    if "\0" in text:
        raise UsageError(f"The condition {text!r} holds a zero byte.", "Write column=value, such as country=DE.")
    places = [(text.find(operator), -len(operator), operator) for operator in OPERATORS if operator in text]
    if not places:
        raise UsageError(f"{text!r} is not a condition.", "Write column=value, such as country=DE, or net_revenue>=50.")
    place, _, operator = min(places)
    column, values = text[:place].strip(), text[place + len(operator) :]
    if not column:
        raise UsageError(f"{text!r} names no column.", "Write column=value, such as country=DE.")
    return Condition(column, operator, tuple(value.strip() for value in values.split(",")))


@dataclass(frozen=True)
class Query:
    """Which metrics, over which periods, split by what, of which orders."""

    metrics: tuple[Metric, ...]
    periods: tuple[Period, ...]
    splits: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    active_window: int = 365
    compare: bool = False
    """Whether each value is compared with the period before."""

    def __post_init__(self) -> None:
        columns = (*self.splits, *(condition.column for condition in self.where))
        requested = self.metrics
        object.__setattr__(self, "metrics", tuple(for_columns(metric, columns) for metric in requested))
        for metric, named in zip(self.metrics, requested, strict=True):
            require_known(metric, self.splits, self.where, named)
        if len(set(self.splits)) != len(self.splits):
            raise UsageError("A split is named twice.")
        if not 1 <= self.active_window <= 20_000:
            raise UsageError(
                f"active_window must be between 1 and 20,000 days, not {self.active_window:,}.",
                "regulars suggest-window proposes one for a shop.",
            )


@cache
def over_lines(metric: Metric) -> Metric | None:
    """The metric over order lines, where it says what it is there."""
    line = metric.by_line if isinstance(metric, Total) else None
    if line is None:
        return None
    return replace(metric, fact=line.fact, of=line.of, where=line.where, distinct=line.distinct, by_line=None)  # type: ignore[call-arg]


def for_columns(metric: Metric, columns: Iterable[str]) -> Metric:
    """What answers a split or filter by these columns: the metric itself, or it `over_lines` where only lines know one."""
    lines = over_lines(metric)
    return metric if lines is None or not ({*lines.splits} - {*metric.splits}) & {*columns} else lines


def overlap_note(metric: Metric) -> str:
    """A note where the values of a split do not add up, since one entity may be counted under several; else empty."""
    adds_up = metric.denominator is not None or all(term.measure.adds_up for term in metric.numerator.terms)
    return "" if adds_up else f"{metric.name}: values overlap; they do not add up"


def require_known(
    metric: Metric, splits: Iterable[str], where: Iterable[Condition], named: Metric | None = None
) -> None:
    """Raise UsageError where the metric cannot be split or filtered like this: one of its facts does not know how.

    named: the metric asked for, where `metric` is what answers it over lines.
    """
    requested = [(split, "split", metric.splits, named and named.splits) for split in splits]
    requested += [(condition.column, "filtered", metric.filters, named and named.filters) for condition in where]
    for word, how, known, alone in requested:
        if word not in known:
            beside = " together with what lines alone know, such as product" if alone and word in alone else ""
            _refuse(f"{metric.name} cannot be {how} by {word!r}{beside}.", word, known, metric)


def _refuse(message: str, word: str, known: Iterable[str], metric: Metric) -> NoReturn:
    knowing = [fact.name for fact in metric.facts if word in (*fact.splits, *fact.filters)]
    lacking = [fact.name for fact in metric.facts if fact.name not in knowing]
    why = f" Only {_listed(knowing)} has it, not {_listed(lacking)}." if knowing and lacking else ""
    raise UsageError(message + why, f"It knows: {', '.join(sorted(known))}.")


class Built(Protocol):
    """Rollup levels beside those that a load stored, built when they are first asked for."""

    def levels(self, family: str, by: str) -> tuple[RollupLevel, ...]:
        """What was decided about the levels of a family by these columns; nothing where they are not built."""

    def may_build(self, family: str, by: str, fact_rows: int) -> bool:
        """Whether it is worth trying to build them, from so many rows."""

    def build(self, family: str, by: str) -> bool:
        """Build them. False where they cannot be kept."""

    def forget(self, family: str, by: str) -> None:
        """Remove what could not be read."""


@dataclass(frozen=True)
class Facts:
    """The derived facts of one version of a shop's warehouse."""

    engine: Engine
    """Where they lie. Rollups are read through its connection; without one every query is answered from rows."""
    calendar: Calendar
    currency: str
    coverage: dict[str, tuple[date, date]]
    """First and last local day of each canonical table that has rows."""
    settings: Settings
    version: str | None = None
    """Names what the facts were derived from, settings included; answers are remembered by it. None remembers none."""
    rollups: tuple[RollupLevel, ...] = ()
    """What is kept summed up beside the facts; without any, every question is answered from rows."""
    built: Built | None = None
    """Further levels; without it, what no load stores is answered from rows."""
    constants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By fact: the columns that have one value in all rows, with it."""
    forecasts: Mapping[str, tuple[StoredForecast, ...]] = field(default_factory=dict)
    """By kind of forecast: those that are kept, the latest last. A kind without any is not there."""
    events: tuple[Event, ...] = ()
    """Marked events: changes that touch one say nothing of what is usual."""
    stale: Callable[[str], tuple[str, ...]] = lambda kind: ()
    """What came after the latest forecast of a kind was made, in words."""

    @cached_property
    def levels(self) -> dict[tuple[str, str], list[RollupLevel]]:
        """The rollups by family and split."""
        levels: dict[tuple[str, str], list[RollupLevel]] = {}
        for level in self.rollups:
            levels.setdefault((level.family, level.by), []).append(level)
        return levels

    def table(self, name: str) -> ir.Table:
        """A derived table."""
        return self.engine.fact(name)

    def has_rows(self, table: str) -> bool:
        """Whether a derived table has any row; true where that is not known."""
        if self.engine.con is None:
            return True
        if table not in self._has_rows:
            (count,) = self.engine.columns(f"SELECT count(*) AS n FROM (SELECT 1 FROM facts.{table} LIMIT 1)")[
                "n"
            ].tolist()
            self._has_rows[table] = bool(count)
        return self._has_rows[table]

    @cached_property
    def _has_rows(self) -> dict[str, bool]:
        return {}

    def covered(self, metric: Metric) -> tuple[date, date] | None:
        """First and last day that all tables the metric needs cover; None where one has no rows, or they share no day."""
        ranges = [self._days(name) for name in metric.tables]
        known = [days for days in ranges if days is not None]
        if not known or len(known) < len(ranges):
            return None
        first, last = max(first for first, _ in known), min(last for _, last in known)
        return (first, last) if first <= last else None

    def missing(self, metric: Metric) -> tuple[str, ...]:
        """Of the tables (and forecasts) that the metric needs, those without a row."""
        return tuple(name for name in metric.tables if self._days(name) is None)

    def unavailable(self, metric: Metric) -> str:
        """Why no period of the metric has a value: which of its tables are not loaded; empty where some period may have one."""
        if self.covered(metric) is not None:
            return ""
        missing = self.missing(metric)
        return nothing_of(missing) if missing else f"no day is covered by all of {_listed(metric.tables)}"

    def require(self, *metrics: Metric) -> None:
        """Raise NothingLoaded where none of the metrics can have a value."""
        reasons = dict.fromkeys(map(self.unavailable, metrics))
        if not all(reasons) or not reasons:
            return
        missing = dict.fromkeys(table for metric in metrics for table in self.missing(metric))
        reason = next(iter(reasons)) if len(reasons) == 1 else nothing_of(missing)
        name = metrics[0].name if len(metrics) == 1 else "None of these metrics"
        raise NothingLoaded(f"{name} is {'not ' * (len(metrics) == 1)}available: {reason}.", how_to_load(missing))

    def require_table(self, name: str) -> None:
        """Raise NothingLoaded where the table has no rows."""
        if name not in self.coverage:
            raise NothingLoaded(f"There are no {name.replace('_', ' ')} in this shop yet.", how_to_load((name,)))

    @property
    def all_days(self) -> tuple[date, date]:
        """First and last day that any table covers. Raises NothingLoaded where none does."""
        if not self.coverage:
            raise NothingLoaded(
                "Nothing that happened on a day is loaded in this shop yet.", "Load a file: regulars load FILE…"
            )
        return min(first for first, _ in self.coverage.values()), max(last for _, last in self.coverage.values())

    def _days(self, name: str) -> tuple[date, date] | None:
        """The days of a table; of a kind of forecast those of the customers that are forecast."""
        if name not in KINDS_OF_FORECAST:
            return self.coverage.get(name)
        orders, made = self.coverage.get("orders"), self.forecasts.get(name)
        return (orders[0], made[-1].as_of) if orders and made else None


_IN_WORDS = {
    "order_lines": "order_lines (with their orders)",
    "linked_returns": "returns that name their order",
    **dict.fromkeys(KINDS_OF_FORECAST, "a forecast"),
}
"""How messages name what is needed, where the name of a table does not say it."""
_TABLES = {"linked_returns": ("returns", "orders"), "order_lines": ("order_lines", "orders")}
"""The tables that bring what one table alone does not."""


def _listed(names: Iterable[str]) -> str:
    *some, last = dict.fromkeys(_IN_WORDS.get(name, name) for name in names)
    return f"{', '.join(some)} and {last}" if some else last


def nothing_of(names: Iterable[str]) -> str:
    """That nothing is loaded of these tables, in words."""
    return f"nothing is loaded of {_listed(names)}"


def how_to_load(names: Iterable[str]) -> str:
    """What to type next where these tables are not loaded."""
    needed = (name for name in names if name not in KINDS_OF_FORECAST)
    tables = dict.fromkeys(table for name in needed for table in _TABLES.get(name, (name,)))
    if not tables:
        return "Make one: regulars forecast"
    of, columns = ("it", "its") if len(tables) == 1 else ("each", "their")
    shown = "; ".join(f"regulars tables {name}" for name in tables)
    return f"Load a file of {of}: regulars load FILE…; {columns} columns: {shown}"


def period_named(facts: Facts, text: str, metric: Metric | None = None) -> Period:
    """The period that the text names: what the calendar reads, `all` days that the metric's tables cover, or one relative to
    the last of these days: this-month, last-month (the latest complete one), last-90-days, last-4-weeks. Raises UsageError.
    """
    if text.strip().lower() == Grain.ALL:
        return latest_complete(facts, Grain.ALL, metric)
    if (parsed := relative(text)) is not None:
        return _relative_period(facts, *parsed, metric)
    try:
        return facts.calendar.parse(text)
    except UsageError as error:
        raise UsageError(str(error), error.hint and f"{error.hint.rstrip('.')}, or all.") from None


def _relative_period(facts: Facts, running: bool, count: int | None, grain: Grain, metric: Metric | None) -> Period:
    """The running period, the latest complete one, or the last `count` of them as one range; days end with the data."""
    if count == 0:
        raise UsageError("A period has at least 1 day.", "Write last-1-day or more.")
    _, last_day = _days_of(facts, metric)
    if running:
        return facts.calendar.period_of(last_day, grain)
    last = (
        facts.calendar.period_of(last_day, Grain.DAY) if grain is Grain.DAY else latest_complete(facts, grain, metric)
    )
    if count is None:
        return last
    first = last
    for _ in range(count - 1):
        first = facts.calendar.before(first)
    return between(first.start, last.end - timedelta(days=1))


def outside_data(facts: Facts, periods: Iterable[Period], metric: Metric | None = None) -> str:
    """A sentence where none of the periods has any day that the metric's tables cover; else empty."""
    first, last = _days_of(facts, metric)
    requested = tuple(periods)
    if not requested or any(period.start <= last and first < period.end for period in requested):
        return ""
    where = "after" if requested[0].start > last else "before"
    return f"{requested[0].label} lies {where} the data, which cover {first} to {last}."


def latest_complete(facts: Facts, grain: Grain, metric: Metric | None = None) -> Period:
    """The last period of the grain that the metric's tables cover to its end; the running one where none is complete."""
    first, last = _days_of(facts, metric)
    if grain is Grain.ALL:
        return periods_of(facts, grain, None, None, metric)[0]
    running = facts.calendar.period_of(last, grain)
    if (running.end - last).days == 1:
        return running
    before = facts.calendar.before(running)
    return before if before.end > first else running


def periods_of(
    facts: Facts, grain: Grain, since: date | None, until: date | None, metric: Metric | None = None
) -> tuple[Period, ...]:
    """The periods of the grain that overlap since … until, which default to the days that the metric's tables cover."""
    first, last = _days_of(facts, metric)
    return tuple(facts.calendar.periods(grain, since or first, until or last))


def _days_of(facts: Facts, metric: Metric | None) -> tuple[date, date]:
    """The days that the metric's tables cover; all that any table covers where no metric is asked for, or it has none."""
    return (facts.covered(metric) if metric else None) or facts.all_days
