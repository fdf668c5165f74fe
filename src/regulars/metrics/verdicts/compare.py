"""Comparison of a query's values with the previous period and with a year earlier: metrics, periods, changes and verdicts.

The family of a comparison is fixed: all groups that the shop can compute are tested, whatever a screen shows, so that a change has
the same verdict in a table and in a series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.catalogue.retention import START
from regulars.metrics.compute.estimates import Estimate
from regulars.metrics.inference.intervals import Array
from regulars.metrics.measures import Sum
from regulars.metrics.query import Condition, Facts, Query, for_columns
from regulars.metrics.query_result import Changes
from regulars.metrics.shapes import Grid, Length, Metric, Nature
from regulars.metrics.verdicts.decide import verdicts
from regulars.metrics.verdicts.evidence import Flags, Pairs, evidence
from regulars.metrics.verdicts.history import History
from regulars.metrics.verdicts.noise import MOST_CHANGES, MOST_GROWTHS
from regulars.vocabulary.calendar import Grain, Period, epoch_day


def knows(metric: Metric, splits: Sequence[str], conditions: Iterable[Condition]) -> bool:
    """Return whether a metric has these splits and filters."""
    return {*splits} <= {*metric.splits} and {condition.column for condition in conditions} <= {*metric.filters}


def family(question: Query, facts: Facts) -> tuple[Metric, ...]:
    """Return the metrics to compute for the verdicts, those of the query first.

    These are all metrics with a verdict; in a split, only those of the query's groups.
    """
    groups = {metric.group for metric in question.metrics}
    columns = (*question.splits, *(condition.column for condition in question.where))
    tested = (
        metric
        for metric in (for_columns(listed, columns) for listed in CATALOGUE)
        if metric.has_verdict
        and not isinstance(metric, Grid)
        and (not question.splits or metric.group in groups)
        and facts.covered(metric) is not None
        and knows(metric, question.splits, question.where)
    )
    return tuple(dict.fromkeys((*question.metrics, *tested)))


def periods_compared(question: Query, metrics: Iterable[Metric], facts: Facts) -> tuple[Period, ...]:
    """Return the periods of the query, those before them, those a year earlier, and those that show the usual changes."""
    calendar = facts.calendar
    periods: dict[Period, None] = dict.fromkeys(question.periods)
    for period in question.periods:
        periods |= dict.fromkeys((calendar.compared_with(period), calendar.year_earlier(period)))
    if not question.splits:
        return tuple(periods | _past(question.periods, facts, MOST_CHANGES))
    if any(metric.nature is Nature.STOCK for metric in metrics):
        return tuple(periods | _past(question.periods, facts, dict.fromkeys(MOST_CHANGES, MOST_GROWTHS)))
    return tuple(periods)


def _past(periods: Sequence[Period], facts: Facts, most: Mapping[Grain, int]) -> dict[Period, None]:
    """Return the periods before these, back to the first day of data or to the limit of changes of their grain."""
    first = epoch_day(facts.all_days[0])
    earlier: dict[Period, None] = {}
    for period in periods:
        if period.grain is None or period.grain not in most:
            continue
        for _ in range(most[period.grain] + 2):
            if period.beyond <= first:
                break
            earlier[period] = None
            period = facts.calendar.compared_with(period)
    return earlier


def amounts_for_hazards(metrics: Iterable[Metric]) -> tuple[Sum, ...]:
    """Return the sum that relates counts of customers who leave or join to the customers at the start; or nothing."""
    return (START,) if any(_by_start(metric) for metric in metrics) else ()


def _by_start(metric: Metric) -> bool:
    return metric.denominator is None and metric.length is Length.HAZARD


@dataclass(frozen=True)
class Compared:
    """The input of a comparison: values, the numbers of customers behind them, and the periods that may be compared."""

    question: Query
    facts: Facts
    periods: tuple[Period, ...]
    estimates: Mapping[Metric, Estimate]
    people: Mapping[Metric, Array]
    start: Estimate | None
    alike: Callable[[Metric, Sequence[Period]], npt.NDArray[np.intp]]
    """For each period a number, equal for periods that may be compared; −1 for periods without a verdict."""


def compare(work: Compared) -> tuple[dict[Metric, Changes], dict[Metric, Changes]]:
    """Return the changes from the previous period, and those from a year earlier, with their verdicts.

    Rows follow the periods of the query.
    """
    calendar = work.facts.calendar
    before = [calendar.compared_with(period) for period in work.question.periods]
    year_earlier = [calendar.year_earlier(period) for period in work.question.periods]
    return _changes(work, before, False), _changes(work, year_earlier, True)


def _changes(work: Compared, before: Sequence[Period], year_earlier: bool) -> dict[Metric, Changes]:
    places = {period: number for number, period in enumerate(work.periods)}
    now, then = (
        np.array([places[period] for period in side], dtype=np.intp) for side in (work.question.periods, before)
    )
    pairs = Pairs(work.periods, now, then, bool(work.question.splits), year_earlier)
    marked = [epoch_day(event.day) for event in work.facts.events]
    evidence_by_metric = {}
    for metric, estimate in work.estimates.items():
        alike = work.alike(metric, work.periods)
        comparable: Flags = (alike[now] >= 0) & (alike[now] == alike[then])
        history = History(work.facts.calendar, places, alike >= 0, marked)
        evidence_by_metric[metric] = evidence(
            metric, estimate, work.people[metric], comparable, pairs, work.start, history
        )
    return verdicts(evidence_by_metric, pairs.split)
