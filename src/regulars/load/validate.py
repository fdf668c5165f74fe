"""Reject lines that cannot be parsed, break a rule or repeat a key, together with the other lines of their orders.

A rejected line rejects its whole order: every line with the same order_id in every file of the load from the same source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from regulars.load import evaluate
from regulars.load.parse import quoted, shown
from regulars.load.rows.direct import direct_rows
from regulars.load.rows.duplicates import deduplicate_orders, keep_latest_file, reject_duplicates
from regulars.load.rows.order_units import guessed_units, units_of
from regulars.load.rows.validation import Validation, reject
from regulars.load.stage import MAX_BATCH_FILES, Plan, Stage, failures
from regulars.load.workspace import Workspace
from regulars.warehouse.tables import BY_NAME

Completions = Sequence["Callable[[Validation], None]"]


def validate(workspace: Workspace, stages: list[Stage], completions: Completions = ()) -> Validation:
    """Evaluate all files and reject invalid lines.

    Args:
        workspace: The load's workspace.
        stages: The parsed files.
        completions: Steps that change valid rows by what earlier loads stored. They run before rows with equal keys of
            several files are resolved.

    Returns:
        The valid rows, one for each key and source, and the rejected lines.
    """
    validation, con = Validation(workspace, stages), workspace.con
    validation.rejected, validation.reasons = workspace.table("rejected"), workspace.table("reasons")
    validation.repeats, validation.rejected_elsewhere = (
        workspace.table("repeats"),
        workspace.table("rejected_elsewhere"),
    )
    con.execute(f"CREATE TEMP TABLE {validation.rejected} (file INTEGER, line BIGINT, unit VARCHAR)")
    con.execute(f"CREATE TEMP TABLE {validation.reasons} (file INTEGER, line BIGINT, reason VARCHAR)")
    for name in (validation.repeats, validation.rejected_elsewhere):
        con.execute(f"CREATE TEMP TABLE {name} (file INTEGER, line BIGINT)")
    evaluated = _rows_of_files(validation)
    none_unparsed = workspace.table("unparsed")
    con.execute(f"CREATE TEMP TABLE {none_unparsed} (line BIGINT, columns VARCHAR[], reasons VARCHAR[])")
    unparsed = {
        stage.number: _reject_unreadable(validation, stage) if stage.some_bad else none_unparsed for stage in stages
    }
    _reject_whole_orders(validation)
    if sum(
        deduplicate_orders(validation, stage, stage.source.block) for stage in stages if stage.source.block is not None
    ):
        _reject_whole_orders(validation)
    for alike in _evaluated_together([stage for stage in stages if not stage.direct]):
        lines = [validation.lines(stage) for stage in alike]
        for index, plan in enumerate(alike[0].plans):
            evaluate.insert(workspace, alike, index, evaluated[plan.table.name], lines)
    _remove(validation, [stage for stage in stages if stage.direct])
    while _reject_wrong(validation, unparsed) + reject_duplicates(validation):
        _reject_whole_orders(validation)
        _remove(validation, stages)
    for complete in completions:
        complete(validation)
    for name, rows in validation.rows.items():
        assert not workspace.count(f'{rows} WHERE "@wrong"'), f"a row of {name} is wrong without a reason"
        keep_latest_file(validation, BY_NAME[name])
    return validation


def _rows_of_files(validation: Validation) -> dict[str, str]:
    """Set `validation.rows`. Returns, by canonical table, the empty table for rows that are still to be evaluated."""
    empty: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    for stage in validation.stages:
        for plan in stage.plans:
            name = plan.table.name
            if stage.direct:
                parts.setdefault(name, []).append(direct_rows(stage))
                validation.as_query.add(name)
            elif name not in empty:
                empty[name] = evaluate.create(validation.workspace, plan.table)
                parts.setdefault(name, []).append(empty[name])
    for name, each in parts.items():
        validation.rows[name] = (
            each[0] if len(each) == 1 else f"({' UNION ALL '.join(f'FROM {part}' for part in each)})"
        )
    return empty


def _evaluated_together(stages: list[Stage]) -> list[list[Stage]]:
    """Group files with equal columns and mappings; a file whose rows may depend on several lines is a group by itself."""
    groups: dict[object, list[Stage]] = {}
    for stage in stages:
        alike: object = stage.number
        if all(plan.by_line for plan in stage.plans):
            alike = (id(stage.plans), stage.full_name, stage.zone, stage.locale, tuple(stage.kinds.items()))
        groups.setdefault(alike, []).append(stage)
    return [
        group[start : start + MAX_BATCH_FILES]
        for group in groups.values()
        for start in range(0, len(group), MAX_BATCH_FILES)
    ]


def _reject_unreadable(validation: Validation, stage: Stage) -> str:
    """Reject lines with fields that cannot be parsed, unless no mapping selects the line.

    Returns:
        Name of a table (line, columns): the columns that could not be parsed.
    """
    workspace, number, unparsed = validation.workspace, stage.number, validation.workspace.table("unparsed")
    workspace.timezone(stage.zone)
    workspace.con.execute(f"CREATE TEMP TABLE {unparsed} AS FROM {failures(workspace, stage)}")
    # A `where` over other columns may still leave the line out.
    takes = " OR ".join(f"({evaluate.chosen(plan)} OR {_where_is_unparsed(plan)})" for plan in stage.plans) or "false"
    reject(
        validation,
        f"SELECT {number} AS file, line, unnest(reasons) AS reason FROM"
        f' (SELECT f.line, f.reasons FROM {stage.rows()} l JOIN {unparsed} f ON f.line = l."@line" WHERE {takes})',
    )
    for index in range(len(stage.plans)):
        some = f'SELECT line AS "@line" FROM {validation.rejected} WHERE file = {number}'
        lines = evaluate.whole_groups(stage.plans[index], stage.rows(), some)
        more = evaluate.reasons(workspace, stage, index, lines, unparsed)
        reject(
            validation,
            f'SELECT {number} AS file, "@line" AS line, unnest(reasons) AS reason FROM ({more})'
            f' SEMI JOIN ({some}) USING ("@line")',
        )
    return unparsed


def _where_is_unparsed(plan: Plan) -> str:
    if plan.where is None:
        return "true"
    names = ", ".join(quoted(name) for name in sorted(plan.where.names))
    return f"list_has_any(f.columns, [{names}]::VARCHAR[])"


def _reject_wrong(validation: Validation, unparsed: Mapping[int, str]) -> int:
    """Reject the lines behind rows that break the declaration. Returns how many were not rejected before."""
    workspace = validation.workspace
    some = {name for name, rows in validation.rows.items() if workspace.count(f'{rows} WHERE "@wrong"')}
    reasons = workspace.table("wrong")
    workspace.con.execute(f"CREATE TEMP TABLE {reasons} (file INTEGER, line BIGINT, reason VARCHAR)")
    for stage in validation.stages:
        for index, plan in enumerate(stage.plans):
            if plan.table.name not in some:
                continue
            wrong = (
                f'{validation.rows[plan.table.name]} WHERE "@wrong" AND "@file" = {stage.number} AND "@plan" = {index}'
            )
            if not workspace.count(wrong):
                continue
            lines = evaluate.whole_groups(plan, validation.lines(stage), f'SELECT "@line" FROM {wrong}')
            why = evaluate.reasons(workspace, stage, index, lines, unparsed[stage.number])
            workspace.con.execute(f'INSERT INTO {reasons} SELECT {stage.number}, "@line", unnest(reasons) FROM ({why})')
    # In one step, so that a line gets the reasons of all mappings.
    return reject(validation, f"FROM {reasons}")


def _reject_whole_orders(validation: Validation) -> None:
    """Reject the other lines of every order that has a rejected line."""
    workspace = validation.workspace
    if not validation.with_rejected and not any(stage.lines.broken for stage in validation.stages):
        return
    units = workspace.table("units")
    parts = [
        f"SELECT {quoted(stage.full_name)} AS source, {stage.number} AS file, {quoted(stage.file.name)} AS name,"
        f" line, unit, {guessed} AS guessed FROM ({sql})"
        for stage in validation.stages
        for guessed, orders in (("false", units_of(stage)), ("true", guessed_units(stage)))
        for sql in orders
    ]
    if not parts:
        return
    workspace.con.execute(
        f"CREATE TEMP TABLE {units} AS SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}) WHERE unit IS NOT NULL"
    )
    while True:
        first = (
            "SELECT u.source, u.unit, arg_min(u.name || ' line ' || u.line, (u.file, u.line)) AS because,"
            f" list(DISTINCT u.file) AS files FROM {units} u"
            f" LEFT JOIN {validation.rejected} r ON r.file = u.file AND r.line = u.line"
            " WHERE u.guessed OR r.line IS NOT NULL GROUP BY ALL"
        )
        others = (
            f"(SELECT * FROM {units} u ANTI JOIN {validation.rejected} r ON r.file = u.file AND r.line = u.line"
            " WHERE NOT u.guessed)"
        )
        targets = workspace.table("spread")
        workspace.con.execute(
            f"CREATE TEMP TABLE {targets} AS SELECT o.file, o.line, NOT list_contains(b.files, o.file) AS rejected_elsewhere,"
            f" 'order ' || {shown('o.unit')} || ' has a rejected line: ' || {shown('b.because')} AS reason"
            f" FROM {others} o JOIN ({first}) b USING (source, unit)"
        )
        workspace.con.execute(
            f"INSERT INTO {validation.rejected_elsewhere} SELECT file, line FROM {targets}"
            " GROUP BY ALL HAVING bool_and(rejected_elsewhere)"
        )
        if not reject(validation, f"SELECT file, line, reason FROM {targets}"):
            break
    workspace.con.execute(
        f"UPDATE {validation.rejected} AS r SET unit = u.unit"
        f" FROM (SELECT file, line, min(unit) AS unit FROM {units} GROUP BY ALL) u"
        " WHERE u.file = r.file AND u.line = r.line AND r.unit IS NULL"
    )


def _remove(validation: Validation, stages: Sequence[Stage]) -> None:
    """Delete the rows of rejected lines; evaluate rows of several lines again from the remaining lines."""
    for stage in stages:
        if stage.number not in validation.with_rejected:
            continue
        for index, plan in enumerate(stage.plans):
            rows = validation.table_of(plan.table.name)
            here = f'"@file" = {stage.number} AND "@plan" = {index}'
            if plan.group_by:
                validation.workspace.con.execute(f"DELETE FROM {rows} WHERE {here}")
                evaluate.insert(validation.workspace, [stage], index, rows, [validation.lines(stage)])
            else:
                rejected = f"SELECT line FROM {validation.rejected} WHERE file = {stage.number}"
                validation.workspace.con.execute(f'DELETE FROM {rows} WHERE {here} AND "@line" IN ({rejected})')
