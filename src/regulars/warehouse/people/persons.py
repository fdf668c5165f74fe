"""The persons: connected components of the identities that records share.

A pure function of the current rows, the settings and the shop's corrections: neither the order of loads nor anything
stored before enters. DuckDB collects what records say, scipy finds the components; what a write touched is found again in
the region around it alone (difference.py), by the same functions.
"""

from __future__ import annotations

import duckdb
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from regulars.vocabulary.errors import WarehouseError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.people.corrections import ensure_corrections
from regulars.warehouse.people.descriptions import describe
from regulars.warehouse.people.identities import RECORDS, define_identities, primary_identity
from regulars.warehouse.people.records import links, said, spelt
from regulars.warehouse.schema import Table

HEX_DIGITS = 15
"""How much of the md5 of a person's smallest identity makes the number: as much as a bigint holds, never negative."""

_TEMPORARY = ("person_nodes", "person_links", "person_components")


def derive_persons(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Derive the tables of persons anew from the current rows:

    - `facts.records(id, person_id, email, phone, primary_identity, source, times)`: what records say, and how many rows say it
    - `facts.identities(identity, person, source)`: whose each identity is; source only for customer ids
    - `facts.persons(person, bucket, customer, name, email, phone, country, …, records)`: one row per person; `records`
      counts the primary identities in it, so that a person of one record counts 1 (an identity that a split left to
      itself stays in identities, but without a record it is no person here)
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS facts")
    ensure_corrections(con)
    define_identities(con, settings)
    rows = " UNION ALL ".join(said(f"main.{table.name}") for table in RECORDS)
    con.execute(f"CREATE OR REPLACE TABLE facts.records AS {spelt(rows)}")
    # Said as a condition of the query, it would be worked out, spelling and all, before the rows are summed up.
    con.execute("DELETE FROM facts.records WHERE primary_identity IS NULL")
    find_persons(con, "facts.records")
    con.execute("CREATE OR REPLACE TABLE facts.identities AS FROM temp.person_identities ORDER BY identity")
    con.execute(f"CREATE OR REPLACE TABLE facts.persons AS {describe('main.customers')} ORDER BY person")
    con.execute("DROP TABLE temp.person_identities")


def of_persons(table: Table, rows: str) -> str:
    """SQL of a table's rows with their `person`, null where nobody is known; needs `define_identities` before it."""
    return (
        f"SELECT r.* EXCLUDE (identity_), i.person FROM (SELECT *, {primary_identity(table)} AS identity_ FROM {rows}) r"
        " LEFT JOIN facts.identities i ON i.identity = r.identity_"
    )


def find_persons(con: duckdb.DuckDBPyConnection, records: str, region: str = "") -> None:
    """Write temp.person_identities(identity, person, source) from what the records (a relation of SAID) share.

    `region` (a table of `identity`) leaves out identities of records that reach beyond it: those a split cut off.
    """
    _number_identities(con, records, region)
    _link_identities(con, records)
    _find_components(con)
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE temp.{table}")


def _number_identities(con: duckdb.DuckDBPyConnection, records: str, region: str) -> None:
    """Nodes from 0 in the order of their text, so that a component's smallest node is its smallest identity."""
    inside = f" SEMI JOIN {region} USING (identity)" if region else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE person_nodes AS
        SELECT (row_number() OVER (ORDER BY identity) - 1)::INTEGER AS node, identity, min(source) AS source
        FROM (
            SELECT id AS identity, source FROM {records}
            UNION ALL SELECT person_id, NULL FROM {records}
            UNION ALL SELECT email, NULL FROM {records}
            UNION ALL SELECT phone, NULL FROM {records}
        ){inside}
        WHERE identity IS NOT NULL GROUP BY identity
        """
    )


def _link_identities(con: duckdb.DuckDBPyConnection, records: str) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE person_links AS
        SELECT one.node AS a, other.node AS b
        FROM ({links(records)}) links
        JOIN temp.person_nodes one ON one.identity = links.a
        JOIN temp.person_nodes other ON other.identity = links.b
        """
    )


def _find_components(con: duckdb.DuckDBPyConnection) -> None:
    """Each node's component, named by its smallest node, and the component's number as a person."""
    nodes = int(con.execute("SELECT count(*) FROM temp.person_nodes").fetchall()[0][0])
    linked = con.execute("SELECT a, b FROM temp.person_links").fetchnumpy()
    graph = coo_array((np.ones(len(linked["a"]), dtype=np.int8), (linked["a"], linked["b"])), shape=(nodes, nodes))
    count, component = connected_components(graph, directed=False) if nodes else (0, np.empty(0, dtype=np.int32))
    numbers = np.arange(nodes, dtype=np.int32)
    smallest = np.empty(count, dtype=np.int32)
    smallest[component[::-1]] = numbers[::-1]  # of several assignments the last one stays: the smallest node
    con.register("person_roots", {"node": numbers, "root": smallest[component]})
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE person_components AS
        SELECT root, identity, {hashed("identity")} AS person
        FROM person_roots JOIN temp.person_nodes USING (node) WHERE node = root
        """
    )
    _part_collisions(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE person_identities AS SELECT n.identity, c.person, n.source"
        " FROM temp.person_nodes n JOIN person_roots r USING (node) JOIN temp.person_components c USING (root)"
    )
    con.unregister("person_roots")


def hashed(text: str) -> str:
    """SQL of a person's number from the text of its smallest identity."""
    return f"('0x' || substr(md5({text}), 1, {HEX_DIGITS}))::BIGINT"


def _part_collisions(con: duckdb.DuckDBPyConnection) -> None:
    """Two persons with one number would be one: all but the smallest identity are hashed again until none collide."""
    for attempt in range(1, 100):
        twice = (
            "SELECT identity FROM temp.person_components"
            " QUALIFY row_number() OVER (PARTITION BY person ORDER BY identity) > 1"
        )
        if not con.execute(f"SELECT 1 FROM ({twice}) LIMIT 1").fetchone():
            return
        con.execute(
            f"UPDATE temp.person_components SET person = {hashed(f'identity || chr(0) || {attempt}')}"
            f" WHERE identity IN ({twice})"
        )
    raise WarehouseError("The persons cannot be told apart by their numbers.")
