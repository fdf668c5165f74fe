"""From what was typed to what is asked: metrics, periods, splits, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from regulars.metrics.catalogue import THEMES
from regulars.metrics.measures import Fact
from regulars.metrics.question import Condition, Facts, condition, latest_finished, period_named, periods_of
from regulars.metrics.shapes import Grid, Metric
from regulars.vocabulary.calendar import Grain, Period
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import Settings


def by_theme(wanted: str | None) -> dict[str, tuple[Metric, ...]]:
    """The metrics of one theme, named by its beginning, or of all. Raises UsageError."""
    if wanted is None:
        return THEMES
    found = {name: metrics for name, metrics in THEMES.items() if name.lower().startswith(wanted.strip().lower())}
    if not found or not wanted.strip():
        raise UsageError(f"There is no theme {wanted!r}.", f"Choose one of: {', '.join(THEMES)}.")
    return found


def without_grids(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Those that have one value for a period."""
    return tuple(metric for metric in metrics if not isinstance(metric, Grid))


def known_by(metrics: Iterable[Metric], splits: Sequence[str], conditions: Sequence[Condition]) -> tuple[Metric, ...]:
    """The metrics that can be split, and narrowed down, like this."""
    return tuple(
        metric
        for metric in metrics
        if all(split in fact.splits for fact in metric.above.facts for split in splits)
        and all(_filters(fact, one.column) for fact in (*metric.facts, *metric.people.facts) for one in conditions)
    )


def _filters(fact: Fact, column: str) -> bool:
    return column in fact.filters or column in fact.splits


def splits_asked(given: Sequence[str] | None) -> tuple[str, ...]:
    """--split may be repeated, or hold a list with commas."""
    return tuple(part.strip() for text in given or () for part in text.split(",") if part.strip())


def conditions(given: Sequence[str] | None) -> tuple[Condition, ...]:
    """The conditions of all --where. Raises UsageError."""
    return tuple(condition(text) for text in given or ())


def window_asked(given: int | None, settings: Settings) -> int:
    """The active window asked for, else the shop's."""
    return settings.active_window if given is None else given


def periods_asked(
    facts: Facts, grain: Grain | None, since: str | None, until: str | None, period: str | None, *, latest: bool
) -> tuple[Period, ...]:
    """The periods asked for; where none are, the latest finished one (`latest`), or all that the data cover.

    Raises UsageError where the options contradict each other or are no dates.
    """
    if period is not None:
        if since is not None or until is not None:
            raise UsageError("--period already says from when to when.", "Leave out --since and --until.")
        whole = period_named(facts, period)
        if grain is None:
            return (whole,)
        return periods_of(facts, grain, whole.start, whole.end - timedelta(days=1))
    if latest and since is None and until is None:
        return (latest_finished(facts, grain or Grain.MONTH),)
    start = None if since is None else facts.calendar.parse(since).start
    last = None if until is None else facts.calendar.parse(until).end - timedelta(days=1)
    return periods_of(facts, grain or Grain.MONTH, start, last)
