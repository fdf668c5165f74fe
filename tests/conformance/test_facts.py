"""Every fact, row by row and column by column, is the same on DuckDB and on PostgreSQL: counts, days and money exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from conformance.engines import PREPARED, SCRATCH, Both, Engines
from conformance.shops import ODD, PLAIN, WHOLE, WORTH, Kind
from regulars.metrics.measures import FACTS, KINDS_OF_FORECAST
from regulars.warehouse.derive.statements import GROUPS, Target, statements

Rows = Counter[tuple[Any, ...]]


def columns(engines: Engines, name: str) -> dict[str, str]:
    described = engines.duckdb.execute(f"DESCRIBE facts.{name}").fetchall()
    return {column: kind for column, kind, *_ in described}


def rows(engines: Engines, name: str) -> tuple[Rows, Rows]:
    """The fact's rows on DuckDB and on PostgreSQL, with how often each occurs."""
    listed = ", ".join(f'"{column}"' for column in columns(engines, name))
    sql = f"SELECT {listed} FROM facts.{name}"
    return Counter(engines.duckdb.execute(sql).fetchall()), Counter(engines.postgres.execute(sql).fetchall())


SHOPS = [PLAIN, ODD, pytest.param(WHOLE, marks=pytest.mark.slow)]


@pytest.mark.parametrize("kind", SHOPS, ids=lambda kind: kind.name)
def test_every_fact_is_the_same_on_both_engines(both: Both, kind: Kind) -> None:
    engines = both(kind)
    assert {"gaps", *(fact.table for fact in FACTS if not {*fact.tables} & {*KINDS_OF_FORECAST})} <= set(
        engines.derived
    )
    for name in engines.derived:
        here, there = rows(engines, name)
        assert here.total() > 0, name
        assert sorted((here - there).items(), key=repr)[:3] == sorted((there - here).items(), key=repr)[:3] == [], name


def test_intermediate_tables_are_dropped_on_postgres(both: Both) -> None:
    left = (
        both(PLAIN)
        .postgres.execute(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{SCRATCH}'")
        .fetchall()
    )
    assert sorted(name for (name,) in left) == sorted(PREPARED)


def test_every_column_of_a_fact_is_of_the_same_kind_on_both_engines(both: Both) -> None:
    engines = both(PLAIN)
    for name in engines.derived:
        here, there = (facts.table(name).schema() for facts in (engines.on_duckdb, engines.on_postgres))
        assert list(here.names) == list(there.names)
        money = [column for column in here.names if here[column].is_decimal()]
        # What DuckDB keeps in a byte takes two in PostgreSQL.
        whole = [column for column in here.names if here[column].is_integer()]
        assert [column for column in money if not there[column].is_decimal()] == []
        assert [column for column in whole if not there[column].is_integer()] == []
        rest = set(here.names) - {*money, *whole}
        assert {column: here[column] for column in rest} == {column: there[column] for column in rest}


def test_a_difference_of_the_last_digit_is_found(both: Both) -> None:
    engines = both(PLAIN)
    with engines.postgres.transaction(force_rollback=True):
        engines.postgres.execute("UPDATE facts.orders SET refunds = refunds + 0.0001 WHERE order_id = 'large'")
        here, there = rows(engines, "orders")
    assert (here - there).total() == (there - here).total() == 2


def of(table: str, condition: str, key: str = "source, order_id, line_id") -> str:
    """SQL that restricts rows to those of which a canonical row is so."""
    return f"SEMI JOIN (FROM main.{table} WHERE {condition}) USING ({key})"


_PLAIN_MONEY = "currency = 'GBP' AND tax = 0"
ODDITIES = {
    "guests": "FROM facts.orders WHERE person IS NULL",
    "profit unknown": "FROM facts.orders WHERE profit IS NULL",
    "profit of known costs": f"FROM facts.orders {of('order_lines', 'unit_cost > 0', 'source, order_id')} WHERE profit IS NOT NULL",
    "orders worth nothing": "FROM facts.orders WHERE net_revenue = 0",
    "orders at one instant": 'FROM facts.orders GROUP BY person, "at" HAVING count(*) > 4',
    "large amounts": "FROM facts.orders WHERE gross_revenue > 50000000",
    "pieces that came back within an order": f"FROM facts.lines {of('order_lines', 'quantity < 0 AND amount < 0')}",
    "rebates": f"FROM facts.lines {of('order_lines', 'quantity >= 0 AND amount < 0')} WHERE quantity = 0",
    "revenue of no line": "FROM facts.lines WHERE line_id = '' AND net_revenue <> 0",
    "rests spread over lines": f"FROM facts.lines l {of('orders', _PLAIN_MONEY, 'source, order_id')}"
    " JOIN main.order_lines o USING (source, order_id, line_id) WHERE l.net_revenue <> o.amount",
    "rests spread by quantity": "FROM facts.lines WHERE order_id = 'for nothing' AND net_revenue > 0",
    "splits with nothing": "FROM facts.orders WHERE channel IS NULL AND country IS NULL AND coupon IS NULL",
    "days that UTC calls otherwise": 'FROM facts.orders WHERE day <> epoch("at") // 86400',
    "two sources": "FROM facts.orders GROUP BY ALL HAVING count(DISTINCT source) > 1",
    "linked refunds": "FROM facts.returns WHERE linked AND amount > 0",
    "unlinked refunds": "FROM facts.returns WHERE NOT linked AND amount > 0",
    "refunds of nothing": "FROM facts.returns WHERE linked AND amount = 0",
    "restocked goods": "FROM facts.returns WHERE cost_back > 0",
    "refunds after all was given back": "FROM facts.returns WHERE return_id = 'r8' AND amount <> 3",
    "long silences": "FROM facts.gaps WHERE gap BETWEEN 300 AND 32766",
    "spend in other currencies": "FROM facts.spend WHERE amount > 0",
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_the_shops_have_what_engines_could_disagree_about(both: Both, oddity: str) -> None:
    assert both(PLAIN).duckdb.execute(f"SELECT 1 {ODDITIES[oddity]}").fetchall() != []


def test_the_shops_have_every_currency_and_estimated_costs(both: Both) -> None:
    for kind in (PLAIN, ODD):
        con = both(kind).duckdb
        assert {code for (code,) in con.execute("SELECT DISTINCT currency FROM facts.orders").fetchall()} == {*WORTH}
        estimated = con.execute("SELECT bool_or(cost_estimated) FROM facts.orders").fetchall()
        assert estimated == [(kind.settings.default_margin is not None,)]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("dialect", ["clickhouse", "databricks", "pyspark", "snowflake", "trino"])
def test_facts_can_be_written_for_other_engines(dialect: str, group: str) -> None:
    settings = replace(ODD.settings, gift_cards=("Card",))
    written = statements(settings, group, Target(scratch_schema="facts", dialect=dialect))
    assert [one.name for one in written] == [one.name for one in statements(settings, group)]
