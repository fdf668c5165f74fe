"""The statements as they were compiled before: compiling takes longer than deriving a small load by difference."""

from __future__ import annotations

import hashlib
from dataclasses import astuple

import duckdb

from regulars import __version__
from regulars.vocabulary.shop import Settings
from regulars.warehouse.derive.statements import EVERYTHING, Place, Statement, statements
from regulars.warehouse.edition import EDITION

_COLUMNS = "digest TEXT, number INTEGER, step TEXT, schema_name TEXT, name TEXT, sql TEXT, rows_order TEXT"


def compiled(con: duckdb.DuckDBPyConnection, settings: Settings, place: Place = EVERYTHING) -> tuple[Statement, ...]:
    """`statements`, kept in the version itself (facts.statements) for this release and these settings."""
    told = (__version__, EDITION, settings.timezone, settings.currency, settings.default_margin, astuple(place))
    digest = hashlib.sha256(repr(told).encode()).hexdigest()
    con.execute(f"CREATE TABLE IF NOT EXISTS facts.statements ({_COLUMNS})")
    found = con.execute(
        "SELECT step, schema_name, name, sql, rows_order FROM facts.statements WHERE digest = ? ORDER BY number",
        [digest],
    ).fetchall()
    if found:
        return tuple(Statement(*row) for row in found)
    made = statements(settings, place)
    for number, one in enumerate(made):
        con.execute("INSERT INTO facts.statements VALUES (?, ?, ?, ?, ?, ?, ?)", [digest, number, *astuple(one)])
    return made
