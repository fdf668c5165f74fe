"""Full refresh: derivation of persons and all facts from all rows."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import astuple, replace

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse import forecasts
from regulars.warehouse.compile_cache import compile_once, ensure
from regulars.warehouse.derive.coverage import write_coverage
from regulars.warehouse.derive.precompiled import precompiled_product_names, precompiled_statements
from regulars.warehouse.derive.statements import (
    FACTS,
    FULL_REFRESH,
    GROUPS,
    INCREMENTAL,
    PERSONS_SUFFIX,
    SOURCE_TABLES,
    STEPS,
    TEMPORARY,
    Statement,
    Target,
    product_names_statement,
    statements,
)
from regulars.warehouse.engine import Engine
from regulars.warehouse.fact_table import FactSettings, FactTable
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.facts.business_time import business_days
from regulars.warehouse.facts.days import zone_days
from regulars.warehouse.facts.orders.lines import LINES
from regulars.warehouse.facts.subscriptions import NO_END_FROM
from regulars.warehouse.facts_version import sign
from regulars.warehouse.identity import derive_persons, with_person
from regulars.warehouse.log import tables_with_rows
from regulars.warehouse.missing_rates import require_rates
from regulars.warehouse.portable import FUNCTIONS
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions import groups

ALL_STEPS = ("persons", *(step for group in GROUPS for step in STEPS.get(group, (group,))), "coverage")


def derive_all(con: duckdb.DuckDBPyConnection, settings: Settings, on_step: Callable[[str], None]) -> None:
    """Write persons and all facts from the current rows. Groups without rows become empty tables in the main file."""
    require_rates(con, settings)
    derive_persons(con, settings, tables_with_rows(con))
    ensure(con)
    on_step("persons")
    con.execute(";".join(FUNCTIONS["duckdb"]))
    filled_groups = groups_with_rows(con)
    facts = tuple(fact for group in filled_groups for fact in GROUPS[group])
    prepare_persons(con, facts)
    prepare_days(con, settings, facts)
    groups.leave_out_others(con, filled_groups)
    for group in GROUPS:
        group_statements = compiled_statements(con, settings, group, FULL_REFRESH)
        if group not in filled_groups:
            groups.keep_empty(
                con,
                group,
                {statement.name: statement.columns for statement in group_statements if statement.schema == FACTS},
            )
            for step in STEPS.get(group, (group,)):
                on_step(step)
            continue
        run(Engine(con=con), skip_empty_tables(con, group_statements), on_step, schema=groups.begin(con, group))
        if any(con.execute(f"SELECT 1 FROM facts.{fact.name} LIMIT 1").fetchall() for fact in GROUPS[group]):
            # The next load needs the incremental statements; compiling them then would be most of its time.
            compiled_statements(con, settings, group, INCREMENTAL)
    compiled_product_names(con)
    for name in tables_with_persons(facts):
        con.execute(f"DROP VIEW temp.{name}{PERSONS_SUFFIX}")
    write_coverage(con, settings)
    forecasts.ensure(con)
    forecasts.write_moved_persons(con)
    on_step("coverage")
    sign(con, settings)


def groups_with_rows(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return the groups of facts whose canonical tables have rows."""
    tables = tables_with_rows(con)
    return tuple(group for group in GROUPS if not tables.isdisjoint(SOURCE_TABLES[group]))


def tables_with_persons(facts: Iterable[FactTable] = FACT_TABLES) -> tuple[str, ...]:
    """Return the tables with identity columns that the facts are built from or read."""
    names = dict.fromkeys(
        name for fact in facts for name in (fact.table.name, *(read.table for read in fact.reads if not read.by_person))
    )
    return tuple(name for name in names if BY_NAME[name].has_identity_columns)


def prepare_persons(con: duckdb.DuckDBPyConnection, facts: Iterable[FactTable] = FACT_TABLES) -> None:
    """Create the temporary views orders_of_persons, returns_of_persons … of `tables_with_persons`. Needs
    `define_identities`.
    """
    for name in tables_with_persons(facts):
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {name}{PERSONS_SUFFIX} AS {with_person(BY_NAME[name], f'main.{name}')}"
        )


def prepare_days(
    con: duckdb.DuckDBPyConnection, settings: Settings, facts: Iterable[FactTable], rows: str = "main.{}"
) -> None:
    """Create the temporary tables zone_days for the days of these facts, and business_days where they measure business
    time.

    Args:
        con: a connection to the version being written.
        settings: the shop's settings.
        facts: the facts whose instants become days.
        rows: pattern of the names of the tables they are read from.
    """
    spans = " UNION ALL ".join(
        f"""SELECT zone, min("{at}") AS first, least(max("{at}"), TIMESTAMP '{NO_END_FROM}') AS last"""
        f" FROM {rows.format(fact.table.name)} GROUP BY zone"
        for fact in facts
        for at in (*fact.days, *fact.clocks)
    )
    days: list[tuple[list[str] | None, int | None, int | None]] = [(None, None, None)]
    if spans:
        days = con.execute(
            f"SELECT list(DISTINCT coalesce(zone, ?)), min(date_diff('day', DATE '1970-01-01', first::DATE)),"
            f" max(date_diff('day', DATE '1970-01-01', last::DATE)) FROM ({spans})",
            [settings.timezone],
        ).fetchall()
    zones, first, last = days[0]
    span = first or 0, 0 if last is None else last
    con.register("zone_days_", zone_days(sorted(zones or ()), *span))
    # DuckDB takes an empty column for numbers, hence the cast.
    con.execute("CREATE OR REPLACE TEMP TABLE zone_days AS SELECT * REPLACE (zone::TEXT AS zone) FROM zone_days_")
    con.unregister("zone_days_")
    if any(fact.clocks for fact in facts):
        con.register("business_days_", business_days(settings.business_hours, settings.timezone, *span))
        con.execute("CREATE OR REPLACE TEMP TABLE business_days AS FROM business_days_")
        con.unregister("business_days_")


def compiled_statements(
    con: duckdb.DuckDBPyConnection, settings: Settings, group: str, target: Target
) -> tuple[Statement, ...]:
    """Return `statements`: precompiled ones where there are any, else compiled once for these settings and stored."""
    if (precompiled := precompiled_statements(settings, group, target)) is not None:
        return precompiled
    key = ("statements", group, astuple(FactSettings.of(settings)), astuple(target))
    compiled = compile_once(con, key, lambda: [astuple(statement) for statement in statements(settings, group, target)])
    return tuple(Statement(*statement) for statement in compiled)


def skip_empty_tables(
    con: duckdb.DuckDBPyConnection, all_statements: Sequence[Statement], empty: Container[str] = ()
) -> tuple[Statement, ...]:
    """Return the statements without the SQL of those whose result is empty: they only declare columns.

    DuckDB plans such a statement for longer than a small load takes. Without loaded order lines, the fact `lines` is
    left empty too: the amounts of orders that belong to no line are not read then.

    Args:
        con: a connection to the version being written.
        all_statements: the statements.
        empty: canonical tables without rows among those to derive from; one without any row is known to be empty.
    """
    loaded = tables_with_rows(con)
    line_statements = () if LINES.table.name in loaded else (LINES.name, f"added_{LINES.name}")

    def is_empty(statement: Statement) -> bool:
        table = statement.made_of
        return statement.name in line_statements or bool(table and (table in empty or table not in loaded))

    return tuple(replace(statement, sql="") if is_empty(statement) else statement for statement in all_statements)


def compiled_product_names(con: duckdb.DuckDBPyConnection) -> str:
    """Return `product_names_statement`, precompiled or compiled once."""
    return precompiled_product_names() or compile_once(
        con, ("product names",), lambda: product_names_statement(INCREMENTAL)
    )


def run(
    engine: Engine,
    all_statements: Sequence[Statement],
    on_step: Callable[[str], None] = lambda step: None,
    keep: Container[str] = (),
    schema: str = FACTS,
) -> None:
    """Run statements in order on any engine, and drop each intermediate table after the last statement that reads it.

    Args:
        engine: where the facts are written, such as the version being written; its dialect is that of the statements.
        all_statements: the statements.
        on_step: called with each step once it is finished.
        keep: intermediate tables that are not dropped.
        schema: the schema of the tables of facts.
    """
    for number, statement in enumerate(all_statements):
        is_fact = statement.schema == FACTS
        engine.create_table(
            schema if is_fact else statement.schema,
            statement.name,
            str(statement),
            columns=statement.columns,
            temporary=statement.schema == TEMPORARY,
        )
        if is_fact and engine.con is not None:
            groups.show(engine.con, schema, statement.name)
        remaining = all_statements[number + 1 :]
        for previous in all_statements[: number + 1]:
            if (
                previous.is_intermediate
                and previous.name not in keep
                and not any(next_statement.reads(previous) for next_statement in remaining)
            ):
                engine.drop_table(previous.schema, previous.name)
        if not remaining or remaining[0].step != statement.step:
            on_step(statement.step)
