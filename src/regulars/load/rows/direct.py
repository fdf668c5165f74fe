"""Rows computed while their file is read, if each line is one row and no line is invalid.

A file with any invalid line is read again by way of `Stage.typed`, which gives the reject reasons.
"""

from __future__ import annotations

from functools import partial

from regulars.load.evaluate import evaluated, row_columns
from regulars.load.files import Format
from regulars.load.inputs.content import Content
from regulars.load.parse import quoted
from regulars.load.read import fill_parallel
from regulars.load.stage import Plan, Stage, absent_columns, typed_lines
from regulars.load.workspace import Workspace, identifier
from regulars.vocabulary.errors import MappingError, UnreadableFile


def read_directly(workspace: Workspace, stage: Stage, content: Content) -> bool:
    """Compute a file's rows while reading it. Returns whether it did; if not, no table is left."""
    profile = content.profile
    if stage.file.format is not Format.DELIMITED or profile is None or profile.zeros or not _lines_are_rows(stage):
        return False
    workspace.timezone(stage.zone)
    table = workspace.table("direct")
    try:
        lines = fill_parallel(workspace, content, table, partial(_rows, workspace, stage))
    except (UnreadableFile, MappingError):  # `stage.parse` raises it again with its place
        lines = None
    if lines is None or lines.broken:
        workspace.con.execute(f"DROP TABLE IF EXISTS temp.{table}")
        return False
    stage.lines, stage.direct = lines, table
    return True


def _lines_are_rows(stage: Stage) -> bool:
    """Whether each line makes one row, and no other step needs the lines."""
    source = stage.source
    if len(stage.plans) != 1 or source.contents or source.block or source.line_totals or source.possible_gift_card:
        return False
    plan = stage.plans[0]
    numbered = any("line" in expr.names for expr in plan.expressions())
    return plan.by_line and not (plan.where or plan.running_total or plan.spread or numbered)


def _rows(workspace: Workspace, stage: Stage, names: tuple[str, ...], relation: str, blanks: str) -> str:
    """Return SQL of the rows of a file's records, without constant columns; it raises an error for any invalid line."""

    def lines(records: str) -> str:
        typed = typed_lines(stage, names, records, blanks)
        other = 'CASE WHEN "@bad" OR "@empty" THEN 1::BIGINT END AS "@line"'
        return f"(SELECT {other}, *{absent_columns(stage.kinds, names)} FROM ({typed}))"

    texts = ", ".join(f"NULL::VARCHAR AS c{position}" for position in range(len(names)))
    rows = evaluated(workspace, stage, 0, lines(relation), lines(f"(SELECT {texts})"))
    stage.constants = _constants(stage.plans[0], {name.lower() for name in names})
    columns = (column.name for column in row_columns(stage.plans[0].table))
    own = ", ".join(identifier(name) for name in columns if name not in stage.constants)
    wrong = """CASE WHEN "@wrong" OR "@line" IS NOT NULL THEN error('invalid line') ELSE "@naive" END AS "@naive\""""
    return f"SELECT {own}, {wrong} FROM {rows}"


def _constants(plan: Plan, present: set[str]) -> dict[str, str]:
    """Return SQL of each column that no mapping fills, or only from a missing column: its default or NULL."""
    constants = {}
    for column in row_columns(plan.table):
        expression = plan.columns.get(column.name)
        if expression is None or (expression.bare is not None and expression.bare not in present):
            constants[column.name] = f"({column.default or 'NULL'})::{column.kind.sql}"
    return constants


def direct_rows(stage: Stage) -> str:
    """Return SQL of the rows of `read_directly`, with the columns of `evaluate.create` in their order."""
    columns = ", ".join(
        f"{stage.constants.get(column.name, identifier(column.name))} AS {identifier(column.name)}"
        for column in row_columns(stage.plans[0].table)
    )
    return (
        f'(SELECT {stage.number}::INTEGER AS "@file", 0::INTEGER AS "@plan", rowid + {stage.lines.first} AS "@line",'
        f" {quoted(stage.full_name)} AS source, {columns},"
        f' CASE WHEN "@naive" THEN {quoted(stage.zone)} END AS zone, false AS "@wrong" FROM {stage.direct})'
    )
