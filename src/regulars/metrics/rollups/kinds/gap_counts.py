"""The counts of gaps once more, by an attribute of the customer's first order, where that is small."""

from __future__ import annotations

from functools import lru_cache

from regulars.metrics.measures import AS_NOW, BEFORE
from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups.registry import GAPS
from regulars.metrics.rollups.rollup import Work
from regulars.metrics.rollups.table_columns import TableColumns, ibis_table
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.facts.orders.gaps import gaps
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.versions.groups import drop

ATTRIBUTES = tuple(column for column in BEFORE.splits.values() if column not in AS_NOW)
KEYS = ("histogram", "day", "gap", "number")
_ORDERS = "orders_to_count"
"""What the orders are called in SQL that is kept."""


def table_by(attribute: str) -> str:
    """The table of the histograms by an attribute; without one, of all customers."""
    return f"{GAPS}_{attribute}" if attribute else GAPS


class GapCounts:
    """A value distribution by day: how many orders had which gap before and after, by an attribute of the first order."""

    def wanted(self, work: Work) -> frozenset[LevelKey]:
        """The counts of all customers, which are a fact of their own, and those by each attribute."""
        del work
        return frozenset(LevelKey(GAPS, by, "day", False, frozenset()) for by in ("", *ATTRIBUTES))

    def build(self, work: Work) -> None:
        """Write the counts that are small against the orders."""
        orders, whole = work.rows("orders"), work.rows(GAPS)
        levels, facts = [_level("", whole, orders, is_stored=True)], work.writable("orders")
        for attribute in ATTRIBUTES:
            table, limit = table_by(attribute), work.rule.most(orders, attribute)
            rows = whole  # it has as many at least
            if whole <= limit:
                counted = _sql(work, attribute, "facts.orders")
                work.con.execute(f"CREATE OR REPLACE TABLE {facts}.{table} AS {counted} ORDER BY histogram, day")
                work.show("orders", table)
                rows = work.rows(table)
            if rows > limit:
                drop(work.con, facts, table)
            levels.append(_level(attribute, rows, orders, is_stored=rows <= limit))
        work.note(*levels)

    def apply(self, work: Work) -> None:
        """Add what the customers' orders say now, and take away what they said before, as further rows."""
        if "orders" not in work.changed:
            return
        for level in work.levels(GAPS):
            if not level.by or not level.is_stored:
                continue
            for rows, sign in ((f"temp.{HISTORIES_NOW}", ""), (f"temp.{HISTORIES_BEFORE}", "-")):
                work.con.execute(
                    f"INSERT INTO {work.writable('orders')}.{level.table} BY NAME"
                    f" SELECT * REPLACE ({sign}n AS n) FROM ({_sql(work, level.by, rows)})"
                )
            work.compact("orders", level.table, (*KEYS, level.by), "n", ())


def _sql(work: Work, attribute: str, rows: str) -> str:
    table = work.columns("orders")
    sql = work.compiled(("gap counts", table, attribute), lambda: _counted(table, attribute))
    return sql.replace(f'"{_ORDERS}"', rows)


@lru_cache(maxsize=64)  # for other shops of the same process
def _counted(table: TableColumns, attribute: str) -> str:
    return str(ibis.to_sql(gaps(ibis_table(table, _ORDERS), (attribute,)), dialect="duckdb"))


def _level(attribute: str, rows: int, orders: int, *, is_stored: bool) -> RollupLevel:
    return RollupLevel(
        table_by(attribute), 0, GAPS, attribute, "day", False, frozenset(), rows, "orders", orders, is_stored
    )
