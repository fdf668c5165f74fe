"""A command for tests: `python writer.py FOLDER NUMBER [TIMES]` writes versions, in several steps with pauses."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from regulars.warehouse.versions import Warehouse

TABLES = ("a", "b", "c")
ROWS = 1_000


def write(folder: Path, number: int) -> None:
    """One version more: the same rows in each of three tables."""
    with Warehouse(folder).write(f"write {number}", waiting=lambda told: print(told, flush=True)) as con:
        for table in TABLES:
            con.execute(f"CREATE TABLE IF NOT EXISTS {table} (writer INTEGER, i INTEGER, text TEXT)")
            con.execute(f"INSERT INTO {table} SELECT ?, range, md5(range::TEXT) FROM range({ROWS})", [number])
            time.sleep(0.02)


if __name__ == "__main__":
    for turn in range(int(sys.argv[3]) if len(sys.argv) > 3 else 1):
        write(Path(sys.argv[1]), int(sys.argv[2]) + turn)
