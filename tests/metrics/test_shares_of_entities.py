"""A share of distinct entities has the interval of a binomial: both sides of the ratio lie in the bucket of the same entity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from math import sqrt
from statistics import fmean

import duckdb
import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from metrics.shops import SETTINGS
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.deferred import _
from regulars.metrics.measures import Fact, Sum, within
from regulars.metrics.query import Facts, Query
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Length, Nature, Quotient
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.units import Unit
from regulars.warehouse.engine import Engine
from regulars.warehouse.fact_table import bucket_of

Numbers = npt.NDArray[np.generic]
FIRST = date(2016, 1, 1)
SAMPLES = 1500
"""Days, each a sample of its own."""
SIZE = 400
"""Entities of a sample."""
SHARE = 0.5
VISITS = Fact("visits", "", ("visits",), {}, entities=("visitor",), key=("visitor",))
INVITATIONS = Fact("invitations", "", ("invitations",), {}, entities=("invitation",), key=("invitation",))
ANSWERS = Fact("answers", "", ("answers",), {}, entities=("invitation",), key=("invitation",))
SHARES: dict[str, tuple[Sum, Sum]] = {
    "of one fact": (
        within(VISITS, distinct="visitor", where=_.ordered),
        within(VISITS, distinct="visitor"),
    ),
    "of two facts": (within(ANSWERS, distinct="invitation"), within(INVITATIONS, distinct="invitation")),
}


@pytest.fixture(scope="module")
def facts() -> Iterator[Facts]:
    """Every day SIZE visitors come one to five times, of whom SHARE order, some of them twice; as many invitations are sent, and
    SHARE answered, some of them twice.
    """
    chance = np.random.default_rng(13)
    entity = np.arange(SAMPLES * SIZE)
    succeeds = chance.random(len(entity)) < SHARE
    times = chance.integers(1, 6, len(entity))
    rows = np.repeat(entity, times)
    # A success shows in one row or several of the entity: in its first one always.
    begins = np.cumsum(times) - times
    ordered = succeeds[rows] & ((np.arange(len(rows)) == begins[rows]) | (chance.random(len(rows)) < 0.3))
    answered = np.repeat(entity[succeeds], times[succeeds] % 2 + 1)
    con = duckdb.connect()
    con.execute("CREATE SCHEMA facts")
    write(con, "visits", "visitor", rows, ordered=ordered)
    write(con, "invitations", "invitation", entity)
    write(con, "answers", "invitation", answered)
    coverage = dict.fromkeys(("visits", "invitations", "answers"), (FIRST, FIRST + timedelta(days=SAMPLES - 1)))
    yield Facts(Engine(ibis.duckdb.from_connection(con)), SETTINGS.calendar, "GBP", coverage, SETTINGS)
    con.close()


def write(con: duckdb.DuckDBPyConnection, name: str, entity: str, numbers: Numbers, **more: Numbers) -> None:
    """Write a fact of one row for each number of an entity, on the day of its sample, in the bucket of its id."""
    told = pa.table({entity: numbers, **more})
    rows = ibis.table(ibis.Schema.from_pyarrow(told.schema), name="told")
    day = (rows[entity] // SIZE + (FIRST - date(1970, 1, 1)).days).cast("int32")
    bucket = bucket_of(ibis.null("int64"), f"{entity} " + rows[entity].cast("string"))
    con.register("told", told)
    con.execute(f"CREATE TABLE facts.{name} AS {ibis.to_sql(rows.mutate(day=day, bucket=bucket), dialect='duckdb')}")
    con.unregister("told")


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARES)
def test_the_interval_of_a_share_of_entities_is_a_binomial_s(facts: Facts, name: str) -> None:
    of, per = SHARES[name]
    metric = Quotient(
        name="test_share", title="test", question="", formula="", group="test_share", nature=Nature.FLOW, length=Length.NONE,
        unit=Unit.SHARE, example=CATALOGUE[0].example, of=of, per=per, customers=per,
    )  # fmt: skip
    periods = facts.calendar.periods(Grain.DAY, FIRST, FIRST + timedelta(days=SAMPLES - 1))
    values = run_query(Query((metric,), tuple(periods)), facts)
    assert [value.denominator for value in values] == [SIZE] * SAMPLES
    ends = [(value.low, value.high) for value in values if value.low is not None and value.high is not None]
    assert len(ends) == SAMPLES
    assert 0.93 <= fmean(low <= SHARE <= high for low, high in ends) <= 0.97
    binomial = 2 * 1.959964 * sqrt(SHARE * (1 - SHARE) / SIZE)
    assert fmean(high - low for low, high in ends) == pytest.approx(binomial, rel=0.05)
