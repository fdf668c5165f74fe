"""Answers and compiled queries are remembered, and never taken for those of another version or question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
import pytest

from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import named
from regulars.metrics.query import Facts, Query, condition
from regulars.metrics.run_query import run_query
from regulars.warehouse.engine import Engine, LRUCache


class Asked:
    """Facts that count the queries put to them."""

    def __init__(self, made: TestShop, version: str | None) -> None:
        self.queries: list[str] = []

        queries = self.queries

        class Counting(Engine):
            def run(self, sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
                queries.append(sql)
                return super().run(sql, tables)

        self.facts: Facts = replace(made.facts, engine=Counting(con=made.con), version=version)


def two(amount: str) -> TestShop:
    return shop(orders=[order(1, "ana", "2024-03-01", amount), order(2, "ben", "2024-03-31", "1.00")])


def question(made: TestShop, name: str = "net_revenue", **more: object) -> Query:
    return Query((named(name),), (made.facts.calendar.parse("2024-03"),), **more)  # type: ignore[arg-type]


def test_the_same_question_is_answered_once_for_a_version() -> None:
    made = two("10.00")
    asked = Asked(made, "once")
    first, again = run_query(question(made), asked.facts), run_query(question(made), asked.facts)
    assert [value.value for value in first] == [value.value for value in again] == [11]
    assert len(asked.queries) == 1


def test_another_version_is_asked_anew() -> None:
    one, other = two("10.00"), two("20.00")
    assert run_query(question(one), Asked(one, "one").facts)[0].value == 11
    assert run_query(question(other), Asked(other, "other").facts)[0].value == 21


def test_facts_without_a_version_are_asked_each_time() -> None:
    made = two("10.00")
    asked = Asked(made, None)
    run_query(question(made), asked.facts)
    run_query(question(made), asked.facts)
    assert len(asked.queries) == 2


@pytest.mark.parametrize(
    "more", [{"active_window": 30}, {"where": (condition("net_revenue>5"),)}, {"splits": ("country",)}, {"compare": True}],
    ids=["window", "condition", "split", "comparison"],
)  # fmt: skip
def test_another_question_is_not_mistaken_for_it(more: dict[str, object]) -> None:
    made = two("10.00")
    asked = Asked(made, f"mistaken {sorted(more)}")
    run_query(question(made), asked.facts)
    before = len(asked.queries)
    assert list(run_query(question(made, **more), asked.facts)) == list(run_query(question(made, **more), made.facts))
    assert len(asked.queries) > before


def test_another_window_is_another_answer() -> None:
    """ana is silent for 30 days at the end of March."""
    made = two("10.00")
    asked = Asked(made, "windows")
    ends = [
        run_query(question(made, "customers_end", active_window=window), asked.facts)[0].value
        for window in (20, 40, 20)
    ]
    assert ends == [1, 2, 1]


def test_a_query_is_compiled_once_for_any_days() -> None:
    made = two("10.00")
    asked = Asked(made, None)
    march, april = (Query((named("orders"),), (made.facts.calendar.parse(text),)) for text in ("2024-03", "2024-04"))
    assert (run_query(march, asked.facts)[0].value, run_query(april, asked.facts)[0].value) == (2, None)
    assert len(asked.queries) == 2
    assert asked.queries[0] is asked.queries[1]


def test_only_the_latest_are_remembered() -> None:
    found: list[int] = []
    remembered: LRUCache[int, int] = LRUCache(2)

    def square(number: int) -> int:
        return remembered.get(number, lambda: found.append(number) or number * number)  # type: ignore[func-returns-value]

    assert [square(number) for number in (1, 2, 1, 3, 1, 2)] == [1, 4, 1, 9, 1, 4]
    assert found == [1, 2, 3, 2]
