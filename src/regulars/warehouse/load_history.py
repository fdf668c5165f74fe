"""The load history: loads with their files, times and row counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb


@dataclass(frozen=True)
class Load:
    """One load. `at` and `undone_at` are in UTC; the counts are sums over its files."""

    load_id: int
    at: datetime
    source: str
    files: tuple[str, ...]
    read: int
    used: int
    waiting: int
    rejected: int
    skipped: int
    replaced: bool
    covers_until: date | None
    undone_at: datetime | None


def loads(con: duckdb.DuckDBPyConnection) -> list[Load]:
    """Return all loads, undone ones included, oldest first."""
    rows = con.execute(
        """
        SELECT l.load_id, l."at", l.source, coalesce(list(f.name ORDER BY f.file_no), []), coalesce(sum(f.read), 0)::BIGINT,
               coalesce(sum(f.used), 0)::BIGINT, coalesce(sum(f.waiting), 0)::BIGINT, coalesce(sum(f.rejected), 0)::BIGINT,
               coalesce(sum(f.skipped), 0)::BIGINT,
               l.replaced, l.covers_until, l.undone_at
        FROM main.loads l LEFT JOIN main.load_files f USING (load_id) GROUP BY ALL ORDER BY l.load_id"""
    ).fetchall()
    return [
        Load(
            load_id,
            _utc(at),
            source,
            tuple(files),
            read,
            used,
            waiting,
            rejected,
            skipped,
            replaced,
            until,
            undone and _utc(undone),
        )
        for load_id, at, source, files, read, used, waiting, rejected, skipped, replaced, until, undone in rows
    ]


def loaded_before(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the last load of each file that was not undone, by the SHA-256 of the file's content."""
    rows = con.execute(
        "SELECT digest, max(load_id) FROM main.load_files JOIN main.loads USING (load_id) WHERE undone_at IS NULL"
        " GROUP BY digest"
    ).fetchall()
    return {str(digest): int(load_id) for digest, load_id in rows}


@dataclass(frozen=True)
class Waiting:
    """An order without an exchange rate: its first line in the file, its number of rows there, and the missing rate as a
    text.
    """

    load_id: int
    file: str
    line: int
    source: str
    order_id: str
    rows: int
    reason: str


def waiting(
    con: duckdb.DuckDBPyConnection, *, load_id: int | None = None, file: str | None = None, limit: int = 50
) -> list[Waiting]:
    """Return waiting orders: those of the newest load first, in the order of their files.

    Args:
        con: a connection to a version.
        load_id: only those of one load.
        file: only those of files of this name.
        limit: the largest number of orders.
    """
    rows = con.execute(
        "SELECT load_id, file, line, source, order_id, rows, reason FROM main.waiting"
        " WHERE ($load IS NULL OR load_id = $load) AND ($file IS NULL OR file = $file)"
        " ORDER BY load_id DESC, file, line LIMIT $limit",
        {"load": load_id, "file": file, "limit": limit},
    ).fetchall()
    return [Waiting(*row) for row in rows]


def waiting_rows(con: duckdb.DuckDBPyConnection) -> int:
    """Return the number of waiting rows of all loads."""
    return int(con.execute("SELECT coalesce(sum(rows), 0)::BIGINT FROM main.waiting").fetchall()[0][0])


def not_used(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Return the numbers of rejected and of waiting rows of the newest load."""
    (counts,) = con.execute(
        "SELECT coalesce(sum(rejected), 0)::BIGINT, coalesce(sum(waiting), 0)::BIGINT FROM main.load_files"
        " WHERE load_id = (SELECT max(load_id) FROM main.loads WHERE undone_at IS NULL)"
    ).fetchall()
    return int(counts[0]), int(counts[1])


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
