"""Run a query: a list of steps, each a pure function of the results of the steps before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from regulars.metrics.catalogue import BY_NAME
from regulars.metrics.compute.estimates import Estimate, all_left_out, estimate, hide, unknown_shares
from regulars.metrics.compute.grids import grid
from regulars.metrics.compute.plan import Step, every_row, plan
from regulars.metrics.compute.plan_values import plan_grid, plan_values
from regulars.metrics.compute.quantiles import ValueEstimates
from regulars.metrics.compute.sums import Sums, distinct_terms, sums
from regulars.metrics.measures import CUSTOMERS_ORDERING, GAPS_BEFORE, LINES, ORDERS, Sum, persons
from regulars.metrics.query import Facts, Query
from regulars.metrics.query_result import Block, Changes, Flags, Result
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Grid, LargestShare, Metric, Quantile
from regulars.metrics.shapes.metric import resolved
from regulars.metrics.verdicts.compare import Compared, amounts_for_hazards, compare, family, periods_compared
from regulars.vocabulary.calendar import Period, epoch_day
from regulars.vocabulary.units import Unit
from regulars.warehouse.engine import LRUCache


@dataclass(frozen=True)
class MetricEstimate:
    """A metric's estimates, with their splits and groups."""

    splits: tuple[str, ...]
    groups: list[tuple[str, ...]]
    estimate: Estimate
    unknown: npt.NDArray[np.float64] | None = None
    """Per cell, the share of the metric under "unknown" if it hides the value, else NaN; None if it hides none."""
    complete: npt.NDArray[np.bool_] | None = None
    """Per cell, whether it is complete; None for the completeness of periods."""


@dataclass(frozen=True)
class Work:
    """A query and the results of the steps so far."""

    question: Query
    facts: Facts
    periods: tuple[Period, ...] = ()
    scope: Scope | None = None
    metrics: tuple[Metric, ...] = ()
    """Metrics of the query, and in a comparison the others of their family of tests."""
    sums: Sums | None = None
    people: dict[str, Sum] = field(default_factory=dict)
    """Sample size of each metric, in customers; empty without a comparison."""
    estimates: dict[str, MetricEstimate] = field(default_factory=dict)
    changes: dict[Metric, Changes] = field(default_factory=dict)
    year_earlier: dict[Metric, Changes] = field(default_factory=dict)
    values: Result = field(default_factory=lambda: Result(()))


def choose_periods(work: Work) -> Work:
    """Determine the periods and metrics, with those that a comparison needs in addition."""
    question = work.question
    if not question.compare:
        return replace(work, periods=question.periods, metrics=question.metrics)
    metrics = family(question, work.facts)
    return replace(work, periods=periods_compared(question, metrics, work.facts), metrics=metrics)


def choose_scope(work: Work) -> Work:
    """Determine the scope; sums are by bucket only if an interval or a comparison needs buckets."""
    question = work.question
    bucketed = question.compare or any(metric.interval.uses_buckets for metric in work.metrics)
    scope = Scope(work.facts, work.periods, question.splits, question.where, question.active_window, bucketed)
    return replace(work, scope=scope)


def sum_up(work: Work) -> Work:
    """Compute all sums that the metrics need."""
    assert work.scope is not None
    amounts, people = _amounts(work)
    return replace(work, sums=sums([*amounts, *people.values()], work.scope), people=people)


def _amounts(work: Work) -> tuple[list[Sum], dict[str, Sum]]:
    """The sums that the metrics need, and those of their sample sizes."""
    amounts: list[Sum] = []
    people: dict[str, Sum] = {}
    question = work.question
    if question.compare:
        amounts += amounts_for_hazards(work.metrics)
    for metric in work.metrics:
        if not isinstance(metric, Grid):
            amounts += [
                amount
                for amount in (metric.numerator, metric.denominator, metric.rows, metric.omitted_rows)
                if amount is not None
            ]
            if question.compare:
                people[metric.name] = _people(metric, question)
    return amounts, people


def _people(metric: Metric, question: Query) -> Sum:
    """The sample size in customers. Without splits and conditions, that of orders and lines is in the histogram of gaps."""
    amount = metric.sample_size
    of_orders = (persons(ORDERS), persons(LINES))
    return CUSTOMERS_ORDERING if not question.splits and not question.where and amount in of_orders else amount


def estimate_all(work: Work) -> Work:
    """Estimate values and intervals from the sums."""
    assert work.scope is not None
    assert work.sums is not None
    estimates: dict[str, MetricEstimate] = {}
    values = ValueEstimates(work.scope, work.sums)
    for metric in work.metrics:
        if isinstance(metric, Grid):
            if work.facts.covered(metric) is None:
                estimates[metric.name] = _nothing(work)
                continue
            cells = grid(metric, work.scope, plan_grid(metric, work.scope).kept)
            splits = (*work.question.splits, "age")
            estimates[metric.name] = MetricEstimate(splits, cells.groups, cells.estimate, complete=cells.complete)
            continue
        if isinstance(metric, Quantile | LargestShare):
            result = values.of(metric)
        else:
            result = estimate(metric, work.sums)
        estimates[metric.name] = MetricEstimate(work.question.splits, work.sums.groups, result)
    return replace(work, estimates=estimates)


def _nothing(work: Work) -> MetricEstimate:
    """The estimate of a grid without cells."""
    empty = np.zeros((len(work.periods), 0))
    return MetricEstimate(
        (*work.question.splits, "age"), [], Estimate(empty, empty, empty, empty, empty, empty, None, None)
    )


def hide_unlinked(work: Work) -> Work:
    """Remove values if all rows of the metric are omitted, such as refunds without an order."""
    assert work.sums is not None
    estimates = dict(work.estimates)
    for metric in work.metrics:
        if metric.omitted_rows is not None:
            before = estimates[metric.name]
            estimates[metric.name] = replace(before, estimate=hide(before.estimate, all_left_out(metric, work.sums)))
    return replace(work, estimates=estimates)


def hide_unknown(work: Work) -> Work:
    """Remove values if too large a share of the metric is "unknown" by the split or filter."""
    if not work.question.splits and not work.question.where:
        return work
    assert work.sums is not None
    estimates = dict(work.estimates)
    for metric in work.metrics:
        shares = np.full((0, 0), np.nan) if isinstance(metric, Grid) else unknown_shares(metric, work.sums)
        if not np.isnan(shares).all():
            estimates[metric.name] = replace(
                estimates[metric.name], unknown=shares, estimate=hide(estimates[metric.name].estimate, shares)
            )
    return replace(work, estimates=estimates)


def compare_all(work: Work) -> Work:
    """Compute the changes from the period before and from a year earlier, with their verdicts."""
    if not work.question.compare:
        return work
    assert work.sums is not None
    assert work.scope is not None
    by_name = {metric.name: metric for metric in work.metrics}
    bucketed = {
        metric: work.estimates[name].estimate
        for name, metric in by_name.items()
        if name in work.people and work.estimates[name].estimate.without is not None
    }
    people = {metric: work.sums.of(work.people[metric.name]).sum(axis=-1) for metric in bucketed}
    hazards = amounts_for_hazards(bucketed)
    start = estimate(BY_NAME["customers_start"], work.sums) if hazards else None

    def alike(metric: Metric, periods: Sequence[Period]) -> npt.NDArray[np.intp]:
        return _testable(work, metric, Times.of(periods))

    compared = Compared(work.question, work.facts, work.periods, bucketed, people, start, alike)
    before, year_earlier = compare(compared)
    return replace(work, changes=before, year_earlier=year_earlier)


def label(work: Work) -> Work:
    """Build the result from the estimates and changes."""
    periods, calendar = work.question.periods, work.facts.calendar
    index = {period: number for number, period in enumerate(work.periods)}
    rows = np.array([index[period] for period in periods])
    times = Times.of(periods)
    before, year = times, times
    if work.changes:
        before = Times.of([calendar.compared_with(period) for period in periods])
        year = Times.of([calendar.year_earlier(period) for period in periods])
    return replace(
        work, values=Result([_block(work, metric, rows, times, before, year) for metric in work.question.metrics])
    )


def planned(question: Query, facts: Facts) -> list[Step]:
    """Return the query plan: one step for each query that would run. Reads no rows."""
    work = choose_scope(choose_periods(Work(question, facts)))
    assert work.scope is not None
    amounts, people = _amounts(work)
    terms = distinct_terms([*amounts, *people.values()])
    steps = plan(terms, work.scope)
    if any(term.measure.by_sets for term in terms) and any(p.days > question.active_window for p in work.periods):
        steps.append(
            every_row(
                GAPS_BEFORE,
                work.scope,
                "who was active at both ends of a period longer than the active window",
            )
        )
    quantiles = [
        (metric.kind, plan_values(metric, work.scope))
        for metric in work.metrics
        if isinstance(metric, Quantile | LargestShare)
    ]
    steps += [step for _, step in dict.fromkeys(quantiles)]
    grids = (metric for metric in question.metrics if isinstance(metric, Grid) and facts.covered(metric) is not None)
    steps += dict.fromkeys(plan_grid(metric, work.scope) for metric in grids)
    return steps


STEPS: tuple[Callable[[Work], Work], ...] = (
    choose_periods,
    choose_scope,
    sum_up,
    estimate_all,
    hide_unlinked,
    hide_unknown,
    compare_all,
    label,
)


def run_query(question: Query, facts: Facts) -> Result:
    """Return the result of a query, from the cache if the version of the facts is the same."""
    if facts.version is None:
        return _answered(question, facts)
    return _results.get((facts.version, question), lambda: _answered(question, facts))


def _answered(question: Query, facts: Facts) -> Result:
    work = Work(question, facts)
    for step in STEPS:
        work = step(work)
    return work.values


_results: LRUCache[tuple[str, Query], Result] = LRUCache(64)


@dataclass(frozen=True)
class Times:
    """First day of each period, and the day after its last, as epoch days."""

    first: npt.NDArray[np.int64]
    beyond: npt.NDArray[np.int64]

    @classmethod
    def of(cls, periods: Sequence[Period]) -> Times:
        """Return the times of these periods."""
        return cls(np.array([period.first for period in periods]), np.array([period.beyond for period in periods]))


def complete(facts: Facts, metric: Metric, times: Times) -> Flags:
    """Return whether all tables of the metric cover each period to its end."""
    covered = facts.covered(metric)
    if covered is None:
        return np.zeros(len(times.first), dtype=bool)
    return np.asarray(times.beyond - epoch_day(covered[1]) <= 1)


def mature(facts: Facts, metric: Metric, times: Times, active_window: int) -> Flags:
    """Return whether each period is mature: the data cover the days that the metric's maturity needs."""
    maturity = metric.maturity
    covered = facts.coverage.get(maturity.of) if maturity.of else facts.covered(metric)
    if maturity.at_once or covered is None:
        return np.full(len(times.first), maturity.at_once)
    first, last = (epoch_day(day) for day in covered)
    after, before = (resolved(days, facts.settings, active_window) for days in (maturity.days, maturity.history))
    has_time = times.beyond + after - 1 <= last if maturity.days else True
    return np.asarray(has_time & (times.first - before >= first if maturity.history else True))


def _testable(work: Work, metric: Metric, times: Times) -> npt.NDArray[np.intp]:
    """For each period 0 if its changes can have a verdict, else −1."""
    covered = work.facts.covered(metric)
    if covered is None or not metric.has_verdict:
        return np.full(len(times.first), -1)
    whole = (times.first >= epoch_day(covered[0])) & _there(work.facts, metric, times)
    in_time = mature(work.facts, metric, times, work.question.active_window)
    return np.where(whole & complete(work.facts, metric, times) & in_time, 0, -1)


def _there(facts: Facts, metric: Metric, times: Times) -> Flags:
    """Whether the data cover any day of each period; for a snapshot metric, whether it has a forecast."""
    covered = facts.covered(metric)
    if covered is None:
        return np.zeros(len(times.first), dtype=bool)
    first, last = (epoch_day(day) for day in covered)
    is_covered = (times.first <= last) & (times.beyond > first)
    if metric.is_snapshot:
        until, before = (_forecasts_before(facts, metric, days) for days in (times.beyond, times.first))
        is_covered &= until > before
    return np.asarray(is_covered)


def _forecasts_before(facts: Facts, metric: Metric, days: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """The number of the metric's forecasts as of a day before each of these days."""
    return np.searchsorted([epoch_day(made.as_of) for made in facts.forecasts[metric.forecast]], days)


def _block(work: Work, metric: Metric, rows: npt.NDArray[np.int64], times: Times, before: Times, year: Times) -> Block:
    periods, estimated, facts = work.question.periods, work.estimates[metric.name], work.facts
    e = estimated.estimate
    is_complete = complete(facts, metric, times)
    cells = np.arange(len(periods) * len(estimated.groups))
    if isinstance(metric, Grid):
        cells = cells[e.n[rows].ravel() != 0]
    return Block(
        metric=metric,
        periods=periods,
        splits=estimated.splits,
        groups=estimated.groups,
        cells=cells,
        value=e.value[rows],
        low=e.low[rows],
        high=e.high[rows],
        n=e.n[rows],
        numerator=e.numerator[rows],
        denominator=None if e.denominator is None else e.denominator[rows],
        complete=np.broadcast_to(is_complete[:, None], e.n[rows].shape)
        if estimated.complete is None
        else estimated.complete[rows],
        mature=mature(facts, metric, times, work.question.active_window),
        there=_there(facts, metric, times),
        comparable=_there(facts, metric, before),
        comparable_year=_there(facts, metric, year),
        changes=work.changes.get(metric),
        year_earlier=work.year_earlier.get(metric),
        events=facts.events,
        calendar=facts.calendar,
        unknown=None if estimated.unknown is None else estimated.unknown[rows],
        unavailable=facts.unavailable(metric),
        currency=facts.currency if metric.unit is Unit.MONEY else None,
        timezone=facts.calendar.timezone,
    )
