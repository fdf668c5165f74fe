"""Every metric, by theme, in the order in which a shop reads them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from regulars.metrics.catalogue.acquisition import ACQUISITION
from regulars.metrics.catalogue.cohorts import COHORTS
from regulars.metrics.catalogue.headlines import HEADLINES
from regulars.metrics.catalogue.medians_and_shares import SHOWN_BESIDE as SHOWN_BESIDE
from regulars.metrics.catalogue.predictions import AHEAD
from regulars.metrics.catalogue.repeat_purchases import REPEAT
from regulars.metrics.catalogue.requests_and_calls import SERVICE
from regulars.metrics.catalogue.response_times import RESPONSE_TIMES
from regulars.metrics.catalogue.retention import RETENTION
from regulars.metrics.catalogue.returned_goods import RETURNED
from regulars.metrics.catalogue.satisfaction import SATISFACTION
from regulars.metrics.catalogue.value import VALUE
from regulars.metrics.shapes import Metric, Nature
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.spelling import TYPO, words_of
from regulars.vocabulary.synonyms import metrics_meant, not_computed

_MOST = 3
"""Maximum number of metrics in a hint."""

THEMES: dict[str, tuple[Metric, ...]] = {
    "Retention": (*RETENTION, *REPEAT),
    "Cohorts": COHORTS,
    "Value and sales": VALUE,
    "Acquisition": ACQUISITION,
    "Returns": RETURNED,
    "Satisfaction": SATISFACTION,
    "Service": (*RESPONSE_TIMES, *SERVICE),
    "Forecast": AHEAD,
}

CATALOGUE: tuple[Metric, ...] = tuple(metric for theme in THEMES.values() for metric in theme)

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in CATALOGUE}


def check_groups(metrics: Mapping[str, Metric]) -> None:
    """Check that each metric's group is led by a metric of that name, and that headlines are flows that lead their groups.

    Raises:
        ValueError: A group has no leading metric, or a headline is no flow or leads no group.
    """
    for metric in metrics.values():
        lead = metrics.get(metric.group)
        if lead is None or lead.group != lead.name:
            raise ValueError(f"{metric.name}: {metric.group!r} is no group: no metric of that name leads one.")
        if metric.name in HEADLINES and (lead is not metric or metric.nature is not Nature.FLOW):
            raise ValueError(f"{metric.name}: a headline is a flow and leads its own group.")


check_groups({**BY_NAME, **{metric.name: metric for metric in SHOWN_BESIDE}})


def companions(metric: Metric) -> tuple[Metric, ...]:
    """Return what is shown beside a metric: the median and the largest customer's share of a mean that large amounts move."""
    return tuple(shown for shown in SHOWN_BESIDE if shown.group == metric.name)


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


def named(name: str) -> Metric:
    """Return the metric of this name.

    Raises:
        UsageError: There is none; the hint names metrics with a similar name or meaning.
    """
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    metric = BY_NAME.get(plain) or next((shown for shown in SHOWN_BESIDE if shown.name == plain), None)
    if metric is None:
        raise UsageError(f"There is no metric {name!r}.", _hint(name))
    return metric


def _hint(name: str) -> str:
    called = metrics_meant(name)
    known = [metric for metric in called if metric in BY_NAME]
    if what := not_computed(name) or (called and not known and called[0].replace("_", " ").capitalize()):
        return f"{what} is not among Regulars' metrics; `regulars metrics --list` shows all."
    words = set(words_of(name))
    related = [known_name for known_name in BY_NAME if words and words <= set(words_of(known_name))]
    slips = get_close_matches(name.lower(), BY_NAME, n=_MOST, cutoff=TYPO)
    meant = tuple(dict.fromkeys((*known, *slips, *related)))[:_MOST]
    return f"Did you mean {', '.join(meant)}?" if meant else "`regulars metrics --list` shows all."
