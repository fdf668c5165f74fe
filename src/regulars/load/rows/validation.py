"""State of a load's validation: the rows of each table, rejected lines and their reasons."""

from __future__ import annotations

from dataclasses import dataclass, field

from regulars.load import evaluate
from regulars.load.stage import Stage
from regulars.load.workspace import Workspace


@dataclass
class Validation:
    """The files of a load, the evaluated rows of each table, and the rejected lines with their reasons."""

    workspace: Workspace
    stages: list[Stage]
    rows: dict[str, str] = field(default_factory=dict)
    """SQL of each canonical table's rows: a temporary table, or a query over rows made while files were read."""
    as_query: set[str] = field(default_factory=set)
    """Canonical tables whose entry in `rows` is a query."""
    rejected: str = ""
    """Table (file, line, unit)."""
    reasons: str = ""
    """Table (file, line, reason)."""
    rejected_elsewhere: str = ""
    """Table (file, line): lines rejected only because another file of the load has a rejected line of their order."""
    repeats: str = ""
    """Table (file, line): lines that repeat an order of the same file. They make no rows and count as used."""
    waiting: str = ""
    """Table (file, line, source, order_id, reason): lines of orders that wait for an exchange rate."""
    waiting_rows: dict[str, str] = field(default_factory=dict)
    """Temporary table of each canonical table's waiting rows."""
    renamed: str = ""
    """Table (source, file, name, key): orders stored under another order_id (`key`) than in their lines (`name`)."""
    with_rejected: set[int] = field(default_factory=set)
    """Numbers of the files with lines in `rejected`; a query per file is slow for thousands of files."""
    with_repeats: set[int] = field(default_factory=set)
    with_waiting: set[int] = field(default_factory=set)
    identity_values: str = ""
    """Table of checks/unusable.py `identity_values`, once created."""
    warnings: list[str] = field(default_factory=list)
    """Warnings about rows that are loaded."""

    def table_of(self, name: str) -> str:
        """Return the temporary table of a canonical table's rows; a query in `rows` is first stored as a table."""
        if name in self.as_query:
            table = self.workspace.table(f"rows_{name}")
            self.workspace.con.execute(f"CREATE TEMP TABLE {table} AS FROM {self.rows[name]}")
            self.as_query.remove(name)
            self.rows[name] = table
        return self.rows[name]

    def parse_lines(self) -> None:
        """Parse the deferred lines of files with rejected or waiting lines.

        Called before the transaction begins: rowids of tables created inside it do not follow the file's order.
        """
        for stage in self.stages:
            if stage.number in self.with_rejected | self.with_waiting:
                stage.parse_now()

    def lines(self, stage: Stage) -> str:
        """Return SQL of a file's parsed lines without empty, rejected and repeated ones."""
        rows = f'(SELECT * FROM {stage.rows()} WHERE NOT "@empty")'
        for table, files in ((self.rejected, self.with_rejected), (self.repeats, self.with_repeats)):
            if stage.number in files:
                excluded = f'(SELECT line AS "@line" FROM {table} WHERE file = {stage.number})'
                rows = f'(SELECT * FROM {rows} ANTI JOIN {excluded} USING ("@line"))'
        return rows


def reject(validation: Validation, sql: str) -> int:
    """Reject the lines of `sql` (file, line, reason). Returns how many were not rejected before."""
    con = validation.workspace.con
    con.execute(f"INSERT INTO {validation.reasons} SELECT DISTINCT file, line, reason FROM ({sql})")
    con.execute(
        f"INSERT INTO {validation.rejected} SELECT DISTINCT file, line, NULL FROM {validation.reasons}"
        f" ANTI JOIN {validation.rejected} USING (file, line)"
    )
    if count := int(con.fetchall()[0][0]):
        validation.with_rejected = validation.workspace.files(validation.rejected)
    return count


def reject_rows(validation: Validation, sql: str) -> int:
    """Reject all lines behind the rows of `sql` (`@file`, `@plan`, `@line`, reason). Returns how many were not before."""
    targets = validation.workspace.table("targets")
    validation.workspace.con.execute(f"CREATE TEMP TABLE {targets} AS {sql}")
    count = 0
    for number, index in validation.workspace.con.execute(
        f'SELECT DISTINCT "@file", "@plan" FROM {targets}'
    ).fetchall():
        stage = validation.stages[number]
        plan = stage.plans[index]
        here = f'{targets} WHERE "@file" = {number} AND "@plan" = {index}'
        if not plan.group_by:
            count += reject(validation, f'SELECT "@file" AS file, "@line" AS line, reason FROM {here}')
            continue
        keys = ", ".join(f"({key.sql})" for key in plan.group_by)
        good = f"(SELECT * FROM {validation.lines(stage)} WHERE {evaluate.chosen(plan)})"
        groups = f'(SELECT *, min("@line") OVER (PARTITION BY {keys}) AS "@first" FROM {good})'
        count += reject(
            validation,
            f'SELECT {number} AS file, g."@line" AS line, d.reason FROM {groups} g'
            f' JOIN (SELECT * FROM {here}) d ON d."@line" = g."@first"',
        )
    return count
