"""The persons: connected components of the identities that records share.

A pure function of the current rows, the settings and the shop's corrections: neither the order of loads nor anything
stored before enters. All of it is SQL: identities are hashed, and components found by passing labels (components.py). What
a write touched is found again in the region around it alone (difference.py), by the same functions.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from regulars.vocabulary.errors import WarehouseError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.components import find_components
from regulars.warehouse.identity.corrections import ensure_corrections
from regulars.warehouse.identity.identities import RECORDS, define_identities, primary_identity
from regulars.warehouse.identity.profiles import describe
from regulars.warehouse.identity.records import (
    PRIMARY,
    REFERENCES,
    keyed,
    links,
    mentioned,
    referred,
    spelt_rows,
    summed,
)
from regulars.warehouse.schema import Table

HEX_DIGITS = 15
"""How much of the md5 of a person's smallest identity makes the number: as much as a bigint holds, never negative."""
HASH_BITS = 64
"""Size of the hashes of identities while persons are derived. None is stored."""
_ATTEMPTS = 100


def derive_persons(con: duckdb.DuckDBPyConnection, settings: Settings, filled: Collection[str] | None = None) -> None:
    """Derive the tables of persons anew from the current rows of RECORDS; filled: the tables that have any, None for all.

    - `facts.records(id, person_id, email, phone, source, times)`: keys of the identities that records hold together, and
      how many rows say so; the primary identity is the first that is not null
    - `facts.identities(key, identity, person, source)`: whose each identity is; source only for customer ids. A key holds
      until everything is derived anew
    - `facts.persons(person, bucket, customer, name, email, phone, country, …, records)`: one row per person; `records`
      counts the primary identities in it, so that a person of one record counts 1 (an identity that a split left to
      itself stays in identities, but without a record it is no person here)
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS facts")
    ensure_corrections(con)
    define_identities(con, settings)
    rows = {table.name: f"main.{table.name}" for table in RECORDS if filled is None or table.name in filled}
    rows = rows or {RECORDS[0].name: f"main.{RECORDS[0].name}"}
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_texts AS {spelt_rows(rows)}")
    attempt, first = _hash_identities(con)
    kinds = find_persons(con)
    # The key stored is the place, from 1. In a transaction row numbers begin anywhere.
    place = f"(row_ - {first} + 1)::INTEGER"
    con.execute(
        f"CREATE OR REPLACE TABLE facts.identities AS SELECT {place} AS key, identity, person, source FROM {IDENTIFIED}"
    )
    places = f"(SELECT key AS old, {place} AS new, kind FROM (SELECT *, rowid AS row_ FROM temp.person_keys))"
    numbered = referred("temp.person_records", places, kinds)
    # Sorted, these two take little more than half the room. Identities would save a fifth, and take longest to sort.
    con.execute(f"CREATE OR REPLACE TABLE facts.records AS FROM ({summed(f'({numbered})')}) ORDER BY {PRIMARY}")
    described = describe("main.customers", "key", _hash("identity", attempt))
    con.execute(f"CREATE OR REPLACE TABLE facts.persons AS {described} ORDER BY person")
    forget_persons(con)


def of_persons(table: Table, rows: str) -> str:
    """SQL of a table's rows with their `person`, null where nobody is known; needs `define_identities` before it."""
    return (
        f"SELECT r.* EXCLUDE (identity_), i.person FROM (SELECT *, {primary_identity(table)} AS identity_ FROM {rows}) r"
        " LEFT JOIN facts.identities i ON i.identity = r.identity_"
    )


IDENTIFIED = "temp.components JOIN (SELECT label, person FROM temp.person_components) USING (label)"
"""The identities with their persons, once `find_persons` has found them."""


def find_persons(con: duckdb.DuckDBPyConnection) -> set[int]:
    """Find the persons of temp.person_keys (`keyed`) by what temp.person_records, with keys, say of them.

    Writes temp.person_components(label, person, identity, customer, person_id, email, phone, records), with the smallest of
    each kind, and temp.components. `forget_persons` drops all of them. Returns the kinds of identities that there are.
    """
    ambiguous = "(SELECT key FROM temp.person_keys WHERE low <> high)"
    linked = links("temp.person_records", "temp.person_keys", ambiguous)
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_links AS {linked}")
    find_components(con, "temp.person_keys", "temp.person_links")
    told = con.execute("SELECT DISTINCT kind, source FROM temp.person_keys").fetchall()
    kinds, sources = {kind for kind, _ in told}, {source for kind, source in told if kind == 0}
    # Every text that is compared costs, and most shops have customer ids of one source alone.
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
        SELECT label, {hashed("identity")} AS person, identity, customer, substr(person_id, 8) AS person_id,
            substr(email, 7) AS email, substr(phone, 7) AS phone, records
        FROM (
            SELECT label, least({", ".join(smallest.values())}) AS identity, {customer} AS customer,
                {", ".join(f"{sql} AS {name}" for name, sql in smallest.items() if name != "id")},
                count(*) FILTER (leads)::INTEGER AS records
            FROM temp.components GROUP BY label
        )
        """
    )
    _part_collisions(con)
    return kinds


def forget_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what `find_persons` read and wrote."""
    tables = ("person_records", "person_keys", "person_links", "component_labels", "person_components")
    con.execute("DROP VIEW temp.components; " + "; ".join(f"DROP TABLE temp.{table}" for table in tables))


def _hash_identities(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """temp.person_keys and temp.person_records as `find_persons` reads them, from temp.person_texts; keys are hashes.

    Two identities with one hash would be one: then all are hashed again, in another way, until no two have one. Returns
    which way that was, and the first row number of temp.person_keys.
    """
    for attempt in range(_ATTEMPTS):
        mentions = (
            f"SELECT {_hash('reference', attempt)} AS key, reference AS identity, kind, source, stronger IS NULL AS leads,"
            f" stronger, {_hash('stronger', attempt)} AS stronger_key FROM ({mentioned('temp.person_texts')})"
        )
        # In their order, so that the same files give the same rows on any machine.
        con.execute(f"CREATE OR REPLACE TEMP TABLE person_keys AS FROM ({keyed(mentions)}) ORDER BY key")
        apart, first = con.execute(
            "SELECT count(*) = count(DISTINCT key), coalesce(min(rowid), 0) FROM temp.person_keys"
        ).fetchall()[0]
        if apart:
            break
    else:
        raise WarehouseError("The identities cannot be told apart by their hashes.")
    hashes = ", ".join(f"{_hash(name, attempt)} AS {name}" for name in REFERENCES)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE person_records AS SELECT {hashes}, source, times FROM temp.person_texts;"
        " DROP TABLE temp.person_texts"
    )
    return attempt, first


def _hash(text: str, attempt: int) -> str:
    """SQL of a text's hash of HASH_BITS; null of null. Every attempt is another hash, also of texts whose first is the same."""
    whole = f"hash({text} || '{attempt}')" if attempt else f"hash({text})"
    return f"CASE WHEN {text} IS NOT NULL THEN {whole if HASH_BITS == 64 else f'{whole} % {1 << HASH_BITS}'} END"


def hashed(text: str) -> str:
    """SQL of a person's number from the text of its smallest identity."""
    return f"('0x' || substr(md5({text}), 1, {HEX_DIGITS}))::BIGINT"


def _part_collisions(con: duckdb.DuckDBPyConnection) -> None:
    """Two persons with one number would be one: all but the smallest identity are hashed again until none collide."""
    for attempt in range(1, _ATTEMPTS):
        twice = "SELECT identity FROM temp.person_components QUALIFY row_number() OVER (PARTITION BY person ORDER BY identity) > 1"
        if not con.execute("SELECT count(*) > count(DISTINCT person) FROM temp.person_components").fetchall()[0][0]:
            return
        con.execute(
            f"UPDATE temp.person_components SET person = {hashed(f'identity || chr(0) || {attempt}')} WHERE identity IN ({twice})"
        )
    raise WarehouseError("The persons cannot be told apart by their numbers.")
