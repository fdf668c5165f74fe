"""Query plan of quantiles, largest shares and cohort grids, with the reason for scanning more."""

from __future__ import annotations

from regulars.metrics.compute.plan import (
    Choice,
    LevelName,
    Source,
    Step,
    by_words,
    every_row,
    everywhere,
    not_small,
    nothing_of,
    rollup_split,
    rows_when_decided,
)
from regulars.metrics.measures import CUSTOMER_ORDERS, Measure
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds import cohort_sums, period_results, value_distributions
from regulars.metrics.rollups.rollup_tables import STORED_OF_VALUES, columns_of, grains
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Grid, LargestShare, Quantile
from regulars.vocabulary.calendar import Grain, Period, epoch_day, from_epoch_day


def plan_values(metric: Quantile | LargestShare, scope: Scope) -> Step:
    """Return the query plan of a quantile or largest share: from stored results or counts of values, else from rows."""
    choice = _results(metric, scope)
    kept = choice.kept
    if kept is None:
        return every_row(metric.fact, scope, f"it needs every value: {choice.reason}")
    return Step(metric.fact, Source.ROLLUP, (), kept.table, kept.rows, kept, everywhere=everywhere(metric.fact, scope))


def results_to_build(metric: Quantile | LargestShare, scope: Scope) -> LevelName | None:
    """Return the family and split of results to build for the metric; None for none."""
    return _results(metric, scope).to_build


def plan_grid(metric: Grid, scope: Scope) -> Step:
    """Return the query plan of a cohort grid: from stored cohort sums, else from orders."""
    choice = _cohorts(metric, scope)
    kept = choice.kept
    if kept is None:
        return every_row(CUSTOMER_ORDERS, scope, f"a cohort grid follows every customer: {choice.reason}")
    return Step(
        CUSTOMER_ORDERS, Source.ROLLUP, (), kept.table, kept.rows, kept, everywhere=everywhere(CUSTOMER_ORDERS, scope)
    )


def _cohorts(metric: Grid, scope: Scope) -> Choice:
    by, unanswerable = rollup_split(CUSTOMER_ORDERS, scope)
    if not scope.facts.rollups:
        return Choice(None, "nothing is kept summed up")
    if unanswerable:
        return Choice(None, unanswerable)
    grain, named = cohort_sums.GRAINS[metric.age], cohort_sums.column(metric.cell)
    known = [
        level for level in scope.facts.levels.get((cohort_sums.FAMILY, by), [])
        if level.grain == grain.value and {f"sum_{named}", f"money_{named}"} & level.columns
    ]  # fmt: skip
    if not known:
        return Choice(None, _no_cohorts(metric.cell, scope, by))
    (level,) = known
    if grain is not Grain.DAY and not all(_of_whole_months(period, scope) for period in scope.periods):
        return Choice(None, "the periods do not start and end with months")
    return Choice(level) if level.is_stored else Choice(None, not_small([level], by))


def _no_cohorts(measure: Measure, scope: Scope, by: str) -> str:
    if by not in STORED_OF_VALUES:
        return f"cohorts are stored whole and by {' and '.join(filter(None, STORED_OF_VALUES))} only"
    return nothing_of(measure, scope, by)


def _of_whole_months(period: Period, scope: Scope) -> bool:
    """Whether the period holds each month with orders either whole or not at all."""
    first, last = (epoch_day(day) for day in scope.facts.coverage["orders"])
    cuts = [day for day in (period.first, period.beyond) if first < day <= last]
    return all(from_epoch_day(day).day == 1 for day in cuts)


def _results(metric: Quantile | LargestShare, scope: Scope) -> Choice:
    by, unanswerable = rollup_split(metric.fact, scope)
    if not scope.facts.rollups:
        return Choice(None, "nothing is kept summed up")
    if unanswerable or scope.where:
        return Choice(None, unanswerable or "results are not kept under a condition")
    if len(columns_of(by)) > 1:
        return Choice(None, "results are kept by one column at most")
    rows = rows_when_decided(metric.fact.table, scope)
    if not rows or not period_results.is_known(metric):
        return Choice(None, nothing_of(metric.numerator.terms[0].measure, scope, by))
    grain = scope.grain
    if grain is None or grain not in grains(scope.facts.calendar) or not period_results.is_kept_for(metric, grain):
        kept = "days, weeks, months" if period_results.is_kept_for(metric, Grain.DAY) else "months"
        return Choice(None, f"results {by_words(by)}are kept for {kept}, quarters and years only")
    counts = _counts_of_values(metric, by, grain, scope)
    if counts is not None:
        return Choice(counts)
    family, built = period_results.family(metric, grain), scope.facts.built
    decided = () if built is None else built.levels(family, by)
    for level in decided:
        if level.is_stored and period_results.column(metric) in level.columns:
            return Choice(level)
    if built is not None and built.may_build(family, by, rows):
        return Choice(None, f"results {by_words(by)}are computed when they are first asked for", (family, by))
    return Choice(
        None, not_small([*decided], by) if decided else nothing_of(metric.numerator.terms[0].measure, scope, by)
    )


def _counts_of_values(metric: Quantile | LargestShare, by: str, grain: Grain, scope: Scope) -> RollupLevel | None:
    """The stored level with the counts of each value; None if there is none."""
    named = value_distributions.column(metric)
    known = scope.facts.levels.get((value_distributions.FAMILY, by), [])
    return next(
        (level for level in known if level.is_stored and level.grain == grain.value and named in level.columns), None
    )
