"""How a question is answered: a list of named steps, each a pure function of what the steps before it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from regulars.metrics.answer import Change, Value
from regulars.metrics.compare import changes
from regulars.metrics.compute.estimates import Estimate, estimate, estimate_quantile
from regulars.metrics.compute.grids import grid
from regulars.metrics.compute.quantiles import Histogram, histogram, kind
from regulars.metrics.compute.scope import Scope
from regulars.metrics.compute.sums import Sums, sums
from regulars.metrics.measures import Amount
from regulars.metrics.question import Facts, Question
from regulars.metrics.shapes import Grid, Interval, Metric, Quantile, Ripens
from regulars.vocabulary.calendar import Period, from_epoch_day
from regulars.vocabulary.units import Unit


@dataclass(frozen=True)
class Found:
    """A metric's estimates, with the groups and split words they stand for."""

    splits: tuple[str, ...]
    groups: list[tuple[str, ...]]
    estimate: Estimate
    finished: npt.NDArray[np.bool_] | None = None
    """Per cell, where a metric has its own idea of finished."""


@dataclass(frozen=True)
class Work:
    """What is known so far about a question."""

    question: Question
    facts: Facts
    periods: tuple[Period, ...] = ()
    scope: Scope | None = None
    sums: Sums | None = None
    people: dict[str, Amount] = field(default_factory=dict)
    """How many customers each metric rests on, where a comparison wants to know."""
    found: dict[str, Found] = field(default_factory=dict)
    changes: dict[str, dict[tuple[int, int], Change]] = field(default_factory=dict)
    values: tuple[Value, ...] = ()


def choose_periods(work: Work) -> Work:
    """The periods asked for, and those before them where a comparison is wanted."""
    asked = work.question.periods
    if not work.question.compare:
        return replace(work, periods=asked)
    before = (work.facts.calendar.before(period) for period in asked)
    return replace(work, periods=tuple(dict.fromkeys((*asked, *before))))


def choose_scope(work: Work) -> Work:
    """Keep sums apart by bucket only where an interval or a comparison needs it."""
    question = work.question
    bucketed = question.compare or any(metric.interval is Interval.JACKKNIFE for metric in question.metrics)
    scope = Scope(work.facts, work.periods, question.splits, question.where, question.active_window, bucketed)
    return replace(work, scope=scope)


def sum_up(work: Work) -> Work:
    """All sums that the metrics need, one query for each fact, timing and day column."""
    assert work.scope is not None
    amounts: list[Amount] = []
    people: dict[str, Amount] = {}
    for metric in work.question.metrics:
        if not isinstance(metric, Grid):
            amounts += [amount for amount in (metric.above, metric.below, metric.rows) if amount is not None]
            if work.question.compare:
                people[metric.name] = metric.people
    return replace(work, sums=sums([*amounts, *people.values()], work.scope), people=people)


def estimate_all(work: Work) -> Work:
    """From sums to values and intervals."""
    assert work.scope is not None
    assert work.sums is not None
    found: dict[str, Found] = {}
    histograms: dict[tuple[str, ...], Histogram] = {}
    for metric in work.question.metrics:
        if isinstance(metric, Grid):
            cells = grid(metric, work.scope)
            found[metric.name] = Found((*work.question.splits, "age"), cells.groups, cells.estimate, cells.finished)
            continue
        if isinstance(metric, Quantile):
            if kind(metric) not in histograms:
                histograms[kind(metric)] = histogram(metric, work.scope, work.sums.groups)
            result = estimate_quantile(metric, histograms[kind(metric)])
        else:
            result = estimate(metric, work.sums)
        found[metric.name] = Found(work.question.splits, work.sums.groups, result)
    return replace(work, found=found)


def compare_all(work: Work) -> Work:
    """Differences to the period before, and which of them are real."""
    if not work.question.compare:
        return work
    index = {period: number for number, period in enumerate(work.periods)}
    pairs = [(index[period], index[work.facts.calendar.before(period)]) for period in work.question.periods]
    known = {
        metric.name: np.array([_judged(work, metric, period) for period in work.periods])
        for metric in work.question.metrics
    }
    assert work.sums is not None
    people = {name: work.sums.of(amount).sum(axis=-1) for name, amount in work.people.items()}
    estimates = {name: work.found[name].estimate for name in people}
    return replace(work, changes=changes(estimates, people, pairs, known))


def label(work: Work) -> Work:
    """Values with everything that belongs to them."""
    index = {period: number for number, period in enumerate(work.periods)}
    values = tuple(
        value
        for metric in work.question.metrics
        for period in work.question.periods
        for value in _values(work, metric, period, index[period])
    )
    return replace(work, values=values)


STEPS: tuple[Callable[[Work], Work], ...] = (choose_periods, choose_scope, sum_up, estimate_all, compare_all, label)


def answer(question: Question, facts: Facts) -> tuple[Value, ...]:
    """The values of all metrics, by metric, period and split."""
    work = Work(question, facts)
    for step in STEPS:
        work = step(work)
    return work.values


def finished(facts: Facts, metric: Metric, period: Period) -> bool:
    """Whether all tables the metric needs cover the period to its end."""
    covered = facts.covered(metric)
    return covered is not None and (period.end - covered[1]).days <= 1


def ripe(facts: Facts, metric: Metric, period: Period, active_window: int) -> bool:
    """Whether late events that the metric waits for had time."""
    covered = facts.coverage.get("orders")
    if covered is None:
        return False
    if metric.ripens is Ripens.WINDOW_COVERED:
        return from_epoch_day(period.first - active_window) >= covered[0]
    if metric.ripens is Ripens.RETURN_WINDOW:
        return from_epoch_day(period.beyond + facts.return_window - 1) <= covered[1]
    return True


def _judged(work: Work, metric: Metric, period: Period) -> bool:
    covered = work.facts.covered(metric)
    if covered is None or period.start < covered[0]:
        return False
    return finished(work.facts, metric, period) and ripe(work.facts, metric, period, work.question.active_window)


def _values(work: Work, metric: Metric, period: Period, number: int) -> list[Value]:
    found = work.found[metric.name]
    e = found.estimate
    there = _there(work.facts, metric, period)
    comparable = there and work.question.compare and _there(work.facts, metric, work.facts.calendar.before(period))
    is_finished, is_ripe = (
        finished(work.facts, metric, period),
        ripe(work.facts, metric, period, work.question.active_window),
    )
    rows = []
    for group, values in enumerate(found.groups):
        cell = (number, group)
        if isinstance(metric, Grid) and not e.n[cell]:
            continue
        rows.append(
            Value(
                metric=metric,
                period=period,
                finished=is_finished if found.finished is None else bool(found.finished[cell]),
                ripe=is_ripe,
                split=dict(zip(found.splits, values, strict=True)),
                value=_number(e.value[cell]) if there else None,
                low=_number(e.low[cell]) if there else None,
                high=_number(e.high[cell]) if there else None,
                n=int(e.n[cell]) if there else 0,
                numerator=_number(e.numerator[cell]) if there else None,
                denominator=_number(e.denominator[cell]) if there and e.denominator is not None else None,
                currency=work.facts.currency if metric.unit is Unit.MONEY else None,
                timezone=work.facts.calendar.timezone,
                change=work.changes.get(metric.name, {}).get(cell) if comparable else None,
            )
        )
    return rows


def _there(facts: Facts, metric: Metric, period: Period) -> bool:
    """Whether the data cover any day of the period."""
    covered = facts.covered(metric)
    return covered is not None and period.start <= covered[1] and period.end > covered[0]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
