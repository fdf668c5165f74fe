"""Cache of compiled statements, stored in the version: compiling takes longer than a small incremental load."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TypeVar

import duckdb

from regulars.warehouse.facts_version import release

_TABLE = "CREATE TABLE IF NOT EXISTS facts.compiled (release TEXT, digest TEXT, content TEXT)"
Content = TypeVar("Content")
"""Lists, texts and numbers that JSON can represent."""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table facts.compiled before facts are derived: a query of a missing table would end the transaction."""
    con.execute(_TABLE)


def compile_once(con: duckdb.DuckDBPyConnection, key: tuple[object, ...], make: Callable[[], Content]) -> Content:
    """Return the result of `make`, from facts.compiled where the same release of the code has computed it before.

    The result is not stored where the connection is read-only.

    Args:
        con: a connection to a version.
        key: all inputs of `make` besides the code.
        make: computes the result.
    """
    digest = hashlib.sha256(repr(key).encode()).hexdigest()
    stored = _stored(con, digest)
    if stored is None:
        stored = (json.dumps(make()),)
        if not _is_read_only(con):
            escaped = stored[0].replace("'", "''")
            con.execute(
                f"{_TABLE}; DELETE FROM facts.compiled WHERE release <> '{release()}';"
                f"INSERT INTO facts.compiled VALUES ('{release()}', '{digest}', '{escaped}')"
            )
    content: Content = json.loads(stored[0])
    return content


def _stored(con: duckdb.DuckDBPyConnection, digest: str) -> tuple[str] | None:
    # Without parameters, for which DuckDB would import pandas.
    sql = f"SELECT content FROM facts.compiled WHERE release = '{release()}' AND digest = '{digest}'"
    try:
        row: tuple[str] | None = con.execute(sql).fetchone()
    except duckdb.CatalogException:
        return None
    return row


def _is_read_only(con: duckdb.DuckDBPyConnection) -> bool:
    """-"""
    sql = "SELECT readonly FROM duckdb_databases() WHERE database_name = current_database()"
    return bool(con.execute(sql).fetchall()[0][0])
