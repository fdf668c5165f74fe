"""The persons: connected components of the identities that records share.

Derived in full, and a pure function of the current rows, the settings and the shop's corrections: neither the order
of loads nor anything stored before enters. DuckDB numbers the identities, scipy finds the components.
"""

from __future__ import annotations

import duckdb
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from regulars.vocabulary.errors import WarehouseError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.people.corrections import ensure_corrections
from regulars.warehouse.people.identities import IDENTIFYING, RECORDS, define_identities, primary_identity
from regulars.warehouse.tables import BY_NAME

BUCKETS = 32
"""Groups of customers for the grouped jackknife (METRICS: interval)."""

HEX_DIGITS = 15
"""How much of the md5 of a person's smallest identity makes the number: as much as a bigint holds, never negative."""

_TEMPORARY = ("person_records", "person_nodes", "person_links", "person_components")


def derive_persons(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Derive the tables of persons anew from the current rows:

    - `facts.identities(identity, person, node, source)`: whose each identity is; source only for customer ids
    - `facts.links(a, b, joined)`: which two identities (by node) hang together; joined where the shop said so
    - `facts.persons(person, bucket, customer, name, email, phone, country, …, records)`: one row per person; `records`
      counts the primary identities in it, so that a person of one record counts 1 (an identity that a split left to
      itself stays in identities, but without a record it is no person here)
    - `facts.order_person(source, order_id, person)`: every order; person null for a guest without any identity
    - `facts.return_person(source, return_id, person)`: the returns that name a customer themselves
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS facts")
    ensure_corrections(con)
    define_identities(con, settings)
    _collect_records(con)
    _number_identities(con)
    _link_identities(con)
    _find_components(con)
    _write_identities(con)
    _write_persons(con)
    _write_order_and_return_persons(con)
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE temp.{table}")


def _collect_records(con: duckdb.DuckDBPyConnection) -> None:
    """What each record says about who it is, once. Raw values are made distinct first: cheaper than spelling all."""
    said = []
    for table in RECORDS:
        columns = ", ".join(name if table.has(name) else f"NULL AS {name}" for name in IDENTIFYING)
        said.append(f"SELECT source, {columns} FROM main.{table.name}")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE person_records AS
        WITH said AS (SELECT DISTINCT * FROM ({" UNION ALL ".join(said)})),
        spelt AS (
            SELECT source,
                id_identity(source, customer_id) AS id, email_identity(email) AS email, phone_identity(phone) AS phone
            FROM said
        )
        SELECT id, email, phone, coalesce(id, email, phone) AS primary_identity,
            CASE WHEN id IS NOT NULL THEN source END AS source
        FROM spelt WHERE primary_identity IS NOT NULL
        """
    )


def _number_identities(con: duckdb.DuckDBPyConnection) -> None:
    """Nodes from 0 in the order of their text, so that a component's smallest node is its smallest identity."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE person_nodes AS
        SELECT (row_number() OVER (ORDER BY identity) - 1)::INTEGER AS node, identity, min(source) AS source
        FROM (
            SELECT id AS identity, source FROM person_records
            UNION ALL SELECT email, NULL FROM person_records
            UNION ALL SELECT phone, NULL FROM person_records
        )
        WHERE identity IS NOT NULL GROUP BY identity
        """
    )


def _link_identities(con: duckdb.DuckDBPyConnection) -> None:
    """Primary to other identities of each record, less what the shop split, plus what it joined and is still there."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE person_links AS
        WITH seen AS (
            SELECT primary_identity AS a, email AS b FROM person_records WHERE email <> primary_identity
            UNION SELECT primary_identity, phone FROM person_records WHERE phone <> primary_identity
        ),
        corrected AS (
            SELECT least(a, b) AS a, greatest(a, b) AS b, arg_max(joined, seq) AS joined
            FROM main.people_corrections GROUP BY ALL
        ),
        links AS (
            SELECT a, b, false AS joined FROM seen
            WHERE NOT EXISTS (
                FROM corrected WHERE corrected.a = least(seen.a, seen.b) AND corrected.b = greatest(seen.a, seen.b)
            )
            UNION ALL SELECT a, b, true FROM corrected WHERE joined
        )
        SELECT one.node AS a, other.node AS b, links.joined
        FROM links
        JOIN person_nodes one ON one.identity = links.a
        JOIN person_nodes other ON other.identity = links.b
        """
    )
    con.execute("CREATE OR REPLACE TABLE facts.links AS SELECT a, b, joined FROM person_links ORDER BY a, b")


def _find_components(con: duckdb.DuckDBPyConnection) -> None:
    """Each node's component, named by its smallest node, and the component's number as a person."""
    found = con.execute("SELECT count(*) FROM person_nodes").fetchone()
    nodes = found[0] if found else 0
    links = con.execute("SELECT a, b FROM person_links").fetchnumpy()
    graph = coo_array((np.ones(len(links["a"]), dtype=np.int8), (links["a"], links["b"])), shape=(nodes, nodes))
    count, component = connected_components(graph, directed=False) if nodes else (0, np.empty(0, dtype=np.int32))
    numbers = np.arange(nodes, dtype=np.int32)
    smallest = np.empty(count, dtype=np.int32)
    smallest[component[::-1]] = numbers[::-1]  # of several assignments the last one stays: the smallest node
    con.register("person_roots", {"node": numbers, "root": smallest[component]})
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE person_components AS
        SELECT node, root, identity, {_hashed("identity")} AS person
        FROM person_roots JOIN person_nodes USING (node) WHERE node = root
        """
    )
    _part_collisions(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE person_nodes AS"
        " SELECT n.node, n.identity, n.source, r.root FROM person_nodes n JOIN person_roots r USING (node)"
    )
    con.unregister("person_roots")


def _hashed(text: str) -> str:
    return f"('0x' || substr(md5({text}), 1, {HEX_DIGITS}))::BIGINT"


def _part_collisions(con: duckdb.DuckDBPyConnection) -> None:
    """Two persons with one number would be one: all but the smallest identity are hashed again until none collide."""
    for attempt in range(1, 100):
        twice = (
            "SELECT identity FROM person_components"
            " QUALIFY row_number() OVER (PARTITION BY person ORDER BY identity) > 1"
        )
        if not con.execute(f"SELECT 1 FROM ({twice}) LIMIT 1").fetchone():
            return
        con.execute(
            f"UPDATE temp.person_components SET person = {_hashed(f'identity || chr(0) || {attempt}')}"
            f" WHERE identity IN ({twice})"
        )
    raise WarehouseError("The persons cannot be told apart by their numbers.")


def _write_identities(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        CREATE OR REPLACE TABLE facts.identities AS
        SELECT n.identity, c.person, n.node, n.source
        FROM person_nodes n JOIN person_components c USING (root) ORDER BY n.node
        """
    )


def _write_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Names and places from the customers' rows, the latest that has them; how somebody came from the earliest."""
    con.execute(
        f"""
        CREATE OR REPLACE TABLE facts.persons AS
        WITH identified AS (
            SELECT person,
                min(substr(identity, length(source) + 5)) AS id,
                min(substr(identity, 7)) FILTER (starts_with(identity, 'email:')) AS email,
                min(substr(identity, 7)) FILTER (starts_with(identity, 'phone:')) AS phone
            FROM facts.identities GROUP BY person
        ),
        recorded AS (
            SELECT i.person, count(*) AS records
            FROM (SELECT DISTINCT primary_identity AS identity FROM person_records)
            JOIN facts.identities i USING (identity) GROUP BY i.person
        ),
        described AS (
            SELECT i.person, c.*,
                row_number() OVER (ORDER BY coalesce(c.updated_at, c.joined_at) NULLS FIRST, i.node) AS age
            FROM (SELECT *, id_identity(source, customer_id) AS identity FROM main.customers) c
            JOIN facts.identities i USING (identity)
        ),
        latest AS (
            SELECT person,
                arg_max(name, age) AS name,
                arg_max(email, age) AS email,
                arg_max(phone, age) AS phone,
                arg_max((country, city), age) FILTER (country IS NOT NULL OR city IS NOT NULL) AS place,
                arg_max(language, age) AS language,
                arg_max(tags, age) AS tags,
                arg_min(channel, age) AS channel,
                min(joined_at) AS joined_at
            FROM described GROUP BY person
        )
        SELECT person,
            (person % {BUCKETS})::TINYINT AS bucket,
            coalesce(identified.id, identified.email, identified.phone) AS customer,
            latest.name,
            coalesce(latest.email, identified.email) AS email,
            coalesce(latest.phone, identified.phone) AS phone,
            latest.place[1] AS country,
            latest.place[2] AS city,
            latest.language,
            latest.joined_at,
            latest.channel,
            latest.tags,
            recorded.records::INTEGER AS records
        FROM identified JOIN recorded USING (person) LEFT JOIN latest USING (person)
        ORDER BY person
        """
    )


def _write_order_and_return_persons(con: duckdb.DuckDBPyConnection) -> None:
    for name, kept in (("order", "LEFT JOIN"), ("return", "JOIN")):
        table = BY_NAME[f"{name}s"]
        con.execute(
            f"""
            CREATE OR REPLACE TABLE facts.{name}_person AS
            SELECT t.source, t.{name}_id, i.person
            FROM (SELECT source, {name}_id, {primary_identity(table)} AS identity FROM main.{table.name}) t
            {kept} facts.identities i USING (identity)
            """
        )
