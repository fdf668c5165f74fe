"""What became of each record of a file: used, waiting, rejected or skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from regulars.load import evaluate, rejects
from regulars.load.stage import MOST_TOGETHER, Stage
from regulars.load.validate import Validation
from regulars.vocabulary.errors import LoadRefused


@dataclass(frozen=True)
class FileCount:
    """read = used + waiting + rejected + skipped, in records."""

    read: int = 0
    used: int = 0
    waiting: int = 0
    rejected: int = 0
    skipped: int = 0


def account(found: Validation, load_id: int, stages: Sequence[Stage]) -> list[tuple[FileCount, int]]:
    """Store the rejects of files; return the counts of each file's records, and how many are blank.

    Raises LoadRefused where the counts do not add up.
    """
    counted = []
    for start in range(0, len(stages), MOST_TOGETHER):
        together = stages[start : start + MOST_TOGETHER]
        rejected = [rejects.store(found, load_id, stage) for stage in together]
        for stage, rejects_of_it, (used, waiting, skipped, blank) in zip(
            together, rejected, _counts(found, together), strict=True
        ):
            count = FileCount(stage.lines.read, used, waiting, rejects_of_it, skipped)
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
    """Write each file, with its digest and what `account` counted, to `main.load_files`."""
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


def _counts(found: Validation, stages: Sequence[Stage]) -> list[tuple[int, int, int, int]]:
    """How many lines of each file are used, wait, are skipped and are blank.

    Files of which every line is taken are counted by one query: to plan one takes longer than to count a small file.
    """
    whole = [stage for stage in stages if _is_whole(found, stage)]
    counts = {stage.number: (stage.lines.read, 0, 0, 0) for stage in whole if stage.direct}
    whole = [stage for stage in whole if not stage.direct]
    if whole:
        each = (
            f'SELECT {stage.number}, count(*) - count(*) FILTER ("@empty"), 0, count(*) FILTER ("@empty"),'
            f' count(*) FILTER ("@empty") FROM {stage.typed}'
            for stage in whole
        )
        rows = found.workspace.con.execute(" UNION ALL ".join(each)).fetchall()
        counts |= {number: (used, waiting, skipped, blank) for number, used, waiting, skipped, blank in rows}
    return [counts.get(stage.number) or _counts_of(found, stage) for stage in stages]


def _is_whole(found: Validation, stage: Stage) -> bool:
    """Whether no line of a file is rejected or waits, and its mappings take them all."""
    kept = stage.number not in found.with_rejected | found.with_waiting
    return kept and any(plan.where is None for plan in stage.plans)


def _counts_of(found: Validation, stage: Stage) -> tuple[int, int, int, int]:
    takes = " OR ".join(f"({evaluate.chosen(plan)})" for plan in stage.plans) or "false"
    gone = f'(SELECT line AS "@line" FROM {found.rejected} WHERE file = {stage.number})'
    waits = f'"@line" IN (SELECT line FROM {found.waiting} WHERE file = {stage.number})'
    found.workspace.timezone(stage.zone)
    used, waiting, skipped, blank = found.workspace.con.execute(
        "SELECT count(*) FILTER (taken AND NOT waits), count(*) FILTER (taken AND waits), count(*) FILTER (NOT taken),"
        ' count(*) FILTER ("@empty")'
        f' FROM (SELECT "@empty", NOT "@empty" AND ({takes}) AS taken,'
        f" {waits if stage.number in found.with_waiting else 'false'} AS waits"
        f' FROM {stage.rows()} ANTI JOIN {gone} USING ("@line"))'
    ).fetchall()[0]
    return used, waiting, skipped, blank
