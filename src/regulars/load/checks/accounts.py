"""Counts of a file's records: used, waiting, rejected or skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from regulars.load import evaluate, rejects
from regulars.load.rows.validation import Validation
from regulars.load.stage import MAX_BATCH_FILES, Stage
from regulars.vocabulary.errors import LoadRefused


@dataclass(frozen=True)
class FileCount:
    """Counts of a file's records; read = used + waiting + rejected + skipped."""

    read: int = 0
    used: int = 0
    waiting: int = 0
    rejected: int = 0
    skipped: int = 0


def count_records(validation: Validation, load_id: int, stages: Sequence[Stage]) -> list[tuple[FileCount, int]]:
    """Store the rejected lines of files and count the files' records.

    Returns:
        For each file its counts, and how many of its records are blank.

    Raises:
        LoadRefused: A file's counts do not add up.
    """
    counted = []
    for start in range(0, len(stages), MAX_BATCH_FILES):
        together = stages[start : start + MAX_BATCH_FILES]
        rejected = [rejects.store(validation, load_id, stage) for stage in together]
        for stage, reject_count, (used, waiting, skipped, blank) in zip(
            together, rejected, _counts(validation, together), strict=True
        ):
            count = FileCount(stage.lines.read, used, waiting, reject_count, skipped)
            if count.read != count.used + count.waiting + count.rejected + count.skipped:
                raise LoadRefused(
                    f"The rows of {stage.file.name} do not add up: {count}.", "Please report this; nothing was changed."
                )
            counted.append((count, blank))
    return counted


def store_counts(
    con: duckdb.DuckDBPyConnection,
    load_id: int,
    stages: Sequence[tuple[Stage, str]],
    counts: Sequence[tuple[FileCount, int]],
) -> None:
    """Write each file with its digest and its counts to `main.load_files`."""
    con.executemany(
        "INSERT INTO main.load_files (load_id, file_no, name, source, digest, bytes, read, used, waiting, rejected, skipped,"
        " columns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                *(load_id, stage.number, stage.file.name, stage.full_name, digest, stage.size),
                *(count.read, count.used, count.waiting, count.rejected, count.skipped, list(stage.lines.names)),
            ]
            for (stage, digest), (count, _) in zip(stages, counts, strict=True)
        ],
    )


def _counts(validation: Validation, stages: Sequence[Stage]) -> list[tuple[int, int, int, int]]:
    """Count the lines of each file that are used, wait, are skipped and are blank.

    One query counts all files whose lines are all used: planning a query takes longer than counting a small file.
    """
    whole = [stage for stage in stages if _is_whole(validation, stage)]
    counts = {stage.number: (stage.lines.read, 0, 0, 0) for stage in whole if stage.direct}
    whole = [stage for stage in whole if not stage.direct]
    if whole:
        each = (
            f'SELECT {stage.number}, count(*) - count(*) FILTER ("@empty"), 0, count(*) FILTER ("@empty"),'
            f' count(*) FILTER ("@empty") FROM {stage.typed}'
            for stage in whole
        )
        rows = validation.workspace.con.execute(" UNION ALL ".join(each)).fetchall()
        counts |= {number: (used, waiting, skipped, blank) for number, used, waiting, skipped, blank in rows}
    return [counts.get(stage.number) or _counts_of(validation, stage) for stage in stages]


def _is_whole(validation: Validation, stage: Stage) -> bool:
    """Whether no line of a file is rejected or waits, and a mapping selects all of them."""
    complete = stage.number not in validation.with_rejected | validation.with_waiting
    return complete and any(plan.where is None for plan in stage.plans)


def _counts_of(validation: Validation, stage: Stage) -> tuple[int, int, int, int]:
    takes = " OR ".join(f"({evaluate.chosen(plan)})" for plan in stage.plans) or "false"
    rejected = f'(SELECT line AS "@line" FROM {validation.rejected} WHERE file = {stage.number})'
    waits = f'"@line" IN (SELECT line FROM {validation.waiting} WHERE file = {stage.number})'
    validation.workspace.timezone(stage.zone)
    used, waiting, skipped, blank = validation.workspace.con.execute(
        "SELECT count(*) FILTER (taken AND NOT waits), count(*) FILTER (taken AND waits), count(*) FILTER (NOT taken),"
        ' count(*) FILTER ("@empty")'
        f' FROM (SELECT "@empty", NOT "@empty" AND ({takes}) AS taken,'
        f" {waits if stage.number in validation.with_waiting else 'false'} AS waits"
        f' FROM {stage.rows()} ANTI JOIN {rejected} USING ("@line"))'
    ).fetchall()[0]
    return used, waiting, skipped, blank
