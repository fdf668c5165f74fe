"""Refunds of sources that export an order's running total of refunds, without dates.

A load stores the total as returns with the ids ORDER/refund/UPTO, one for each total known so far; the amount is UPTO less
the total before it. Those of earlier loads keep their dates; a total above all of them adds one, dated by the latest time in
the file. Every load stores all of an order's returns again, so they add up to the total of the last load that is not undone.
"""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.rows.validation import Validation
from regulars.load.stage import Plan, Stage
from regulars.load.workspace import identifier
from regulars.warehouse.schema import Kind


def split_refund_totals(validation: Validation) -> None:
    """Replace the totals among the load's returns by parts, and warn of orders whose totals grew."""
    stages = [(stage, plan) for stage in validation.stages for plan in stage.plans if plan.running_total]
    if not stages or "orders" not in validation.rows:
        return
    con, rows = validation.workspace.con, validation.table_of("returns")
    totals, old, parts = (validation.workspace.table(name) for name in ("shown_totals", "old_parts", "refund_parts"))
    latest = " UNION ALL ".join(
        f"SELECT {stage.number} AS file, ({_latest(validation, stage)}) AS latest" for stage, _ in stages
    )
    con.execute(
        f"CREATE TEMP TABLE {totals} AS {' UNION ALL '.join(_order_totals(validation, stage, plan) for stage, plan in stages)}"
    )
    con.execute(
        f"CREATE TEMP TABLE {old} AS SELECT source, order_id,"
        " TRY_CAST(regexp_extract(return_id, '[^/]*$') AS DECIMAL(18,4)) AS upto,"
        " arg_max(returned_at, load_id) AS returned_at FROM log.returns"
        f" SEMI JOIN (SELECT DISTINCT source, order_id FROM {totals}) USING (source, order_id)"
        " WHERE starts_with(return_id, order_id || '/refund/') GROUP BY ALL HAVING upto IS NOT NULL"
    )
    # The first total of an order that was not known before keeps the date that the mapping computes.
    con.execute(
        f"""
        CREATE TEMP TABLE {parts} AS
        WITH known AS (SELECT DISTINCT source, order_id FROM log.orders SEMI JOIN {totals} USING (source, order_id)),
        before AS (
            SELECT s.*, k.order_id IS NOT NULL OR lag(s.file) OVER earlier IS NOT NULL AS known_before,
                   greatest(coalesce(max(s.total) OVER (earlier ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
                            coalesce(o.most, 0)) AS reached
            FROM {totals} s LEFT JOIN known k USING (source, order_id)
            LEFT JOIN (SELECT source, order_id, max(upto) AS most FROM {old} GROUP BY ALL) o USING (source, order_id)
            WINDOW earlier AS (PARTITION BY s.source, s.order_id ORDER BY s.file)),
        last AS (SELECT * FROM {totals} QUALIFY row_number() OVER (PARTITION BY source, order_id ORDER BY file DESC) = 1),
        tops AS (
            SELECT source, order_id, upto, returned_at, NULL::INTEGER AS grown_in FROM {old}
            UNION ALL
            SELECT source, order_id, total, CASE WHEN known_before THEN greatest(returned_at, latest) ELSE returned_at END,
                   CASE WHEN known_before THEN file END
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
        validation.warnings.append(
            f"{validation.stages[number].file.name}: {what} had more refunded than was known before. The file does not say when, so"
            f" the difference is dated {day}, the latest time in it."
        )


def _order_totals(validation: Validation, stage: Stage, plan: Plan) -> str:
    """Return SQL of the total of each order of a file, 0 if it has none; only orders with a total in the load or the log."""
    orders, returns, index = validation.rows["orders"], validation.rows["returns"], stage.plans.index(plan)
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


def _latest(validation: Validation, stage: Stage) -> str:
    """Return SQL of the latest time in a file, at most the moment of the load."""
    times = [f"max({identifier(name)})" for name, kind in stage.kinds.items() if kind is Kind.INSTANT]
    latest = f"timezone('UTC', greatest({', '.join(times)}))"
    return f"SELECT least({latest}, TIMESTAMP '{stage.now}') FROM {validation.lines(stage)}"
