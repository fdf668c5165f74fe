"""A query's values beside those of the period before and of a year earlier: which metrics, which periods, what came out.

The family of a comparison is fixed: whatever the screen shows, all groups that the shop can compute are asked, so that a change
has one verdict alone, in a table and in a series.
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
    """Whether a metric can be split, and narrowed down, like this."""
    return {*splits} <= {*metric.splits} and {one.column for one in conditions} <= {*metric.filters}


def family(question: Query, facts: Facts) -> tuple[Metric, ...]:
    """The metrics that must be computed for the verdicts: all that are judged; in a split, those of the groups asked for."""
    groups = {metric.group for metric in question.metrics}
    columns = (*question.splits, *(one.column for one in question.where))
    judged = (
        metric
        for metric in (for_columns(one, columns) for one in CATALOGUE)
        if metric.has_verdict
        and not isinstance(metric, Grid)
        and (not question.splits or metric.group in groups)
        and facts.covered(metric) is not None
        and knows(metric, question.splits, question.where)
    )
    return tuple(dict.fromkeys((*question.metrics, *judged)))


def periods_compared(question: Query, metrics: Iterable[Metric], facts: Facts) -> tuple[Period, ...]:
    """The periods asked for, those before them, those a year earlier, and those that tell what is usual."""
    calendar = facts.calendar
    found: dict[Period, None] = dict.fromkeys(question.periods)
    for period in question.periods:
        found |= dict.fromkeys((calendar.compared_with(period), calendar.year_earlier(period)))
    if not question.splits:
        return tuple(found | _past(question.periods, facts, MOST_CHANGES))
    if any(metric.nature is Nature.STOCK for metric in metrics):
        return tuple(found | _past(question.periods, facts, dict.fromkeys(MOST_CHANGES, MOST_GROWTHS)))
    return tuple(found)


def _past(asked: Sequence[Period], facts: Facts, most: Mapping[Grain, int]) -> dict[Period, None]:
    """The periods before those asked for, back to the first day of data or as far as changes are looked at."""
    first = epoch_day(facts.all_days[0])
    found: dict[Period, None] = {}
    for period in asked:
        if period.grain is None or period.grain not in most:
            continue
        for _ in range(most[period.grain] + 2):
            if period.beyond <= first:
                break
            found[period] = None
            period = facts.calendar.compared_with(period)
    return found


def amounts_for_hazards(metrics: Iterable[Metric]) -> tuple[Sum, ...]:
    """What counts of customers who leave or join are put to: the customers at the start."""
    return (START,) if any(_by_start(metric) for metric in metrics) else ()


def _by_start(metric: Metric) -> bool:
    return metric.denominator is None and metric.length is Length.HAZARD


@dataclass(frozen=True)
class Compared:
    """What a comparison needs to know of a query: values, how many customers they rest on, and which periods may be judged."""

    question: Query
    facts: Facts
    periods: tuple[Period, ...]
    estimates: Mapping[Metric, Estimate]
    people: Mapping[Metric, Array]
    start: Estimate | None
    alike: Callable[[Metric, Sequence[Period]], npt.NDArray[np.intp]]
    """For each period a number, alike for those that may be compared, −1 where a period may not be judged."""


def compare(work: Compared) -> tuple[dict[Metric, Changes], dict[Metric, Changes]]:
    """Changes from the period before, and from a year earlier, with their verdicts; rows as the periods asked for."""
    calendar = work.facts.calendar
    before = [calendar.compared_with(period) for period in work.question.periods]
    year_earlier = [calendar.year_earlier(period) for period in work.question.periods]
    return _judged(work, before, False), _judged(work, year_earlier, True)


def _judged(work: Compared, before: Sequence[Period], year_earlier: bool) -> dict[Metric, Changes]:
    places = {period: number for number, period in enumerate(work.periods)}
    now, then = (
        np.array([places[period] for period in side], dtype=np.intp) for side in (work.question.periods, before)
    )
    pairs = Pairs(work.periods, now, then, bool(work.question.splits), year_earlier)
    marked = [epoch_day(event.day) for event in work.facts.events]
    found = {}
    for metric, one in work.estimates.items():
        alike = work.alike(metric, work.periods)
        comparable: Flags = (alike[now] >= 0) & (alike[now] == alike[then])
        history = History(work.facts.calendar, places, alike >= 0, marked)
        found[metric] = evidence(metric, one, work.people[metric], comparable, pairs, work.start, history)
    return verdicts(found, pairs.split)
