"""Records of a file in DuckDB, with their line numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regulars.load.inputs.content import Content
from regulars.load.workspace import Workspace
from regulars.vocabulary.errors import UnreadableFile


@dataclass
class Lines:
    """Records of a file in DuckDB.

    Attributes:
        content: The file's content.
        names: Names of its columns.
        first: Number of the first record.
        unreadable: Table (line, text, reason, size, sha256, fields) of records that could not be parsed. Size and digest are
            set for lines of which only the start is kept; `fields` are the likely fields.
        missing: Table (line) of all line numbers that the filled table lacks.
    """

    content: Content
    names: tuple[str, ...]
    first: int
    unreadable: str
    missing: str
    records: int | None = None
    """Expected number of records in the filled table and `unreadable` together, if known."""
    read: int = 0
    """Number of records, including broken ones; set when a table is filled."""
    broken: int = 0
    """Number of rows of `unreadable`; set when a table is filled."""
    again: Callable[[], str] = str
    """Returns SQL of the records that filled the table as text c0, c1, …, in the same order."""
    shifts: str = ""
    """Table (threshold, shift): offset of line numbers after missing ones. Empty if none is missing."""

    def numbered(self, rows: str, index: str) -> str:
        """Return SQL of `rows` with `@line`, the record's number; `index` is SQL of its position in the filled table."""
        if not self.shifts:
            return f'(SELECT {index} + {self.first} AS "@line", r.* FROM {rows} r)'
        return (
            f'(SELECT {index} + {self.first} + coalesce(s.shift, 0) AS "@line", r.*'
            f" FROM {rows} r ASOF LEFT JOIN {self.shifts} s ON {index} >= s.threshold)"
        )


def new_lines(workspace: Workspace, content: Content, names: tuple[str, ...], first: int) -> Lines:
    lines = Lines(content, names, first, workspace.table("unreadable"), workspace.table("missing"))
    workspace.con.execute(
        f"CREATE TEMP TABLE {lines.unreadable} (line BIGINT, text VARCHAR, reason VARCHAR, size BIGINT, sha256 VARCHAR,"
        " fields VARCHAR[])"
    )
    workspace.con.execute(f"CREATE TEMP TABLE {lines.missing} (line BIGINT)")
    return lines


def number_lines(workspace: Workspace, lines: Lines) -> None:
    """Compute the offsets of line numbers after missing ones."""
    workspace.con.execute(
        f"INSERT INTO {lines.missing} SELECT line FROM {lines.unreadable} ANTI JOIN {lines.missing} USING (line)"
    )
    if not workspace.count(lines.missing):
        return
    lines.shifts = lines.shifts or workspace.table("shifts")
    workspace.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {lines.shifts} AS SELECT threshold, max(nth) AS shift FROM ("
        f" SELECT row_number() OVER (ORDER BY line) AS nth, line - {lines.first} - nth + 1 AS threshold FROM {lines.missing}"
        ") GROUP BY threshold"
    )


def count_lines(workspace: Workspace, lines: Lines, table: str) -> Lines:
    lines.broken = workspace.count(lines.unreadable)
    lines.read = workspace.count(table) + lines.broken
    if lines.records is not None and lines.read != lines.records:
        raise UnreadableFile(
            f"{lines.content.file.name} has {lines.records:,} records, but only {lines.read:,} could be read.",
            "Look for quotes that are opened and never closed, and export the file again.",
        )
    return lines
