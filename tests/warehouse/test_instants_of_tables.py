"""Any instant of any canonical table can be what a fact's days come from, whatever it is called."""

from __future__ import annotations

import pytest

from regulars.warehouse.derive.full_refresh import prepare_days
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.schema import Kind, Table
from regulars.warehouse.tables import TABLES
from warehouse.declared_rows import START
from warehouse.test_difference import SHOP, Shop

INSTANTS = [(table, column.name) for table in TABLES for column in table.columns if column.kind is Kind.INSTANT]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


@pytest.mark.parametrize(("table", "instant"), INSTANTS, ids=[f"{table.name}.{name}" for table, name in INSTANTS])
def test_days_of_an_instant(shop: Shop, table: Table, instant: str) -> None:
    fact = FactTable("tried", "a row", table, lambda sources: sources.table(table.name), days={instant: "day"})
    shop.con.execute(
        f'CREATE OR REPLACE TEMP TABLE rows_tried AS SELECT NULL::TEXT AS zone, ?::TIMESTAMP AS "{instant}"', [START]
    )
    prepare_days(shop.con, SHOP, [fact], "temp.rows_tried")
    (days,) = shop.con.execute("SELECT count(*) FROM temp.zone_days").fetchall()
    assert days[0] > 0
