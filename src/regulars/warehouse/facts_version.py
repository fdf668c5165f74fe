"""Whether the facts in a version still say what this Regulars, with the shop's settings of today, would say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb

from regulars.vocabulary.shop import Settings

_WAREHOUSE = Path(__file__).parent
_NOT_OF_FACTS = ("load", "versions")
"""Folders of the warehouse that decide nothing about what a fact says of stored rows."""


@cache
def digest() -> str:
    """Names all that facts follow from besides rows and settings: the declarations of tables and facts, and what derives them."""
    return of_sources(
        one for one in _WAREHOUSE.rglob("*.py") if one.relative_to(_WAREHOUSE).parts[0] not in _NOT_OF_FACTS
    )


@cache
def release() -> str:
    """Names all of Regulars' own code: what it compiled is of use to the same code only."""
    return of_sources(_WAREHOUSE.parent.rglob("*.py"))


def of_sources(files: Iterable[Path]) -> str:
    """Names the content of source files."""
    found = hashlib.sha256()
    for one in sorted(files):
        found.update(one.name.encode() + b"\0" + one.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def is_current(con: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the facts were derived by the same declarations with these settings."""
    found = dict(con.execute("SELECT key, value FROM about").fetchall())
    return found.get("settings") == settings.that_matter and found.get("facts") == digest()


def sign(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Note what the facts were derived with."""
    con.execute("DELETE FROM about WHERE key IN ('settings', 'facts')")
    con.execute("INSERT INTO about VALUES ('settings', ?), ('facts', ?)", [settings.that_matter, digest()])
