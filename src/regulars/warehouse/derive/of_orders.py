"""Orders, lines and returns by difference: those that a write touched, and the rest of those customers' histories."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import FEW, HISTORIES_BEFORE, HISTORIES_NOW, MOST, Changes, NotEnough
from regulars.warehouse.derive.full import names_of_products, prepare_days, run, steps_of, without_rows
from regulars.warehouse.derive.statements import DERIVED, GROUPS, OF_PERSONS, TOUCHED, unsequenced
from regulars.warehouse.facts.orders.lines import LINES
from regulars.warehouse.facts.orders.order_headers import GROUP as ORDERS
from regulars.warehouse.facts.orders.sequence import PLACES
from regulars.warehouse.identity import of_persons
from regulars.warehouse.log import tables_with_rows
from regulars.warehouse.missing_rates import require_rates
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions import groups

VISITS = "visits"
_FACTS = tuple(fact.name for fact in GROUPS[ORDERS])
_ABOUT_SOMEBODY = tuple(fact.table.name for fact in GROUPS[ORDERS] if fact.table.is_about_somebody)


def correct(
    con: duckdb.DuckDBPyConnection, settings: Settings, changes: Changes, corrected: frozenset[str]
) -> frozenset[str]:
    """Correct the facts of orders. Returns which changed; raises NotEnough where everything must be derived anew.

    corrected: the facts whose rows the same write has changed already.

    Of these there are temporary tables removed_FACT and added_FACT, and HISTORIES_BEFORE and HISTORIES_NOW.
    """
    if _renamed(con, changes):
        raise NotEnough("products were renamed")
    if changes.any("facts.orders") and changes.any("facts.lines") != (LINES.table.name in tables_with_rows(con)):
        raise NotEnough("order lines came for the first time, or none is left")
    _find_touched(con, changes, corrected)
    touched = changes.count("temp.touched")
    if not touched and not changes.any("temp.touched_back"):
        return frozenset()
    if touched > max(FEW, MOST * changes.count("facts.orders")):
        raise NotEnough(changes.too_many(f"{touched:,} orders are concerned"))
    _restrict(con, settings)
    empty = {name for name in ("order_lines", "returns") if not changes.any(f"temp.touched_{name}")}
    steps = without_rows(con, steps_of(con, settings, ORDERS, TOUCHED), empty)
    valued = next(number for number, step in enumerate(steps) if step.name == "valued") + 1
    first, rest = steps[:valued], steps[valued:]
    run(con, first, keep=tuple(one.name for one in first if any(one.full_name in later.sql for later in rest)))
    _find_histories(con)
    run(con, rest)
    return _put_in(con)


def _find_touched(con: duckdb.DuckDBPyConnection, changes: Changes, corrected: frozenset[str]) -> None:
    """temp.touched(source, order_id): orders whose money or person may differ; temp.touched_back(source, return_id): returns.

    Every return of a touched order is touched, and every order of a touched return or visit; so is what was sold or came back
    before its product had a name.
    """
    altered = changes.altered("returns")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE touched_back AS SELECT source, return_id FROM {altered}"
        " UNION SELECT source, return_id FROM facts.returns SEMI JOIN temp.moved_persons USING (person)"
        " UNION SELECT source, return_id FROM main.returns SEMI JOIN temp.named_first USING (source, product_id)"
    )
    before = ["temp.previous_returns"] if "returns" in changes.tables else []
    of_returns = " ".join(
        f"UNION SELECT source, order_id FROM {rows} SEMI JOIN temp.touched_back USING (source, return_id)"
        " WHERE order_id IS NOT NULL"
        for rows in ("main.returns", *before)
    )
    of_visits = ""
    if VISITS in corrected:
        of_visits = (
            "UNION SELECT source, order_id FROM main.orders SEMI JOIN (SELECT source, visit_id FROM temp.removed_visits"
            " UNION SELECT source, visit_id FROM temp.added_visits) USING (source, visit_id)"
        )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT source, order_id FROM {changes.altered('orders')}"
        f" UNION SELECT source, order_id FROM {changes.altered('order_lines')} {of_returns} {of_visits}"
        " UNION SELECT source, order_id FROM facts.orders SEMI JOIN temp.moved_persons USING (person)"
        " UNION SELECT source, order_id FROM main.order_lines SEMI JOIN temp.named_first USING (source, product_id)"
    )


def _renamed(con: duckdb.DuckDBPyConnection, changes: Changes) -> bool:
    """Bring the names of products up to date. Returns whether one that was known is called, or filed, otherwise now.

    temp.named_first(source, product_id): the products that were not known before.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE named_first (source TEXT, product_id TEXT)")
    if not {"order_lines", "products"} & changes.tables:
        return False
    altered = changes.altered("order_lines")
    said = " UNION ALL ".join(
        f"SELECT source, product_id, product_name, {times} AS times FROM temp.{kind}_order_lines"
        f" SEMI JOIN {altered} USING (source, order_id)"
        " WHERE product_id IS NOT NULL AND product_name IS NOT NULL"
        for kind, times in (("previous", -1), ("current", 1))
        if "order_lines" in changes.tables
    )
    if said:
        con.execute(
            f"CREATE OR REPLACE TABLE {groups.writable(con, ORDERS)}.product_calls AS SELECT source, product_id, product_name,"
            f" sum(times)::BIGINT AS times FROM (FROM facts.product_calls UNION ALL {said}) GROUP BY ALL HAVING sum(times) > 0"
        )
    names = names_of_products(con)
    con.execute(f"CREATE OR REPLACE TEMP TABLE names_now AS {names}")
    if changes.any("(FROM facts.product_names EXCEPT FROM temp.names_now)"):
        return True
    con.execute(
        "INSERT INTO temp.named_first SELECT source, product_id FROM temp.names_now"
        " ANTI JOIN facts.product_names USING (source, product_id)"
    )
    if changes.any("temp.named_first"):
        con.execute(f"CREATE OR REPLACE TABLE {groups.writable(con, ORDERS)}.product_names AS FROM temp.names_now")
    return False


def _restrict(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """The tables that the statements read, with the touched rows only."""
    back = (
        "(FROM main.returns WHERE (source, return_id) IN (FROM temp.touched_back)"
        " OR (source, order_id) IN (FROM temp.touched))"
    )
    rows = {
        name: f"(FROM main.{name} SEMI JOIN temp.touched USING (source, order_id))"
        for name in ("orders", "order_lines")
    }
    for name, relation in {**rows, "returns": back}.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE touched_{name} AS FROM {relation}")
    # Without a visit named there is nothing to look for among very many.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {DERIVED}{VISITS} AS SELECT source, visit_id, bucket FROM facts.{VISITS} SEMI JOIN"
        " (SELECT source, visit_id FROM temp.touched_orders WHERE visit_id IS NOT NULL) USING (source, visit_id)"
    )
    prepare_days(con, settings, GROUPS[ORDERS], "temp.touched_{}")
    for name in _ABOUT_SOMEBODY:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE touched_{name}{OF_PERSONS} AS {of_persons(BY_NAME[name], f'temp.touched_{name}')}"
        )
    require_rates(con, settings, "temp.touched_orders")


def _find_histories(con: duckdb.DuckDBPyConnection) -> None:
    """HISTORIES_BEFORE, removed_lines and removed_returns: the rows of the facts that may differ, with their row numbers.

    temp.kept_orders: those of the orders whose money stays.
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
    may_differ = {
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
    for name, ways in may_differ.items():
        # Found and fetched in one pass: they are scattered over all blocks, and each pass reads them all.
        rows = " UNION ALL ".join(f"SELECT rowid AS row_, * FROM {way}" for way in ways)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {rows}")
    columns = ", ".join(f'"{name}"' for name in unsequenced(con.table(f"{facts}.orders").columns))
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW kept_orders AS SELECT {columns} FROM temp.{HISTORIES_BEFORE}"
        " ANTI JOIN temp.touched USING (source, order_id)"
    )


def _put_in(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Put the rows that came in the place of those that went. Returns the facts that any came to or went from."""
    _tell_alike(con)
    facts = groups.writable(con, ORDERS)
    differ = ", ".join(f"EXISTS (FROM temp.removed_{name}) OR EXISTS (FROM temp.added_{name})" for name in _FACTS)
    (found,) = con.execute(f"SELECT {differ}").fetchall()
    changed = frozenset(name for name, differs in zip(_FACTS, found, strict=True) if differs)
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


def _tell_alike(con: duckdb.DuckDBPyConnection) -> None:
    """removed_orders and added_orders: of the histories the rows that are not as they were."""
    same = " AND ".join(f"b.{name} IS NOT DISTINCT FROM n.{name}" for name in PLACES)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE alike AS SELECT b.source, b.order_id FROM temp.{HISTORIES_BEFORE} b"
        f" JOIN temp.{HISTORIES_NOW} n USING (source, order_id) ANTI JOIN temp.touched USING (source, order_id) WHERE {same}"
    )
    for name, histories in (("removed_orders", HISTORIES_BEFORE), ("added_orders", HISTORIES_NOW)):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS FROM temp.{histories} ANTI JOIN temp.alike USING (source, order_id)"
        )
