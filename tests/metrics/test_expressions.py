"""Every expression of the catalogue names columns that exist."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
import pytest

from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.measures import FACTS, Fact, Measure, Sum, Timing
from regulars.metrics.query import condition
from regulars.metrics.relations import bound, relation
from regulars.metrics.shapes import Grid, Metric, Quantile


@pytest.fixture(scope="module")
def one() -> TestShop:
    return shop(orders=[order(1, "ana", "2024-03-01")])


def measures(metric: Metric) -> Iterator[tuple[Measure, Timing]]:
    amounts: list[Sum | None] = [metric.numerator, metric.denominator, metric.rows, metric.customers]
    for amount in amounts:
        if amount is not None:
            yield from ((term.measure, term.timing) for term in amount.terms)
    if isinstance(metric, Quantile):
        yield Measure(metric.fact, metric.of, metric.where, metric.day), Timing.WITHIN


def rows_of(made: TestShop, fact: Fact, timing: Timing, grid: bool) -> ir.Table:
    """The fact's rows with the columns that a measure may use beside its own."""
    rows = relation(made.facts, fact, (), 365)
    if timing is Timing.WITHIN:
        rows = rows.mutate(period_start=ibis.literal(0), period_end=ibis.literal(1))
    return rows.mutate(age=ibis.literal(1), previous_age=ibis.literal(0)) if grid else rows


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_every_measure_binds_to_its_fact(one: TestShop, metric: Metric) -> None:
    for measure, timing in measures(metric):
        rows = rows_of(one, measure.fact, timing, isinstance(metric, Grid))
        assert rows[measure.day].type().is_integer()
        assert bound(rows, measure.of).type().is_numeric()
        if measure.where is not None:
            assert measure.where.resolve(rows).type().is_boolean()  # type: ignore[union-attr]


def words(fact: Fact) -> list[str]:
    return sorted({*fact.splits, *fact.filters})


@pytest.mark.parametrize(("fact", "word"), [(fact, word) for fact in FACTS for word in words(fact)], ids=str)
def test_every_word_of_a_fact_names_a_column(one: TestShop, fact: Fact, word: str) -> None:
    if word in fact.splits:
        assert fact.splits[word] in relation(one.facts, fact, (), 365, (fact.splits[word],)).columns
    number = word in ("units", "net_revenue", "order_number")
    filtered = relation(one.facts, fact, (condition(f"{word}={1 if number else 'x'}"),), 365)
    assert filtered.count().to_pyarrow().as_py() >= 0


def test_names_and_variants_are_those_of_metrics() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)
    assert {variant for metric in CATALOGUE for variant in metric.variants} <= set(names)
    assert [metric.name for metric in CATALOGUE if metric.name in metric.variants] == []
