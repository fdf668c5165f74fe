"""Everything anew."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import astuple, replace

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse import forecasts
from regulars.warehouse.compiled import compiled, ensure
from regulars.warehouse.derive.coverage import write_coverage
from regulars.warehouse.derive.merged_persons import follow_persons
from regulars.warehouse.derive.shipped import shipped, shipped_names
from regulars.warehouse.derive.statements import (
    EVERYTHING,
    FACTS,
    GROUPS,
    MADE_OF,
    OF_PERSONS,
    STEPS,
    TEMPORARY,
    TOUCHED,
    Place,
    Statement,
    names_statement,
    statements,
)
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.facts.days import zone_days
from regulars.warehouse.facts.orders.lines import LINES
from regulars.warehouse.facts.subscriptions import ENDLESS
from regulars.warehouse.facts_version import sign
from regulars.warehouse.identity import derive_persons, of_persons
from regulars.warehouse.log import tables_with_rows
from regulars.warehouse.missing_rates import require_rates
from regulars.warehouse.portable import FUNCTIONS
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions import groups

ALL_STEPS = ("persons", *(step for group in GROUPS for step in STEPS.get(group, (group,))), "coverage")


def derive_all(con: duckdb.DuckDBPyConnection, settings: Settings, done: Callable[[str], None]) -> None:
    """Write persons and all facts from the current rows. A group of facts without any is empty tables in the main file."""
    require_rates(con, settings)
    derive_persons(con, settings, tables_with_rows(con))
    ensure(con)
    done("persons")
    con.execute(";".join(FUNCTIONS["duckdb"]))
    known = with_rows(con)
    facts = tuple(fact for group in known for fact in GROUPS[group])
    prepare_persons(con, facts)
    prepare_days(con, settings, facts)
    groups.leave_out_others(con, known)
    for group in GROUPS:
        steps = steps_of(con, settings, group, EVERYTHING)
        if group not in known:
            groups.keep_empty(con, group, {one.name: one.columns for one in steps if one.schema == FACTS})
            for step in STEPS.get(group, (group,)):
                done(step)
            continue
        run(con, without_rows(con, steps), done, schema=groups.begin(con, group))
        if any(con.execute(f"SELECT 1 FROM facts.{fact.name} LIMIT 1").fetchall() for fact in GROUPS[group]):
            # What the next load will need, of some rows: to compile it then would be most of that load.
            steps_of(con, settings, group, TOUCHED)
    names_of_products(con)
    for name in tables_of_persons(facts):
        con.execute(f"DROP VIEW temp.{name}{OF_PERSONS}")
    write_coverage(con, settings)
    forecasts.ensure(con)
    follow_persons(con)
    done("coverage")
    sign(con, settings)


def with_rows(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The groups of facts that are made of tables with rows."""
    tables = tables_with_rows(con)
    return tuple(group for group in GROUPS if not tables.isdisjoint(MADE_OF[group]))


def tables_of_persons(facts: Iterable[FactTable] = FACT_TABLES) -> tuple[str, ...]:
    """The tables about somebody that facts are made of, or read."""
    asked = dict.fromkeys(name for fact in facts for name in (fact.table.name, *(one.table for one in fact.reads)))
    return tuple(name for name in asked if BY_NAME[name].is_about_somebody)


def prepare_persons(con: duckdb.DuckDBPyConnection, facts: Iterable[FactTable] = FACT_TABLES) -> None:
    """Make the temporary views orders_of_persons, returns_of_persons … of `tables_of_persons`, after `define_identities`."""
    for name in tables_of_persons(facts):
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name}{OF_PERSONS} AS {of_persons(BY_NAME[name], f'main.{name}')}")


def prepare_days(
    con: duckdb.DuckDBPyConnection, settings: Settings, facts: Iterable[FactTable], rows: str = "main.{}"
) -> None:
    """Make the temporary table zone_days, for the days of these facts; `rows` is the pattern of their tables."""
    seen = " UNION ALL ".join(
        f"""SELECT zone, min("{at}") AS first, least(max("{at}"), TIMESTAMP '{ENDLESS}') AS last"""
        f" FROM {rows.format(fact.table.name)} GROUP BY zone"
        for fact in facts
        for at in fact.days
    )
    found: list[tuple[list[str] | None, int | None, int | None]] = [(None, None, None)]
    if seen:
        found = con.execute(
            f"SELECT list(DISTINCT coalesce(zone, ?)), min(date_diff('day', DATE '1970-01-01', first::DATE)),"
            f" max(date_diff('day', DATE '1970-01-01', last::DATE)) FROM ({seen})",
            [settings.timezone],
        ).fetchall()
    zones, first, last = found[0]
    con.register("zone_days_", zone_days(sorted(zones or ()), first or 0, 0 if last is None else last))
    # Without any zone, DuckDB would take the empty column for one of numbers.
    con.execute("CREATE OR REPLACE TEMP TABLE zone_days AS SELECT * REPLACE (zone::TEXT AS zone) FROM zone_days_")
    con.unregister("zone_days_")


def steps_of(con: duckdb.DuckDBPyConnection, settings: Settings, group: str, place: Place) -> tuple[Statement, ...]:
    """`statements`, compiled beforehand or once for these settings."""
    if (known := shipped(settings, group, place)) is not None:
        return known
    told = (
        "statements",
        group,
        settings.timezone,
        settings.currency,
        settings.default_margin,
        settings.gift_card_spellings,
        astuple(place),
    )
    made = compiled(con, told, lambda: [astuple(one) for one in statements(settings, group, place)])
    return tuple(Statement(*one) for one in made)


def without_rows(
    con: duckdb.DuckDBPyConnection, steps: Sequence[Statement], empty: Container[str] = ()
) -> tuple[Statement, ...]:
    """The statements, of which those made of `empty` tables, whose plans cost more than a small load, only declare columns.

    So do those of the fact `lines` where no order line is loaded: what of each order belongs to no line is not asked for then.
    """
    lines = (LINES.name, f"added_{LINES.name}") if LINES.table.name not in tables_with_rows(con) else ()
    return tuple(replace(one, sql="") if one.made_of in empty or one.name in lines else one for one in steps)


def names_of_products(con: duckdb.DuckDBPyConnection) -> str:
    """`names_statement`, compiled beforehand or once."""
    return shipped_names() or compiled(con, ("product names",), lambda: names_statement(TOUCHED))


def run(
    con: duckdb.DuckDBPyConnection,
    steps: Sequence[Statement],
    done: Callable[[str], None] = lambda step: None,
    keep: tuple[str, ...] = (),
    schema: str = FACTS,
) -> None:
    """Write the tables, those of the facts into `schema`; what was only needed on the way goes as soon as nothing reads it any
    more, but for `keep`.
    """
    for number, one in enumerate(steps):
        rows = f"AS {one}" if one.sql else f"({one.columns})"
        if one.schema == FACTS:
            con.execute(f"CREATE OR REPLACE TABLE {schema}.{one.name} {rows}")
            groups.show(con, schema, one.name)
        else:
            con.execute(f"CREATE OR REPLACE {'TEMP ' * (one.schema == TEMPORARY)}TABLE {one.schema}.{one.name} {rows}")
        later = steps[number + 1 :]
        for before in steps[: number + 1]:
            if (
                before.is_intermediate
                and before.name not in keep
                and not any(before.full_name in other.sql for other in later)
            ):
                con.execute(f"DROP TABLE IF EXISTS {before.schema}.{before.name}")
        if not later or later[0].step != one.step:
            done(one.step)
