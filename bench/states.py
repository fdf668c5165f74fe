"""Questions in a process that runs already, as a page or a notebook asks them; here: who is a customer, day by day.

The first answer is thrown away. Each further question has an active window one day longer than the one before: just as
large, but no answer that was kept can serve it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.measuring import Place, Stopwatch
from regulars.metrics.catalogue import BY_NAME, CATALOGUE
from regulars.metrics.query import Facts, Query, periods_of
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import State
from regulars.services.app import App
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.shop import Shop

STATES = tuple(metric.name for metric in CATALOGUE if isinstance(metric, State))


def by_day(place: Place, watch: Stopwatch, window: int, metric: str = "") -> None:
    """One metric of the state of customers, or all of them, for every day of the data."""
    names = (metric,) if metric else STATES
    with App(Shop.open(place.shop)).facts() as facts:
        days = periods_of(facts, Grain.DAY, None, None)
        question = Query(tuple(BY_NAME[name] for name in names), days, active_window=window)
        values = ask_warm(question, facts, watch)
    place.write_answers(f"states_{window}" + (f"_{metric}" if metric else ""), by_metric(values))


def ask_warm(question: Query, facts: Facts, watch: Stopwatch) -> Sequence[Value]:
    """Time a question after it was asked once, with what it answers forgotten: compiled queries stay. Returns its answer."""
    forgetful = replace(facts, version=None)
    values = run_query(question, forgetful)
    for _ in watch.runs():
        with watch.timing():
            run_query(question, forgetful)
    return values


def by_metric(values: Iterable[Value]) -> dict[str, dict[str, float | None]]:
    """metric -> "period" or "period|split value" -> value; what is no number is None."""
    found: dict[str, dict[str, float | None]] = {}
    for value in values:
        key = "|".join((value.period.label, *value.split.values()))
        number = None if value.value is None or math.isnan(value.value) else float(value.value)
        found.setdefault(value.metric.name, {})[key] = number
    return found
