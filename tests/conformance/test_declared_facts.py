"""Every declared fact is the same on PostgreSQL as on DuckDB, row by row, whatever happened to the shop; and so is what is
asked of it, there from rows, here from kept sums that were corrected write by write.

Rows are drawn from the declarations of the tables (warehouse/declared_rows.py), metrics are made from those of the facts:
no fact can be declared without being tested here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache

import ibis
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from conformance.engines import SCHEMAS, carry_over
from conformance.postgres import Connection, copy, database
from conformance.test_metrics import compared
from metrics.rollups.shop_of_rollups import ALL, without_rollups
from metrics.shops import TestShop
from properties import few
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.compute.plan import Source
from regulars.metrics.deferred import _
from regulars.metrics.measures import fact_of, within
from regulars.metrics.query import Condition, Query
from regulars.metrics.rollups import rollup_tables
from regulars.metrics.rollups.kinds import stored_values
from regulars.metrics.rollups.refresh import refresh
from regulars.metrics.run_query import planned, run_query
from regulars.metrics.shapes import Length, Metric, Nature, Quantile, Quotient, Ratio, Total
from regulars.vocabulary.calendar import Calendar, Grain, Period
from regulars.vocabulary.units import Unit
from regulars.warehouse.derive import Derivation
from regulars.warehouse.engine import Engine
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import FACT_TABLES
from warehouse.declared_rows import START, happen, history
from warehouse.test_difference import Shop

GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.ALL)
OPERATORS = ("=", "!=", ">=", "<")


@cache
def columns_of(fact: FactTable) -> ibis.Schema:
    """The fact's columns, as a shop without any rows has them."""
    shop = Shop()
    shop.load({})
    return ibis.Schema.from_pyarrow(shop.con.execute(f"FROM facts.{fact.name}").to_arrow_table().schema)


def numbers(fact: FactTable) -> list[str]:
    """Columns of the fact that can be summed up: one of whole numbers, one of money; of a fact that has neither its day."""
    known = {*fact.key, *fact.entities, *fact.sequence, *fact.days.values(), "bucket", "day"}
    columns = [(name, kind) for name, kind in columns_of(fact).items() if kind.is_numeric() and name not in known]
    by_kind = {kind.is_decimal(): name for name, kind in columns}
    return list(by_kind.values()) or ["day"]


@cache
def metrics(fact: FactTable) -> tuple[Metric, ...]:
    """One metric of each kind: rows, sums, shares, distinct entities, last rows and quantiles, with conditions and without."""
    seen, known = fact_of(fact), getattr(_, fact.splits[0]).notnull()
    people = None if fact.entities else within(seen)
    stored_grain = {
        "question": "",
        "formula": "",
        "nature": Nature.FLOW,
        "example": CATALOGUE[0].example,
        "customers": people,
    }

    def told(name: str, unit: Unit = Unit.PER_CUSTOMER, length: Length = Length.NONE) -> dict[str, object]:
        name = f"test_{fact.name}_{name}".replace(" ", "_")
        return {**stored_grain, "name": name, "title": name, "group": name, "unit": unit, "length": length}

    made: list[Metric] = [Total(**told("rows", Unit.COUNT, Length.PROPORTIONAL), fact=seen)]
    made.append(Ratio(**told("share", Unit.SHARE), fact=seen, of=known.ifelse(1, 0)))
    for number in numbers(fact):
        value = getattr(_, number)
        made.append(Ratio(**told(f"mean {number}"), fact=seen, of=value))
        made.append(Total(**told(f"sum {number}", length=Length.PROPORTIONAL), fact=seen, of=value, where=known))
        if fact.entities:
            made.append(Quantile(**told(f"median {number}"), fact=seen, of=value, where=value.notnull(), q=0.5))
        for entity in fact.entities:
            latest, last = (within(seen, of, latest=entity) for of in (value, 1))
            made.append(Quotient(**told(f"{number} of the last by {entity}"), of=latest, per=last))
    for entity in fact.entities:
        distinct, chosen = (within(seen, distinct=entity, where=where) for where in (None, known))
        made.append(Quotient(**told(f"rows per {entity}"), of=within(seen), per=distinct))
        made.append(Quotient(**told(f"share of {entity}", Unit.SHARE), of=chosen, per=distinct))
    return tuple(made)


def periods(calendar: Calendar, grain: Grain) -> tuple[Period, ...]:
    """All periods of the grain that drawn rows can lie in, wherever the shop is."""
    first = START.date() - timedelta(days=1)
    return tuple(calendar.periods(grain, first, first + timedelta(days=6)))


@st.composite
def questions(draw: st.DrawFn, shop: Shop, fact: FactTable) -> Query:
    """The fact's metrics by periods of any grain, split and filtered by any columns of the fact and of its persons."""
    columns = st.sampled_from(sorted(fact_of(fact).splits))
    splits = draw(st.lists(columns, max_size=2, unique=True))
    where = []
    for column in draw(st.lists(columns, max_size=1)):
        known = []
        if column in fact.splits:
            found = shop.con.execute(f'SELECT DISTINCT "{column}" FROM facts.{fact.name} WHERE "{column}" IS NOT NULL')
            known = sorted(str(value) for (value,) in found.fetchall())
        where.append(Condition(column, draw(st.sampled_from(OPERATORS)), (draw(st.sampled_from([*known, "unknown"])),)))
    event(f"{len(splits)} splits, {'filtered' if where else 'whole'}")
    asked = periods(shop.settings.calendar, draw(st.sampled_from(GRAINS)))
    return Query(metrics(fact), asked, tuple(splits), tuple(where), compare=draw(st.booleans()))


class ShopWithSums(Shop):
    """A shop whose sums are kept for the metrics of its facts, and corrected with every write."""

    def after(self, derived: Derivation) -> None:
        refresh(self.con, self.settings, None if derived.is_full else derived.changed_facts, rule=ALL)


CACHES = (rollup_tables.entity_measures, rollup_tables.additive_measures, rollup_tables.all_rollup_tables)


@pytest.fixture
def fact(request: pytest.FixtureRequest) -> Iterator[FactTable]:
    """A fact, of which sums and values are kept for its metrics here and no others."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (rollup_tables, stored_values):
            patch.setattr(module, "CATALOGUE", metrics(request.param))
        for function in CACHES:
            function.cache_clear()
        yield request.param
    for function in CACHES:
        function.cache_clear()


@pytest.fixture(scope="module")
def target(postgres: str) -> Iterator[Connection]:
    with database(postgres, "declared") as con:
        yield con


def carried_over(shop: Shop, target: Connection) -> tuple[str, ...]:
    """Derive the shop's facts on PostgreSQL, in place of what is there. Returns the names of those that both derived."""
    for schema in SCHEMAS:
        target.execute(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")
    engine = Engine(ibis.postgres.from_connection(target))
    return carry_over(shop.con, shop.settings, engine, lambda table, name: copy(shop.con, target, table, name))


def differing(shop: Shop, target: Connection, name: str) -> list[object]:
    """Rows of the fact that one engine alone has, with how often."""
    listed = ", ".join(f'"{column}"' for column in shop.con.table(f"facts.{name}").columns)
    sql = f"SELECT {listed} FROM facts.{name}"
    here, there = (Counter(con.execute(sql).fetchall()) for con in (shop.con, target))
    return [*(here - there).items(), *(there - here).items()]


@pytest.mark.parametrize("fact", FACT_TABLES, ids=lambda fact: fact.name, indirect=True)
@settings(
    max_examples=few(1), deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(data=st.data())
def test_a_fact_and_its_metrics_are_the_same_on_postgres(
    fact: FactTable, target: Connection, data: st.DataObject
) -> None:
    shop = ShopWithSums()
    happen(shop, data.draw(history(fact)))
    assert {fact.name} <= {*carried_over(shop, target)}
    assert differing(shop, target, fact.name) == []
    facts = TestShop(shop.con, shop.settings, ALL).facts
    backend = ibis.postgres.from_connection(target)
    there = replace(
        facts,
        engine=Engine(backend),
        version=None,
        rollups=(),
    )
    if not facts.coverage:
        return  # of a shop without any rows nothing is asked
    has_rows = shop.con.execute(f"FROM facts.{fact.name} LIMIT 1").fetchall() != []
    for asked in data.draw(st.lists(questions(shop, fact), min_size=1, max_size=2)):
        here = run_query(asked, facts)
        # Orders without any lines have rows in `lines`, of a table that nobody loaded.
        if has_rows and not asked.where and facts.covered(asked.metrics[0]) is not None:
            assert any(value.value for value in here)
            if {*asked.splits} <= {*fact.splits} and len(asked.splits) < 2 and asked.periods[0].grain is Grain.MONTH:
                of_sums = tuple(metric for metric in asked.metrics if not isinstance(metric, Quantile))
                # A comparison would judge them among metrics of the catalogue, for which no sums are kept here.
                steps = planned(replace(asked, metrics=of_sums, compare=False), facts)
                assert [step.why_not_smaller for step in steps if step.source is Source.ROWS] == []
        for place, other in {"rows": without_rollups(facts), "PostgreSQL": there}.items():
            differences = compared(here, run_query(asked, other))
            assert not differences, f"{place}: {'; '.join(differences[:5])}"
