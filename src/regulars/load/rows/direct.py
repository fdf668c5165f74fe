"""Rows made in the pass that reads their file, where each line is a row of its own and nothing is wrong with any.

The words for what is wrong come from the other way, by `Stage.typed`, and so does every file in which anything is.
"""

from __future__ import annotations

from functools import partial

from regulars.load.evaluate import carried, evaluated
from regulars.load.files import Format
from regulars.load.inputs.content import Content
from regulars.load.parse import quoted
from regulars.load.read import fill_usual
from regulars.load.stage import Plan, Stage, absent_columns, typed_lines
from regulars.load.workspace import Workspace, identifier
from regulars.vocabulary.errors import MappingError, UnreadableFile


def read_directly(workspace: Workspace, stage: Stage, content: Content) -> bool:
    """Make a file's rows as it is read. Returns whether that was done; if not, nothing of it is left."""
    facts = content.facts
    if stage.file.format is not Format.DELIMITED or facts is None or facts.zeros or not _lines_are_rows(stage):
        return False
    workspace.timezone(stage.zone)
    table = workspace.table("direct")
    try:
        lines = fill_usual(workspace, content, table, partial(_rows, workspace, stage))
    except (UnreadableFile, MappingError):  # the other way says it again, in its place
        lines = None
    if lines is None or lines.broken:
        workspace.con.execute(f"DROP TABLE IF EXISTS temp.{table}")
        return False
    stage.lines, stage.direct = lines, table
    return True


def _lines_are_rows(stage: Stage) -> bool:
    """Whether each line makes one row, and nothing else of the load asks for the lines."""
    source = stage.source
    if len(stage.plans) != 1 or source.contents or source.block or source.line_totals or source.perhaps_gift_card:
        return False
    plan = stage.plans[0]
    numbered = any("line" in found.names for found in plan.expressions())
    return plan.by_line and not (plan.where or plan.running_total or plan.spread or numbered)


def _rows(workspace: Workspace, stage: Stage, names: tuple[str, ...], relation: str, blanks: str) -> str:
    """SQL of the rows that the file's records make, but for the columns that no record fills; it fails where anything is wrong."""

    def lines(records: str) -> str:
        typed = typed_lines(stage, names, records, blanks)
        other = 'CASE WHEN "@bad" OR "@empty" THEN 1::BIGINT END AS "@line"'
        return f"(SELECT {other}, *{absent_columns(stage.kinds, names)} FROM ({typed}))"

    texts = ", ".join(f"NULL::VARCHAR AS c{position}" for position in range(len(names)))
    rows = evaluated(workspace, stage, 0, lines(relation), lines(f"(SELECT {texts})"))
    stage.constants = _constants(stage.plans[0], {name.lower() for name in names})
    columns = (column.name for column in carried(stage.plans[0].table))
    own = ", ".join(identifier(name) for name in columns if name not in stage.constants)
    wrong = (
        """CASE WHEN "@wrong" OR "@line" IS NOT NULL THEN error('a line is no row') ELSE "@naive" END AS "@naive\""""
    )
    return f"SELECT {own}, {wrong} FROM {rows}"


def _constants(plan: Plan, present: set[str]) -> dict[str, str]:
    """SQL of each column that no mapping fills, or that comes from a column the file lacks: its default, or nothing."""
    constants = {}
    for column in carried(plan.table):
        found = plan.columns.get(column.name)
        if found is None or (found.bare is not None and found.bare not in present):
            constants[column.name] = f"({column.default or 'NULL'})::{column.kind.sql}"
    return constants


def direct_rows(stage: Stage) -> str:
    """SQL of the rows that `read_directly` made, with the columns of `evaluate.create` in their order."""
    columns = ", ".join(
        f"{stage.constants.get(column.name, identifier(column.name))} AS {identifier(column.name)}"
        for column in carried(stage.plans[0].table)
    )
    return (
        f'(SELECT {stage.number}::INTEGER AS "@file", 0::INTEGER AS "@plan", rowid + {stage.lines.first} AS "@line",'
        f" {quoted(stage.full_name)} AS source, {columns},"
        f' CASE WHEN "@naive" THEN {quoted(stage.zone)} END AS zone, false AS "@wrong" FROM {stage.direct})'
    )
