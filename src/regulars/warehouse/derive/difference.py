"""What hangs on the rows that changed: persons, and of every fact the rows that read them."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes, NotEnough
from regulars.warehouse.derive import of_keys, of_orders
from regulars.warehouse.derive.coverage import write_coverage
from regulars.warehouse.derive.full import ALL_STEPS, with_rows
from regulars.warehouse.derive.merged_persons import follow_persons
from regulars.warehouse.derive.statements import GROUPS, MADE_OF
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.facts.orders.order_headers import GROUP as ORDERS
from regulars.warehouse.facts_version import sign
from regulars.warehouse.identity import correct_persons


def correct(
    con: duckdb.DuckDBPyConnection, settings: Settings, changes: Changes, done: Callable[[str], None]
) -> frozenset[str]:
    """Correct persons and facts by what the write changed. Returns the names of the facts that changed.

    Leaves of each of these temporary tables removed_FACT and added_FACT: the rows that went and came; and of orders
    HISTORIES_BEFORE and HISTORIES_NOW: all orders of the customers concerned. Raises NotEnough where everything must be derived
    anew.
    """
    for table in dict.fromkeys(read.table for fact in FACT_TABLES for read in fact.reads if not read.by):
        if changes.differs(table):
            raise NotEnough(f"{table.replace('_', ' ')} changed")
    if not correct_persons(con, settings, changes):
        raise NotEnough("two customers would have one number")
    done(ALL_STEPS[0])
    changed: frozenset[str] = frozenset()
    known = with_rows(con)
    for group, facts in GROUPS.items():
        if group not in known and changes.tables.isdisjoint(MADE_OF[group]):
            continue
        if group == ORDERS:
            changed |= of_orders.correct(con, settings, changes, changed)
        else:
            changed |= {fact.name for fact in facts if of_keys.correct(con, settings, fact, changes)}
    write_coverage(con, settings, changes.tables)
    follow_persons(con)
    sign(con, settings)
    for step in ALL_STEPS[1:]:
        done(step)
    return changed
