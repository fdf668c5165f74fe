"""Evaluate a mapping's expressions over parsed lines: rows of a canonical table, checked against its declaration.

Invalid rows are first marked (`@wrong`), which is cheap; reject reasons are computed in a second query for marked rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from regulars.load.fields.expressions import Expression, computation_error
from regulars.load.mapping import REASON
from regulars.load.parse import field_text, parsed, quoted, shown, unparsable_reason, without_offset
from regulars.load.stage import Plan, Stage, naive
from regulars.load.workspace import Workspace, identifier
from regulars.vocabulary.errors import MappingError
from regulars.vocabulary.money import currencies, digits
from regulars.warehouse.schema import CLOCK_TOLERANCE, EARLIEST, MAX_VALUES, METADATA_COLUMNS, Column, Kind, Table

_UPDATED_AT = next(column for column in METADATA_COLUMNS if column.name == "updated_at")
_WHOLE = ("HUGEINT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT")
_NUMERIC = ("DECIMAL", "DOUBLE", "FLOAT", *_WHOLE)
_NESTED = ("STRUCT", "MAP", "UNION", "JSON")


def row_columns(table: Table) -> tuple[Column, ...]:
    """Return the table's columns and `updated_at`, which every row may have."""
    return table.columns if table.has("updated_at") else (*table.columns, _UPDATED_AT)


def create(workspace: Workspace, table: Table) -> str:
    """Create an empty temporary table for evaluated rows. Returns its name."""
    name = workspace.table(f"rows_{table.name}")
    columns = ", ".join(f"{identifier(column.name)} {column.kind.sql}" for column in row_columns(table))
    workspace.con.execute(
        f'CREATE TEMP TABLE {name} ("@file" INTEGER, "@plan" INTEGER, "@line" BIGINT, source VARCHAR, {columns},'
        ' zone VARCHAR, "@wrong" BOOLEAN)'
    )
    return name


def insert(workspace: Workspace, stages: Sequence[Stage], index: int, into: str, lines: Sequence[str]) -> None:
    """Evaluate one plan of files with equal columns and mappings, and insert its rows.

    One query for all files: planning a query takes longer than evaluating a small file.

    Args:
        workspace: The load's workspace.
        stages: The files.
        index: Index of the plan in `stages[0].plans`.
        into: Table made by `create`.
        lines: SQL of each file's parsed lines.

    Raises:
        MappingError: An expression cannot be computed.
    """
    stage, plan = stages[0], stages[0].plans[index]
    workspace.timezone(stage.zone)
    files = zip(stages, lines, strict=True)
    together = " UNION ALL BY NAME ".join(f'SELECT {each.number} AS "@file", * FROM {part}' for each, part in files)
    together = f"({together})"
    rows = evaluated(workspace, stage, index, together, lines[0], file=True)
    names = ", ".join(identifier(column.name) for column in row_columns(plan.table))
    _run(
        workspace,
        stage,
        plan,
        together,
        f"INSERT INTO {into} BY NAME"
        f' SELECT "@file", {index} AS "@plan", "@line", {quoted(stage.full_name)} AS source, {names},'
        f' CASE WHEN "@naive" THEN {quoted(stage.zone)} END AS zone, "@wrong"'
        f" FROM {_by_day(plan, rows)}",
    )


def evaluated(workspace: Workspace, stage: Stage, index: int, lines: str, shape: str, *, file: bool = False) -> str:
    """Return SQL of a plan's rows with canonical column names, `@line`, `@naive` and `@wrong`.

    Args:
        workspace: The load's workspace.
        stage: The file.
        index: Index of the plan in `stage.plans`.
        lines: SQL of the parsed lines.
        shape: SQL with the same columns and types as `lines` that is fast to DESCRIBE.
        file: Add the column `@file`, which `lines` must have.

    Raises:
        MappingError: An expression cannot be computed.
    """
    plan = stage.plans[index]
    values = _values(workspace, stage, plan, shape)
    wrong = " OR ".join(["false", *(check for check, _ in _checks(stage, plan, values, partly=False))])
    return f'(SELECT *, coalesce({wrong}, false) AS "@wrong" FROM {_checked(stage, plan, values, lines, file=file)})'


def _by_day(plan: Plan, rows: str) -> str:
    """Return SQL of `rows`, spread over the days from `day` to `last_day` if the plan says so.

    Each day's amount is a multiple of the currency's smallest unit; the last day takes the remainder.
    """
    if not plan.spread:
        return rows
    whole = ", ".join(quoted(code) for code in sorted(currencies()) if digits(code) == 0)
    up_to = "((amount * unit)::HUGEINT * {} // days / unit)::DECIMAL(18,4)"
    before, after = up_to.format("place"), up_to.format("(place + 1)")
    return (
        "(SELECT * REPLACE (day + place::INTEGER AS day, day + place::INTEGER AS last_day,"
        f" CASE WHEN place + 1 = days THEN amount ELSE {after} END - {before} AS amount) FROM"
        f" (SELECT *, CASE WHEN currency IN ({whole}) THEN 1 ELSE 100 END AS unit, unnest(range(days)) AS place FROM"
        f" (SELECT *, greatest(least(coalesce(last_day - day, 0), 366), 0) + 1 AS days FROM {rows})))"
    )


def reasons(workspace: Workspace, stage: Stage, index: int, lines: str, unparsed: str) -> str:
    """Return SQL (`@line`, reasons) of every line behind an invalid row of the plan.

    Args:
        workspace: The load's workspace.
        stage: The file.
        index: Index of the plan in `stage.plans`.
        lines: SQL of the parsed lines.
        unparsed: Table (line, columns) of columns that could not be parsed, which are not reported as missing too.
    """
    plan = stage.plans[index]
    workspace.timezone(stage.zone)
    values = _values(workspace, stage, plan, lines)
    words = ", ".join(f"CASE WHEN {check} THEN {why} END" for check, why in _checks(stage, plan, values, partly=True))
    return (
        'SELECT unnest("@lines") AS "@line", reasons FROM (SELECT "@lines",'
        f" list_filter([{words}]::VARCHAR[], lambda x: x IS NOT NULL) AS reasons"
        f" FROM {_checked(stage, plan, values, lines, unparsed)}) WHERE len(reasons) > 0"
    )


def chosen(plan: Plan) -> str:
    """Return SQL of whether the plan's `where` selects a line."""
    return "true" if plan.where is None else f"coalesce(({plan.where.sql}), false)"


def whole_groups(plan: Plan, lines: str, some: str) -> str:
    """Return SQL of those of `lines` that are in `some` (SQL of `@line`s) or make up one row with such a line."""
    if not plan.group_by:
        return f'(SELECT * FROM {lines} SEMI JOIN ({some}) USING ("@line"))'
    keys = ", ".join(f"({key.sql}) AS g{i}" for i, key in enumerate(plan.group_by))
    same = " AND ".join(f"({key.sql}) IS NOT DISTINCT FROM g{i}" for i, key in enumerate(plan.group_by))
    return (
        f'(SELECT * FROM {lines} AS l WHERE EXISTS (FROM (SELECT {keys} FROM {lines} SEMI JOIN ({some}) USING ("@line"))'
        f" AS k WHERE {same}))"
    )


@dataclass(frozen=True)
class _Value:
    """How a canonical column is computed from the mapping's expression, whose value is the column e0, e1, …."""

    column: Column
    expression: Expression | None
    result: str
    """SQL of the column's value."""
    text: str = ""
    """SQL of the text that is parsed, if parsing may fail."""
    cheap_text: str = ""
    """Cheaper SQL that is NULL where `text` is."""
    local: str = ""
    """SQL of whether a time has no offset, if that can be told from the expression's value only."""


def _values(workspace: Workspace, stage: Stage, plan: Plan, lines: str) -> list[_Value]:
    """Return how each canonical column is computed, by the types that DuckDB gives the expressions."""
    mapped = [(column, plan.columns[column.name]) for column in row_columns(plan.table) if column.name in plan.columns]
    types = [
        str(row[1])
        for row in _run(workspace, stage, plan, lines, f"DESCRIBE {_results(stage, plan, lines)}").fetchall()
    ]
    by_name = {
        column.name: _converted(stage, column, expression, f"e{i}", types[i])
        for i, (column, expression) in enumerate(mapped)
    }
    return [
        by_name.get(column.name) or _Value(column, None, f"NULL::{column.kind.sql}")
        for column in row_columns(plan.table)
    ]


def _results(stage: Stage, plan: Plan, lines: str, unparsed: str = "", *, file: bool = False) -> str:
    """Return SQL of the mapping's expressions as e0, e1, …, with `@line`, `@naive`, and with `file` also `@file`."""
    source = (
        f'(SELECT l.*, f.columns AS "@unparsed" FROM {lines} l LEFT JOIN {unparsed} f ON f.line = l."@line")'
        if unparsed
        else lines
    )
    mapped = [plan.columns[column.name] for column in row_columns(plan.table) if column.name in plan.columns]
    times = _times(stage, plan)
    if plan.group_by:
        columns = [first_value(expression) for expression in mapped]
        flag = " OR ".join(f"coalesce(bool_or({naive(name)}), false)" for name in times) or "false"
        line, all_lines, unparsed_names = 'min("@line")', 'list("@line")', 'flatten(list("@unparsed"))'
        group = f" GROUP BY {', '.join(f'({key.sql})' for key in plan.group_by)}"
        if plan.having is not None:
            group += f" HAVING {plan.having.sql}"
    else:
        columns = [f"({expression.sql})" for expression in mapped]
        flag = " OR ".join(f"coalesce({naive(name)}, false)" for name in times) or "false"
        line, all_lines, unparsed_names, group = '"@line"', '["@line"]', '"@unparsed"', ""
    outs = [f"{sql} AS e{i}" for i, sql in enumerate(columns)]
    outs += [f'{line} AS "@line"', f'({flag}) AS "@naive"']
    if file:
        outs.append('any_value("@file") AS "@file"' if plan.group_by else '"@file"')
    if unparsed:
        outs += [f'{all_lines} AS "@lines"', f'coalesce({unparsed_names}, []) AS "@unparsed"']
    where = f" WHERE ({plan.where.sql})" if plan.where is not None else ""
    return f"SELECT {', '.join(outs)} FROM {source}{where}{group}"


def first_value(expression: Expression) -> str:
    """Return SQL of an expression under group_by; a bare column is its first value that is not NULL."""
    return f'arg_min({expression.sql}, "@line")' if expression.bare is not None else f"({expression.sql})"


def _decides_day(table: Table, column: Column) -> bool:
    """Whether the column determines the row's day: if it has no offset, its zone is stored with the row."""
    return column.kind is Kind.INSTANT and (table.day is None or table.day == column.name)


def _times(stage: Stage, plan: Plan) -> list[str]:
    """Return the file's time columns that the columns of `_decides_day` use."""
    deciding = [
        column for column in plan.table.columns if _decides_day(plan.table, column) and column.name in plan.columns
    ]
    used = {name for column in deciding for name in plan.columns[column.name].names}
    return sorted(name for name in used if stage.kinds.get(name) is Kind.INSTANT)


def _converted(stage: Stage, column: Column, expression: Expression, e: str, sql: str) -> _Value:
    kind = column.kind
    text = local = ""
    if sql.endswith("]") or sql.startswith(_NESTED):
        return _Value(column, expression, f"to_json({e})::VARCHAR")
    match kind:
        case Kind.INSTANT if sql == "TIMESTAMP WITH TIME ZONE":
            value = _in_utc(e)
        case Kind.INSTANT if sql.startswith("TIMESTAMP") or sql == "DATE":
            value, local = _in_utc(f"{e}::TIMESTAMPTZ"), f"{e} IS NOT NULL"
        case Kind.DAY if sql.startswith("TIMESTAMP") or sql == "DATE":
            value = f"{e}::DATE"
        case Kind.MONEY | Kind.NUMBER if sql.startswith(_NUMERIC):
            # TRY_CAST, since a product of two amounts may have more digits than the column.
            value, text = f"TRY_CAST({e} AS {kind.sql})", f"{e}::VARCHAR"
        case Kind.INTEGER if sql.startswith(_WHOLE):
            value, text = f"TRY_CAST({e} AS BIGINT)", f"{e}::VARCHAR"
        case Kind.INTEGER if sql.startswith(_NUMERIC):
            value, text = f"CASE WHEN {e} = trunc({e}) THEN TRY_CAST({e} AS BIGINT) END", f"{e}::VARCHAR"
        case Kind.FLAG if sql == "BOOLEAN":
            value = e
        case Kind.ID | Kind.TEXT if expression.bare is not None and stage.kinds.get(expression.bare) is kind:
            value = e
        case _:
            text = field_text(kind, f"{e}::VARCHAR")
            value = parsed(kind, text, stage.locale)
            if kind is Kind.INSTANT:
                # Not `_in_utc`, which repeats its argument three times: this SQL is long, and a parsed time is finite.
                value, local = f"make_timestamp(epoch_us({value}))", f"coalesce({without_offset(text)}, false)"
    if column.name == "currency":
        value = f"upper({value})"
    elif column.choices:
        value = f"CASE WHEN starts_with({value}, {quoted(REASON)}) THEN {value} ELSE lower({value}) END"
    cheap_text = e if text == f"{e}::VARCHAR" else ""
    return _Value(column, expression, value, text if kind is not Kind.TEXT else "", cheap_text, local)


def _in_utc(instant: str) -> str:
    """Return SQL of a TIMESTAMPTZ as TIMESTAMP in UTC; 30 times faster than timezone(), which infinities need."""
    return f"CASE WHEN isfinite({instant}) THEN make_timestamp(epoch_us({instant})) ELSE timezone('UTC', {instant}) END"


def _checked(
    stage: Stage, plan: Plan, values: list[_Value], lines: str, unparsed: str = "", *, file: bool = False
) -> str:
    """Return SQL of rows with canonical names; `@text x` is the text parsed for column x, `@failed x` whether that failed."""
    outs = ['"@line"', '"@lines"', '"@unparsed"'] if unparsed else ['"@line"']
    if file:
        outs.append('"@file"')
    local = ['"@naive"']
    for value in values:
        name = value.column.name
        default = value.column.default
        most = MAX_VALUES.get(value.column.kind) if value.text else None
        # A value out of range becomes NULL, so that no rule computes with it.
        within = (
            f"CASE WHEN {value.result} BETWEEN -{most} AND {most} THEN {value.result} END" if most else value.result
        )
        result = f"coalesce({within}, {default})" if default is not None else within
        outs.append(f"{result} AS {identifier(name)}")
        if value.text:
            outs.append(f"{value.text} AS {identifier('@text ' + name)}")
            failed = f"({value.cheap_text or value.text} IS NOT NULL AND {within} IS NULL)"
            outs.append(f"{failed} AS {identifier('@failed ' + name)}")
        if value.local and _decides_day(plan.table, value.column):
            local.append(value.local)
    outs.append(f'({" OR ".join(local)}) AS "@naive"')
    return f"(SELECT {', '.join(outs)} FROM ({_results(stage, plan, lines, unparsed, file=file)}))"


def _checks(stage: Stage, plan: Plan, values: list[_Value], *, partly: bool) -> list[tuple[str, str]]:
    """Return pairs of SQL: a condition that is true for an invalid row (else false or NULL), and the reject reason.

    With `partly`, `@unparsed` lists the columns that could not be parsed; values that depend on them are not missing.
    """
    checks = []
    for value in values:
        column, name = value.column, identifier(value.column.name)
        missing = f"{name} IS NULL"
        if value.text:
            failed = identifier("@failed " + column.name)
            text = identifier("@text " + column.name)
            words = unparsable_reason(column.kind, column.name, text, stage.locale)
            if (most := MAX_VALUES.get(column.kind)) is not None:
                large = f" is above the limit of {most:,}; check which column is mapped"
                number = parsed(Kind.NUMBER, text, stage.locale)
                words = f"CASE WHEN abs({number}) > {most} THEN {_words(column, text, large)} ELSE {words} END"
            checks.append((failed, words))
            missing += f" AND NOT {failed}"
        if partly and value.expression is not None and value.expression.names:
            behind = ", ".join(quoted(used) for used in sorted(value.expression.names))
            missing += f' AND NOT list_has_any("@unparsed", [{behind}])'
        if not column.nullable:
            checks.append((f"({missing})", quoted(f"{column.name} is missing")))
        if column.choices:
            allowed = ", ".join(quoted(choice) for choice in column.choices)
            words = f" is not one of {', '.join(column.choices)}"
            own = f"CASE WHEN starts_with({name}, {quoted(REASON)}) THEN substr({name}, {len(REASON) + 1})"
            checks.append((_false(f"{name} IN ({allowed})"), f"{own} ELSE {_words(column, name, words)} END"))
        if column.low is not None:
            number = f"rtrim(rtrim({name}::DECIMAL(38,4)::VARCHAR, '0'), '.')"
            checks.append((_false(f"{name} >= {column.low}"), _words(column, number, f" is below {column.low}")))
        if column.past:
            local = f"timezone({quoted(stage.zone)}, timezone('UTC', {name}))" if column.kind is Kind.INSTANT else name
            day, latest = f"strftime({local}, '%Y-%m-%d')", stage.now + CLOCK_TOLERANCE
            words = f" lies in the future: this load is of {stage.now:%Y-%m-%d}"
            checks.append((_false(f"{name} <= TIMESTAMP '{latest:%Y-%m-%d %H:%M:%S}'"), _words(column, day, words)))
            words = f" is before {EARLIEST.year}, when there were no online shops"
            checks.append((_false(f"{name} >= DATE '{EARLIEST}'"), _words(column, day, words)))
        if column.name == "currency":
            codes = ", ".join(quoted(code) for code in sorted(currencies()))
            words = " is not a currency code; use three letters, such as EUR"
            checks.append((_false(f"{name} IN ({codes})"), _words(column, name, words)))
    checks += [(f"({rule.broken})", quoted(rule.reason)) for rule in plan.rules]
    return checks


def _false(condition: str) -> str:
    """Return SQL that is true where the condition is false; NULL satisfies every condition."""
    return f"(NOT ({condition}))"


def _words(column: Column, value: str, words: str) -> str:
    """Return SQL of a reject reason: column, value, and what is wrong."""
    return f"{quoted(column.name + ': ')} || {shown(value)} || {quoted(words)}"


def _run(workspace: Workspace, stage: Stage, plan: Plan, lines: str, sql: str) -> duckdb.DuckDBPyConnection:
    try:
        return workspace.con.execute(sql)
    except duckdb.Error as error:
        raise _culprit(workspace, stage, plan, lines, error) from None


def _culprit(workspace: Workspace, stage: Stage, plan: Plan, lines: str, error: duckdb.Error) -> MappingError:
    """Return the error for the first expression that fails when it is computed alone."""
    for name, expression in plan.columns.items():
        alone = replace(plan, columns={name: expression}, where=None, having=None)
        try:
            workspace.con.execute(f"SELECT count(e0) FROM ({_results(stage, alone, lines)})")
        except duckdb.Error as own:
            return computation_error(expression, own)
    return computation_error(plan.where or next(plan.expressions()), error)
