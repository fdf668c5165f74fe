"""What is answered from rollups is what rows answer, to the last digit; and differences leave what a build from nothing would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import duckdb
import ibis
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metrics.rollups.shop_of_rollups import ALL, COUNTED, SETTINGS, Tables, shop_of, tables, told, without_rollups
from metrics.shops import TestShop, order, shop, store
from properties import few
from regulars.metrics.catalogue import CATALOGUE, SHOWN_BESIDE, named
from regulars.metrics.compute.plan import Source
from regulars.metrics.measures import (
    CURRENT_CUSTOMER_ATTRIBUTES,
    CUSTOMERS_ORDERING,
    LINES,
    ORDERS,
    RETURNS,
    Fact,
    persons,
)
from regulars.metrics.query import Condition, Query, condition, for_columns, periods_of
from regulars.metrics.rollups.refresh import refresh
from regulars.metrics.rollups.registry import read_levels
from regulars.metrics.rollups.rollup import StorageRule
from regulars.metrics.rollups.rollup_tables import digest
from regulars.metrics.run_query import planned
from regulars.metrics.shapes import Grid, Metric, Quantile
from regulars.vocabulary.calendar import Grain
from regulars.warehouse.derive import derive
from regulars.warehouse.engine import Engine
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.log import data_files
from regulars.warehouse.tables import BY_NAME

GRIDS = tuple(metric for metric in CATALOGUE if isinstance(metric, Grid))
METRICS = (*(metric for metric in CATALOGUE if not isinstance(metric, Grid)), *SHOWN_BESIDE)


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.slow)])
def made(request: pytest.FixtureRequest) -> TestShop:
    return shop_of(request.param)


def knowing(splits: tuple[str, ...], where: tuple[Condition, ...] = ()) -> tuple[Metric, ...]:
    def knows(metric: Metric) -> bool:
        metric = for_columns(metric, (*splits, *(one.column for one in where)))
        different = {*getattr(metric, "different_splits", ())}
        columns = [{*fact.splits, *fact.filters} - different for fact in (*metric.facts, *metric.sample_size.facts)]
        return {*splits} <= {*metric.splits} and all(one.column in known for one in where for known in columns)

    return tuple(metric for metric in METRICS if knows(metric))


@pytest.mark.parametrize("compare", [False, True], ids=["alone", "compared"])
@pytest.mark.parametrize("grain", list(Grain))
def test_rollups_say_what_rows_say_of_every_metric_and_period(made: TestShop, grain: Grain, compare: bool) -> None:
    facts = made.facts
    periods = periods_of(facts, grain, None, None)
    question = Query(METRICS, periods[-40:], active_window=40, compare=compare)
    assert told(question, facts) == told(question, without_rollups(facts))


SPLITS = ("country", "channel", "coupon", "product", "source", "currency", "category", "reason")
BY_DAY = ("product", "reason")
"""Splits of lines and of returns; the others by day are slow."""


@pytest.mark.parametrize(
    ("split", "grain"),
    [(split, grain) for split in SPLITS for grain in (Grain.WEEK, Grain.MONTH, Grain.FISCAL_YEAR)]
    + [pytest.param(split, Grain.DAY, marks=() if split in BY_DAY else pytest.mark.slow) for split in SPLITS],
)
def test_rollups_say_what_rows_say_of_every_split(made: TestShop, grain: Grain, split: str) -> None:
    facts = made.facts
    periods = periods_of(facts, grain, None, None)[-20:]
    question = Query(knowing((split,)), periods, (split,), active_window=40, compare=grain is not Grain.DAY)
    assert told(question, facts) == told(question, without_rollups(facts))


@pytest.mark.parametrize(
    "splits",
    [
        ("country", "channel"),
        ("product", "coupon"),
        pytest.param(("channel", "country"), marks=pytest.mark.slow),
        pytest.param(("reason", "source"), marks=pytest.mark.slow),
        pytest.param(("category", "product"), marks=pytest.mark.slow),
    ],
    ids=" and ".join,
)
def test_rollups_say_what_rows_say_of_two_splits_at_once(made: TestShop, splits: tuple[str, str]) -> None:
    facts = made.facts
    for grain in (Grain.WEEK, Grain.MONTH, Grain.YEAR):
        question = Query(knowing(splits), periods_of(facts, grain, None, None), splits, active_window=40)
        assert told(question, facts) == told(question, without_rollups(facts))


@pytest.mark.parametrize(("split", "text"), [("channel", "country=DE,unknown"), ("first_country", "first_channel!=web"),
                                             ("country", "channel!=shop")])  # fmt: skip
def test_rollups_say_what_rows_say_of_a_split_under_a_condition_on_another(
    made: TestShop, split: str, text: str
) -> None:
    facts, where = made.facts, (condition(text),)
    asked = (split,) if not split.startswith("first_") else (split.removeprefix("first_"),)
    question = Query(knowing(asked, where), periods_of(facts, Grain.MONTH, None, None), asked, where, 40, compare=True)
    assert told(question, facts) == told(question, without_rollups(facts))


@pytest.mark.parametrize(
    ("grain", "split", "where"),
    [(Grain.MONTH, "", ""), (Grain.MONTH, "country", ""), (Grain.QUARTER, "product", ""), (Grain.ALL, "", "first_country!=DE"),
     (Grain.ALL, "channel", ""), (Grain.FISCAL_YEAR, "", "first_country=DE,FR"), (Grain.WEEK, "country", "")],
)  # fmt: skip
def test_rollups_say_what_rows_say_of_cohorts(made: TestShop, grain: Grain, split: str, where: str) -> None:
    facts, periods = made.facts, periods_of(made.facts, grain, None, None)
    conditions = (condition(where),) if where else ()
    for metrics in (GRIDS, (named("cohort_retention_rate"),)):
        question = Query(metrics, periods, (split,) if split else (), conditions)
        assert told(question, facts) == told(question, without_rollups(facts))
        # Of a week, the grid by calendar months is not kept; nor is any by more than the first country.
        kept = grain is not Grain.WEEK and split in ("", "country")
        assert ({step.source for step in planned(question, facts)} == {Source.ROLLUP}) is kept


@pytest.fixture(scope="module")
def counted() -> TestShop:
    return shop_of(1, COUNTED)


@pytest.mark.parametrize("split", ["", "country"])
@pytest.mark.parametrize("grain", [Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.FISCAL_YEAR])
def test_counts_of_values_say_what_rows_say(counted: TestShop, grain: Grain, split: str) -> None:
    facts = counted.facts
    quantiles = tuple(
        one for one in METRICS if isinstance(one, Quantile) and not one.per and split in ("", *one.fact.splits)
    )
    splits = (split,) if split else ()
    question = Query(quantiles, periods_of(facts, grain, None, None), splits, active_window=40)
    assert told(question, facts) == told(question, without_rollups(facts))
    found = {
        (step.fact.name, step.kept.family.partition("_")[0])
        for step in planned(question, facts)
        if not step.terms and step.kept
    }
    # Counts of order values are stored for months and longer, and by the country of the first order only.
    of_orders = "distributions" if not split and grain is not Grain.WEEK else "results"
    of_gaps = "distributions" if not split or grain is not Grain.WEEK else "results"
    of_tickets = set() if split else {("tickets", "distributions" if grain is not Grain.WEEK else "results")}
    assert found == {("orders", of_orders), ("gaps_by_day", of_gaps), *of_tickets}


def distinct(fact: Fact) -> Metric:
    """A metric that says how many distinct customers a fact has; the catalogue asks only whether they are enough to judge."""
    return replace(named("customers_end"), of=persons(fact), per=None)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("grain", "where"),
    [(Grain.MONTH, ""), (Grain.FISCAL_YEAR, "country=DE")]
    + [
        pytest.param(grain, where, marks=pytest.mark.slow)
        for grain, where in (
            *product((Grain.WEEK, Grain.MONTH), ("country=DE", "country=DE,FR")),
            (Grain.WEEK, ""),
            (Grain.FISCAL_YEAR, ""),
            (Grain.FISCAL_YEAR, "country=DE,FR"),
        )
    ],
)
def test_distinct_customers_from_rollups_are_those_of_rows(made: TestShop, grain: Grain, where: str) -> None:
    facts, kept = made.facts, 0
    for fact in (ORDERS, LINES, RETURNS):
        for split in (
            "",
            *(split for split, column in fact.splits.items() if column not in CURRENT_CUSTOMER_ATTRIBUTES),
        ):
            splits, conditions = (split,) if split else (), (condition(where),) if where else ()
            question = Query(
                (distinct(fact),), periods_of(facts, grain, None, None), splits, conditions, 40, compare=True
            )
            assert told(question, facts) == told(question, without_rollups(facts))
            kept += {step.source for step in planned(question, facts)} == {Source.ROLLUP}
    assert kept >= (14 if grain is not Grain.WEEK and not where else 0)


@pytest.mark.parametrize("split", ["source", "currency"])
def test_customers_of_two_countries_count_once_under_a_split_that_all_rows_share(made: TestShop, split: str) -> None:
    """The level that answers is by country alone, as all orders are of one source and in one currency."""
    where = (condition("country=DE,FR"),)
    facts = made.facts
    question = Query((distinct(ORDERS),), periods_of(facts, Grain.MONTH, None, None), (split,), where, 40)
    (step,) = planned(question, facts)
    assert (step.source, "may be the same" in step.why_not_smaller) == (Source.ROWS, True)
    assert told(question, facts) == told(question, without_rollups(facts))


@pytest.mark.parametrize("window", [40, 90, *(pytest.param(window, marks=pytest.mark.slow) for window in (7, 365))])
def test_rollups_say_what_rows_say_for_every_active_window(made: TestShop, window: int) -> None:
    facts = made.facts
    question = Query(METRICS, periods_of(facts, Grain.MONTH, None, None), active_window=window)
    assert told(question, facts) == told(question, without_rollups(facts))


@pytest.mark.parametrize(
    ("grain", "compare"),
    [
        (Grain.MONTH, True),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in ((Grain.MONTH, False), (Grain.QUARTER, True))),
    ],
)
@pytest.mark.parametrize(
    "text", ["country=DE", "country!=DE", "country=unknown,FR", "first_channel=web", "net_revenue>=20"]
)
def test_rollups_say_what_rows_say_under_a_condition(made: TestShop, text: str, grain: Grain, compare: bool) -> None:
    facts, where = made.facts, (condition(text),)
    question = Query(knowing((), where), periods_of(facts, grain, None, None), (), where, 40, compare)
    assert told(question, facts) == told(question, without_rollups(facts))


def test_periods_of_ones_own_are_answered_alike(made: TestShop) -> None:
    facts = made.facts
    periods = tuple(facts.calendar.parse(text) for text in ("2024-01-03..2024-01-19", "2023-12-01..2024-02-29"))
    for compare in (False, True):
        question = Query(METRICS, periods, active_window=40, compare=compare)
        assert told(question, facts) == told(question, without_rollups(facts))


@pytest.mark.parametrize("split", [(), ("country",)], ids=["whole", "by country"])
def test_an_engine_that_is_only_asked_through_ibis_says_the_same(made: TestShop, split: tuple[str, ...]) -> None:
    facts = made.facts
    question = Query(knowing(split), periods_of(facts, Grain.MONTH, None, None), split, active_window=40, compare=True)
    assert told(question, facts) == told(
        question, replace(facts, engine=Engine(ibis.duckdb.from_connection(made.con)), rollups=())
    )


CHANGED = frozenset(fact.name for fact in FACT_TABLES)

# Differences -------------------------------------------------------------------------------------------------------------


def replaced(made: TestShop, rows: Tables) -> None:
    """Other rows in the shop, its facts derived again, and what that changed as refresh wants to be told it."""
    con = made.con
    for name in sorted(CHANGED):
        con.execute(f"CREATE OR REPLACE TEMP TABLE before_{name} AS SELECT * FROM facts.{name}")
    for name in rows:
        table = BY_NAME[name]
        data_files.unlist_files(con, [file.number for file in data_files.files_of(con, table)])
        data_files.create_views(con, table)
        store(con, name, rows[name])
    derive(con, made.settings)
    con.execute("CREATE OR REPLACE TEMP TABLE touched AS " + " UNION ".join(
        f"(SELECT person FROM (FROM facts.{name} EXCEPT ALL FROM before_{name})"
        f" UNION SELECT person FROM (FROM before_{name} EXCEPT ALL FROM facts.{name}))" for name in CHANGED
        if "person" in con.table(f"facts.{name}").columns
    ))  # fmt: skip
    for name in sorted(CHANGED):
        now, before = f"facts.{name}", f"before_{name}"
        for made_name, rows_, others in ((f"added_{name}", now, before), (f"removed_{name}", before, now)):
            con.execute(f"CREATE OR REPLACE TEMP TABLE {made_name} AS FROM {rows_} EXCEPT ALL FROM {others}")
    for made_name, rows_ in (("histories_now", "facts.orders"), ("histories_before", "before_orders")):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {made_name} AS FROM {rows_} WHERE person IN (FROM touched)")


def rollups(con: duckdb.DuckDBPyConnection) -> dict[tuple[object, ...], tuple[object, ...]]:
    """All rollups, added up."""
    found: dict[tuple[object, ...], tuple[object, ...]] = {}
    for one in read_levels(con):
        if one.family == "gaps" or not one.is_stored:
            continue
        names = sorted(one.columns)
        key = (one.family, one.by, one.grain, one.bucketed)
        if one.family == "distributions":
            counts = con.execute(
                f"SELECT period, split, bucket, value, sum(n) FROM facts.{one.table} WHERE level = {one.level}"
                " GROUP BY ALL HAVING sum(n) <> 0"
            ).fetchall()
            found |= {(*key, *names, *row[:4]): row[4:] for row in counts}
            continue
        sums = ", ".join(f"sum({name})::BIGINT" for name in ("rows", *names))
        if one.family == "cohorts":
            rows = con.execute(
                f"SELECT period, split, bucket, age, sum(customers), {sums} FROM facts.{one.table} WHERE level = {one.level}"
                " GROUP BY ALL HAVING sum(rows) <> 0"
            ).fetchall()
            found |= {(*key, *row[:4]): (*names, *row[4:]) for row in rows}
            continue
        rows = con.execute(
            f"SELECT period, split, other_split, bucket, {sums} FROM facts.{one.table} WHERE level = {one.level}"
            " GROUP BY ALL HAVING sum(rows) <> 0"
        ).fetchall()
        found |= {(*key, *row[:4]): (*names, *row[4:]) for row in rows}
    return found


def changed(rows: Tables, seed: int) -> Tables:
    """The rows with some orders changed into others, or gone."""
    other = tables(seed)
    numbers = {str(number) for number in range(seed % 7, 60, 9)}

    def mixed(name: str) -> list[dict[str, Any]]:
        kept = [row for row in rows[name] if number_of(row) not in numbers]
        return kept + [row for row in other[name] if number_of(row) in numbers]

    def number_of(row: Mapping[str, Any]) -> str:
        """The number of the order, or in the id of a return or request: some name no order, and ids stay unique."""
        own = (row[name][1:] for name in ("return_id", "ticket_id") if name in row)
        return next(own, None) or row["order_id"]

    parts = ("orders", "order_lines", "returns", "tickets")
    return {name: mixed(name) if name in parts else other[name] for name in rows}


@pytest.mark.parametrize("seed", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_sums_of_the_finest_level_add_up_to_those_of_the_others(seed: int) -> None:
    """Few rows are summed up for each level by itself, many for the finest, from which the others follow."""
    made = shop_of(seed)
    by_itself = rollups(made.con)
    refresh(made.con, made.settings, rule=replace(ALL, few=0))
    assert rollups(made.con) == by_itself


def has_doubled(made: TestShop) -> bool:
    """Whether a fact has more than twice the rows it had when its rollups were built; one that had none has none."""
    then = dict.fromkeys(CHANGED, 0) | {one.fact: one.fact_rows for one in read_levels(made.con)}
    now = {name: made.con.execute(f"SELECT count(*) FROM facts.{name}").fetchall()[0][0] for name in then}
    return any(now[name] > 2 * rows for name, rows in then.items())


@settings(max_examples=few(1), deadline=None, suppress_health_check=list(HealthCheck))
@example([4, 11, 3], ALL)
@example([7, 2], COUNTED)
@example([177, 574, 6586, 5866], ALL)
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=4), st.sampled_from([ALL, COUNTED]))
def test_rollups_corrected_by_differences_are_rollups_built_anew(seeds: list[int], rule: StorageRule) -> None:
    rows = tables(seeds[0])
    made = shop(SETTINGS, **rows)
    refresh(made.con, SETTINGS, rule=rule)
    for seed in seeds[1:]:
        rows = changed(rows, seed)
        replaced(made, rows)
        built = made.con.execute("SELECT max(level) FROM facts.rollups").fetchone()
        grown = has_doubled(made)
        refresh(made.con, SETTINGS, CHANGED, rule=rule)
        # Corrected, not built again, but where a fact has doubled.
        assert grown or made.con.execute("SELECT max(level) FROM facts.rollups").fetchone() == built
    corrected = rollups(made.con)
    anew = shop(SETTINGS, **rows)
    refresh(anew.con, SETTINGS, rule=rule)
    assert corrected == rollups(anew.con)
    for split in ((), ("country",)):
        months = periods_of(made.facts, Grain.MONTH, None, None)
        question = Query(knowing(split), months, split, active_window=40, compare=bool(split))
        assert told(question, made.facts) == told(question, without_rollups(made.facts))


def test_many_rows_are_summed_in_parts_wherever_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop_of(1)
    expected = rollups(made.con)
    monkeypatch.setattr("regulars.metrics.rollups.kinds.fact_sums._PART", 7)
    monkeypatch.setattr("regulars.metrics.rollups.kinds.entities._AT_ONCE", 7)
    for name in sorted(CHANGED):
        made.con.execute(f"CREATE TEMP TABLE again AS SELECT * FROM facts.{name} WHERE day % 2 = 0")
        made.con.execute(f"DELETE FROM facts.{name} WHERE day % 2 = 0")
        made.con.execute(f"INSERT INTO facts.{name} FROM again")
        made.con.execute("DROP TABLE again")
    refresh(made.con, SETTINGS, rule=ALL)
    assert rollups(made.con) == expected


def test_tables_that_differences_have_doubled_are_added_up() -> None:
    one, other = tables(1), tables(2)
    made = shop(SETTINGS, **one)
    refresh(made.con, SETTINGS, rule=ALL)
    size = made.con.execute("SELECT count(*) FROM facts.rollup_customers").fetchone()
    expected = rollups(made.con)
    sizes = []
    for rows in (other, one, other, one):
        replaced(made, rows)
        refresh(made.con, SETTINGS, CHANGED, rule=ALL)
        sizes.append(made.con.execute("SELECT count(*) FROM facts.rollup_customers").fetchone()[0])  # type: ignore[index]
    assert size is not None
    assert max(sizes) < 3 * size[0]
    assert min(sizes[1:]) <= max(sizes[0], size[0])
    assert rollups(made.con) == expected


def test_a_fact_that_has_doubled_is_decided_anew() -> None:
    few = {name: rows[:20] for name, rows in tables(3).items()}
    made = shop(SETTINGS, **few)
    refresh(made.con, SETTINGS, rule=ALL)
    replaced(made, tables(3))
    refresh(made.con, SETTINGS, CHANGED, rule=ALL)
    assert {one.fact_rows for one in read_levels(made.con) if one.family == "orders"} == {60}
    anew = shop(SETTINGS, **tables(3))
    refresh(anew.con, SETTINGS, rule=ALL)
    assert rollups(made.con) == rollups(anew.con)


# What is worth keeping ---------------------------------------------------------------------------------------------------


def test_a_small_shop_keeps_the_rollups_of_the_usual_screens() -> None:
    """Its command line is quick too: a level of a few rows is stored, however few its fact has."""
    found = [one for one in read_levels(shop_of(1, StorageRule()).con) if one.family in ("orders", "customers")]
    assert {one.by for one in found} == {"", "country", "channel", "first_country", "first_channel"}
    assert [one for one in found if one.is_stored is not (one.rows <= 5_000)] == []


def test_a_load_stores_no_sums_of_long_periods_but_those_that_do_not_add_up() -> None:
    made = shop_of(1)
    levels = {(one.family, one.by, one.grain): one for one in read_levels(made.con) if one.bucketed}
    by_month = levels["customers", "first_country", "month"].columns
    assert {by for family, by, _ in levels if family == "orders"} == {"", "country", "channel"}
    assert {grain for family, by, grain in levels if (family, by) == ("orders", "country")} >= {"month", "year"}
    for grain in ("quarter", "year", "fiscal_year"):
        asked = levels["customers", "first_country", grain].columns
        assert asked < by_month
        assert f"sum_{digest(CUSTOMERS_ORDERING.terms[0].measure, 40)}" in asked
        assert f"sum_{digest(persons(ORDERS).terms[0].measure, 40)}" in levels["orders", "country", grain].columns


@pytest.fixture(scope="module")
def in_one_country() -> TestShop:
    """A shop whose orders are all of one country, without coupons, its rollups stored."""
    rows = tables(6)
    for order_ in rows["orders"]:
        order_ |= {"country": "it's DE", "coupon": None}
    made = replace(shop(SETTINGS, **rows), rule=ALL)
    refresh(made.con, SETTINGS, rule=ALL)
    return made


@pytest.mark.parametrize("split", ["currency", "coupon", "country", "first_country"])
@pytest.mark.parametrize("grain", [pytest.param(Grain.WEEK, marks=pytest.mark.slow), Grain.MONTH, Grain.YEAR])
def test_a_column_with_one_value_has_no_level_of_its_own(in_one_country: TestShop, split: str, grain: Grain) -> None:
    made = in_one_country
    possible_splits = {one.by for one in read_levels(made.con) if one.family in ("orders", "customers", "cohorts")}
    assert possible_splits == {"", "channel", "first_channel"}
    facts, word = made.facts, split.removeprefix("first_")
    value = {"currency": "GBP", "coupon": "unknown"}.get(split, "it's DE")
    periods = periods_of(facts, grain, None, None)
    for where in ((), (condition(f"{split}={value}"),), (condition(f"{split}!={value}"),)):
        question = Query(knowing((word,), where), periods, (word,), where, 40, compare=grain is Grain.MONTH)
        assert told(question, facts) == told(question, without_rollups(facts))
    combined_split = Query(knowing((word, "channel")), periods, (word, "channel"), (), 40)
    assert told(combined_split, facts) == told(combined_split, without_rollups(facts))
    if word == split:
        (step,) = planned(Query((named("net_revenue"),), periods, (word,), active_window=40), facts)
        assert step.about.endswith(f"; {split} is {value} in every row")
    if split.endswith("country") and grain is not Grain.WEEK:
        grids = Query(GRIDS, periods, ("country",))
        assert told(grids, facts) == told(grids, without_rollups(facts))
        assert {step.source for step in planned(grids, facts)} == {Source.ROLLUP}


def test_a_column_that_gets_a_second_value_gets_its_levels() -> None:
    rows = tables(6)
    for order_ in rows["orders"]:
        order_["country"] = "DE"
    made = replace(shop(SETTINGS, **rows), rule=ALL)
    refresh(made.con, SETTINGS, rule=ALL)
    rows["orders"] += [order("more", "c1", "2024-02-15T12:00:00", country="FR", coupon="NEW")]
    replaced(made, rows)
    refresh(made.con, SETTINGS, CHANGED, rule=ALL)
    anew = shop(SETTINGS, **rows)
    refresh(anew.con, SETTINGS, rule=ALL)
    assert rollups(made.con) == rollups(anew.con)
    assert made.facts.constants == anew.facts.constants


def test_a_shop_of_guests_keeps_rollups_of_nobody() -> None:
    made = shop(SETTINGS, orders=[order(number, None, "2024-02-15T12:00:00") for number in range(3)])
    refresh(made.con, SETTINGS, rule=ALL)
    question = Query(knowing(("country",)), periods_of(made.facts, Grain.MONTH, None, None), ("country",))
    assert told(question, made.facts) == told(question, without_rollups(made.facts))


def test_rollups_that_would_not_be_small_are_left_out() -> None:
    made = shop_of(1, StorageRule(small=0.5, few_rows=0))
    orders = {(one.by, one.grain, one.bucketed): one for one in read_levels(made.con) if one.family == "orders"}
    assert orders["", "day", True].is_stored is False
    assert orders["", "day", True].rows > 30
    for one in orders.values():
        assert one.is_stored is (one.rows <= 30)
        rows = made.con.execute(f"SELECT count(*) FROM facts.{one.table} WHERE level = {one.level}").fetchone()
        assert rows == ((one.rows if one.is_stored else 0),)
