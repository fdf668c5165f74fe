"""Every fact and every metric is the same on DuckDB and on Spark, where pyspark and Java are installed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import ibis
import pytest

from conformance.engines import PREPARED, SCHEMAS, SCRATCH, Both, Engines, carry_over
from conformance.shops import ODD
from conformance.spark import Spark
from conformance.test_facts import Rows, columns
from conformance.test_metrics import WINDOW, compared, periods
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.query import Facts, Query
from regulars.metrics.run_query import run_query
from regulars.vocabulary.calendar import Grain
from regulars.warehouse.engine import Engine

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Twins:
    """One shop on DuckDB and on Spark."""

    engines: Engines
    spark: Spark
    on_spark: Facts
    derived: tuple[str, ...]

    def rows(self, name: str) -> tuple[Rows, Rows]:
        """The fact's rows on DuckDB and on Spark, with how often each occurs."""
        listed = [*columns(self.engines, name)]
        here, there = (
            f"SELECT {', '.join(quote + column + quote for column in listed)} FROM facts.{name}" for quote in ('"', "`")
        )
        return Counter(self.engines.duckdb.execute(here).fetchall()), Counter(self.spark.rows(there))


@pytest.fixture(scope="module", params=[ODD], ids=lambda kind: kind.name)
def twins(request: pytest.FixtureRequest, both: Both, spark: Spark) -> Twins:
    engines = both(request.param)
    for schema in SCHEMAS:
        spark.session.sql(f"DROP DATABASE IF EXISTS {schema} CASCADE")
        spark.session.sql(f"CREATE DATABASE {schema}")
    engine = Engine(ibis.pyspark.connect(spark.session))
    names = carry_over(
        engines.duckdb, engines.settings, engine, lambda table, name: spark.copy(engines.duckdb, table, name)
    )
    on_spark = replace(
        engines.on_duckdb,
        engine=engine,
        version=None,
        rollups=(),
    )
    return Twins(engines, spark, on_spark, names)


def test_every_fact_is_the_same_on_spark(twins: Twins) -> None:
    assert twins.derived == twins.engines.derived
    for name in twins.derived:
        here, there = twins.rows(name)
        assert here.total() > 0, name
        assert sorted((here - there).items(), key=repr)[:3] == sorted((there - here).items(), key=repr)[:3] == [], name


def test_intermediate_tables_are_dropped_on_spark(twins: Twins) -> None:
    assert sorted(name for _, name, _ in twins.spark.rows(f"SHOW TABLES IN {SCRATCH}")) == sorted(PREPARED)


def test_every_metric_is_the_same_on_spark(twins: Twins) -> None:
    facts = twins.engines.on_duckdb
    asked = Query(CATALOGUE, periods(facts, Grain.YEAR), active_window=WINDOW)
    here = run_query(asked, facts)
    assert any(value.value is not None for value in here)
    assert compared(here, run_query(asked, twins.on_spark))[:5] == []
