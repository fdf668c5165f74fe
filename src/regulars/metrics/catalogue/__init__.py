"""Every metric, by theme, in the order in which a shop reads them."""

from __future__ import annotations

from difflib import get_close_matches

from regulars.metrics.catalogue.ahead import AHEAD
from regulars.metrics.catalogue.cohorts import COHORTS
from regulars.metrics.catalogue.retention import RETENTION
from regulars.metrics.catalogue.returns import RETURNED
from regulars.metrics.catalogue.value import VALUE
from regulars.metrics.shapes import Metric
from regulars.vocabulary.errors import UsageError

THEMES: dict[str, tuple[Metric, ...]] = {
    "Retention": RETENTION,
    "Cohorts": COHORTS,
    "Value and sales": VALUE,
    "Returns": RETURNED,
    "Forecast": AHEAD,
}

CATALOGUE: tuple[Metric, ...] = tuple(metric for theme in THEMES.values() for metric in theme)

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in CATALOGUE}


def named(name: str) -> Metric:
    """The metric of this name. Raises UsageError naming the closest ones."""
    found = BY_NAME.get(name.strip().lower().replace("-", "_").replace(" ", "_"))
    if found is None:
        close = get_close_matches(name, BY_NAME, n=3, cutoff=0.4)
        hint = f"Did you mean {', '.join(close)}?" if close else "`regulars metrics --list` shows all."
        raise UsageError(f"There is no metric {name!r}.", hint)
    return found
