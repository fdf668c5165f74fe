"""Order ids of sources with two of them: `order_id`, which people read, and the system's own `source_order_id`.

The `source_order_id` identifies the order. A known one keeps the order_id under which it was first stored, also after the
order is renamed. A new one takes the row's order_id, unless an order with another `source_order_id` has it: then the new
order's id is both, as in "#1001 (5123456)". Rows without a `source_order_id` are identified by order_id alone.
"""

from __future__ import annotations

from regulars.load.rows.validation import Validation
from regulars.warehouse.tables import BY_NAME

_MOST_NAMED = 3


def resolve_order_ids(validation: Validation) -> None:
    """Set the order_id of the load's orders, lines and returns to that of the order they belong to."""
    if "orders" not in validation.rows or not validation.workspace.count(
        f"{validation.rows['orders']} WHERE source_order_id IS NOT NULL"
    ):
        return
    con = validation.workspace.con
    source_ids, keys = validation.workspace.table("source_ids"), validation.workspace.table("order_keys")
    con.execute(
        f'CREATE TEMP TABLE {source_ids} AS SELECT source, source_order_id AS id, "@file" AS file, order_id AS name'
        f" FROM {validation.rows['orders']} WHERE source_order_id IS NOT NULL"
    )
    con.execute(
        f"""
        CREATE TEMP TABLE {keys} AS
        WITH orders AS (SELECT source, id, arg_min(name, file) AS name, min(file) AS first FROM {source_ids} GROUP BY source, id),
        known AS (
            SELECT source, source_order_id AS id, arg_min(order_id, load_id) AS key FROM log.orders
            SEMI JOIN (SELECT source, id AS source_order_id FROM orders) USING (source, source_order_id) GROUP BY ALL),
        taken AS (
            SELECT source, order_id AS name, arg_max(source_order_id, load_id) AS id FROM log.orders
            SEMI JOIN (SELECT source, name AS order_id FROM orders) USING (source, order_id) GROUP BY ALL),
        owners AS (
            SELECT source, name, arg_min(o.id, o.first) AS id FROM orders o ANTI JOIN known USING (source, id) GROUP BY ALL)
        SELECT g.source, g.file, g.name, k.key IS NULL AND coalesce(t.id, w.id) <> g.id AS apart,
               CASE WHEN k.key IS NOT NULL THEN k.key WHEN coalesce(t.id, w.id) = g.id THEN o.name
                    ELSE o.name || ' (' || g.id || ')' END AS key
        FROM {source_ids} g JOIN orders o USING (source, id) LEFT JOIN known k USING (source, id)
        LEFT JOIN taken t ON t.source = g.source AND t.name = o.name
        LEFT JOIN owners w ON w.source = g.source AND w.name = o.name"""
    )
    validation.renamed = validation.workspace.table("renamed")
    con.execute(
        f"CREATE TEMP TABLE {validation.renamed} AS SELECT DISTINCT source, file, name, key FROM {keys} WHERE key <> name"
    )
    for name in validation.rows:
        if BY_NAME[name].has("order_id"):
            rows = validation.table_of(name)
            con.execute(
                f"UPDATE {rows} AS r SET order_id = k.key FROM {validation.renamed} k"
                ' WHERE r.source = k.source AND r."@file" = k.file AND r.order_id = k.name'
            )
    for source, count, names in con.execute(
        f"SELECT source, count(DISTINCT key), list_sort(list(DISTINCT name))[:{_MOST_NAMED}] FROM {keys} WHERE apart"
        " GROUP BY source ORDER BY source"
    ).fetchall():
        what = "1 order has" if count == 1 else f"{count:,} orders have"
        named = ", ".join(names) + (", …" if count > len(names) else "")
        validation.warnings.append(
            f"{what} the order_id of another order of {source} and another source_order_id ({named}); both are stored. If these"
            " are two shops, load each with --account NAME."
        )
