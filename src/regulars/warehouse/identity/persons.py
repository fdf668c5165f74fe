"""The persons: connected components of the identities that records share.

They depend on the current rows, the settings and the user's corrections only, not on the order of loads. Everything
is SQL: identities are person_number, and components are found by label propagation (components.py). incremental_persons.py
uses the same functions for the region around changed records.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from regulars.vocabulary.errors import WarehouseError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.components import find_components
from regulars.warehouse.identity.corrections import ensure_corrections
from regulars.warehouse.identity.identities import IDENTITY_TABLES, define_identities, primary_identity
from regulars.warehouse.identity.profiles import person_rows
from regulars.warehouse.identity.records import (
    PRIMARY,
    REFERENCES,
    distinct_identities,
    distinct_records,
    links,
    normalized_records,
    references,
    with_keys,
)
from regulars.warehouse.schema import Table

HEX_DIGITS = 15
"""Number of hexadecimal digits of the MD5 of a person's smallest identity in its number: the most that a bigint holds
without its sign.
"""
HASH_BITS = 64
"""Size of the hashes of identities while persons are derived. They are not stored."""
_ATTEMPTS = 100


def derive_persons(
    con: duckdb.DuckDBPyConnection, settings: Settings, filled_tables: Collection[str] | None = None
) -> None:
    """Write the tables of persons from the current rows of IDENTITY_TABLES.

    - `facts.records(id, person_id, email, phone, source, times)`: the keys of the identities in a record, and the
      number of rows with them; the primary identity is the first that is not null
    - `facts.identities(key, identity, person, source)`: the person of each identity; source only for customer ids.
      Keys are stable until the next full refresh
    - `facts.persons(person, bucket, customer, name, email, phone, country, …, records)`: one row per person;
      `records` counts its primary identities, so that a person of one record has 1. An identity without a record, as
      a split may leave it, has no row

    Args:
        con: a connection to the version being written.
        settings: the shop's settings.
        filled_tables: the tables that have rows; None for all.
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS facts")
    ensure_corrections(con)
    define_identities(con, settings)
    rows = {
        table.name: f"main.{table.name}"
        for table in IDENTITY_TABLES
        if filled_tables is None or table.name in filled_tables
    }
    rows = rows or {IDENTITY_TABLES[0].name: f"main.{IDENTITY_TABLES[0].name}"}
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_texts AS {normalized_records(rows)}")
    attempt, first_row = _hash_identities(con)
    kinds = resolve_persons(con)
    # The stored key counts rows from 1; inside a transaction DuckDB's row numbers start elsewhere.
    place = f"(row_ - {first_row} + 1)::INTEGER"
    con.execute(
        f"CREATE OR REPLACE TABLE facts.identities AS SELECT {place} AS key, identity, person, source FROM {PERSON_IDENTITIES}"
    )
    places = f"(SELECT key AS old, {place} AS new, kind FROM (SELECT *, rowid AS row_ FROM temp.person_keys))"
    numbered = with_keys("temp.person_records", places, kinds)
    # Sorted, these two tables take little more than half the space; sorting identities costs more than its fifth saves.
    con.execute(
        f"CREATE OR REPLACE TABLE facts.records AS FROM ({distinct_records(f'({numbered})')}) ORDER BY {PRIMARY}"
    )
    described = person_rows("main.customers", "key", _hash("identity", attempt))
    con.execute(f"CREATE OR REPLACE TABLE facts.persons AS {described} ORDER BY person")
    drop_person_tables(con)


def with_person(table: Table, rows: str) -> str:
    """SQL of a table's rows with their `person`, null where it is not known. Needs `define_identities`."""
    return (
        f"SELECT r.* EXCLUDE (identity_), i.person FROM (SELECT *, {primary_identity(table)} AS identity_ FROM {rows}) r"
        " LEFT JOIN facts.identities i ON i.identity = r.identity_"
    )


PERSON_IDENTITIES = "temp.components JOIN (SELECT label, person FROM temp.person_components) USING (label)"
"""SQL of the identities with their persons, after `resolve_persons`."""


def resolve_persons(con: duckdb.DuckDBPyConnection) -> set[int]:
    """Resolve the persons of temp.person_keys (`distinct_identities`) by temp.person_records, which has keys.

    Creates temp.person_components(label, person, identity, customer, person_id, email, phone, records), with the
    smallest identity of each kind, and temp.components. `drop_person_tables` drops them.

    Returns:
        The kinds of identities that exist, as indexes of REFERENCES.
    """
    ambiguous = "(SELECT key FROM temp.person_keys WHERE low <> high)"
    links_sql = links("temp.person_records", "temp.person_keys", ambiguous)
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_links AS {links_sql}")
    find_components(con, "temp.person_keys", "temp.person_links")
    kinds_and_sources = con.execute("SELECT DISTINCT kind, source FROM temp.person_keys").fetchall()
    kinds, sources = (
        {kind for kind, _ in kinds_and_sources},
        {source for kind, source in kinds_and_sources if kind == 0},
    )
    # Comparing texts is slow, and most shops have customer ids of one source only: a shorter expression serves them.
    smallest = {
        name: f"min(identity) FILTER (kind = {kind})" if kind in kinds else "NULL::TEXT"
        for kind, name in enumerate(REFERENCES)
    }
    customer = "min(substr(identity, length(source) + 5))"
    if len(sources) == 1:
        customer = f"substr({smallest['id']}, {len(sources.pop()) + 5})"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE person_components AS
        SELECT label, {person_number("identity")} AS person, identity, customer, substr(person_id, 8) AS person_id,
            substr(email, 7) AS email, substr(phone, 7) AS phone, records
        FROM (
            SELECT label, least({", ".join(smallest.values())}) AS identity, {customer} AS customer,
                {", ".join(f"{sql} AS {name}" for name, sql in smallest.items() if name != "id")},
                count(*) FILTER (leads)::INTEGER AS records
            FROM temp.components GROUP BY label
        )
        """
    )
    _separate_collisions(con)
    return kinds


def drop_person_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the temporary tables that `resolve_persons` reads and writes."""
    tables = ("person_records", "person_keys", "person_links", "component_labels", "person_components")
    con.execute("DROP VIEW temp.components; " + "; ".join(f"DROP TABLE temp.{table}" for table in tables))


def _hash_identities(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Create temp.person_keys and temp.person_records from temp.person_texts, with hashes as keys.

    Where two identities have the same hash, all are person_number again with another salt.

    Returns:
        The number of the attempt, and the first row number of temp.person_keys.
    """
    for attempt in range(_ATTEMPTS):
        mentions = (
            f"SELECT {_hash('reference', attempt)} AS key, reference AS identity, kind, source, stronger IS NULL AS leads,"
            f" stronger, {_hash('stronger', attempt)} AS stronger_key FROM ({references('temp.person_texts')})"
        )
        # Sorted, so that the same files give the same rows on any machine.
        con.execute(f"CREATE OR REPLACE TEMP TABLE person_keys AS FROM ({distinct_identities(mentions)}) ORDER BY key")
        all_distinct, first_row = con.execute(
            "SELECT count(*) = count(DISTINCT key), coalesce(min(rowid), 0) FROM temp.person_keys"
        ).fetchall()[0]
        if all_distinct:
            break
    else:
        raise WarehouseError("The hashes of identities cannot be made distinct. Please report this.")
    hashes = ", ".join(f"{_hash(name, attempt)} AS {name}" for name in REFERENCES)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE person_records AS SELECT {hashes}, source, times FROM temp.person_texts;"
        " DROP TABLE temp.person_texts"
    )
    return attempt, first_row


def _hash(text: str, attempt: int) -> str:
    """SQL of a text's hash of HASH_BITS; null of null. Each attempt has another salt."""
    whole = f"hash({text} || '{attempt}')" if attempt else f"hash({text})"
    return f"CASE WHEN {text} IS NOT NULL THEN {whole if HASH_BITS == 64 else f'{whole} % {1 << HASH_BITS}'} END"


def person_number(text: str) -> str:
    """SQL of a person's number, from the text of its smallest identity."""
    return f"('0x' || substr(md5({text}), 1, {HEX_DIGITS}))::BIGINT"


def _separate_collisions(con: duckdb.DuckDBPyConnection) -> None:
    """Give persons of the same number distinct ones: all but the one of the smallest identity are person_number again with
    another salt.
    """
    for attempt in range(1, _ATTEMPTS):
        duplicates = (
            "SELECT identity FROM temp.person_components"
            " QUALIFY row_number() OVER (PARTITION BY person ORDER BY identity) > 1"
        )
        if not con.execute("SELECT count(*) > count(DISTINCT person) FROM temp.person_components").fetchall()[0][0]:
            return
        con.execute(
            f"UPDATE temp.person_components SET person = {person_number(f'identity || chr(0) || {attempt}')}"
            f" WHERE identity IN ({duplicates})"
        )
    raise WarehouseError("The numbers of persons cannot be made distinct. Please report this.")
