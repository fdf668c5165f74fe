"""Whether the facts in a version still say what this Regulars, with the shop's settings of today, would say."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings

EDITION = "14"
"""Raised when facts change their shape or meaning: a warehouse of another edition is derived again."""


def _that_matter(settings: Settings) -> str:
    """All settings but the machine's limits."""
    return settings.model_dump_json(exclude={"machine"})


def is_current(con: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the facts were derived by this edition of Regulars with these settings."""
    found = dict(con.execute("SELECT key, value FROM about").fetchall())
    return found.get("settings") == _that_matter(settings) and found.get("edition") == EDITION


def sign(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Note what the facts were derived with."""
    con.execute("DELETE FROM about WHERE key IN ('settings', 'edition')")
    con.execute("INSERT INTO about VALUES ('settings', ?), ('edition', ?)", [_that_matter(settings), EDITION])
