"""A command for tests: `python writer.py FOLDER NUMBER [TIMES]` writes versions, in several steps with pauses."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from regulars.warehouse.versions import Warehouse
from regulars.warehouse.versions.groups import show, writable

TABLES = ("a", "b", "c")
ROWS = 1_000


def write(folder: Path, number: int) -> None:
    """One version more: the same rows in each of three tables, each in a file of its own."""
    with Warehouse(folder).write(f"write {number}", waiting=lambda told: print(told, flush=True)) as con:
        con.execute("CREATE SCHEMA IF NOT EXISTS facts")
        for table in TABLES:
            schema = "facts" if table == TABLES[0] else writable(con, table)
            con.execute(f"CREATE TABLE IF NOT EXISTS {schema}.{table} (writer INTEGER, i INTEGER, text TEXT)")
            show(con, schema, table)
            con.execute(f"INSERT INTO {schema}.{table} SELECT ?, range, md5(range::TEXT) FROM range({ROWS})", [number])
            time.sleep(0.02)


if __name__ == "__main__":
    for turn in range(int(sys.argv[3]) if len(sys.argv) > 3 else 1):
        write(Path(sys.argv[1]), int(sys.argv[2]) + turn)
