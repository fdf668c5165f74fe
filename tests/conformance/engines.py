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
from regulars.warehouse.derive.full import prepare_days, prepare_persons
from regulars.warehouse.derive.statements import Place, statements
from regulars.warehouse.tables import TABLES

PLACE = Place(scratch="facts", dialect="postgres")
PREPARED = ("orders_of_persons", "returns_of_persons", "subscriptions_of_persons", "zone_days")
"""What persons and days are handed over as: DuckDB and Python find them, the engine only joins."""


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
    settings = app.shop.settings
    con = stack.enter_context(app.reading())
    facts = stack.enter_context(app.facts())
    target = stack.enter_context(database(address, settings.name))
    kept = {
        name
        for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'facts'").fetchall()
        if not name.startswith("cells") and name != "statements"
    }
    written = statements(settings, PLACE)
    own = {one.name for one in written}
    for table in (*(f"main.{table.name}" for table in TABLES), *(f"facts.{name}" for name in sorted(kept - own))):
        copy(con, target, table)
    prepare_persons(con, settings)
    prepare_days(con, settings)
    for name in PREPARED:
        copy(con, target, f"temp.{name}", f"facts.{name}")
    for one in written:
        target.execute(f"CREATE TABLE {one.schema}.{one.name} AS {one.sql}")
        target.execute(f"ANALYZE {one.schema}.{one.name}")
    target.execute("ALTER TABLE facts.lines DROP COLUMN key")
    backend = ibis.postgres.from_connection(target)
    on_postgres = replace(
        facts,
        table=lambda name: backend.table(name, database="facts"),
        run=None,
        dialect="postgres",
        version=None,
        cells=(),
    )
    return Engines(con, target, facts, on_postgres, tuple(one.name for one in written if one.name in kept))
