"""How Regulars opens a DuckDB file, and what a version says about itself."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import duckdb


def connect(file: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open a file. All connections of a process to one file must agree on these settings, or DuckDB refuses."""
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
