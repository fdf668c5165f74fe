"""Start dates of product costs from files without a date."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.rows.validation import Validation
from regulars.load.stage import Stage
from regulars.warehouse.schema import EARLIEST

_EVER = f"DATE '{EARLIEST}'"


def start_changed_costs(validation: Validation) -> None:
    """Set `valid_from` of costs without a date, and warn of changed costs.

    A cost that differs from the stored one starts on the day of the load; an unchanged cost keeps its stored start.
    """
    if "product_costs" in validation.rows:
        for stage in validation.stages:
            if any(plan.table.name == "product_costs" for plan in stage.plans):
                _start(validation, stage)


def _start(validation: Validation, stage: Stage) -> None:
    con, rows, known = (
        validation.workspace.con,
        validation.table_of("product_costs"),
        validation.workspace.table("known_costs"),
    )
    day = f"timezone({quoted(stage.zone)}, timezone('UTC', TIMESTAMP '{stage.now}'))::DATE"
    # A product with several costs in the file is left as it is: the file has its history.
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
        validation.warnings.append(
            f"{stage.file.name}: {what} something else than before, and the file has no start date (valid_from): the new cost"
            f" starts on {shown}, the day of this load."
        )
