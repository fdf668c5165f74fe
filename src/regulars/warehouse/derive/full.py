"""Everything anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse import forecasts
from regulars.warehouse.compiled import compiled
from regulars.warehouse.derive.coverage import write_coverage
from regulars.warehouse.derive.followed import follow_persons
from regulars.warehouse.derive.statements import EVERYTHING, TEMPORARY, Place, Statement, statements
from regulars.warehouse.edition import sign
from regulars.warehouse.facts.days import zone_days
from regulars.warehouse.facts.subscriptions import ENDLESS
from regulars.warehouse.people import define_identities, derive_persons, of_persons
from regulars.warehouse.portable import FUNCTIONS
from regulars.warehouse.rates import require_rates
from regulars.warehouse.tables import BY_NAME

STEPS = (
    "persons", "product names", "order heads", "lines", "order sums", "returns", "orders", "gaps", "spend", "subscriptions",
    "coverage",
)  # fmt: skip

OF_PERSONS = {"orders": ("ordered_at",), "returns": ("returned_at",), "subscriptions": ("started_at", "ended_at")}
"""Tables whose rows are about persons and have days, and the instants those come from."""


def derive_all(con: duckdb.DuckDBPyConnection, settings: Settings, done: Callable[[str], None]) -> None:
    """Write persons and all facts from the current rows."""
    require_rates(con, settings)
    derive_persons(con, settings)
    done("persons")
    for function in FUNCTIONS["duckdb"]:
        con.execute(function)
    prepare_persons(con, settings)
    prepare_days(con, settings)
    run(con, steps_of(con, settings, EVERYTHING), done)
    con.execute("ALTER TABLE facts.lines DROP COLUMN key")
    for name in OF_PERSONS:
        con.execute(f"DROP VIEW temp.{name}_of_persons")
    write_coverage(con, settings)
    forecasts.ensure(con)
    follow_persons(con)
    done("coverage")
    sign(con, settings)


def prepare_persons(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make the temporary views orders_of_persons, returns_of_persons and subscriptions_of_persons."""
    define_identities(con, settings)
    for name in OF_PERSONS:
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name}_of_persons AS {of_persons(BY_NAME[name], f'main.{name}')}")


def prepare_days(con: duckdb.DuckDBPyConnection, settings: Settings, rows: str = "main.{}") -> None:
    """Make the temporary table zone_days, for the days of OF_PERSONS; `rows` is the pattern of their tables."""
    seen = " UNION ALL ".join(
        f"SELECT zone, min({at}) AS first, least(max({at}), TIMESTAMP '{ENDLESS}') AS last FROM {rows.format(name)} GROUP BY zone"
        for name, instants in OF_PERSONS.items()
        for at in instants
    )
    found = con.execute(
        f"SELECT list(DISTINCT coalesce(zone, ?)), min(date_diff('day', DATE '1970-01-01', first::DATE)),"
        f" max(date_diff('day', DATE '1970-01-01', last::DATE)) FROM ({seen})",
        [settings.timezone],
    ).fetchall()
    zones, first, last = found[0]
    con.register("zone_days_", zone_days(sorted(zones or ()), first or 0, 0 if last is None else last))
    con.execute("CREATE OR REPLACE TEMP TABLE zone_days AS FROM zone_days_")
    con.unregister("zone_days_")


def steps_of(con: duckdb.DuckDBPyConnection, settings: Settings, place: Place) -> tuple[Statement, ...]:
    """`statements`, compiled once for these settings."""
    told = (
        "statements",
        settings.timezone,
        settings.currency,
        settings.default_margin,
        settings.gift_card_spellings,
        astuple(place),
    )
    made = compiled(con, told, lambda: [astuple(one) for one in statements(settings, place)])
    return tuple(Statement(*one) for one in made)


def run(
    con: duckdb.DuckDBPyConnection,
    steps: Sequence[Statement],
    done: Callable[[str], None] = lambda step: None,
    keep: tuple[str, ...] = (),
) -> None:
    """Write the tables; what was only needed on the way goes as soon as nothing reads it any more, but for `keep`."""
    for number, one in enumerate(steps):
        con.execute(f"CREATE OR REPLACE {'TEMP ' * (one.schema == TEMPORARY)}TABLE {one.schema}.{one.name} AS {one}")
        later = steps[number + 1 :]
        for before in steps[: number + 1]:
            if (
                before.stepping_stone
                and before.name not in keep
                and not any(before.full_name in other.sql for other in later)
            ):
                con.execute(f"DROP TABLE IF EXISTS {before.schema}.{before.name}")
        if not later or later[0].step != one.step:
            done(one.step)
