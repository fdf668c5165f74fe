"""Parse the options of a query: metrics, periods, splits, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from regulars.metrics.catalogue import THEMES
from regulars.metrics.measures import FORECASTS
from regulars.metrics.query import (
    Condition,
    Facts,
    condition,
    for_columns,
    latest_complete,
    period_named,
    periods_of,
)
from regulars.metrics.shapes import Grid, Metric
from regulars.metrics.verdicts.compare import knows
from regulars.vocabulary.calendar import Grain, Period
from regulars.vocabulary.errors import ForecastRefused, UsageError
from regulars.vocabulary.shop import Settings


def by_theme(wanted: str | None) -> dict[str, tuple[Metric, ...]]:
    """Return the metrics by theme.

    Args:
        wanted: Start of a theme's name, in any case; None for all themes.

    Raises:
        UsageError: No theme has this name.
    """
    if wanted is None:
        return THEMES
    themes = {name: metrics for name, metrics in THEMES.items() if name.lower().startswith(wanted.strip().lower())}
    if not themes or not wanted.strip():
        raise UsageError(f"There is no theme {wanted!r}.", f"Choose one of: {', '.join(THEMES)}.")
    return themes


def without_grids(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return the metrics that are no cohort grids."""
    return tuple(metric for metric in metrics if not isinstance(metric, Grid))


def known_by(metrics: Iterable[Metric], splits: Sequence[str], conditions: Sequence[Condition]) -> tuple[Metric, ...]:
    """Return the metrics that know these splits and conditions, each as `answered_by` returns it."""
    answering = (answered_by(metric, splits, conditions) for metric in metrics)
    return tuple(metric for metric in answering if knows(metric, splits, conditions))


def answered_by(metric: Metric, splits: Sequence[str], conditions: Sequence[Condition]) -> Metric:
    """Return the metric, or its variant over order lines if a split or condition needs that, such as product."""
    return for_columns(metric, (*splits, *(condition.column for condition in conditions)))


def grain_named(name: str | None) -> Grain | None:
    """Return the grain of this name; None for None.

    Raises:
        UsageError: There is no such grain; the error names all.
    """
    if name is None:
        return None
    try:
        return Grain(str(name).strip().lower().replace("-", "_"))
    except ValueError:
        raise UsageError(f"There is no grain {name!r}.", f"Choose one of: {', '.join(Grain)}.") from None


def day_text(day: date | str | None) -> str | None:
    """Return a day as ISO 8601; text and None are returned unchanged."""
    return str(day.date() if isinstance(day, datetime) else day) if isinstance(day, date) else day


def day_named(day: date | str) -> date:
    """Return a day, or the day of a text such as 2011-10-31.

    Raises:
        UsageError: The text is no day.
    """
    try:
        return date.fromisoformat(day_text(day) or "")
    except ValueError:
        raise UsageError(f"{day!r} is no day.", "Write it like 2011-10-31.") from None


def listed(texts: str | Iterable[str] | None) -> list[str]:
    """Return one or several texts as a list."""
    return [texts] if isinstance(texts, str) else [*(texts or ())]


def splits_asked(texts: Sequence[str] | None) -> tuple[str, ...]:
    """Return the splits of all --split options; each may be a list with commas."""
    return tuple(part.strip() for text in texts or () for part in text.split(",") if part.strip())


def conditions(texts: Sequence[str] | None) -> tuple[Condition, ...]:
    """Return the conditions of all --where options.

    Raises:
        UsageError: A text is no condition.
    """
    return tuple(condition(text) for text in texts or ())


def window_asked(days: int | None, settings: Settings) -> int:
    """Return the active window in days: that of the option, by default that of the shop."""
    return settings.active_window if days is None else days


def waiting_for_a_forecast(metrics: Iterable[Metric], facts: Facts) -> tuple[Metric, ...]:
    """Return the metrics that have no value because no forecast is stored."""
    return tuple(metric for metric in metrics if metric.forecast and metric.forecast not in facts.forecasts)


def require_forecast(metrics: Sequence[Metric], facts: Facts) -> str:
    """Require a forecast if all of the metrics need one.

    Returns:
        A note if the latest forecast is stale; else empty.

    Raises:
        ForecastRefused: All of the metrics need a forecast, and none is stored.
    """
    kinds = dict.fromkeys(metric.forecast for metric in metrics)
    if not any(kind in ("", *facts.forecasts) for kind in kinds):
        what = "" if FORECASTS in kinds else "'s subscriptions"
        raise ForecastRefused(f"No forecast has been made of this shop{what} yet.", "Make one: regulars forecast")
    changes = dict.fromkeys(change for kind in kinds if kind in facts.forecasts for change in facts.stale(kind))
    if not changes:
        return ""
    return f"The latest forecast is stale: since it was made, {', '.join(changes)}. Make a new one: regulars forecast"


def periods_asked(
    facts: Facts,
    grain: Grain | None,
    since: str | None,
    until: str | None,
    period: str | None,
    *,
    metric: Metric,
    latest: bool,
) -> tuple[Period, ...]:
    """Return the periods of a query.

    Args:
        facts: Facts of the shop.
        grain: Length of the periods; months by default.
        since: First day.
        until: Last day.
        period: One period; with `grain`, the periods inside it.
        metric: The metric, whose tables determine the default.
        latest: Whether the default is the latest complete period, or for a snapshot metric that of the latest forecast.
            Otherwise it is all periods that the tables cover, or all since the first forecast.

    Raises:
        UsageError: The options contradict each other, or are no dates.
    """
    if period is not None:
        if since is not None or until is not None:
            raise UsageError("--period already says from when to when.", "Leave out --since and --until.")
        whole = period_named(facts, period, metric)
        if grain is None:
            return (whole,)
        return periods_of(facts, grain, whole.start, whole.end - timedelta(days=1), metric)
    made = facts.forecasts.get(metric.forecast) if metric.is_snapshot else None
    if made and grain is not Grain.ALL and since is None and until is None:
        return tuple(facts.calendar.periods(grain or Grain.MONTH, made[-1 if latest else 0].as_of, made[-1].as_of))
    if latest and since is None and until is None:
        return (latest_complete(facts, grain or Grain.MONTH, metric),)
    start = None if since is None else facts.calendar.parse(since).start
    last = None if until is None else facts.calendar.parse(until).end - timedelta(days=1)
    return periods_of(facts, grain or Grain.MONTH, start, last, metric)
