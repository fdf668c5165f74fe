"""What a metric means, in words, and the SQL that computes it."""

from __future__ import annotations

from dataclasses import dataclass

from regulars.metrics.compute.execute import compiled
from regulars.metrics.compute.from_rows import aggregate, branches_of, days_asked
from regulars.metrics.compute.sums import distinct_terms
from regulars.metrics.measures import Fact, SignedMeasure
from regulars.metrics.query import Facts, over_lines
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Grid, Interval, Metric, Quantile
from regulars.vocabulary.calendar import Period
from regulars.warehouse.tables import BY_NAME


@dataclass(frozen=True)
class Explanation:
    """Everything there is to say about a metric. `reads` are facts with what they hold; `sql` one query per fact."""

    metric: Metric
    shape: str
    reads: tuple[str, ...]
    tables: tuple[str, ...]
    splits: tuple[str, ...]
    sql: tuple[str, ...]
    missing: tuple[str, ...] = ()
    """Of `tables` those without rows in the shop; the metric has no value before they are loaded."""


def explain(metric: Metric, facts: Facts | None, period: Period | None, active_window: int) -> Explanation:
    """Explain a metric; with a shop at hand also by its SQL for one period."""
    facts_read = tuple(dict.fromkeys(fact for one in _ways(metric) for fact in one.facts))
    reads = tuple(f"{fact.name}: {fact.about}" for fact in facts_read)
    tables = tuple(dict.fromkeys(table for fact in metric.facts for table in fact.tables))
    splits = tuple(dict.fromkeys(split for one in _ways(metric) for split in one.splits))
    sql = () if facts is None or period is None else tuple(_sql(metric, facts, period, active_window))
    missing = () if facts is None else tuple(table for table in facts.missing(metric) if table in BY_NAME)
    return Explanation(metric, type(metric).__name__, reads, tables, splits, sql, missing)


def _ways(metric: Metric) -> tuple[Metric, ...]:
    """The metric, and where a split by product asks its order lines, that too."""
    return tuple(filter(None, (metric, over_lines(metric))))


def interval_in_words(metric: Metric) -> str:
    """How the 95 % interval is estimated, and on which scale."""
    logs = metric.interval is Interval.JACKKNIFE and metric.unit.on_log_scale
    return metric.interval.value + (", on the log scale where the value is positive" if logs else "")


def _sql(metric: Metric, facts: Facts, period: Period, active_window: int) -> list[str]:
    scope = Scope(facts, (period,), (), (), active_window, bucketed=False)
    if isinstance(metric, Grid | Quantile):
        amounts = [metric.above]
    else:
        lines = [amount for one in _ways(metric) for amount in (one.above, one.below)]
        amounts = [amount for amount in lines if amount is not None]
    by_fact: dict[Fact, list[SignedMeasure]] = {}
    for term in distinct_terms(amounts):
        by_fact.setdefault(term.measure.fact, []).append(term)
    return [_of_rows(fact, terms, scope) for fact, terms in by_fact.items()]


def _of_rows(fact: Fact, terms: list[SignedMeasure], scope: Scope) -> str:
    branches = branches_of(terms)
    given = days_asked(scope, branches)
    return compiled(scope.facts, lambda days: aggregate(fact, branches, scope, days), given)
