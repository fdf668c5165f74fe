"""A query of metrics, and the facts of a shop that it reads."""

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
from regulars.vocabulary.shop import SETTINGS_FILE, Settings
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
    """Parse a condition such as country=DE, country=DE,AT, channel!=web or net_revenue>=50.

    Raises:
        UsageError: The text is no condition.
    """
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
    """Metrics, periods, splits and conditions of a query. `metrics` become their variants over order lines where needed.

    Raises:
        UsageError: A metric does not know a split or condition, a split is repeated, or the active window is out of range.
    """

    metrics: tuple[Metric, ...]
    periods: tuple[Period, ...]
    splits: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    active_window: int = 365
    compare: bool = False
    """Whether values have changes from the period before and from a year earlier."""

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
    """Return the metric's variant over order lines; None if it has none."""
    line = metric.by_line if isinstance(metric, Total) else None
    if line is None:
        return None
    return replace(metric, fact=line.fact, of=line.of, where=line.where, distinct=line.distinct, by_line=None)  # type: ignore[call-arg]


def for_columns(metric: Metric, columns: Iterable[str]) -> Metric:
    """Return the metric, or its variant `over_lines` if only lines know one of these splits or filters."""
    lines = over_lines(metric)
    return metric if lines is None or not ({*lines.splits} - {*metric.splits}) & {*columns} else lines


def overlap_note(metric: Metric) -> str:
    """Return a note if one entity may count under several values of a split; empty if the values add up."""
    adds_up = metric.denominator is not None or all(term.measure.adds_up for term in metric.numerator.terms)
    return "" if adds_up else f"{metric.name}: values overlap; they do not add up"


def require_known(
    metric: Metric, splits: Iterable[str], where: Iterable[Condition], named: Metric | None = None
) -> None:
    """Require that all facts of the metric know these splits and conditions.

    Args:
        metric: The metric.
        splits: Names of the splits.
        where: The conditions.
        named: The metric of the query, if `metric` is its variant over order lines.

    Raises:
        UsageError: A fact of the metric does not know a split or condition.
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
    """Rollup levels that queries build when they first need them, besides those that a load stores."""

    def levels(self, family: str, by: str) -> tuple[RollupLevel, ...]:
        """Return the levels of a family with this split, also those not stored as too large; empty if they are not built."""

    def may_build(self, family: str, by: str, fact_rows: int) -> bool:
        """Return whether to try to build the levels, from this number of rows of the fact."""

    def build(self, family: str, by: str) -> bool:
        """Build the levels. Return False if they cannot be stored."""

    def forget(self, family: str, by: str) -> None:
        """Remove levels that could not be read."""


@dataclass(frozen=True)
class Facts:
    """The derived facts of one version of a shop's warehouse."""

    engine: Engine
    """The query engine. Rollups need its connection; without one every query reads rows."""
    calendar: Calendar
    currency: str
    coverage: dict[str, tuple[date, date]]
    """First and last local day of each canonical table that has rows."""
    settings: Settings
    version: str | None = None
    """Identifies the source data and settings; the key of cached results. None caches none."""
    rollups: tuple[RollupLevel, ...] = ()
    """The rollup levels of the last load; without any, every query reads rows."""
    built: Built | None = None
    """Rollup levels that queries build; None to use only those of `rollups`."""
    constants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By fact: the columns with the same value in all rows, and this value."""
    forecasts: Mapping[str, tuple[StoredForecast, ...]] = field(default_factory=dict)
    """Stored forecasts by kind, the latest last; without kinds that have none."""
    events: tuple[Event, ...] = ()
    """Marked events, whose changes are left out of the usual variation."""
    stale: Callable[[str], tuple[str, ...]] = lambda kind: ()
    """Returns the reasons why the latest forecast of a kind is stale; empty if it is not."""

    @cached_property
    def levels(self) -> dict[tuple[str, str], list[RollupLevel]]:
        """The rollup levels by family and split."""
        levels: dict[tuple[str, str], list[RollupLevel]] = {}
        for level in self.rollups:
            levels.setdefault((level.family, level.by), []).append(level)
        return levels

    def table(self, name: str) -> ir.Table:
        """Return a derived table."""
        return self.engine.fact(name)

    def has_rows(self, table: str) -> bool:
        """Return whether a derived table has any row; True if that is unknown."""
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
        """Return the first and last day that all tables of the metric cover; None if a table is empty or no day is common."""
        ranges = [self._days(name) for name in metric.tables]
        known = [days for days in ranges if days is not None]
        if not known or len(known) < len(ranges):
            return None
        first, last = max(first for first, _ in known), min(last for _, last in known)
        return (first, last) if first <= last else None

    def missing(self, metric: Metric) -> tuple[str, ...]:
        """Return the tables and kinds of forecast that the metric needs and that have no rows."""
        return tuple(name for name in metric.tables if self._days(name) is None)

    def unavailable(self, metric: Metric) -> str:
        """Return why the metric has no value in any period, such as tables that are not loaded; empty if it may have one."""
        if self.covered(metric) is not None:
            name = metric.needs_setting
            is_set = not name or getattr(self.settings, name) is not None
            return "" if is_set else f"{name} is not set in {SETTINGS_FILE}"
        missing = self.missing(metric)
        return nothing_of(missing) if missing else f"no day is covered by all of {_listed(metric.tables)}"

    def require(self, *metrics: Metric) -> None:
        """Raise NothingLoaded if none of the metrics can have a value."""
        reasons = dict.fromkeys(map(self.unavailable, metrics))
        if not all(reasons) or not reasons:
            return
        missing = dict.fromkeys(table for metric in metrics for table in self.missing(metric))
        reason = next(iter(reasons)) if len(reasons) == 1 else nothing_of(missing)
        name = metrics[0].name if len(metrics) == 1 else "None of these metrics"
        settings = dict.fromkeys(metric.needs_setting for metric in metrics if metric.needs_setting)
        hint = how_to_load(missing) if missing else "; ".join(_HOW_TO_SET[setting] for setting in settings)
        raise NothingLoaded(f"{name} is {'not ' * (len(metrics) == 1)}available: {reason}.", hint)

    def require_table(self, name: str) -> None:
        """Raise NothingLoaded if the table has no rows."""
        if name not in self.coverage:
            raise NothingLoaded(f"There are no {name.replace('_', ' ')} in this shop yet.", how_to_load((name,)))

    @property
    def all_days(self) -> tuple[date, date]:
        """First and last day that any table covers. Raises NothingLoaded if there is none."""
        if not self.coverage:
            raise NothingLoaded(
                "Nothing that happened on a day is loaded in this shop yet.", "Load a file: regulars load FILE…"
            )
        return min(first for first, _ in self.coverage.values()), max(last for _, last in self.coverage.values())

    def _days(self, name: str) -> tuple[date, date] | None:
        """The first and last day of a table; of a kind of forecast from the first order to the latest forecast."""
        if name not in KINDS_OF_FORECAST:
            return self.coverage.get(name)
        orders, made = self.coverage.get("orders"), self.forecasts.get(name)
        return (orders[0], made[-1].as_of) if orders and made else None


_IN_WORDS = {
    "order_lines": "order_lines (with their orders)",
    "linked_returns": "returns that name their order",
    **dict.fromkeys(KINDS_OF_FORECAST, "a forecast"),
}
"""Names of tables in messages, if other than their own."""
_TABLES = {"linked_returns": ("returns", "orders"), "order_lines": ("order_lines", "orders")}
"""Canonical tables to load, for names that need several."""


def _listed(names: Iterable[str]) -> str:
    *some, last = dict.fromkeys(_IN_WORDS.get(name, name) for name in names)
    return f"{', '.join(some)} and {last}" if some else last


def nothing_of(names: Iterable[str]) -> str:
    """Return the message that these tables are not loaded."""
    return f"no rows of {_listed(names)} are loaded"


_HOW_TO_SET = {
    "business_hours": f'Write in {SETTINGS_FILE} a line [business_hours], then lines such as monday = "09:00-17:00"'
}
"""What to do where a setting is missing."""


def how_to_load(names: Iterable[str]) -> str:
    """Return the hint how to load these tables."""
    needed = (name for name in names if name not in KINDS_OF_FORECAST)
    tables = dict.fromkeys(table for name in needed for table in _TABLES.get(name, (name,)))
    if not tables:
        return "Make one: regulars forecast"
    of, columns = ("it", "its") if len(tables) == 1 else ("each", "their")
    shown = "; ".join(f"regulars tables {name}" for name in tables)
    return f"Load a file of {of}: regulars load FILE…; {columns} columns: {shown}"


def period_named(facts: Facts, text: str, metric: Metric | None = None) -> Period:
    """Return the period of a text.

    Args:
        facts: Facts of the shop.
        text: A period of the calendar, such as 2024-03; `all` for all days that the metric's tables cover; or a period
            relative to the last of these days: this-month, last-month (the latest complete one), last-90-days, last-4-weeks.
        metric: The metric; None for the days that any table covers.

    Raises:
        UsageError: The text is no period.
        NothingLoaded: The period depends on the data, and there are none.
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
    """Return a sentence if the metric's tables cover no day of these periods; else empty."""
    first, last = _days_of(facts, metric)
    requested = tuple(periods)
    if not requested or any(period.start <= last and first < period.end for period in requested):
        return ""
    where = "after" if requested[0].start > last else "before"
    return f"{requested[0].label} lies {where} the data, which cover {first} to {last}."


def latest_complete(facts: Facts, grain: Grain, metric: Metric | None = None) -> Period:
    """Return the last period that the metric's tables cover to its end; the running period if none is complete."""
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
    """Return the periods that overlap `since` to `until`; by default the days that the metric's tables cover."""
    first, last = _days_of(facts, metric)
    return tuple(facts.calendar.periods(grain, since or first, until or last))


def _days_of(facts: Facts, metric: Metric | None) -> tuple[date, date]:
    """The days that the metric's tables cover; without a metric, or if there are none, those that any table covers."""
    return (facts.covered(metric) if metric else None) or facts.all_days
