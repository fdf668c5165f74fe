"""The histograms of gaps once more, by an attribute of the customer's first order, where that is small."""

from __future__ import annotations

from functools import lru_cache

import duckdb
import ibis

from regulars.metrics.cells.projection import typed
from regulars.metrics.cells.registry import GAPS
from regulars.metrics.kept import Kept
from regulars.metrics.measures import AS_NOW, BEFORE
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.compiled import compiled
from regulars.warehouse.facts.orders.gaps import gaps

ATTRIBUTES = tuple(column for column in BEFORE.splits.values() if column not in AS_NOW)
KEYS = ("histogram", "day", "gap", "number")
_ORDERS = "orders_to_count"
"""What the orders are called in SQL that is kept."""


def table_by(attribute: str) -> str:
    """The table of the histograms by an attribute; without one, of all customers."""
    return f"{GAPS}_{attribute}" if attribute else GAPS


def build(con: duckdb.DuckDBPyConnection, schema: ibis.Schema, orders: int, limit: float) -> list[Kept]:
    """Write the histograms that have at most `limit` rows, and say of each attribute what became of it.

    schema: of facts.orders, which has so many rows.
    """
    whole = _rows(con, GAPS)
    found = [_kept("", whole, orders, stands=True)]
    for attribute in ATTRIBUTES:
        table = table_by(attribute)
        con.execute(f"DROP TABLE IF EXISTS facts.{table}")
        rows = whole  # it has as many at least
        if whole <= limit:
            con.execute(
                f"CREATE TABLE facts.{table} AS {_sql(con, schema, attribute, 'facts.orders')} ORDER BY histogram, day"
            )
            rows = _rows(con, table)
            if rows > limit:
                con.execute(f"DROP TABLE facts.{table}")
        found.append(_kept(attribute, rows, orders, stands=rows <= limit))
    return found


def correct(con: duckdb.DuckDBPyConnection, schema: ibis.Schema, attribute: str) -> None:
    """Add what the histories say now, and take away what they said before, as further rows."""
    for rows, sign in ((f"temp.{HISTORIES_NOW}", ""), (f"temp.{HISTORIES_BEFORE}", "-")):
        con.execute(
            f"INSERT INTO facts.{table_by(attribute)} BY NAME"
            f" SELECT * REPLACE ({sign}n AS n) FROM ({_sql(con, schema, attribute, rows)})"
        )


def _sql(con: duckdb.DuckDBPyConnection, schema: ibis.Schema, attribute: str, rows: str) -> str:
    sql = compiled(con, ("histograms", typed(schema), attribute), lambda: _counted(schema, attribute))
    return sql.replace(f'"{_ORDERS}"', rows)


@lru_cache(maxsize=64)  # for other shops of the same process
def _counted(schema: ibis.Schema, attribute: str) -> str:
    return str(ibis.to_sql(gaps(ibis.table(schema, name=_ORDERS), (attribute,)), dialect="duckdb"))


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM facts.{table}").fetchall()[0][0])


def _kept(attribute: str, rows: int, orders: int, *, stands: bool) -> Kept:
    return Kept(table_by(attribute), 0, GAPS, attribute, "day", False, frozenset(), rows, orders, stands)
