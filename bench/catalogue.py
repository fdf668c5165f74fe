"""The catalogue by month with one split, asked in a process that runs already."""

from __future__ import annotations

import shutil
from dataclasses import replace

from bench.measuring import Place, Stopwatch
from bench.peers.answers import COHORTS, METRICS
from bench.states import ask_warm, by_metric
from regulars.metrics.catalogue import BY_NAME, CATALOGUE, SHOWN_BESIDE
from regulars.metrics.query import Facts, Query, periods_of
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid, Metric
from regulars.services.app import App
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.shop import Shop

SPLIT = "country"


def by_month(place: Place, watch: Stopwatch) -> None:
    """Every metric that has one value for a period and knows the split."""
    with App(Shop.open(place.shop)).facts() as facts:
        ask_warm(_question(facts), facts, watch)


def beside(place: Place, watch: Stopwatch) -> None:
    """The medians and largest shares that are shown beside means, computed by the question before those that are timed."""
    with App(Shop.open(place.shop)).facts() as facts:
        ask_warm(_of_beside(facts), facts, watch)


def beside_first(place: Place, watch: Stopwatch) -> None:
    """The same where nothing is kept of them."""
    app = App(Shop.open(place.shop))
    for _ in watch.runs():
        shutil.rmtree(app.shop.warehouse / "cache", ignore_errors=True)
        with app.facts() as facts:
            question, forgetful = _of_beside(facts), replace(facts, version=None)
            with watch.timing():
                run_query(question, forgetful)


def again(place: Place, watch: Stopwatch) -> None:
    """The very same question once more: what keeping an answer saves."""
    with App(Shop.open(place.shop)).facts() as facts:
        question = _question(facts)
        run_query(question, facts)
        for _ in watch.runs():
            with watch.timing():
                run_query(question, facts)


def like_peers(place: Place, watch: Stopwatch) -> None:
    """Exactly the metrics that pandas and polars are asked for, cohorts included."""
    with App(Shop.open(place.shop)).facts() as facts:
        months = periods_of(facts, Grain.MONTH, None, None)
        split = Query(tuple(BY_NAME[name] for name in METRICS), months, (SPLIT,))
        cohorts = Query(tuple(BY_NAME[name] for name in COHORTS), months)
        forgetful = replace(facts, version=None)
        found = by_metric(run_query(split, forgetful)) | by_metric(run_query(cohorts, forgetful))
        for _ in watch.runs():
            with watch.timing():
                run_query(split, forgetful)
                run_query(cohorts, forgetful)
    place.write_answers("like_peers", found)


def one_metric(place: Place, watch: Stopwatch, metric: str) -> None:
    """One metric by month, without a split."""
    with App(Shop.open(place.shop)).facts() as facts:
        question = Query((BY_NAME[metric],), periods_of(facts, Grain.MONTH, None, None))
        values = ask_warm(question, facts, watch)
    place.write_answers(metric, by_metric(values))


def _question(facts: Facts) -> Query:
    return Query(_split_by(SPLIT), periods_of(facts, Grain.MONTH, None, None), (SPLIT,))


def _of_beside(facts: Facts) -> Query:
    return Query(SHOWN_BESIDE, periods_of(facts, Grain.MONTH, None, None), (SPLIT,))


def _split_by(split: str) -> tuple[Metric, ...]:
    return tuple(metric for metric in CATALOGUE if not isinstance(metric, Grid) and split in metric.splits)
