"""Integrity checks of a version: the row accounts of its loads, and the files of its log."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from regulars.warehouse.log.data_files import folder
from regulars.warehouse.versions.log_folder import faults, listed


def accounting_faults(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the files of loads whose row counts are not read = used + waiting + rejected + skipped, or whose rejects are
    missing.
    """
    for load_id, name in con.execute(
        "SELECT load_id, name FROM main.load_files WHERE read != used + coalesce(waiting, 0) + rejected + skipped ORDER BY ALL"
    ).fetchall():
        yield f"load {load_id}: the rows of {name} do not add up"
    for load_id, rejected, stored in con.execute(
        "SELECT load_id, booked, coalesce(there, 0) AS stored"
        " FROM (SELECT load_id, sum(rejected) AS booked FROM main.load_files"
        " WHERE load_id NOT IN (SELECT load_id FROM main.loads WHERE undone_at IS NOT NULL) GROUP BY load_id)"
        " LEFT JOIN (SELECT load_id, count(*) AS there FROM main.rejects GROUP BY load_id) USING (load_id)"
        " WHERE booked != stored ORDER BY load_id"
    ).fetchall():
        yield f"load {load_id}: {rejected:,} rows were rejected, and {stored:,} of them are stored"


def log_faults(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the files of the log that are missing or damaged, each with what to do."""
    for file, fault in faults(folder(con), listed(con).values()):
        yield f"{fault} ({file.table} of {_loads_text(file.loads)}). {file.remedy}"


def _loads_text(loads: tuple[int, ...]) -> str:
    return f"load {loads[0]}" if len(loads) == 1 else f"loads {loads[0]} to {loads[-1]}"
