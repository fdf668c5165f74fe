"""Keys that occur twice: in one file, in two files of a load, and whole orders that a file contains twice."""

from __future__ import annotations

from regulars.load import evaluate
from regulars.load.mapping import Block
from regulars.load.parse import quoted, shown
from regulars.load.rows.validation import Validation, reject, reject_rows
from regulars.load.stage import Stage
from regulars.load.workspace import identifier
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import BY_NAME

_REMEDY = "in a mapping, group_by makes one row of several lines, and content() gives each line an id"


def deduplicate_orders(validation: Validation, stage: Stage, block: Block) -> int:
    """Use an order that a file contains twice (two exports in one) once if both blocks are equal, else reject it.

    Returns how many lines were newly rejected.
    """
    workspace, number = validation.workspace, stage.number
    workspace.timezone(stage.zone)
    rows = validation.lines(stage)
    twice = f"SELECT {block.of} AS unit FROM {rows} WHERE {block.starts} GROUP BY unit HAVING count(*) > 1"
    if not workspace.count(f"({twice})"):
        return 0
    lines, blocks = workspace.table("block_lines"), workspace.table("blocks")
    content = ", ".join(f"f{i} := {identifier(name)}" for i, name in enumerate(stage.kinds))
    workspace.con.execute(
        f'CREATE TEMP TABLE {lines} AS SELECT "@line" AS line, unit, struct_pack({content}) AS content,'
        f' count(*) FILTER ({block.starts}) OVER (PARTITION BY unit ORDER BY "@line") AS nth'
        f" FROM {rows} JOIN ({twice}) t ON t.unit = {block.of}"
    )
    workspace.con.execute(
        f"CREATE TEMP TABLE {blocks} AS SELECT unit, nth, min(line) AS first, list(content ORDER BY line) AS content"
        f" FROM {lines} GROUP BY unit, nth"
    )
    unlike = (
        f"SELECT unit, list_sort(list(first)) AS places FROM {blocks} GROUP BY unit HAVING count(DISTINCT content) > 1"
    )
    workspace.con.execute(
        f"INSERT INTO {validation.repeats} SELECT {number}, line FROM {lines} ANTI JOIN ({unlike}) USING (unit) WHERE nth > 1"
    )
    validation.with_repeats = workspace.files(validation.repeats)
    where = quoted(" is in the file twice with different content (from lines ")
    return reject(
        validation,
        f"SELECT {number} AS file, line, 'order ' || {shown('unit')} || {where} || array_to_string(places[:5], ', ')"
        f" || '); delete one of the two' AS reason FROM {lines} JOIN ({unlike}) USING (unit)",
    )


def reject_duplicates(validation: Validation) -> int:
    """Resolve rows of one file with the same key; returns how many lines were newly rejected.

    Equal rows become one. Of others the row with the latest `updated_at` is used; without such a row all are rejected.
    """
    count = 0
    for name, rows in validation.rows.items():
        table = BY_NAME[name]
        key = ["source", '"@file"', *(identifier(column) for column in table.key)]
        same = ", ".join(key)
        duplicates = validation.workspace.table("duplicates")
        validation.workspace.con.execute(
            f'CREATE TEMP TABLE {duplicates} AS SELECT {same} FROM {rows} WHERE NOT "@wrong" GROUP BY {same} HAVING count(*) > 1'
        )
        if not validation.workspace.count(duplicates):
            continue
        rows = validation.table_of(name)
        among = f"(SELECT rowid AS row, * FROM {rows} SEMI JOIN {duplicates} USING ({same}))"
        content = ", ".join([*key, *(identifier(column.name) for column in evaluate.row_columns(table)), "zone"])
        place = f'row_number() OVER (PARTITION BY {content} ORDER BY "@line", "@plan")'
        equal = f"SELECT row FROM {among} QUALIFY {place} > 1"
        validation.workspace.con.execute(f"DELETE FROM {rows} WHERE rowid IN ({equal})")
        newest = (
            f"SELECT {same}, max(updated_at) AS newest FROM {among} GROUP BY {same}"
            " HAVING count(*) > 1 AND count(*) = count(updated_at) AND max(updated_at, 2)[1] > max(updated_at, 2)[2]"
        )
        older = f"SELECT row FROM {among} JOIN ({newest}) USING ({same}) WHERE updated_at < newest"
        validation.workspace.con.execute(f"DELETE FROM {rows} WHERE rowid IN ({older})")
        values = " || ', ' || ".join(f"{identifier(column)}::VARCHAR" for column in table.key)
        title, where = quoted(", ".join(table.key) + " "), quoted(f" occurs more than once in {name} (lines ")
        what, remedy = f"{title} || {shown(f'({values})')} || {where}", quoted(f"); {_REMEDY}")
        places = 'list_sort(list("@line" ORDER BY "@line") OVER (PARTITION BY ' + same + "))"
        count += reject_rows(
            validation,
            f'SELECT "@file", "@plan", "@line", {what} || array_to_string({places}[:5], \', \') || {remedy} AS reason'
            f" FROM {among} QUALIFY count(*) OVER (PARTITION BY {same}) > 1",
        )
    return count


def keep_latest_file(validation: Validation, table: Table) -> None:
    """Of rows with the same key in two files of a load, keep those of the newer `updated_at`, else of the later file.

    The key is the table's `version_key`: rows that are replaced together, such as an order's lines, are kept together.
    """
    if sum(plan.table is table for stage in validation.stages for plan in stage.plans) < 2:
        return
    con, rows = validation.workspace.con, validation.rows[table.name]
    key = ", ".join(["source", *(identifier(column) for column in table.version_key)])
    contested = f'SELECT {key} FROM {rows} GROUP BY {key} HAVING min("@file") <> max("@file")'
    # A missing time counts as the newest known one, so that the later file wins.
    files = f'SELECT {key}, "@file", max(updated_at) AS newest FROM {rows} SEMI JOIN ({contested}) USING ({key}) GROUP BY ALL'
    ranked = f"SELECT *, max(newest) OVER (PARTITION BY {key}) AS known FROM ({files})"
    order = f'(PARTITION BY {key} ORDER BY coalesce(newest, known) DESC NULLS LAST, "@file" DESC)'
    losing = validation.workspace.table("losing")
    con.execute(
        f'CREATE TEMP TABLE {losing} AS SELECT {key}, "@file", first_value("@file") OVER {order} AS winner'
        f" FROM ({ranked}) QUALIFY row_number() OVER {order} > 1"
    )
    replaced = con.execute(
        f'SELECT winner, "@file", count(*) FROM {rows} JOIN {losing} USING ({key}, "@file") GROUP BY ALL ORDER BY ALL'
    ).fetchall()
    for winner, loser, count in replaced:
        new, old = (validation.stages[number].file.name for number in (winner, loser))
        what = "1 row" if count == 1 else f"{count:,} rows"
        validation.warnings.append(
            f"{table.name}: {what} of {old} {'is' if count == 1 else 'are'} replaced by rows of {new} with the same"
            f" {', '.join(table.version_key)}."
        )
    if replaced:
        rows = validation.table_of(table.name)
        con.execute(
            f'DELETE FROM {rows} WHERE rowid IN (SELECT rowid FROM {rows} SEMI JOIN {losing} USING ({key}, "@file"))'
        )
