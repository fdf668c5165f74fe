"""What was compiled before, kept in the version itself: to compile takes longer than a small load by difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TypeVar

import duckdb

from regulars.warehouse.edition import release

Content = TypeVar("Content")
"""Lists, texts and numbers, as JSON has them."""


def compiled(con: duckdb.DuckDBPyConnection, told: tuple[object, ...], make: Callable[[], Content]) -> Content:
    """What `make` makes, from facts.compiled where the same code made it before.

    told: all that it follows from, besides the code.
    """
    digest = hashlib.sha256(repr(told).encode()).hexdigest()
    con.execute("CREATE TABLE IF NOT EXISTS facts.compiled (release TEXT, digest TEXT, content TEXT)")
    known = con.execute(
        "SELECT content FROM facts.compiled WHERE release = ? AND digest = ?", [release(), digest]
    ).fetchone()
    if known is None:
        known = (json.dumps(make()),)
        con.execute("DELETE FROM facts.compiled WHERE release <> ?", [release()])
        con.execute("INSERT INTO facts.compiled VALUES (?, ?, ?)", [release(), digest, *known])
    found: Content = json.loads(known[0])
    return found
