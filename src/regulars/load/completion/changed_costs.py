"""Costs of products in files that do not say since when they hold."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.stage import Stage
from regulars.load.validate import Validation
from regulars.warehouse.schema import EARLIEST

_EVER = f"DATE '{EARLIEST}'"


def start_changed_costs(found: Validation) -> None:
    """Let costs without a day that differ from those of earlier loads start on the day of the load; those that do not differ are
    the rows that are known. Notes in `found.warnings` how many changed.
    """
    if "product_costs" in found.rows:
        for stage in found.stages:
            if any(plan.table.name == "product_costs" for plan in stage.plans):
                _start(found, stage)


def _start(found: Validation, stage: Stage) -> None:
    con, rows, known = found.workspace.con, found.table_of("product_costs"), found.workspace.table("known_costs")
    day = f"timezone({quoted(stage.zone)}, timezone('UTC', TIMESTAMP '{stage.now}'))::DATE"
    # A product with several costs in one file has a history there, with a first cost since ever.
    con.execute(
        f"""
        CREATE TEMP TABLE {known} AS
        SELECT source, product_id, max(k.valid_from) AS since,
               arg_max((k.unit_cost, k.currency), k.valid_from) IS DISTINCT FROM any_value((n.unit_cost, n.currency)) AS changed
        FROM main.product_costs k JOIN (
            SELECT source, product_id, any_value(unit_cost) AS unit_cost, any_value(currency) AS currency FROM {rows}
            WHERE "@file" = {stage.number} GROUP BY ALL HAVING count(*) = 1 AND min(valid_from) = {_EVER}) n
        USING (source, product_id) WHERE k.valid_from <= {day} GROUP BY ALL"""
    )
    con.execute(
        f"UPDATE {rows} AS r SET valid_from = CASE WHEN k.changed THEN {day} ELSE k.since END FROM {known} k"
        f' WHERE r.source = k.source AND r.product_id = k.product_id AND "@file" = {stage.number}'
    )
    ((count, shown),) = con.execute(f"SELECT count(*), {day} FROM {known} WHERE changed").fetchall()
    if count:
        what = "1 product costs" if count == 1 else f"{count:,} products cost"
        found.warnings.append(
            f"{stage.file.name}: {what} something else than before, and the file does not say since when (valid_from): the new"
            f" cost starts on {shown}, the day of this load."
        )
