"""Every metric's own example is true, and an example may say as little of a row as it likes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from metrics.shops import SETTINGS, shop, shop_of_example
from regulars.metrics.catalogue import CATALOGUE, SHOWN_BESIDE
from regulars.metrics.examples import Example, Order, Rows, filled, shown
from regulars.metrics.query import Query
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Metric
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import TABLES


@pytest.mark.parametrize("metric", [*CATALOGUE, *SHOWN_BESIDE], ids=lambda metric: metric.name)
def test_the_example_of(metric: Metric) -> None:
    example = metric.example
    facts = shop_of_example(example).facts
    period = facts.calendar.parse(example.period)
    values = run_query(Query((metric,), (period,), active_window=example.active_window), facts)
    value = next(v for v in values if v.split == example.split)
    assert value.value == (None if example.value is None else pytest.approx(float(example.value), abs=1e-12))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_a_row_leaves_out_is_plausible(table: Table) -> None:
    """Two rows of which nothing is said: the table holds both, by its own types, choices, bounds and rules."""
    rows = filled(Example(rows={table.name: ({}, {})}), SETTINGS.calendar)[table.name]
    made = shop(**{table.name: rows})
    (stored,) = made.con.execute(f"SELECT count(*) FROM log.{table.name}").fetchone()
    assert stored == 2
    for rule in table.rules:
        broken = made.con.execute(f"SELECT count(*) FROM log.{table.name} WHERE {rule.broken}").fetchone()
        assert broken == (0,), rule.reason
    for column in table.columns:
        values = [row[column.name] for row in rows]
        if not column.nullable and column.default is None:
            assert None not in values, column.name
            assert not column.choices or set(values) <= {*column.choices}, column.name
            assert column.low is None or min(values) >= column.low, column.name
    names = [column.name for column in table.columns if column.name in table.key and column.kind.value == "id"]
    assert not names or len({tuple(row[name] for name in names) for row in rows}) == 2


def test_a_row_is_typed_as_its_table_says() -> None:
    example = Example(
        rows={"answers": ({"score": 9, "answered_at": "2024-03-05 23:30"}, {"customer_id": "ana"})}, period="2024-Q1"
    )
    first, second = filled(example, SETTINGS.calendar)["answers"]
    assert (first["score"], first["answered_at"], first["customer_id"]) == (9, datetime(2024, 3, 5, 23, 30), None)
    assert (second["score"], second["answered_at"], second["customer_id"]) == (None, datetime(2024, 1, 1, 12), "ana")
    assert [first[name] for name in ("kind", "scale_low", "scale_high", "high_is")] == ["nps", 0, 10, "good"]


def test_orders_written_shorter_are_rows_too() -> None:
    example = Example((Order("ana", "2024-03-01"), Order(None, "2024-03-02")), spend=(("2024-03-03", "5.00"),))
    assert example.tables == {
        "orders": (
            {"customer_id": "ana", "ordered_at": "2024-03-01"},
            {"customer_id": None, "ordered_at": "2024-03-02"},
        ),
        "spend": ({"day": "2024-03-03", "amount": "5.00"},),
    }
    (spent,) = filled(example, SETTINGS.calendar)["spend"]
    assert (spent["day"], spent["amount"], spent["currency"]) == (date(2024, 3, 3), Decimal(5), "GBP")


def test_rows_that_differ_by_their_day_are_shown_as_one() -> None:
    orders = (Order("ana", "2024-03-01"), Order("ben", "2024-03-02"), Order("ana", "2024-04-01"))
    assert shown(Example(orders)) == [
        Rows("orders", ("customer_id", "ordered_at"), (("ana", "2024-03-01, 2024-04-01"), ("ben", "2024-03-02")))
    ]
    answers = ({"customer_id": "ana", "score": 9}, {"score": 0})
    assert shown(Example(rows={"answers": answers})) == [
        Rows("answers", ("customer_id", "score"), (("ana", "9"), ("", "0")))
    ]
