"""A shop loaded into DuckDB, copied into another engine, its facts derived there from the same declarations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import ibis

from conformance.postgres import Connection, copy, database
from conformance.shops import Kind, loaded
from regulars.metrics.query import Facts
from regulars.vocabulary.shop import Settings
from regulars.warehouse.derive.full_refresh import prepare_days, prepare_persons, run, tables_with_persons
from regulars.warehouse.derive.statements import GROUPS, PERSONS_SUFFIX, Target, statements
from regulars.warehouse.engine import Engine
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.identity import define_identities
from regulars.warehouse.tables import TABLES

PREPARED = (*(f"{name}{PERSONS_SUFFIX}" for name in tables_with_persons()), "zone_days", "business_days")
"""What persons and days are handed over as: DuckDB and Python find them, the engine only joins."""
SCRATCH = "scratch"
"""The schema of what is handed over and of intermediate tables; main and facts are beside it."""
SCHEMAS = ("main", "facts", SCRATCH)


@dataclass(frozen=True)
class Engines:
    """One shop on two engines."""

    duckdb: duckdb.DuckDBPyConnection
    postgres: Connection
    on_duckdb: Facts
    on_postgres: Facts
    settings: Settings
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
    engine = Engine(ibis.postgres.from_connection(target))
    names = carry_over(con, settings, engine, lambda table, name: copy(con, target, table, name))
    on_postgres = replace(
        facts,
        engine=engine,
        version=None,
        rollups=(),
    )
    return Engines(con, target, facts, on_postgres, settings, names)


def carry_over(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    engine: Engine,
    copy: Callable[[str, str], None],
) -> tuple[str, ...]:
    """Hand over a shop's canonical tables to an engine and derive its facts there; what no statement derives is copied too.

    Returns: the facts that both derived, by name.
    """
    kept = {
        name
        for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'facts'").fetchall()
        if not name.startswith("rollup") and name != "statements"
    }
    target = Target(scratch_schema=SCRATCH, dialect=engine.dialect)
    by_group = [statements(settings, group, target) for group in GROUPS]
    written = [one for group in by_group for one in group]
    own = {one.name for one in written if one.schema == "facts"}
    for table in (*(f"main.{table.name}" for table in TABLES), *(f"facts.{name}" for name in sorted(kept - own))):
        copy(table, table)
    define_identities(con, settings)
    prepare_persons(con)
    prepare_days(con, settings, FACT_TABLES)
    for name in PREPARED:
        copy(f"temp.{name}", f"{SCRATCH}.{name}")
    for group in by_group:
        run(engine, group)
    return tuple(one.name for one in written if one.name in kept)
