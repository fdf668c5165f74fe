"""What was compiled before, kept in the version itself: to compile takes longer than a small load by difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TypeVar

import duckdb

from regulars.warehouse.facts_version import release

_TABLE = "CREATE TABLE IF NOT EXISTS facts.compiled (release TEXT, digest TEXT, content TEXT)"
Content = TypeVar("Content")
"""Lists, texts and numbers, as JSON has them."""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table of what is compiled, before the first facts are derived: a query for what is not there ends a transaction."""
    con.execute(_TABLE)


def compiled(con: duckdb.DuckDBPyConnection, told: tuple[object, ...], make: Callable[[], Content]) -> Content:
    """What `make` makes, from facts.compiled where the same code made it before; it is not kept where the version is only read.

    told: all that it follows from, besides the code.
    """
    digest = hashlib.sha256(repr(told).encode()).hexdigest()
    known = _known(con, digest)
    if known is None:
        known = (json.dumps(make()),)
        if not _is_read_only(con):
            content = known[0].replace("'", "''")
            con.execute(
                f"{_TABLE}; DELETE FROM facts.compiled WHERE release <> '{release()}';"
                f"INSERT INTO facts.compiled VALUES ('{release()}', '{digest}', '{content}')"
            )
    found: Content = json.loads(known[0])
    return found


def _known(con: duckdb.DuckDBPyConnection, digest: str) -> tuple[str] | None:
    # Without parameters, for which DuckDB would import pandas.
    sql = f"SELECT content FROM facts.compiled WHERE release = '{release()}' AND digest = '{digest}'"
    try:
        found: tuple[str] | None = con.execute(sql).fetchone()
    except duckdb.CatalogException:
        return None
    return found


def _is_read_only(con: duckdb.DuckDBPyConnection) -> bool:
    sql = "SELECT readonly FROM duckdb_databases() WHERE database_name = current_database()"
    return bool(con.execute(sql).fetchall()[0][0])
