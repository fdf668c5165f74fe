"""What a metric means, in words, and the SQL that computes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from regulars.metrics.compute.sums import Scope, aggregate, batches, days_before, days_within
from regulars.metrics.question import Facts
from regulars.metrics.shapes import Grid, Metric, Quantile
from regulars.vocabulary.calendar import Period
from regulars.warehouse.facts.gaps import HISTOGRAMS

DAYS = "days_asked_about"
"""In the SQL: each local day that counts, with its period (and the period's bounds)."""
_ROUGHLY = {"gaps": f"three small histograms: {', '.join(HISTOGRAMS)}"}


@dataclass(frozen=True)
class Explanation:
    """Everything there is to say about a metric. `reads` are facts with what they hold; `sql` one query per fact and timing."""

    metric: Metric
    shape: str
    reads: tuple[str, ...]
    tables: tuple[str, ...]
    splits: tuple[str, ...]
    sql: tuple[str, ...]


def explain(metric: Metric, facts: Facts | None, period: Period | None, active_window: int) -> Explanation:
    """Explain a metric; with a shop at hand also by its SQL for one period."""
    reads = tuple(f"{fact.name}: {_ROUGHLY.get(fact.name, fact.about)}" for fact in metric.facts)
    tables = tuple(dict.fromkeys(table for fact in metric.facts for table in fact.tables))
    splits = tuple(dict.fromkeys(split for fact in metric.facts for split in fact.splits))
    sql = () if facts is None or period is None else tuple(_sql(metric, facts, period, active_window))
    return Explanation(metric, type(metric).__name__, reads, tables, splits, sql)


def _sql(metric: Metric, facts: Facts, period: Period, active_window: int) -> list[str]:
    scope = Scope(facts, (period,), (), (), active_window, bucketed=False)
    if isinstance(metric, Grid | Quantile):
        amounts = [metric.above]
    else:
        amounts = [amount for amount in (metric.above, metric.below) if amount is not None]
    queries: list[ir.Table] = []
    for (fact, day, inside), terms in batches(amounts).items():
        days = days_within(scope) if inside else days_before(scope)
        queries.append(aggregate(fact, day, terms, scope, days))
    return [_named(str(ibis.to_sql(query, dialect="duckdb"))) for query in queries]


def _named(sql: str) -> str:
    """The SQL with the days that were asked about, which live in memory, under a name that says so."""
    return re.sub(r"ibis_\w*memtable_\w+", DAYS, sql)
