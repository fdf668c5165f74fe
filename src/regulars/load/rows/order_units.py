"""The order that each line of a file belongs to."""

from __future__ import annotations

from regulars.load import evaluate
from regulars.load.parse import parsed, stripped
from regulars.load.stage import Stage
from regulars.warehouse.schema import Kind

ORDER_TABLES = frozenset({"orders", "order_lines", "returns"})
"""Tables of an order's rows: without any of these rows its amounts would be wrong."""


def units_of(stage: Stage) -> list[str]:
    """Return SQL (line, unit) of the order id of each line, for each mapping that fills a table of ORDER_TABLES."""
    queries = []
    for plan in stage.plans:
        if plan.table.name not in ORDER_TABLES or "order_id" not in plan.columns:
            continue
        order = plan.columns["order_id"]
        lines = f'(SELECT * FROM {stage.rows()} WHERE "@bad" OR {evaluate.chosen(plan)})'
        if plan.group_by and order.bare is None:
            keys = ", ".join(f"({key.sql}) AS g{i}" for i, key in enumerate(plan.group_by))
            group = ", ".join(f"g{i}" for i in range(len(plan.group_by)))
            unit = f"SELECT {keys}, ({order.sql})::VARCHAR AS unit FROM {lines} GROUP BY ALL"
            each = f'SELECT "@line" AS line, {keys} FROM {lines}'
            queries.append(f"SELECT line, unit FROM ({each}) JOIN ({unit}) USING ({group})")
        elif plan.group_by:
            keys = ", ".join(f"({key.sql})" for key in plan.group_by)
            whole = 'ORDER BY "@line" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING'
            unit = f"first_value({order.sql} IGNORE NULLS) OVER (PARTITION BY {keys} {whole})"
            queries.append(f'SELECT "@line" AS line, ({unit})::VARCHAR AS unit FROM {lines}')
        else:
            queries.append(f'SELECT "@line" AS line, ({order.sql})::VARCHAR AS unit FROM {lines}')
    return queries


def guessed_units(stage: Stage) -> list[str]:
    """Return SQL (line, unit) of the likely order id of broken lines: the field in the position of the order id."""
    names = [name.lower() for name in stage.lines.names]
    filling = [plan for plan in stage.plans if plan.table.name in ORDER_TABLES and "order_id" in plan.columns]
    queries = []
    for name in {plan.columns["order_id"].bare or "" for plan in filling} & set(names):
        field = stripped(f"fields[{names.index(name) + 1}]")
        queries.append(f"SELECT line, {parsed(Kind.ID, field, stage.locale)} AS unit FROM {stage.lines.unreadable}")
    return queries
