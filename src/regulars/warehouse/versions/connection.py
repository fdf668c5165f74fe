"""How Regulars opens a DuckDB file, and what a version says about itself."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import duckdb

from regulars.vocabulary.machine import ANY, Machine


def connect(file: Path, *, read_only: bool, machine: Machine = ANY) -> duckdb.DuckDBPyConnection:
    """Open a file. All connections of a process to one file must agree on `config`, or DuckDB refuses.

    The machine's limits are set afterwards for that reason, and because DuckDB 1.5 does not keep to a
    max_temp_directory_size given in `config`. They hold for all connections of the process to the file.
    """
    con = duckdb.connect(
        str(file),
        read_only=read_only,
        config={
            # Everything needed is in the wheel; nothing is ever fetched while running.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # DuckDB's own choice is one folder per file, in which several processes overwrite each other's blocks.
            "temp_directory": f"{file}.spill-{host()}-{os.getpid()}",
        },
    )
    con.execute("SET GLOBAL TimeZone = 'UTC'")  # global, so that cursors take it over
    # A version is published whole or not at all: to write into the file what was done so far is in vain, and would move rows
    # whose numbers a writer holds.
    con.execute("SET GLOBAL wal_autocheckpoint = '1000TB'")
    limits = {
        "memory_limit": machine.memory_limit,
        "max_temp_directory_size": machine.spill_limit,
        "threads": machine.threads,
    }
    for name, limit in limits.items():
        if limit is not None:
            con.execute(f"SET GLOBAL {name} = '{limit}'")
    return con


def host() -> str:
    """The machine's name: process numbers mean something only on their own machine."""
    return socket.gethostname()


def about(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What a version says about itself: number, at, purpose, regulars, based_on, and whatever its writer remembered."""
    return dict(con.execute("SELECT key, value FROM main.about ORDER BY key").fetchall())


def remember(con: duckdb.DuckDBPyConnection, key: str, value: str) -> None:
    """Write one fact about the version into it, in place of what it said under this key before."""
    con.execute("CREATE TABLE IF NOT EXISTS main.about (key TEXT, value TEXT)")
    con.execute("DELETE FROM main.about WHERE key = ?", [key])
    con.execute("INSERT INTO main.about VALUES (?, ?)", [key, value])
