"""Incremental derivation: persons, and of each fact the rows that depend on changed rows."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse import forecasts
from regulars.warehouse.changes import Changes, FullRefreshRequired
from regulars.warehouse.derive import incremental_by_key, incremental_orders
from regulars.warehouse.derive.coverage import write_coverage
from regulars.warehouse.derive.full_refresh import ALL_STEPS, groups_with_rows
from regulars.warehouse.derive.statements import GROUPS, SOURCE_TABLES
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.facts.orders.order_headers import GROUP as ORDERS
from regulars.warehouse.facts_version import sign
from regulars.warehouse.identity import update_persons


def update_facts(
    con: duckdb.DuckDBPyConnection, settings: Settings, changes: Changes, on_step: Callable[[str], None]
) -> frozenset[str]:
    """Update persons and facts by the changes of a write.

    Leaves temporary tables of each changed fact: removed_FACT and added_FACT with the rows before and after; and of
    orders HISTORIES_BEFORE and HISTORIES_NOW with all orders of the affected customers.

    Returns:
        The names of the facts that changed.

    Raises:
        FullRefreshRequired: the changes cannot be derived incrementally.
    """
    for table in dict.fromkeys(read.table for fact in FACT_TABLES for read in fact.reads if not read.by):
        if changes.has_changed(table):
            raise FullRefreshRequired(f"{table.replace('_', ' ')} changed")
    if not update_persons(con, settings, changes):
        raise FullRefreshRequired("two persons would have the same number")
    on_step(ALL_STEPS[0])
    changed: frozenset[str] = frozenset()
    filled_groups = groups_with_rows(con)
    for group, facts in GROUPS.items():
        if group not in filled_groups and changes.tables.isdisjoint(SOURCE_TABLES[group]):
            continue
        if group == ORDERS:
            changed |= incremental_orders.update(con, settings, changes, changed)
        else:
            changed |= {fact.name for fact in facts if incremental_by_key.update(con, settings, fact, changes, changed)}
    write_coverage(con, settings, changes.tables)
    forecasts.write_moved_persons(con)
    sign(con, settings)
    for step in ALL_STEPS[1:]:
        on_step(step)
    return changed
