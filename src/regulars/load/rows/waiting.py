"""Valid orders without an exchange rate: they wait, with all their rows in every file of the load."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.rows.order_units import ORDER_TABLES, units_of
from regulars.load.rows.validation import Validation
from regulars.load.stage import Stage
from regulars.vocabulary.shop import Settings
from regulars.warehouse import log, missing_rates
from regulars.warehouse.changes import Changes
from regulars.warehouse.tables import BY_NAME

_SHOWN = 5


def set_waiting(validation: Validation, settings: Settings) -> None:
    """Move the rows of orders without an exchange rate from `validation.rows` to `validation.waiting_rows`.

    Sets `validation.waiting`, a table (file, line, source, order_id, reason) of their lines.
    """
    workspace, con = validation.workspace, validation.workspace.con
    validation.waiting = workspace.table("waiting")
    con.execute(
        f"CREATE TEMP TABLE {validation.waiting}"
        " (file INTEGER, line BIGINT, source VARCHAR, order_id VARCHAR, reason VARCHAR)"
    )
    if "orders" not in validation.rows:
        return
    known = "SELECT day, currency FROM main.exchange_rates"
    if "exchange_rates" in validation.rows:
        known += f" UNION ALL SELECT day, currency FROM {validation.rows['exchange_rates']}"
    lacking = workspace.table("lacking")
    con.execute(
        f"CREATE TEMP TABLE {lacking} AS SELECT source, order_id, 'no exchange rate for ' || currency || ' on ' || rate_day"
        f" || ' or the {missing_rates.MOST_DAYS} days before' AS reason"
        f" FROM {missing_rates.without_rate(validation.rows['orders'], f'({known})', settings)}"
    )
    if not workspace.count(lacking):
        return
    for name in sorted(ORDER_TABLES & validation.rows.keys()):
        rows, waiting = validation.table_of(name), workspace.table(f"waiting_{name}")
        con.execute(f"CREATE TEMP TABLE {waiting} AS SELECT * FROM {rows} SEMI JOIN {lacking} USING (source, order_id)")
        con.execute(f"DELETE FROM {rows} WHERE (source, order_id) IN (SELECT (source, order_id) FROM {lacking})")
        validation.waiting_rows[name] = waiting
    for stage in validation.stages:
        for lines in (_by_order_id(validation, stage, units) for units in units_of(stage)):
            con.execute(
                f"INSERT INTO {validation.waiting} SELECT {stage.number}, u.line, l.source, l.order_id, l.reason FROM ({lines}) u"
                f" JOIN {lacking} l ON l.source = {quoted(stage.full_name)} AND l.order_id = u.unit"
                f" ANTI JOIN (SELECT line FROM {validation.rejected} WHERE file = {stage.number}) r ON r.line = u.line"
                f" ANTI JOIN (SELECT line FROM {validation.waiting} WHERE file = {stage.number}) w ON w.line = u.line"
            )
    validation.with_waiting = workspace.files(validation.waiting)


def _by_order_id(validation: Validation, stage: Stage, units: str) -> str:
    """Return SQL (line, unit) with the order_ids that completion/order_ids.py assigned."""
    if not validation.renamed:
        return units
    here = (
        f"SELECT name, key FROM {validation.renamed} WHERE source = {quoted(stage.full_name)} AND file = {stage.number}"
    )
    return f"SELECT line, coalesce(key, unit) AS unit FROM ({units}) LEFT JOIN ({here}) ON name = unit"


def store_waiting(validation: Validation, load_id: int, settings: Settings) -> list[str]:
    """Store the waiting rows with the load. Returns a warning about them."""
    con = validation.workspace.con
    if not validation.waiting_rows:
        return []
    for name, rows in validation.waiting_rows.items():
        log.append_waiting(con, BY_NAME[name], load_id, rows)
    for stage in validation.stages:
        con.execute(
            f"INSERT INTO main.waiting SELECT {load_id}, {quoted(stage.file.name)}, source, order_id, min(line), count(*),"
            f" any_value(reason) FROM {validation.waiting} WHERE file = {stage.number} GROUP BY source, order_id"
        )
    local = missing_rates.local_day(settings)
    by_currency = con.execute(
        f"SELECT currency, count(*), min({local})::DATE, max({local})::DATE FROM {validation.waiting_rows['orders']}"
        " GROUP BY currency ORDER BY count(*) DESC, currency"
    ).fetchall()
    parts = [
        f"{currency}, {first}"
        + (f" to {last}" if last != first else "")
        + f" ({orders:,} {'order' if orders == 1 else 'orders'})"
        for currency, orders, first, last in by_currency[:_SHOWN]
    ]
    if len(by_currency) > _SHOWN:
        parts.append(f"{len(by_currency) - _SHOWN} more currencies")
    lines = validation.workspace.count(validation.waiting)
    return [
        f"{'1 row waits' if lines == 1 else f'{lines:,} rows wait'} for exchange rates to {settings.currency}, the shop's currency:"
        f" {'; '.join(parts)}. {'It is' if lines == 1 else 'They are'} used as soon as a load has the rates (table exchange_rates)."
    ]


def use_complete(validation: Validation, settings: Settings, changes: Changes | None) -> tuple[int, list[str]]:
    """Use waiting rows of earlier loads whose exchange rates are known now. Returns their number, and a sentence."""
    con = validation.workspace.con
    orders = "(SELECT * FROM log.orders WHERE waiting)"
    if not validation.workspace.count(orders):
        return 0, []
    without = missing_rates.without_rate(orders, "main.exchange_rates", settings)
    complete = validation.workspace.table("complete")
    con.execute(
        f"CREATE TEMP TABLE {complete} AS SELECT load_id, source, order_id FROM {orders}"
        f" ANTI JOIN {without} USING (load_id, source, order_id)"
    )
    log.release_waiting(con, [BY_NAME[name] for name in sorted(ORDER_TABLES)], complete, changes)
    done = f"main.waiting SEMI JOIN {complete} USING (load_id, source, order_id)"
    rows = int(con.execute(f"SELECT coalesce(sum(rows), 0) FROM {done}").fetchall()[0][0])
    con.execute(
        f"UPDATE main.load_files AS f SET used = f.used + d.rows, waiting = f.waiting - d.rows FROM (SELECT load_id, file,"
        f" source, sum(rows)::BIGINT AS rows FROM {done} GROUP BY ALL) d"
        " WHERE d.load_id = f.load_id AND d.file = f.name AND d.source = f.source"
    )
    con.execute(
        f"DELETE FROM main.waiting WHERE (load_id, source, order_id) IN (SELECT (load_id, source, order_id) FROM {complete})"
    )
    if not rows:
        return 0, []
    what = (
        "1 row that waited for an exchange rate is"
        if rows == 1
        else f"{rows:,} rows that waited for exchange rates are"
    )
    return rows, [f"{what} used now."]
