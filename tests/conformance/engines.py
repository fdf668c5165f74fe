"""A shop loaded into DuckDB, copied into PostgreSQL, its facts derived there from the same declarations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import ibis

from conformance.postgres import Connection, copy, database
from conformance.shops import Kind, loaded
from regulars.metrics.question import Facts
from regulars.vocabulary import money
from regulars.warehouse.derive import statements
from regulars.warehouse.tables import TABLES


@dataclass(frozen=True)
class Engines:
    """One shop on two engines."""

    duckdb: duckdb.DuckDBPyConnection
    postgres: Connection
    on_duckdb: Facts
    on_postgres: Facts
    derived: tuple[str, ...]
    """The facts that both derived, by name."""


Both = Callable[[Kind], Engines]
"""From a kind of shop to that shop on both engines; see the fixture `both`."""


def derived(kind: Kind, stack: ExitStack, folder: Path, address: str) -> Engines:
    """The shop on both engines, open until the stack is closed. address: of a PostgreSQL server."""
    app = loaded(kind, folder)
    settings = kind.settings
    asked = (settings.timezone, settings.currency, money.digits(settings.currency), settings.default_margin)
    con = stack.enter_context(app.reading())
    facts = stack.enter_context(app.facts())
    target = stack.enter_context(database(address, settings.name))
    kept = {
        name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'facts'").fetchall()
    }
    written = statements(*asked, dialect="postgres")
    own = {name for _, name, _ in written}
    for table in (*(f"main.{table.name}" for table in TABLES), *(f"facts.{name}" for name in sorted(kept - own))):
        copy(con, target, table)
    for _, name, sql in written:
        target.execute(f"CREATE TABLE facts.{name} AS {sql}")
        target.execute(f"ANALYZE facts.{name}")
    backend = ibis.postgres.from_connection(target)
    on_postgres = replace(facts, table=lambda name: backend.table(name, database="facts"))
    return Engines(con, target, facts, on_postgres, tuple(name for _, name, _ in written if name in kept))
