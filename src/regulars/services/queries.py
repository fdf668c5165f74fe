"""Queries of metrics: from options, as written for the command line or in Python, to values with their notes.

`Options.parse` parses the options; `query_of` a query of one metric, which `MetricQuery.run` and `MetricQuery.drill_down` run
on a shop's facts. `overview.py` runs queries of many metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from regulars.metrics.catalogue import companions, named
from regulars.metrics.customers.drill_down import CustomerRow, rows
from regulars.metrics.measures import FORECASTS
from regulars.metrics.query import (
    Condition,
    Facts,
    Query,
    condition,
    for_columns,
    latest_complete,
    outside_data,
    period_named,
    periods_of,
)
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid, Metric
from regulars.metrics.verdicts.compare import knows
from regulars.services.largest_groups import largest_groups
from regulars.services.metric_tables import AGE, Beside, by_period, triangle
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.calendar import Grain, Period
from regulars.vocabulary.errors import ForecastRefused, UsageError

Texts = str | Iterable[str]
"""One or several splits or conditions, written as for the command line."""
Day = date | str
"""A date, or its text: 2011-10-05, 2011-10, 2011."""


@dataclass(frozen=True)
class Options:
    """The options of a query of metrics.

    Attributes:
        grain: Length of the periods; months by default.
        since: First day, as ISO 8601 text or the text of a period.
        until: Last day, likewise.
        period: One period; with `grain`, the periods inside it.
        splits: Names of the splits.
        where: Conditions that must all hold.
        active_window: In days; None for the shop's setting.
        compare: Whether values have their changes.
    """

    grain: Grain | None = None
    since: str | None = None
    until: str | None = None
    period: str | None = None
    splits: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    active_window: int | None = None
    compare: bool = False

    @classmethod
    def parse(
        cls, *,
        grain: Grain | str | None = None, since: Day | None = None, until: Day | None = None, period: Day | None = None,
        split: Texts | None = None, where: Texts | None = None, active_window: int | None = None, compare: bool = False,
    ) -> Options:  # fmt: skip
        """Return the options of these texts. A split may be a list with commas.

        Raises:
            UsageError: There is no such grain, or a text is no condition.
        """
        splits = tuple(part.strip() for text in _listed(split) for part in text.split(",") if part.strip())
        return cls(
            _grain(grain),
            _day_text(since),
            _day_text(until),
            _day_text(period),
            splits,
            conditions(where),
            active_window,
            compare,
        )

    def window(self, facts: Facts) -> int:
        """Return the active window in days."""
        return facts.settings.active_window if self.active_window is None else self.active_window

    def periods(self, facts: Facts, metric: Metric, *, latest: bool) -> tuple[Period, ...]:
        """Return the periods of a query.

        Args:
            facts: Facts of the shop.
            metric: The metric, whose tables determine the default.
            latest: Whether the default is the latest complete period, or for a snapshot metric that of the latest forecast.
                Otherwise it is all periods that the tables cover, or all since the first forecast.

        Raises:
            UsageError: The options contradict each other, or are no dates.
        """
        grain, since, until = self.grain, self.since, self.until
        if self.period is not None:
            if since is not None or until is not None:
                raise UsageError("--period already says from when to when.", "Leave out --since and --until.")
            whole = period_named(facts, self.period, metric)
            if grain is None:
                return (whole,)
            return periods_of(facts, grain, whole.start, whole.end - timedelta(days=1), metric)
        made = facts.forecasts.get(metric.forecast) if metric.is_snapshot else None
        if made and grain is not Grain.ALL and since is None and until is None:
            return tuple(facts.calendar.periods(grain or Grain.MONTH, made[-1 if latest else 0].as_of, made[-1].as_of))
        if latest and since is None and until is None:
            return (latest_complete(facts, grain or Grain.MONTH, metric),)
        start = None if since is None else facts.calendar.parse(since).start
        last = None if until is None else facts.calendar.parse(until).end - timedelta(days=1)
        return periods_of(facts, grain or Grain.MONTH, start, last, metric)


def conditions(texts: Texts | None) -> tuple[Condition, ...]:
    """Return the conditions of these texts.

    Raises:
        UsageError: A text is no condition.
    """
    return tuple(condition(text) for text in _listed(texts))


def day_named(day: Day) -> date:
    """Return a day, or the day of a text such as 2011-10-31.

    Raises:
        UsageError: The text is no day.
    """
    try:
        return date.fromisoformat(_day_text(day) or "")
    except ValueError:
        raise UsageError(f"{day!r} is no day.", "Write it like 2011-10-31.") from None


def _grain(name: Grain | str | None) -> Grain | None:
    """The grain of this name; None for None. Raises UsageError, with all names, if there is no such grain."""
    if name is None:
        return None
    try:
        return Grain(str(name).strip().lower().replace("-", "_"))
    except ValueError:
        raise UsageError(f"There is no grain {name!r}.", f"Choose one of: {', '.join(Grain)}.") from None


def _day_text(day: Day | None) -> str | None:
    """A day as ISO 8601; text and None are returned unchanged."""
    return str(day.date() if isinstance(day, datetime) else day) if isinstance(day, date) else day


def _listed(texts: Texts | None) -> list[str]:
    return [texts] if isinstance(texts, str) else [*(texts or ())]


# One metric ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MetricValues:
    """The values of one metric, with what a reader must know of them."""

    metric: Metric
    """The metric, or its variant over order lines."""
    options: Options
    values: Sequence[Value]
    others: int
    """Number of groups in the row of the others; 0 if all are shown."""
    beside: Beside
    """The values of companion metrics."""
    notes: tuple[str, ...]
    is_outside: bool
    """Whether the periods lie outside the data; a note says so."""

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits in the flat form: those of the query, and the age of a cohort."""
        return (*self.options.splits, AGE) if isinstance(self.metric, Grid) else self.options.splits

    def table(self) -> Table:
        """Return the table for people."""
        if isinstance(self.metric, Grid):
            return triangle(self.values, self.options.splits)
        return by_period(self.values, self.options.splits, self.options.compare, self.beside)


@dataclass(frozen=True)
class MetricCustomers:
    """The customers behind a value of a metric, with what a reader must know of them."""

    metric: Metric
    period: Period
    customers: list[CustomerRow]
    notes: tuple[str, ...]
    is_outside: bool
    """Whether the period lies outside the data; a note says so."""

    def table(self, limit: int) -> Table:
        """Return the table for people: the first `limit` customers, and the sums of all."""
        below = any(row.denominator is not None for row in self.customers)
        titles = ["customer", "name", "email", "country", "orders", "first order", "last order", "above"]
        titles += ["below"] if below else []
        result = Table(titles, title=f"{self.metric.name} in {self.period.label}", numbers=frozenset(titles[4:]))
        for row in self.customers[:limit]:
            cells = [row.customer, row.name, row.email, row.country, numbers.count(row.orders)]
            cells += [
                numbers.day(row.first_order),
                numbers.day(row.last_order),
                numbers.plain(row.numerator),
            ]
            cells += [numbers.plain(row.denominator)] if below else []
            result.rows.append([cell or "" for cell in cells])
        if len(self.customers) > limit:
            result.notes.append(f"… and {len(self.customers) - limit:,} more; --format csv has all.")
        sums = numbers.plain(sum(row.numerator for row in self.customers))
        if below:
            sums += f" / {numbers.plain(sum(row.denominator or 0 for row in self.customers))}"
        result.notes.append(
            f"{numbers.counted(len(self.customers), 'row', 'rows')}; together {sums}: {self.metric.formula}"
        )
        return result


@dataclass(frozen=True)
class MetricQuery:
    """A query of one metric; see `query_of`."""

    metric: Metric
    answering: Metric
    """The metric, or its variant over order lines."""
    options: Options

    def query(self, facts: Facts) -> Query:
        """Return the query, by default of all periods.

        Raises:
            UsageError: The options contradict each other, or are no dates.
        """
        options = self.options
        periods = options.periods(facts, self.answering, latest=False)
        return Query((self.metric,), periods, options.splits, options.where, options.window(facts), options.compare)

    def run(self, facts: Facts, limit: int | None = None) -> MetricValues:
        """Return the values, and those of companion metrics.

        Args:
            facts: Facts of the shop.
            limit: Number of groups of a split to show separately; all by default.

        Raises:
            UsageError: The options contradict each other, or a split or condition is not known.
            NothingLoaded: What the metric needs is not loaded.
            ForecastRefused: The metric is of a forecast, and none was made yet.
        """
        stale = self._require_data(facts)
        query = self.query(facts)
        outside = outside_data(facts, query.periods, self.answering)
        result = run_query(query, facts)
        values, others = (list(result), 0) if limit is None else largest_groups(result, query, facts, limit)
        shown_beside = companions(self.answering)
        further = replace(query, metrics=shown_beside, compare=False)
        beside = Beside(shown_beside, run_query(further, facts) if shown_beside else ())
        return MetricValues(
            self.answering, self.options, values, others, beside, distinct_notes([stale, outside]), bool(outside)
        )

    def drill_down(self, facts: Facts) -> MetricCustomers:
        """Return the customers behind the value of the options' period. Raises as `run` does."""
        stale = self._require_data(facts)
        period = period_named(facts, self.options.period or "", self.answering)
        outside = outside_data(facts, (period,), self.answering)
        customers = rows(self.answering, period, facts, self.options.where, self.options.window(facts))
        return MetricCustomers(self.answering, period, customers, distinct_notes([stale, outside]), bool(outside))

    def _require_data(self, facts: Facts) -> str:
        """Require the forecast and the tables that the metric needs. Returns a note if the forecast is stale."""
        note = require_forecast((self.answering,), facts)
        facts.require(self.answering)
        return note


def query_of(name: str, options: Options) -> MetricQuery:
    """Return a query of the metric of this name.

    Raises:
        UsageError: There is no such metric.
    """
    metric = named(name)
    return MetricQuery(metric, _answered_by(metric, options), options)


def _answered_by(metric: Metric, options: Options) -> Metric:
    """The metric, or its variant over order lines if a split or condition needs that, such as product."""
    return for_columns(metric, (*options.splits, *(condition.column for condition in options.where)))


# Many metrics --------------------------------------------------------------------------------------------------------


def without_grids(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return the metrics that are no cohort grids."""
    return tuple(metric for metric in metrics if not isinstance(metric, Grid))


def known_metrics(themes: Mapping[str, Sequence[Metric]], options: Options) -> dict[str, tuple[Metric, ...]]:
    """Return the metrics that know the splits and conditions, without cohort grids, by theme.

    Each is the metric, or its variant over order lines.

    Raises:
        UsageError: None knows them.
    """
    known = {
        theme: tuple(
            answering
            for answering in (_answered_by(metric, options) for metric in without_grids(metrics))
            if knows(answering, options.splits, options.where)
        )
        for theme, metrics in themes.items()
    }
    if not any(known.values()):
        raise UsageError(
            "No metric of this choice knows that split or condition.", "regulars explain NAME says what one knows."
        )
    return known


def named_metrics(names: Sequence[str], options: Options) -> tuple[Metric, ...]:
    """Return the metrics of these names, each the metric or its variant over order lines.

    Raises:
        UsageError: There is no such metric, or it is a cohort grid.
    """
    metrics = [named(name) for name in names]
    if len(without_grids(metrics)) < len(metrics):
        raise UsageError("A cohort grid is too large for this table.", "Ask for it alone: shop.metric(NAME).")
    return tuple(_answered_by(metric, options) for metric in metrics)


def waiting_for_a_forecast(metrics: Iterable[Metric], facts: Facts) -> tuple[Metric, ...]:
    """Return the metrics that have no value because no forecast is stored."""
    return tuple(metric for metric in metrics if metric.forecast and metric.forecast not in facts.forecasts)


def require_forecast(metrics: Sequence[Metric], facts: Facts) -> str:
    """Require a forecast if all of the metrics need one.

    Returns:
        A note if the latest forecast is stale; else empty.

    Raises:
        ForecastRefused: All of the metrics need a forecast, and none is stored.
    """
    kinds = dict.fromkeys(metric.forecast for metric in metrics)
    if not any(kind in ("", *facts.forecasts) for kind in kinds):
        what = "" if FORECASTS in kinds else "'s subscriptions"
        raise ForecastRefused(f"No forecast has been made of this shop{what} yet.", "Make one: regulars forecast")
    changes = dict.fromkeys(change for kind in kinds if kind in facts.forecasts for change in facts.stale(kind))
    if not changes:
        return ""
    return f"The latest forecast is stale: since it was made, {', '.join(changes)}. Make a new one: regulars forecast"


def distinct_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Return each note once, without empty ones."""
    return tuple(dict.fromkeys(filter(None, notes)))
