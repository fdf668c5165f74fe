"""The books of loads: what was loaded when, from which files, with what result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb


@dataclass(frozen=True)
class Load:
    """One load. `at` and `undone_at` are in UTC; the counts are those of all its files."""

    load_id: int
    at: datetime
    source: str
    files: tuple[str, ...]
    read: int
    used: int
    skipped: int
    rejected: int
    replaced: bool
    covers_until: date | None
    undone_at: datetime | None


def loads(con: duckdb.DuckDBPyConnection) -> list[Load]:
    """All loads, those taken back too, oldest first."""
    found = con.execute(
        """
        SELECT l.load_id, l."at", l.source, coalesce(list(f.name ORDER BY f.file_no), []), coalesce(sum(f.read), 0)::BIGINT,
               coalesce(sum(f.used), 0)::BIGINT, coalesce(sum(f.skipped), 0)::BIGINT, coalesce(sum(f.rejected), 0)::BIGINT,
               l.replaced, l.covers_until, l.undone_at
        FROM main.loads l LEFT JOIN main.load_files f USING (load_id) GROUP BY ALL ORDER BY l.load_id"""
    ).fetchall()
    return [
        Load(
            number,
            _utc(at),
            source,
            tuple(files),
            read,
            used,
            skipped,
            rejected,
            replaced,
            until,
            undone and _utc(undone),
        )
        for number, at, source, files, read, used, skipped, rejected, replaced, until, undone in found
    ]


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
