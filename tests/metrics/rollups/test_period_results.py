"""Results of quantiles and largest shares are computed when they are first asked for, and say what rows say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from metrics.rollups.shop_of_rollups import ALL, SETTINGS, shop_of, tables, told, without_rollups
from metrics.shops import TestShop, shop
from regulars.metrics.catalogue import CATALOGUE, SHOWN_BESIDE, named
from regulars.metrics.compute.plan import Source
from regulars.metrics.measures import Timing
from regulars.metrics.query import Facts, Query, periods_of
from regulars.metrics.rollups.kinds import period_results
from regulars.metrics.rollups.refresh import refresh
from regulars.metrics.run_query import planned, run_query
from regulars.metrics.shapes import LargestShare, Metric, Quantile
from regulars.vocabulary.calendar import Grain

OF_VALUES = tuple(metric for metric in (*CATALOGUE, *SHOWN_BESIDE) if isinstance(metric, Quantile | LargestShare))
OF_MONEY = tuple(metric for metric in OF_VALUES if metric.of_money)


@pytest.fixture(scope="module")
def made() -> TestShop:
    return shop_of(1)


def asked_of(facts: Facts, metrics: tuple[Metric, ...], grain: Grain, column: str) -> Query:
    """About all periods of a grain, split by a column of the fact; by none where it is empty."""
    known = {column: word for word, column in metrics[0].numerator.facts[0].splits.items()}
    splits = (known[column],) if column else ()
    return Query(metrics, periods_of(facts, grain, None, None), splits, active_window=365)


@pytest.mark.parametrize("column", ["", "first_country", "first_channel"])
@pytest.mark.parametrize("grain", [*Grain][:-1])
@pytest.mark.parametrize("metric", OF_VALUES, ids=lambda metric: metric.name)
def test_what_was_asked_once_needs_no_rows(made: TestShop, metric: Metric, grain: Grain, column: str) -> None:
    facts = replace(made.facts, version=None)  # so that no answer is remembered
    question = asked_of(facts, (metric,), grain, column)
    rows = told(question, without_rollups(facts))
    for _ in range(2):  # computed, then read
        assert told(question, facts) == rows
    (values,) = {step for step in planned(question, facts) if not step.terms}
    if metric.timing is not Timing.WITHIN and grain in (Grain.DAY, Grain.WEEK):
        assert values.why_not_smaller.endswith("are kept for months, quarters and years only")
        return
    own_columns = {name for name, *_ in made.con.execute(f"DESCRIBE facts.{metric.fact.table}").fetchall()}
    if column and column not in own_columns:
        assert values.source is Source.ROWS, "attributes of the person are joined to the rows"
        return
    assert values.source is Source.ROLLUP
    assert values.about == ", ".join(
        filter(None, [f"results by {grain.value}", column, "bucket of customers; from the cache"])
    )
    assert values.kept is not None
    (size,) = made.con.execute(f"SELECT count(*) FROM {values.kept.relation}").fetchall()
    assert size == (values.rows,)


def test_before_that_it_says_so() -> None:
    facts = shop_of(2).facts
    question = asked_of(facts, (named("average_order_value_median"),), Grain.MONTH, "country")
    (values,) = {step for step in planned(question, facts) if not step.terms}
    assert (
        values.why_not_smaller == "it needs every value: results by country are computed when they are first asked for"
    )


def test_results_of_many_rows_are_found_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulars.metrics.rollups.kinds.period_results._AT_ONCE", 7)
    monkeypatch.setattr("regulars.metrics.inference.value_counts._ROWS_AT_ONCE", 7)
    facts = shop_of(1).facts
    for column in ("", "first_country"):
        for metric in OF_VALUES:
            question = asked_of(facts, (metric,), Grain.MONTH, column)
            assert told(question, facts) == told(question, without_rollups(facts))


def test_results_that_are_not_small_are_not_kept_and_not_tried_again() -> None:
    facts = replace(shop_of(1, replace(ALL, small=1)).facts, version=None)
    question = asked_of(facts, OF_MONEY, Grain.MONTH, "")
    assert told(question, facts) == told(question, without_rollups(facts))
    steps = [step for step in planned(question, facts) if not step.terms]
    assert {step.source for step in steps} == {Source.ROWS}
    assert {step.why_not_smaller[-37:] for step in steps} == {" not small against the 60 of the fact"}


def test_a_file_that_is_damaged_meanwhile_is_not_read() -> None:
    """Between the decision to read it and reading it: rows answer, and the next question computes it again."""
    facts = replace(shop_of(3).facts, version=None)
    question = asked_of(facts, OF_MONEY[:1], Grain.QUARTER, "")
    expected = told(question, facts)
    (kept,) = {step.kept for step in planned(question, facts) if step.kept is not None and step.kept.file}
    Path(kept.file).write_bytes(b"no Parquet")
    assert told(question, facts) == expected
    assert not Path(kept.file).exists()
    assert told(question, facts) == expected
    assert Path(kept.file).exists()


def test_every_kind_of_values_has_its_own_results() -> None:
    names = [period_results.family(metric, Grain.MONTH) for metric in OF_VALUES]
    kinds = {metric.kind for metric in OF_VALUES}
    assert len({*names}) == len(kinds) >= 3
    assert all(map(period_results.is_family, names))


@pytest.mark.parametrize("column", ["", "first_country"])
@pytest.mark.parametrize("metric", OF_VALUES, ids=lambda metric: metric.name)
def test_months_without_orders_and_before_and_after_all(metric: Metric, column: str) -> None:
    """What customers have come to by then stands with the months in which it changed."""
    rows = tables(4)
    for row in rows["orders"]:
        if row["ordered_at"].month in (1, 2):
            row["ordered_at"] = row["ordered_at"].replace(year=2023, month=11, day=9)
    made = replace(shop(SETTINGS, **rows), rule=ALL)
    refresh(made.con, SETTINGS, rule=ALL)
    facts = made.facts
    months = [date(year, month, 1) for year in (2022, 2023, 2024, 2025) for month in range(1, 13)]
    every = tuple(SETTINGS.calendar.period_of(month, Grain.MONTH) for month in months)
    for periods in (every, every[14:15], every[24:26], every[25:27], every[40:]):
        question = replace(asked_of(facts, (metric,), Grain.MONTH, column), periods=periods)
        assert told(question, facts) == told(question, without_rollups(facts))


def test_a_metric_of_somebody_s_own_is_answered_from_rows(made: TestShop) -> None:
    """Only what the catalogue asks for is kept."""
    own = replace(named("average_order_value_median"), q=0.25)  # type: ignore[type-var]
    facts = made.facts
    question = asked_of(facts, (own,), Grain.MONTH, "")
    assert told(question, facts) == told(question, without_rollups(facts))
    (values,) = {step for step in planned(question, facts) if not step.terms}
    assert (values.source, values.why_not_smaller) == (
        Source.ROWS,
        "it needs every value: its definition is not among what is kept",
    )


def test_results_are_computed_once_for_all_metrics_of_the_same_values() -> None:
    facts = shop_of(1).facts
    first, *others = (one for one in OF_VALUES if one.kind == named("average_revenue_per_customer_median").kind)
    run_query(asked_of(facts, (first,), Grain.WEEK, "first_country"), facts)
    assert len(others) == 2
    for metric in others:
        question = asked_of(facts, (metric,), Grain.WEEK, "first_country")
        assert {step.source for step in planned(question, facts) if not step.terms} == {Source.ROLLUP}
