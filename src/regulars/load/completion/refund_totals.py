"""Refunds of sources that export what was given back of an order so far, in total and without a date.

Each load writes an order's total as parts, the returns ORDER/refund/UPTO: what was given back beyond the part before, up to UPTO
in all. Parts that earlier loads wrote keep their dates; a total above all of them adds one, dated by the file that shows it. The
load writes every part of an order again, so that the parts always add up to the total of the last load that is not undone.
"""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.stage import Plan, Stage
from regulars.load.validate import Validation
from regulars.load.workspace import identifier
from regulars.warehouse.schema import Kind


def split_refund_totals(found: Validation) -> None:
    """Put parts in the place of the totals among the load's returns, and note in `found.warnings` which orders' totals grew."""
    stages = [(stage, plan) for stage in found.stages for plan in stage.plans if plan.running_total]
    if not stages or "orders" not in found.rows:
        return
    con, rows = found.workspace.con, found.table_of("returns")
    shown, old, parts = (found.workspace.table(name) for name in ("shown_totals", "old_parts", "refund_parts"))
    latest = " UNION ALL ".join(
        f"SELECT {stage.number} AS file, ({_latest(found, stage)}) AS latest" for stage, _ in stages
    )
    con.execute(
        f"CREATE TEMP TABLE {shown} AS {' UNION ALL '.join(_shown(found, stage, plan) for stage, plan in stages)}"
    )
    con.execute(
        f"CREATE TEMP TABLE {old} AS SELECT source, order_id,"
        " TRY_CAST(regexp_extract(return_id, '[^/]*$') AS DECIMAL(18,4)) AS upto,"
        " arg_max(returned_at, load_id) AS returned_at FROM log.returns"
        f" SEMI JOIN (SELECT DISTINCT source, order_id FROM {shown}) USING (source, order_id)"
        " WHERE starts_with(return_id, order_id || '/refund/') GROUP BY ALL HAVING upto IS NOT NULL"
    )
    # An order's first total, where it was not known before with a smaller one, is dated by what the file knows of the order.
    con.execute(
        f"""
        CREATE TEMP TABLE {parts} AS
        WITH known AS (SELECT DISTINCT source, order_id FROM log.orders SEMI JOIN {shown} USING (source, order_id)),
        before AS (
            SELECT s.*, k.order_id IS NOT NULL OR lag(s.file) OVER earlier IS NOT NULL AS seen,
                   greatest(coalesce(max(s.total) OVER (earlier ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
                            coalesce(o.most, 0)) AS reached
            FROM {shown} s LEFT JOIN known k USING (source, order_id)
            LEFT JOIN (SELECT source, order_id, max(upto) AS most FROM {old} GROUP BY ALL) o USING (source, order_id)
            WINDOW earlier AS (PARTITION BY s.source, s.order_id ORDER BY s.file)),
        last AS (SELECT * FROM {shown} QUALIFY row_number() OVER (PARTITION BY source, order_id ORDER BY file DESC) = 1),
        tops AS (
            SELECT source, order_id, upto, returned_at, NULL::INTEGER AS grown_in FROM {old}
            UNION ALL
            SELECT source, order_id, total, CASE WHEN seen THEN greatest(returned_at, latest) ELSE returned_at END,
                   CASE WHEN seen THEN file END
            FROM before JOIN ({latest}) USING (file) WHERE total > reached)
        SELECT t.*, l.file, l.plan, l.line, l.zone,
               least(t.upto, l.total) - least(coalesce(lag(t.upto) OVER up, 0), l.total) AS amount
        FROM tops t JOIN last l USING (source, order_id) WINDOW up AS (PARTITION BY t.source, t.order_id ORDER BY t.upto)"""
    )
    plans = " OR ".join(f'"@file" = {stage.number} AND "@plan" = {stage.plans.index(plan)}' for stage, plan in stages)
    con.execute(f"DELETE FROM {rows} WHERE {plans}")
    con.execute(
        f'INSERT INTO {rows} BY NAME SELECT file AS "@file", plan AS "@plan", line AS "@line", source, zone, order_id, amount,'
        f" order_id || '/refund/' || upto AS return_id, returned_at, false AS \"@wrong\" FROM {parts}"
    )
    for number, count, day in con.execute(
        f"SELECT grown_in, count(DISTINCT order_id), max(returned_at)::DATE FROM {parts}"
        " WHERE grown_in IS NOT NULL GROUP BY grown_in ORDER BY grown_in"
    ).fetchall():
        what = "1 order" if count == 1 else f"{count:,} orders"
        found.warnings.append(
            f"{found.stages[number].file.name}: {what} had more refunded than was known before. The file does not say when, so the"
            f" difference is dated {day}, the latest time in it."
        )


def _shown(found: Validation, stage: Stage, plan: Plan) -> str:
    """SQL: the total of each order of a file, 0 where it shows none; only orders with a total anywhere in load or log."""
    orders, returns, index = found.rows["orders"], found.rows["returns"], stage.plans.index(plan)
    own = f'SELECT * FROM {returns} WHERE "@file" = {stage.number} AND "@plan" = {index}'
    totals = (
        f'SELECT source, order_id, "@file" AS file, "@plan" AS plan, "@line" AS line, zone, amount AS total, returned_at'
        f" FROM ({own})"
    )
    columns = {name.lower() for name in stage.lines.names}
    if not plan.columns["amount"].names <= columns:
        return totals
    refunded = (
        f"SELECT source, order_id FROM {returns} UNION SELECT source, order_id FROM log.returns"
        f" WHERE source = {quoted(stage.full_name)} AND starts_with(return_id, order_id || '/refund/')"
    )
    return (
        f'{totals} UNION ALL SELECT source, order_id, "@file", {index}, "@line", zone, 0, ordered_at FROM {orders}'
        f" SEMI JOIN ({refunded}) USING (source, order_id) ANTI JOIN ({own}) USING (source, order_id)"
        f' WHERE "@file" = {stage.number}'
    )


def _latest(found: Validation, stage: Stage) -> str:
    """SQL: the latest time in a file, at most the moment of the load."""
    times = [f"max({identifier(name)})" for name, kind in stage.kinds.items() if kind is Kind.INSTANT]
    latest = f"timezone('UTC', greatest({', '.join(times)}))"
    return f"SELECT least({latest}, TIMESTAMP '{stage.now}') FROM {found.lines(stage)}"
