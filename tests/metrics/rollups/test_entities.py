"""Counts of distinct entities under conditions, and sums over each one's last row: sums that are kept say what rows say.

Measures that the catalogue does not have (yet) are put beside it: several of one family, with conditions, and of last rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metrics.rollups.shop_of_rollups import ALL, SETTINGS, tables, without_rollups
from metrics.rollups.test_rollups import CHANGED, changed, replaced
from metrics.shops import TestShop, shop
from properties import few
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.compute.plan import Source, plan
from regulars.metrics.compute.sums import sums
from regulars.metrics.deferred import _
from regulars.metrics.measures import LINES, RETURNS, Sum, within
from regulars.metrics.query import condition, periods_of
from regulars.metrics.relations import MONEY_SCALE
from regulars.metrics.rollups import rollup_tables
from regulars.metrics.rollups.refresh import refresh
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Length, Nature, Quotient
from regulars.vocabulary.calendar import Grain, from_epoch_day
from regulars.vocabulary.units import Unit
from regulars.warehouse.fact_table import BUCKETS, FactTable
from regulars.warehouse.facts import FACT_TABLES

MEASURES: dict[str, Sum] = {
    "who gave small things back": within(RETURNS, distinct="person", where=_.reason == "small"),
    "who gave back": within(RETURNS, distinct="person"),
    "who bought two pieces or more": within(LINES, distinct="person", where=_.quantity >= 2),
    "pieces of the last line": within(LINES, _.quantity, latest="person"),
    "pieces of the last line of two or more": within(LINES, _.quantity, _.quantity >= 2, latest="person"),
    "revenue of the last line": within(LINES, _.net_revenue, latest="person"),
    "rows that are somebody's last": within(RETURNS, latest="person"),
}
CLEARED: tuple[Callable[..., Any], ...] = (
    rollup_tables.entity_measures,
    rollup_tables.additive_measures,
    rollup_tables.all_rollup_tables,
)


@pytest.fixture(autouse=True)
def _asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue with MEASURES."""
    more = tuple(
        Quotient(
            name=f"test_{place}", title=name, question="", formula="", group=f"test_{place}", nature=Nature.FLOW,
            length=Length.NONE, unit=Unit.PER_CUSTOMER, example=CATALOGUE[0].example, of=amount,
            per=within(amount.facts[0], distinct="person"),
        )
        for place, (name, amount) in enumerate(MEASURES.items())
    )  # fmt: skip
    monkeypatch.setattr(rollup_tables, "CATALOGUE", (*CATALOGUE, *more))
    for function in CLEARED:
        function.cache_clear()  # type: ignore[attr-defined]
    yield
    for function in CLEARED:
        function.cache_clear()  # type: ignore[attr-defined]


def scope_of(made: TestShop, grain: Grain, split: str, where: str, rollups: bool, bucketed: bool) -> Scope:
    facts = made.facts if rollups else without_rollups(made.facts)
    asked = (condition(where),) if where else ()
    return Scope(facts, periods_of(facts, grain, None, None), (split,) if split else (), asked, 40, bucketed)


def found(made: TestShop, amount: Sum, *of_scope: Any) -> dict[tuple[str, ...], Any]:
    told = sums([amount], scope_of(made, *of_scope))
    values = told.of(amount) / (MONEY_SCALE if told.is_money(amount) else 1)
    return {group: values[:, place].tolist() for place, group in enumerate(told.groups) if values[:, place].any()}


SHOP = tables(4)


@pytest.fixture(scope="module")
def made() -> TestShop:
    return replace(shop(SETTINGS, **SHOP), rule=ALL)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(
    ("grain", "split", "where"),
    [
        (Grain.MONTH, "", ""),
        (Grain.QUARTER, "product", ""),
        (Grain.MONTH, "", "country=DE"),
        (Grain.DAY, "country", ""),
    ],
)
def test_kept_sums_say_what_rows_say(made: TestShop, name: str, grain: Grain, split: str, where: str) -> None:
    refresh(made.con, SETTINGS, rule=ALL)
    amount = MEASURES[name]
    for bucketed in (True, False):
        rows = found(made, amount, grain, split, where, False, bucketed)
        assert rows
        assert found(made, amount, grain, split, where, True, bucketed) == rows
    scope = scope_of(made, grain, split, where, True, True)
    sums([amount], scope)  # builds what no load stores
    (step,) = plan(amount.terms, scope)
    assert step.source is (Source.ROWS if grain is Grain.DAY else Source.ROLLUP)


@pytest.mark.parametrize("name", ["who gave small things back", "who bought two pieces or more"])
def test_a_count_under_a_condition_is_that_of_a_set(made: TestShop, name: str) -> None:
    (measure,) = (term.measure for term in MEASURES[name].terms)
    chosen = "reason = 'small'" if measure.fact is RETURNS else "quantity >= 2"
    counted: dict[str, set[int]] = defaultdict(set)
    rows = made.con.execute(f"SELECT day, person FROM facts.{measure.fact.table} WHERE {chosen} AND person IS NOT NULL")
    for day, person in rows.fetchall():
        counted[str(from_epoch_day(day))[:7]].add(person)
    scope = scope_of(made, Grain.MONTH, "", "", False, False)
    values = sums([MEASURES[name]], scope).of(MEASURES[name])[:, 0, 0]
    assert {p.label: int(v) for p, v in zip(scope.periods, values, strict=True) if v} == {
        month: len(people) for month, people in counted.items()
    }


@pytest.mark.parametrize("where", ["", "product=p"])
def test_the_last_row_is_chosen_among_those_that_meet_the_conditions(made: TestShop, where: str) -> None:
    last: dict[tuple[str, int], tuple[Any, ...]] = {}
    guests: dict[str, int] = defaultdict(int)
    rows = made.con.execute(
        "SELECT day, person, quantity, order_id, line_id FROM facts.lines" + (" WHERE product = 'p'" if where else "")
    ).fetchall()
    for day, person, quantity, order_id, line_id in rows:
        month = str(from_epoch_day(day))[:7]
        if person is None:
            guests[month] += quantity
        else:
            last[month, person] = max(last.get((month, person), (-1,)), (day, order_id, line_id, quantity))
    expected = defaultdict(int, guests)
    for (month, _person), row in last.items():
        expected[month] += row[3]
    scope = scope_of(made, Grain.MONTH, "", where, False, False)
    amount = MEASURES["pieces of the last line"]
    values = sums([amount], scope).of(amount)[:, 0, 0]
    assert {p.label: int(v) for p, v in zip(scope.periods, values, strict=True) if v} == {
        label: number for label, number in expected.items() if number
    }


@pytest.mark.parametrize("fact", [one for one in FACT_TABLES if one.entities], ids=lambda one: one.name)
def test_all_rows_of_an_entity_lie_in_one_bucket(made: TestShop, fact: FactTable) -> None:
    for entity in fact.entities:
        apart = (
            f"SELECT count(DISTINCT bucket) AS n FROM facts.{fact.name} WHERE {entity} IS NOT NULL GROUP BY {entity}"
        )
        assert made.con.execute(f"SELECT count(*) FROM ({apart}) WHERE n > 1").fetchone() == (0,)
    outside = f"SELECT count(*) FROM facts.{fact.name} WHERE bucket NOT BETWEEN 0 AND {BUCKETS - 1} OR bucket IS NULL"
    assert made.con.execute(outside).fetchone() == (0,)


@settings(max_examples=few(1), deadline=None, suppress_health_check=list(HealthCheck))
@example([4, 11, 3])
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=3))
def test_kept_sums_corrected_by_differences_are_those_of_rows(seeds: list[int]) -> None:
    rows = tables(seeds[0])
    one = shop(SETTINGS, **rows)
    refresh(one.con, SETTINGS, rule=ALL)
    for seed in seeds[1:]:
        rows = changed(rows, seed)
        replaced(one, rows)
        refresh(one.con, SETTINGS, CHANGED, rule=ALL)
    for name, amount in MEASURES.items():
        for split in ("", "country"):
            of_scope = (Grain.MONTH, split, "")
            assert found(one, amount, *of_scope, True, True) == found(one, amount, *of_scope, False, True), (
                name,
                split,
            )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"distinct": "visitor"}, "visitor is no entity of the fact lines"),
        ({"latest": "order_id"}, "order_id is no entity of the fact lines"),
        ({"distinct": "person", "latest": "person"}, "sums nothing else"),
        ({"distinct": "person", "of": _.quantity}, "sums nothing else"),
        ({"latest": "person", "of": _.quantity, "complete": True}, "cannot ask for complete"),
    ],
)
def test_what_no_rollup_can_hold_is_refused_at_once(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        within(LINES, **more)
