"""Every metric asked on DuckDB and on PostgreSQL: counts and money are the same to the last digit, ratios to 1e-9."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, timedelta
from math import isclose
from typing import Any

import pytest

from conformance.engines import Both, Engines
from conformance.shops import ODD, PLAIN
from regulars.metrics.catalogue import CATALOGUE, SHOWN_BESIDE
from regulars.metrics.customers.drill_down import rows
from regulars.metrics.customers.segments import SEGMENTS, members, sizes
from regulars.metrics.query import Facts, Query, condition, for_columns, periods_of
from regulars.metrics.query_result import Change, Value
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid, Interval, Metric, Quantile
from regulars.metrics.window import suggest
from regulars.vocabulary.calendar import Grain, Period

WINDOW = 90
"""Shorter than a quarter and longer than a month: both ways to find who was lost are taken."""
EXACT = ("numerator", "denominator", "n", "complete", "mature", "currency", "timezone")
CLOSE = ("value", "low", "high")
COARSE = tuple(grain for grain in Grain if grain is not Grain.DAY)
FEW = (Grain.MONTH, Grain.YEAR)
"""A grain shorter than WINDOW and one longer. The others are asked with every metric, by themselves."""
SPLITS = sorted({split for metric in CATALOGUE for split in metric.splits})
PAIRS = (
    ("country", "channel"), ("coupon", "product"), ("customer_city", "customer_language"), ("source", "currency"),
    ("customer_country", "customer_channel"), ("product", "category"), ("reason", "category"),
    ("plan", "source"), ("first_country", "first_channel"), ("first_coupon", "first_product"),
    ("survey", "stage"), ("aspect", "scale"), ("agent", "topic"), ("queue", "source"), ("campaign", "source"),
)  # fmt: skip
"""Together they hold every split."""
FILTERS = (
    "country=DE,unknown", "country!=GB,unknown", "country>=G", "channel<b", "coupon!=unknown", "currency!=GBP",
    "source=regulars", "product=Tea", "units>=2", "units=1,3", "net_revenue>50.005", "net_revenue<=0",
    "order_number=1,2", "order_number>1", "first_channel=ads,email", "first_country!=GB", "first_coupon=unknown",
    "first_product>M", "plan!=none", "customer_country=GB", "customer_city!=unknown", "customer_language=en,de",
    "customer_channel>=organic", "category=Clothes", "reason=late,Late",
)  # fmt: skip
CROSSED = ("country!=GB,unknown", "channel<b", "units>=2", "customer_country=GB")
"""One of each kind of column and comparison."""
STRIDE = 23
DAYS = frozenset(
    first + timedelta(number)
    for first, length in ((date(2025, 3, 1), 31), (date(2025, 10, 20), 73))
    for number in range(length)
)
"""Those around changes of the clocks, to the last day of the shop: most rows by hand are of these."""


def periods(facts: Facts, *grains: Grain) -> tuple[Period, ...]:
    return tuple(dict.fromkeys(period for grain in grains for period in periods_of(facts, grain, None, None)))


def knowing(splits: Iterable[str], where: Iterable[str] = (), of: Iterable[Metric] = CATALOGUE) -> tuple[Metric, ...]:
    """The metrics that know these splits and can be filtered so."""
    columns = {condition(text).column for text in where}
    splits = tuple(splits)
    return tuple(
        metric
        for metric in (for_columns(one, (*splits, *columns)) for one in of)
        if {*splits} <= {*metric.splits}
        and not columns & {*getattr(metric, "different_splits", ())}
        and all(columns <= {*fact.splits, *fact.filters} for fact in (*metric.facts, *metric.sample_size.facts))
    )


def same(here: float | None, there: float | None) -> bool:
    if here is None or there is None:
        return here is there
    return isclose(here, there, rel_tol=1e-9, abs_tol=1e-12)


def differences(here: Value, there: Value) -> list[str]:
    """Names of what differs between two values of one metric, period and split."""
    found = [name for name in EXACT if getattr(here, name) != getattr(there, name)]
    found += [name for name in CLOSE if not same(getattr(here, name), getattr(there, name))]
    return [*found, *differences_of("change", here.change, there.change),
            *differences_of("year_earlier", here.year_earlier, there.year_earlier)]  # fmt: skip


def differences_of(name: str, here: Change | None, there: Change | None) -> list[str]:
    """Names of what differs between two changes."""
    if here is None or there is None:
        return [] if here is there else [name]
    numbers = ("before", "difference", "low", "high")
    found = [f"{name}.{field}" for field in numbers if not same(getattr(here, field), getattr(there, field))]
    exact = [field.name for field in fields(Change) if field.name not in numbers]
    return found + [f"{name}.{field}" for field in exact if getattr(here, field) != getattr(there, field)]


def compared(here: Iterable[Value], there: Iterable[Value]) -> list[str]:
    """What differs between two answers, in words; empty where they agree."""

    def named(values: Iterable[Value]) -> dict[tuple[Any, ...], Value]:
        return {(v.metric.name, v.period.label, v.period.start, tuple(v.split.items())): v for v in values}

    one, other = named(here), named(there)
    found = [f"{name} is on one engine only" for name in one.keys() ^ other.keys()]
    return found + [
        f"{name}: {what}" for name in one.keys() & other.keys() for what in differences(one[name], other[name])
    ]


def disagreements(
    engines: Engines,
    metrics: tuple[Metric, ...],
    grains: Iterable[Grain],
    splits: tuple[str, ...] = (),
    where: tuple[str, ...] = (),
    compare: bool = True,
) -> list[str]:
    """The first few differences between what the two engines answer. Fails where there is nothing to compare."""
    return disagreements_over(engines, metrics, periods(engines.on_duckdb, *grains), splits, where, compare)


def disagreements_over(
    engines: Engines,
    metrics: tuple[Metric, ...],
    asked_for: tuple[Period, ...],
    splits: tuple[str, ...] = (),
    where: tuple[str, ...] = (),
    compare: bool = True,
) -> list[str]:
    """As `disagreements`, over these periods."""
    asked = Query(metrics, asked_for, splits, tuple(condition(text) for text in where), WINDOW, compare)
    here = run_query(asked, engines.on_duckdb)
    assert any(value.value is not None for value in here)
    return compared(here, run_query(asked, engines.on_postgres))[:5]


@pytest.mark.parametrize(
    "grains", [FEW, pytest.param(COARSE, marks=pytest.mark.slow)], ids=["few grains", "every grain"]
)
def test_every_metric_by_every_grain_but_days(both: Both, grains: tuple[Grain, ...]) -> None:
    assert disagreements(both(PLAIN), (*CATALOGUE, *SHOWN_BESIDE), grains) == []


def test_metrics_by_day(both: Both) -> None:
    """Those without a cohort or quantile; all of them are asked by the slow tests."""
    metrics = tuple(metric for metric in CATALOGUE if not isinstance(metric, Grid | Quantile))
    assert disagreements(both(PLAIN), metrics, [Grain.DAY], compare=False) == []


def test_metrics_that_need_no_buckets(both: Both) -> None:
    metrics = tuple(metric for metric in CATALOGUE if metric.interval is not Interval.JACKKNIFE)
    assert disagreements(both(ODD), metrics, [Grain.MONTH, Grain.YEAR], compare=False) == []


QUICK = (("country", "channel"), ("source", "currency"), ("product", "category"), ("reason", "category"))


@pytest.mark.parametrize("pair", QUICK, ids=" and ".join)
def test_metrics_split(both: Both, pair: tuple[str, str]) -> None:
    assert disagreements(both(PLAIN), knowing(pair), [Grain.YEAR], pair) == []


@pytest.mark.parametrize("number", range(len(FILTERS)), ids=FILTERS.__getitem__)
def test_metrics_filtered(both: Both, number: int) -> None:
    """Each filter with two metrics or three that know it, each metric by some filter."""
    where = (FILTERS[number],)
    metrics = knowing((), where)
    few = metrics[number::STRIDE] or metrics[:2]
    assert disagreements(both(PLAIN), few, [Grain.QUARTER], where=where, compare=False) == []


def test_the_customers_behind_metrics(both: Both) -> None:
    _same_customers(both(PLAIN), CATALOGUE[3::8])


def _same_customers(engines: Engines, metrics: Iterable[Metric]) -> None:
    period = engines.on_duckdb.calendar.parse("2025-Q4")
    for metric in metrics:
        here, there = (rows(metric, period, facts, (), WINDOW) for facts in (engines.on_duckdb, engines.on_postgres))
        # As text: what is not known is NaN here, which equals nothing, itself included.
        assert sorted(map(repr, here)) == sorted(map(repr, there)), metric.name


def test_the_window_proposed(both: Both) -> None:
    engines = both(PLAIN)
    assert suggest(engines.on_duckdb) == suggest(engines.on_postgres)
    assert suggest(engines.on_duckdb).window is not None


def test_a_difference_of_the_last_digit_is_found(both: Both) -> None:
    engines = both(PLAIN)
    net_revenue = tuple(metric for metric in CATALOGUE if metric.name == "net_revenue")
    assert disagreements(engines, net_revenue, [Grain.ALL], compare=False) == []
    with engines.postgres.transaction(force_rollback=True):
        engines.postgres.execute("UPDATE facts.orders SET net_revenue = net_revenue + 0.0001 WHERE order_id = 'b10'")
        (found,) = disagreements(engines, net_revenue, [Grain.ALL], compare=False)
    assert found.endswith("numerator")


def test_every_metric_has_a_value_to_compare(both: Both) -> None:
    facts = both(PLAIN).on_duckdb
    found = run_query(Query(CATALOGUE, periods(facts, Grain.MONTH), active_window=WINDOW), facts)
    known = {value.metric.name for value in found if value.value is not None}
    assert known == {metric.name for metric in CATALOGUE}


def test_segments_are_the_same(both: Both) -> None:
    engines = both(PLAIN)
    for where in ((), (condition("first_country!=GB"),), (condition("customer_country=GB"),)):
        here, there = (sizes(facts, where) for facts in (engines.on_duckdb, engines.on_postgres))
        assert [one.customers for one in here] == [one.customers for one in there] != [0, 0, 0]
        assert all(same(one.value, other.value) for one, other in zip(here, there, strict=True))
        for segment in SEGMENTS:
            assert members(segment, engines.on_duckdb, where) == members(segment, engines.on_postgres, where)


# From here on: every grain with every split with filters of every kind, and each filter, pair of splits and metric by itself.
GRAINS = pytest.mark.parametrize(
    "grains", [FEW, pytest.param(COARSE, marks=pytest.mark.exhaustive)], ids=["few grains", "every grain"]
)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("where", ["", *CROSSED])
@pytest.mark.parametrize("split", ["", *SPLITS])
def test_every_metric_by_every_split_and_filter(both: Both, split: str, where: str) -> None:
    splits, conditions = tuple(filter(None, [split])), tuple(filter(None, [where]))
    metrics = knowing(splits, conditions)
    if not metrics:
        pytest.skip("no metric knows both")
    assert disagreements(both(ODD), metrics, COARSE, splits, conditions) == []
    if not (splits and conditions):
        assert disagreements(both(ODD), metrics, COARSE, splits, conditions, compare=False) == []


@pytest.mark.slow
@GRAINS
@pytest.mark.parametrize("where", FILTERS)
def test_every_metric_filtered(both: Both, where: str, grains: tuple[Grain, ...]) -> None:
    assert disagreements(both(PLAIN), knowing((), [where]), grains, where=(where,)) == []


@pytest.mark.slow
@GRAINS
@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_every_metric_split_by_two(both: Both, pair: tuple[str, str], grains: tuple[Grain, ...]) -> None:
    assert {split for splits in PAIRS for split in splits} == {*SPLITS}
    assert disagreements(both(PLAIN), knowing(pair), grains, pair) == []


@pytest.mark.slow
@pytest.mark.parametrize("split", ["", *SPLITS])
def test_every_metric_by_day(both: Both, split: str) -> None:
    """With a split, DAYS only."""
    engines, splits = both(ODD), tuple(filter(None, [split]))
    days = periods(engines.on_duckdb, Grain.DAY)
    if split:
        days = tuple(day for day in days if day.start in DAYS)
        assert len(days) == len(DAYS)
    assert disagreements_over(engines, knowing(splits), days, splits) == []


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS)
def test_every_metric_by_each_day_and_split(both: Both, split: str) -> None:
    assert disagreements(both(ODD), knowing([split]), [Grain.DAY], (split,)) == []


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_every_metric_alone_with_its_customers(both: Both, metric: Metric) -> None:
    for compare in (True, False):
        assert disagreements(both(PLAIN), (metric,), [Grain.MONTH, Grain.YEAR], compare=compare) == []
    _same_customers(both(PLAIN), [metric])
