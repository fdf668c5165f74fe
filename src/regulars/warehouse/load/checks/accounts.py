"""What became of each record of a file: used, waiting, rejected or skipped."""

from __future__ import annotations

from dataclasses import dataclass

from regulars.vocabulary.errors import LoadRefused
from regulars.warehouse.load import evaluate, rejects
from regulars.warehouse.load.judge import Judgement
from regulars.warehouse.load.stage import Stage


@dataclass(frozen=True)
class FileCount:
    """read = used + waiting + rejected + skipped, in records."""

    read: int = 0
    used: int = 0
    waiting: int = 0
    rejected: int = 0
    skipped: int = 0


def account(found: Judgement, load_id: int, stage: Stage) -> tuple[FileCount, int]:
    """Store a file's rejects; return the counts of its records, and how many are blank.

    Raises LoadRefused where the counts do not add up.
    """
    rejected = rejects.store(found, load_id, stage)
    takes = " OR ".join(f"({evaluate.chosen(plan)})" for plan in stage.plans) or "false"
    gone = f'(SELECT line AS "@line" FROM {found.rejected} WHERE file = {stage.number})'
    found.room.timezone(stage.zone)
    waits = "false"
    if found.room.count(f"{found.waiting} WHERE file = {stage.number}"):
        waits = f'"@line" IN (SELECT line FROM {found.waiting} WHERE file = {stage.number})'
    used, waiting, skipped, blank = found.room.con.execute(
        "SELECT count(*) FILTER (taken AND NOT waits), count(*) FILTER (taken AND waits), count(*) FILTER (NOT taken),"
        ' count(*) FILTER ("@empty")'
        f' FROM (SELECT "@empty", NOT "@empty" AND ({takes}) AS taken, {waits} AS waits'
        f' FROM {stage.rows()} ANTI JOIN {gone} USING ("@line"))'
    ).fetchall()[0]
    count = FileCount(stage.lines.read, used, waiting, rejected, skipped)
    if count.read != count.used + count.waiting + count.rejected + count.skipped:
        raise LoadRefused(
            f"The rows of {stage.file.name} do not add up: {count}.", "Please report this; nothing was changed."
        )
    return count, blank
