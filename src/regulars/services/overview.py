"""Query many metrics, each over the periods of its own tables, and list the data that the others need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from regulars.metrics.catalogue.headlines import HEADLINES
from regulars.metrics.measures import FORECASTS, KINDS_OF_FORECAST
from regulars.metrics.query import Facts, Query, outside_data
from regulars.metrics.query_result import Change, Value, Verdict
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Metric
from regulars.services.largest_groups import largest_groups
from regulars.services.queries import Options, distinct_notes, require_forecast, waiting_for_a_forecast
from regulars.vocabulary import numbers
from regulars.vocabulary.calendar import Grain, Period

HOW_MANY = 5
"""Number of headline metrics on the first screen."""
_MOST_NAMED = 5
"""Largest number of metrics that a line names."""
_UNLINKED = "linked_returns"
"""Name in `Facts.missing` if no return has an order, whether or not returns are loaded."""


@dataclass(frozen=True)
class Part:
    """The values of the metrics with the same periods."""

    values: Sequence[Value]
    periods: tuple[Period, ...]
    before: str
    """Label of the period that each value is compared with; empty without a comparison."""


@dataclass(frozen=True)
class Overview:
    """The values of many metrics, and messages on metrics without a value."""

    parts: list[Part]
    others: int
    """Number of groups in the row of the others; 0 if all are shown."""
    notes: tuple[str, ...]
    """Of a stale forecast, and one sentence for each range of periods outside the data."""
    not_loaded: list[str]
    """One line for each table that is not loaded."""
    unavailable: list[str]
    """One line for each other reason why metrics have no value in any period."""
    without_costs: frozenset[Metric]
    """Metrics without a value that need the costs of products; `not_loaded` names them."""
    can_forecast: bool
    """Whether a first forecast would give more metrics a value."""


def all_values(facts: Facts, metrics: Sequence[Metric], options: Options) -> tuple[list[Value], tuple[str, ...]]:
    """Return the values of all metrics in their order, for programs, and the notes on them.

    A value without data has the reason in `unavailable`.

    Raises:
        UsageError: The options contradict each other, or a split or condition is not known.
        ForecastRefused: All of the metrics need a forecast, and none is stored.
    """
    stale = require_forecast(metrics, facts)
    by_periods = _by_periods(facts, metrics, options)
    outside = (outside_data(facts, periods, some[0]) for periods, some in by_periods.items())
    values = [value for part in _parts(facts, by_periods, options, None)[0] for value in part.values]
    place = {metric.name: number for number, metric in enumerate(metrics)}
    return sorted(values, key=lambda value: place[value.metric.name]), distinct_notes([stale, *outside])


def overview(facts: Facts, metrics: Sequence[Metric], options: Options, limit: int) -> Overview:
    """Return the values of the metrics that have any, for people.

    Args:
        facts: Facts of the shop.
        metrics: The metrics of the query.
        options: The other options of the query.
        limit: Number of groups of a split to show separately.

    Raises:
        NothingLoaded: None of the metrics has a value in any period.
        UsageError: The options contradict each other.
        ForecastRefused: All of the metrics need a forecast, and none is stored.
    """
    stale = require_forecast(metrics, facts)
    waiting = waiting_for_a_forecast(metrics, facts)
    ready = [metric for metric in metrics if metric not in waiting]
    facts.require(*ready)
    reasons = {metric: reason for metric in ready if (reason := facts.unavailable(metric))}
    missing = {metric: tables for metric in reasons if (tables := facts.missing(metric))}
    by_periods = _by_periods(facts, (metric for metric in ready if metric not in reasons), options)
    outside = {periods: outside_data(facts, periods, some[0]) for periods, some in by_periods.items()}
    inside = {periods: some for periods, some in by_periods.items() if not outside[periods]}
    parts, others = _parts(facts, inside, options, limit)
    without_costs = _without_costs(parts)
    lines = () if "order_lines" in facts.coverage else ("order_lines",)
    missing |= dict.fromkeys(without_costs, ("product_costs", *lines))
    return Overview(
        parts,
        others,
        distinct_notes([stale, *outside.values()]),
        missing_tables(missing, facts.coverage),
        _unavailable({metric: reason for metric, reason in reasons.items() if metric not in missing}),
        frozenset(without_costs),
        "orders" in facts.coverage and any(metric.forecast == FORECASTS for metric in waiting),
    )


def _by_periods(facts: Facts, metrics: Iterable[Metric], options: Options) -> dict[tuple[Period, ...], list[Metric]]:
    """The metrics by their periods; by default the latest complete one."""
    by_periods: dict[tuple[Period, ...], list[Metric]] = {}
    for metric in metrics:
        by_periods.setdefault(options.periods(facts, metric, latest=True), []).append(metric)
    return by_periods


def _parts(
    facts: Facts, by_periods: dict[tuple[Period, ...], list[Metric]], options: Options, limit: int | None
) -> tuple[list[Part], int]:
    """The values by periods, and the largest number of groups in a row of others.

    A limit of None shows all groups. With a limit, a single period is always compared with the period before.
    """
    parts, most_others = [], 0
    for periods, metrics in by_periods.items():
        is_compared = options.compare or (limit is not None and len(periods) == 1)
        is_compared = is_compared and periods[0].grain is not Grain.ALL  # nothing lies before all data
        query = Query(tuple(metrics), periods, options.splits, options.where, options.window(facts), is_compared)
        result = run_query(query, facts)
        values, others = (list(result), 0) if limit is None else largest_groups(result, query, facts, limit)
        before = facts.calendar.compared_with(periods[0]).label if is_compared else ""
        parts.append(Part(values, periods, before))
        most_others = max(most_others, others)
    return parts, most_others


def _without_costs(parts: Iterable[Part]) -> list[Metric]:
    """The metrics of profit without any value, since the cost of a sold product is unknown."""
    has_value: dict[Metric, bool] = {}
    for part in parts:
        for value in part.values:
            has_value[value.metric] = has_value.get(value.metric, False) or value.has_any
    return [
        metric
        for metric, known in has_value.items()
        if not known and any("_.profit" in term.measure.definition for term in metric.numerator.terms)
    ]


def _unavailable(reasons: dict[Metric, str]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for metric, reason in reasons.items():
        by_reason.setdefault(reason, []).append(metric.name)
    return [f"Not available, since {reason}: {', '.join(names)}." for reason, names in by_reason.items()]


# What changed, and what is missing, in sentences ------------------------------------------------------------


def headlines(values: Iterable[Value]) -> list[Value]:
    """Return the first five headline metrics that have a value, in the order of `HEADLINES`."""
    by_name = {value.metric.name: value for value in values if value.value is not None}
    return [by_name[name] for name in HEADLINES if name in by_name][:HOW_MANY]


def what_changed(value: Value) -> str:
    """Return one sentence on the changes from the period before and from a year earlier, with their verdicts.

    Args:
        value: A value with its changes.

    Returns:
        Such as "Within noise: +3 from 2025-11 (as usual for December); really rose: +12 from 2024-12."
    """
    changes = {change.period: change for change in (value.change, value.year_earlier) if change is not None}
    clauses = [_clause(value, change) for change in changes.values() if change.difference is not None]
    if not clauses:
        return "Nothing to compare with: the data hold no earlier value."
    sentence = "; ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _clause(value: Value, change: Change) -> str:
    """The verdict, the difference and the note on it."""
    note = f" ({change.note})" if change.note and (change.verdict is None or change.note not in change.verdict) else ""
    difference = numbers.difference(change.difference, value.metric.unit, value.currency)
    return f"{_verdict(value, change)}: {difference} from {change.period.label}{note}"


def _verdict(value: Value, change: Change) -> str:
    match change.verdict:
        case Verdict.REAL:
            return "really rose" if change.direction > 0 else "really fell"
        case Verdict.MORE_THAN_CHANCE:
            return "more than chance, season not known"
        case None:
            return f"no verdict, {_why_no_verdict(value)}"
    return change.verdict.value


def _why_no_verdict(value: Value) -> str:
    if not value.metric.has_verdict:
        return "as time alone changes it"
    if not value.complete:
        return f"as {value.period.label} is incomplete"
    if not value.mature:
        return f"as {value.period.label} can be trusted {value.metric.maturity}"
    return "as the data tell too little of what is usual"


def missing_tables(missing: Mapping[Metric, tuple[str, ...]], loaded: Collection[str]) -> list[str]:
    """Return one line for each table that is not loaded, with the metrics that need it.

    Args:
        missing: By metric, the tables that it lacks, as `Facts.missing` names them.
        loaded: The tables that have rows, as `Facts.coverage` names them.

    Returns:
        Such as "returns: load a file of returns, for product_return_rate and refunds_by_order_day."
    """
    by_table: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for metric, names in missing.items():
        tables = _to_load(names, loaded)
        for table in tables:
            others = tuple(other for other in tables if other != table)
            by_table.setdefault(table, {}).setdefault(others, []).append(metric.name)
    lines = []
    for table, by_others in by_table.items():
        what = f"{table}: load a file of {table.replace('_', ' ')}"
        if table == _UNLINKED:
            what = "returns: load them with the order of each (order_id)"
        brings = [
            f"{'with ' + ' and '.join(others) + ' ' if others else ''}for {_listed(metrics)}"
            for others, metrics in sorted(by_others.items())
        ]
        lines.append(f"{what}, {'; '.join(brings)}.")
    return lines


def _to_load(names: Iterable[str], loaded: Collection[str]) -> tuple[str, ...]:
    """The canonical tables to load for the names in `Facts.missing`."""
    tables: dict[str, None] = {}
    for name in names:
        if name in KINDS_OF_FORECAST:
            continue
        tables["returns" if name == _UNLINKED and "returns" not in loaded else name] = None
        if name in (_UNLINKED, "order_lines") and "orders" not in loaded:
            tables["orders"] = None
    return tuple(tables)


def _listed(names: list[str]) -> str:
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[: _MOST_NAMED - 1])} and {len(names) - _MOST_NAMED + 1} more"
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last
