"""Whether the stored facts were derived by this version of the code with the shop's present settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb

from regulars.vocabulary.shop import Settings

_WAREHOUSE = Path(__file__).parent
_NOT_OF_FACTS = ("load", "versions")
"""Folders of the warehouse that do not influence facts."""


@cache
def digest() -> str:
    """Return the digest of the code that facts follow from: the declarations of tables and facts, and their derivation."""
    return of_sources(
        file for file in _WAREHOUSE.rglob("*.py") if file.relative_to(_WAREHOUSE).parts[0] not in _NOT_OF_FACTS
    )


@cache
def release() -> str:
    """Return the digest of all code of Regulars, the key of compiled statements."""
    return of_sources(_WAREHOUSE.parent.rglob("*.py"))


def of_sources(files: Iterable[Path]) -> str:
    """Return a digest of the content of source files, 16 hexadecimal digits."""
    content = hashlib.sha256()
    for file in sorted(files):
        content.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()[:16]


def is_current(con: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Return True where the stored facts were derived by the same code with these settings."""
    properties = dict(con.execute("SELECT key, value FROM about").fetchall())
    return properties.get("settings") == settings.that_matter and properties.get("facts") == digest()


def sign(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Store the settings and the digest that the facts were derived with."""
    con.execute("DELETE FROM about WHERE key IN ('settings', 'facts')")
    con.execute("INSERT INTO about VALUES ('settings', ?), ('facts', ?)", [settings.that_matter, digest()])
