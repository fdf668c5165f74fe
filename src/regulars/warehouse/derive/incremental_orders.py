"""Incremental derivation of orders, lines and returns: the affected ones, and the histories of their customers."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import (
    ALWAYS_INCREMENTAL_ROWS,
    HISTORIES_BEFORE,
    HISTORIES_NOW,
    MAX_INCREMENTAL_SHARE,
    Changes,
    FullRefreshRequired,
)
from regulars.warehouse.derive.full_refresh import (
    compiled_product_names,
    compiled_statements,
    prepare_days,
    run,
    skip_empty_tables,
)
from regulars.warehouse.derive.statements import (
    GROUPS,
    INCREMENTAL,
    OTHER_GROUP_PREFIX,
    PERSONS_SUFFIX,
    without_history_columns,
)
from regulars.warehouse.engine import Engine
from regulars.warehouse.facts.orders.lines import LINES
from regulars.warehouse.facts.orders.order_headers import GROUP as ORDERS
from regulars.warehouse.facts.orders.sequence import HISTORY_COLUMNS
from regulars.warehouse.identity import with_person
from regulars.warehouse.log import tables_with_rows
from regulars.warehouse.missing_rates import require_rates
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions import groups

VISITS = "visits"
_FACTS = tuple(fact.name for fact in GROUPS[ORDERS])
_TABLES_WITH_PERSONS = tuple(fact.table.name for fact in GROUPS[ORDERS] if fact.table.has_identity_columns)


def update(
    con: duckdb.DuckDBPyConnection, settings: Settings, changes: Changes, changed_facts: frozenset[str]
) -> frozenset[str]:
    """Update the facts of orders.

    Args:
        con: a connection to the version being written.
        settings: the shop's settings.
        changes: the changes of the write.
        changed_facts: the facts that the same derivation has changed before.

    Returns:
        The facts that changed. Temporary tables removed_FACT and added_FACT hold their rows before and after,
        HISTORIES_BEFORE and HISTORIES_NOW all orders of the affected customers.

    Raises:
        FullRefreshRequired: the changes cannot be derived incrementally.
    """
    if _update_product_names(con, changes):
        raise FullRefreshRequired("products were renamed")
    if changes.has_rows("facts.orders") and changes.has_rows("facts.lines") != (
        LINES.table.name in tables_with_rows(con)
    ):
        raise FullRefreshRequired("the shop has its first order lines, or has none any more")
    _find_touched(con, changes, changed_facts)
    touched = changes.count_rows("temp.touched")
    if not touched and not changes.has_rows("temp.touched_back"):
        return frozenset()
    if touched > max(ALWAYS_INCREMENTAL_ROWS, MAX_INCREMENTAL_SHARE * changes.count_rows("facts.orders")):
        raise FullRefreshRequired(changes.exceed_row_limit(f"{touched:,} orders are affected"))
    _prepare_sources(con, settings)
    empty = {name for name in ("order_lines", "returns") if not changes.has_rows(f"temp.touched_{name}")}
    order_statements = skip_empty_tables(con, compiled_statements(con, settings, ORDERS, INCREMENTAL), empty)
    split_at = next(number for number, statement in enumerate(order_statements) if statement.name == "valued") + 1
    before_histories, after_histories = order_statements[:split_at], order_statements[split_at:]
    engine = Engine(con=con)
    run(
        engine,
        before_histories,
        keep=tuple(
            statement.name
            for statement in before_histories
            if any(statement_after.reads(statement) for statement_after in after_histories)
        ),
    )
    _find_histories(con)
    run(engine, after_histories)
    return _apply_changes(con)


def _find_touched(con: duckdb.DuckDBPyConnection, changes: Changes, changed_facts: frozenset[str]) -> None:
    """Create temp.touched(source, order_id), the orders whose amounts or person may change, and
    temp.touched_back(source, return_id), the returns that may.

    All returns of a touched order are touched, and all orders of a touched return or visit; also lines and returns of
    products that had no name before.
    """
    altered = changes.changed_keys("returns")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE touched_back AS SELECT source, return_id FROM {altered}"
        " UNION SELECT source, return_id FROM facts.returns SEMI JOIN temp.moved_persons USING (person)"
        " UNION SELECT source, return_id FROM main.returns SEMI JOIN temp.named_first USING (source, product_id)"
    )
    previous_returns = ["temp.previous_returns"] if "returns" in changes.tables else []
    of_returns = " ".join(
        f"UNION SELECT source, order_id FROM {rows} SEMI JOIN temp.touched_back USING (source, return_id)"
        " WHERE order_id IS NOT NULL"
        for rows in ("main.returns", *previous_returns)
    )
    of_visits = ""
    if VISITS in changed_facts:
        of_visits = (
            "UNION SELECT source, order_id FROM main.orders SEMI JOIN (SELECT source, visit_id FROM temp.removed_visits"
            " UNION SELECT source, visit_id FROM temp.added_visits) USING (source, visit_id)"
        )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT source, order_id FROM {changes.changed_keys('orders')}"
        f" UNION SELECT source, order_id FROM {changes.changed_keys('order_lines')} {of_returns} {of_visits}"
        " UNION SELECT source, order_id FROM facts.orders SEMI JOIN temp.moved_persons USING (person)"
        " UNION SELECT source, order_id FROM main.order_lines SEMI JOIN temp.named_first USING (source, product_id)"
    )


def _update_product_names(con: duckdb.DuckDBPyConnection, changes: Changes) -> bool:
    """Update the names of products. Returns True where the name or category of a known product changed.

    Creates temp.named_first(source, product_id): products that had no name before.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE named_first (source TEXT, product_id TEXT)")
    if not {"order_lines", "products"} & changes.tables:
        return False
    altered = changes.changed_keys("order_lines")
    name_changes = " UNION ALL ".join(
        f"SELECT source, product_id, product_name, {times} AS times FROM temp.{kind}_order_lines"
        f" SEMI JOIN {altered} USING (source, order_id)"
        " WHERE product_id IS NOT NULL AND product_name IS NOT NULL"
        for kind, times in (("previous", -1), ("current", 1))
        if "order_lines" in changes.tables
    )
    if name_changes:
        con.execute(
            f"CREATE OR REPLACE TABLE {groups.writable(con, ORDERS)}.product_calls AS SELECT source, product_id, product_name,"
            f" sum(times)::BIGINT AS times FROM (FROM facts.product_calls UNION ALL {name_changes})"
            " GROUP BY ALL HAVING sum(times) > 0"
        )
    names = compiled_product_names(con)
    con.execute(f"CREATE OR REPLACE TEMP TABLE names_now AS {names}")
    if changes.has_rows("(FROM facts.product_names EXCEPT FROM temp.names_now)"):
        return True
    con.execute(
        "INSERT INTO temp.named_first SELECT source, product_id FROM temp.names_now"
        " ANTI JOIN facts.product_names USING (source, product_id)"
    )
    if changes.has_rows("temp.named_first"):
        con.execute(f"CREATE OR REPLACE TABLE {groups.writable(con, ORDERS)}.product_names AS FROM temp.names_now")
    return False


def _prepare_sources(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create the tables that the statements read, with the touched rows only."""
    touched_returns = (
        "(FROM main.returns WHERE (source, return_id) IN (FROM temp.touched_back)"
        " OR (source, order_id) IN (FROM temp.touched))"
    )
    rows = {
        name: f"(FROM main.{name} SEMI JOIN temp.touched USING (source, order_id))"
        for name in ("orders", "order_lines")
    }
    for name, relation in {**rows, "returns": touched_returns}.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE touched_{name} AS FROM {relation}")
    # Few orders have a visit_id: only their visits are read, not all.
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {OTHER_GROUP_PREFIX}{VISITS} AS SELECT source, visit_id, bucket FROM facts.{VISITS}"
        " SEMI JOIN (SELECT source, visit_id FROM temp.touched_orders WHERE visit_id IS NOT NULL) USING (source, visit_id)"
    )
    prepare_days(con, settings, GROUPS[ORDERS], "temp.touched_{}")
    for name in _TABLES_WITH_PERSONS:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE touched_{name}{PERSONS_SUFFIX} AS {with_person(BY_NAME[name], f'temp.touched_{name}')}"
        )
    require_rates(con, settings, "temp.touched_orders")


def _find_histories(con: duckdb.DuckDBPyConnection) -> None:
    """Create HISTORIES_BEFORE, removed_lines and removed_returns: rows of the facts that may change, with their row
    numbers.

    temp.kept_orders are those of the orders whose amounts do not change.
    """
    by_order = "SEMI JOIN temp.touched USING (source, order_id)"
    facts = groups.schema_of(con, ORDERS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE touched_rows AS SELECT rowid AS row_, person FROM {facts}.orders {by_order}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE concerned AS SELECT person FROM temp.touched_rows WHERE person IS NOT NULL"
        " UNION SELECT person FROM temp.valued WHERE person IS NOT NULL"
    )
    selections = {
        HISTORIES_BEFORE: (
            f"{facts}.orders SEMI JOIN temp.concerned USING (person)",
            f"{facts}.orders WHERE rowid IN (SELECT row_ FROM temp.touched_rows WHERE person IS NULL)",
        ),
        "removed_lines": (f"{facts}.lines {by_order}",),
        "removed_returns": (
            f"{facts}.returns WHERE (source, order_id) IN (FROM temp.touched) OR (source, return_id) IN (FROM temp.touched_back)"
            " OR (source, return_id) IN (SELECT source, return_id FROM temp.touched_returns)",
        ),
    }
    for name, sources in selections.items():
        # Row numbers and columns in one pass: the rows lie in nearly all blocks, and each pass reads every block.
        selected = " UNION ALL ".join(f"SELECT rowid AS row_, * FROM {relation}" for relation in sources)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {selected}")
    columns = ", ".join(f'"{name}"' for name in without_history_columns(con.table(f"{facts}.orders").columns))
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW kept_orders AS SELECT {columns} FROM temp.{HISTORIES_BEFORE}"
        " ANTI JOIN temp.touched USING (source, order_id)"
    )


def _apply_changes(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Replace the removed rows by the added ones. Returns the facts that changed."""
    _write_changed_orders(con)
    facts = groups.writable(con, ORDERS)
    differences = ", ".join(f"EXISTS (FROM temp.removed_{name}) OR EXISTS (FROM temp.added_{name})" for name in _FACTS)
    (flags,) = con.execute(f"SELECT {differences}").fetchall()
    changed = frozenset(name for name, differs in zip(_FACTS, flags, strict=True) if differs)
    for name in sorted(changed):
        con.execute(f"DELETE FROM {facts}.{name} WHERE rowid IN (SELECT row_ FROM temp.removed_{name})")
        con.execute(f"INSERT INTO {facts}.{name} BY NAME FROM temp.added_{name}")
    cell = "histogram, day, gap, number"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE gap_changes AS SELECT {cell}, sum(n)::BIGINT AS n
        FROM (FROM temp.added_gaps UNION ALL SELECT {cell}, -n FROM temp.removed_gaps) GROUP BY ALL HAVING sum(n) <> 0"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE gaps_now AS SELECT c.* EXCLUDE (n), c.n + coalesce(g.n, 0) AS n, g.rowid AS row_
        FROM temp.gap_changes c LEFT JOIN {facts}.gaps g USING ({cell})"""
    )
    con.execute(f"DELETE FROM {facts}.gaps WHERE rowid IN (SELECT row_ FROM temp.gaps_now WHERE row_ IS NOT NULL)")
    con.execute(f"INSERT INTO {facts}.gaps SELECT {cell}, n FROM temp.gaps_now WHERE n <> 0")
    return changed


def _write_changed_orders(con: duckdb.DuckDBPyConnection) -> None:
    """Create removed_orders and added_orders: the rows of the histories that differ."""
    unchanged = " AND ".join(f"b.{name} IS NOT DISTINCT FROM n.{name}" for name in HISTORY_COLUMNS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE alike AS SELECT b.source, b.order_id FROM temp.{HISTORIES_BEFORE} b"
        f" JOIN temp.{HISTORIES_NOW} n USING (source, order_id) ANTI JOIN temp.touched USING (source, order_id) WHERE {unchanged}"
    )
    for name, histories in (("removed_orders", HISTORIES_BEFORE), ("added_orders", HISTORIES_NOW)):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS FROM temp.{histories} ANTI JOIN temp.alike USING (source, order_id)"
        )
