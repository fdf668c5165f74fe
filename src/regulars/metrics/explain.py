"""Explain a metric: what it reads, the SQL that computes it, and the data that the shop lacks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from regulars.metrics.compute.from_rows import aggregate, branches_of, tables_of_days
from regulars.metrics.compute.sums import distinct_terms
from regulars.metrics.measures import Fact, SignedMeasure
from regulars.metrics.query import Facts, over_lines
from regulars.metrics.relations import UNKNOWN
from regulars.metrics.rollups.constant_columns import row_source
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Grid, Interval, Metric, Quantile
from regulars.metrics.shapes.metric import resolved
from regulars.vocabulary.calendar import Period
from regulars.warehouse.tables import BY_NAME

_YEAR = 365
_COSTS = "load what goods cost (regulars tables product_costs)"
_BROUGHT_BY = {"cost": _COSTS, "profit": _COSTS, "unit_cost": _COSTS}
"""By column, what to load if the column's name does not show it."""
_COLUMN = re.compile(r"_\.([a-z][a-z_0-9]*)")


@dataclass(frozen=True)
class Explanation:
    """The explanation of a metric. `reads` are facts with their descriptions; `sql` holds one query for each fact."""

    metric: Metric
    shape: str
    reads: tuple[str, ...]
    tables: tuple[str, ...]
    splits: tuple[str, ...]
    sql: tuple[str, ...]
    missing: tuple[str, ...] = ()
    """The `tables` without rows in the shop; the metric has no value before they are loaded."""
    missing_data: tuple[str, ...] = ()
    """Other data that the shop lacks for the metric, one sentence each."""


def explain(metric: Metric, facts: Facts | None, period: Period | None, active_window: int) -> Explanation:
    """Return the explanation of a metric.

    Args:
        metric: The metric.
        facts: Facts of the shop; None for an explanation without a shop.
        period: Period of the SQL; None for no SQL.
        active_window: Active window in days.
    """
    facts_read = tuple(dict.fromkeys(fact for way in _ways(metric) for fact in way.facts))
    reads = tuple(f"{fact.name}: {fact.about}" for fact in facts_read)
    tables = tuple(dict.fromkeys(table for fact in metric.facts for table in fact.tables))
    splits = tuple(dict.fromkeys(split for way in _ways(metric) for split in way.splits))
    sql = () if facts is None or period is None else tuple(_sql(metric, facts, period, active_window))
    missing = () if facts is None else tuple(table for table in facts.missing(metric) if table in BY_NAME)
    lacking = () if facts is None else tuple(missing_data(metric, facts, active_window))
    return Explanation(metric, type(metric).__name__, reads, tables, splits, sql, missing, lacking)


def _ways(metric: Metric) -> tuple[Metric, ...]:
    """The metric, and its variant over order lines if it has one."""
    return tuple(filter(None, (metric, over_lines(metric))))


def interval_in_words(metric: Metric) -> str:
    """Return how the 95 % interval is estimated, and on which scale."""
    logs = metric.interval is Interval.JACKKNIFE and metric.unit.on_log_scale
    return metric.interval.value + (", on the log scale where the value is positive" if logs else "")


def _sql(metric: Metric, facts: Facts, period: Period, active_window: int) -> list[str]:
    scope = Scope(facts, (period,), (), (), active_window, bucketed=False)
    if isinstance(metric, Grid | Quantile):
        amounts = [metric.numerator]
    else:
        lines = [amount for way in _ways(metric) for amount in (way.numerator, way.denominator)]
        amounts = [amount for amount in lines if amount is not None]
    by_fact: dict[Fact, list[SignedMeasure]] = {}
    for term in distinct_terms(amounts):
        by_fact.setdefault(term.measure.fact, []).append(term)
    return [_of_rows(fact, terms, scope) for fact, terms in by_fact.items()]


def _of_rows(fact: Fact, terms: list[SignedMeasure], scope: Scope) -> str:
    branches = branches_of(terms)
    day_tables = tables_of_days(scope, branches)
    return scope.facts.engine.compiled(lambda days: aggregate(fact, branches, scope, days), day_tables)


def missing_data(metric: Metric, facts: Facts, active_window: int) -> list[str]:
    """Return one sentence for each kind of data that the shop lacks for the metric; none if its tables are not loaded.

    Args:
        metric: A metric of the catalogue.
        facts: Facts of the shop.
        active_window: Active window of the query, in days.
    """
    covered = facts.covered(metric)
    if covered is None:
        return []
    return [
        *_empty_columns(metric, facts),
        *_unknown_splits(metric, facts),
        *_short_history(metric, facts, active_window),
    ]


def _empty_columns(metric: Metric, facts: Facts) -> Iterator[str]:
    """Messages on columns that the metric's sums read and that are null in all rows."""
    for fact, columns in _columns_read(metric).items():
        if facts.engine.con is None or not facts.has_rows(fact.table):
            continue
        there = facts.engine.columns(f"SELECT * FROM facts.{fact.table} LIMIT 0").keys()
        read = [column for column in columns if column in there]
        if not read:
            continue
        counts = facts.engine.columns(
            f"SELECT {', '.join(f'count({column}) AS {column}' for column in read)} FROM facts.{fact.table}"
        )
        for column in read:
            if not counts[column].tolist()[0]:
                what = f"No row of {fact.table} has a value in {column}"
                yield f"{what}: {_BROUGHT_BY[column]}." if column in _BROUGHT_BY else f"{what}."


def _columns_read(metric: Metric) -> dict[Fact, list[str]]:
    """The columns that the metric's sums read, by fact."""
    columns: dict[Fact, dict[str, None]] = {}
    for term in (*metric.numerator.terms, *(metric.denominator.terms if metric.denominator else ())):
        measure = term.measure
        named = _COLUMN.findall(f"{measure.of!r} {measure.where!r}")
        columns.setdefault(measure.fact, {}).update(dict.fromkeys(named))
    return {fact: list(names) for fact, names in columns.items()}


def _unknown_splits(metric: Metric, facts: Facts) -> Iterator[str]:
    """Messages on splits whose value is unknown in every row of a fact."""
    for fact in metric.facts:
        splits = [split for split in metric.splits if split in fact.splits]
        unknown = [split for split in splits if _only_value(fact, split, facts) == UNKNOWN]
        if unknown:
            yield f"Every row of {fact.table} is unknown by {', '.join(unknown)}."


def _only_value(fact: Fact, split: str, facts: Facts) -> str | None:
    return facts.constants.get(row_source(fact), {}).get(fact.splits[split])


def _short_history(metric: Metric, facts: Facts, active_window: int) -> Iterator[str]:
    covered = facts.covered(metric)
    assert covered is not None
    first, last = covered
    days = (last - first).days + 1
    needed = resolved(metric.maturity.history, facts.settings, active_window)
    reach = f"the data cover {days:,} days, {first} to {last}"
    if needed >= days:
        yield f"Too little history: a period needs {needed:,} days of data before it, and {reach}."
    elif days <= _YEAR:
        yield f"Too little history to compare with a year earlier: {reach}."
