"""Incremental identity resolution: only the region of the graph around changed records is resolved again."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes
from regulars.warehouse.identity.identities import IDENTITY_TABLES, customers_of, define_identities
from regulars.warehouse.identity.persons import PERSON_IDENTITIES, drop_person_tables, person_number, resolve_persons
from regulars.warehouse.identity.profiles import person_rows
from regulars.warehouse.identity.records import (
    PRIMARY,
    RECORD_COLUMNS,
    REFERENCES,
    distinct_identities,
    distinct_records,
    distinct_rows,
    identifying_rows,
    normalized,
    references,
    with_keys,
)
from regulars.warehouse.schema import Table

# IS NOT DISTINCT FROM on all columns is a hash join in DuckDB.
_SAME_RECORD = " AND ".join(f"o.{name} IS NOT DISTINCT FROM n.{name}" for name in (*REFERENCES, "source"))
_TEMPORARY = (
    "reached",
    "region",
    "region_before",
    "region_identities",
    "record_texts",
    "known",
    "appeared",
)


def update_persons(con: duckdb.DuckDBPyConnection, settings: Settings, changes: Changes) -> bool:
    """Update the tables of persons by the changes of a write: the result equals a full refresh, except for the keys.

    Creates temp.moved_persons(person): persons from before the write whose identities changed, and whose orders are
    therefore derived again.

    Returns:
        False, with nothing changed, where two persons would have the same number: then a full refresh is needed.
    """
    define_identities(con, settings)
    con.execute("CREATE OR REPLACE TEMP TABLE moved_persons (person BIGINT)")
    changed_tables = [table for table in IDENTITY_TABLES if table.name in changes.tables]
    if not changed_tables and not changes.corrected_identities:
        return True
    _find_known_identities(con, changes)
    _update_records(con)
    if (
        not changes.corrected_identities
        and not changes.has_rows("temp.appeared")
        and not changes.has_changed("customers")
    ):
        return True
    _find_region(con, changes)
    resolve_persons(con)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE region_identities AS SELECT key, identity, person, source FROM {PERSON_IDENTITIES}"
    )
    if _has_number_collision(con):
        return False
    con.execute(
        "INSERT INTO temp.moved_persons SELECT DISTINCT o.person FROM temp.region_before o"
        " LEFT JOIN temp.region_identities n USING (key) WHERE n.person IS DISTINCT FROM o.person"
    )
    con.execute(
        "DELETE FROM facts.identities WHERE rowid IN (SELECT row_ FROM temp.region_before);"
        " INSERT INTO facts.identities BY NAME FROM temp.region_identities"
    )
    customers = customers_of("main.customers", "temp.region_identities")
    con.execute(
        "DELETE FROM facts.persons WHERE person IN (SELECT person FROM temp.region_before);"
        f" INSERT INTO facts.persons {person_rows(customers, 'identity', 'identity')}"
    )
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE temp.{table}")
    drop_person_tables(con)
    return True


def _find_known_identities(con: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """Create temp.record_texts, the records that were added or removed, with the change of their counts; and
    temp.known(key, identity, person), the identities in them, of corrections, and of customers whose rows changed.
    New identities get new keys.
    """
    rows = [
        identifying_rows(
            f"temp.{kind}_{table.name} SEMI JOIN {changes.changed_keys(table.name)} USING ({_version_key(table)})",
            times,
        )
        for table in IDENTITY_TABLES
        if table.name in changes.tables
        for kind, times in (("previous", -1), ("current", 1))
    ]
    texts = normalized(distinct_rows(" UNION ALL ".join(rows) or identifying_rows("main.customers", 0) + " LIMIT 0"))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE record_texts AS SELECT * FROM ({distinct_records(f'({texts})')}) WHERE times <> 0"
    )
    linked = " ".join(f"UNION ALL SELECT '{_escaped(identity)}'" for identity in sorted(changes.corrected_identities))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE known AS
        WITH asked AS (
            SELECT reference AS identity FROM ({references("temp.record_texts")}) {linked}
            UNION ALL SELECT id_identity(source, customer_id) FROM {changes.changed_keys("customers")}
        ),
        corrected AS (SELECT a, b FROM main.people_corrections UNION ALL SELECT b, a FROM main.people_corrections),
        wanted AS MATERIALIZED (
            SELECT DISTINCT identity FROM (FROM asked UNION ALL SELECT b FROM corrected WHERE a IN (FROM asked))
            WHERE identity IS NOT NULL
        ),
        there AS MATERIALIZED (SELECT * FROM facts.identities WHERE identity IN (FROM wanted))
        SELECT key, identity, person FROM there
        UNION ALL
        SELECT (SELECT coalesce(max(key), 0) FROM facts.identities) + row_number() OVER (ORDER BY identity), identity, NULL
        FROM wanted ANTI JOIN there USING (identity)
        """
    )


def _update_records(con: duckdb.DuckDBPyConnection) -> None:
    """Update facts.records. Creates temp.appeared: the records that exist for the first time, or no longer."""
    keys = "(SELECT identity AS old, key::INTEGER AS new FROM temp.known)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE record_changes AS {with_keys('temp.record_texts', keys)}")
    # First filtered by one column: comparing all columns of every record takes several times as long.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE records_alike AS SELECT *, rowid AS row_ FROM facts.records"
        f" WHERE {PRIMARY} IN (SELECT {PRIMARY} FROM temp.record_changes)"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE record_sums AS
        SELECT n.* EXCLUDE (times), n.times + coalesce(o.times, 0) AS times, coalesce(o.times, 0) AS before, o.row_
        FROM temp.record_changes n LEFT JOIN temp.records_alike o ON {_SAME_RECORD}
        """
    )
    con.execute("CREATE OR REPLACE TEMP TABLE appeared AS FROM temp.record_sums WHERE (times = 0) <> (before = 0)")
    con.execute("DELETE FROM facts.records WHERE rowid IN (SELECT row_ FROM temp.record_sums WHERE row_ IS NOT NULL)")
    con.execute(
        f"INSERT INTO facts.records BY NAME SELECT {RECORD_COLUMNS}, times FROM temp.record_sums WHERE times > 0"
    )
    con.execute("DROP TABLE temp.record_changes; DROP TABLE temp.records_alike; DROP TABLE temp.record_sums")


def _find_region(con: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """Create the inputs of `resolve_persons` for the changed identities and all that were connected with them.

    temp.region holds these identities, temp.region_before their previous rows. Links appear only with new records and
    disappear only with removed ones, whose identities are all included: so no other person can change. Persons whose
    customers' rows changed are included too.
    """
    linked = " ".join(f"UNION ALL SELECT '{_escaped(identity)}'" for identity in sorted(changes.corrected_identities))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE reached AS
        WITH changed AS (
            SELECT key, identity FROM temp.known WHERE key IN (SELECT reference FROM ({references("temp.appeared")}))
                OR identity IN (SELECT id_identity(source, customer_id) FROM {changes.changed_keys("customers")} {linked})
        ),
        corrected AS (SELECT a, b FROM main.people_corrections UNION ALL SELECT b, a FROM main.people_corrections)
        FROM temp.known WHERE key IN (SELECT key FROM changed)
            OR identity IN (SELECT b FROM corrected WHERE a IN (SELECT identity FROM changed))
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE region_before AS SELECT *, rowid AS row_ FROM facts.identities"
        " WHERE person IN (SELECT person FROM temp.reached WHERE person IS NOT NULL)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE region AS SELECT key, identity FROM temp.region_before"
        " UNION SELECT key, identity FROM temp.reached"
    )
    records = " UNION ".join(
        f"SELECT * FROM facts.records WHERE {name} IN (SELECT key FROM temp.region)" for name in REFERENCES
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_records AS {records}")
    # After a split, a record may refer to an identity outside the region; that reference links nothing inside it.
    mentions = f"""
        SELECT r.key, r.identity, m.kind, m.source, m.stronger IS NULL AS leads, s.identity AS stronger, s.key AS stronger_key
        FROM ({references("temp.person_records")}) m JOIN temp.region r ON r.key = m.reference
        LEFT JOIN temp.region s ON s.key = m.stronger"""
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_keys AS {distinct_identities(mentions)}")


def _has_number_collision(con: duckdb.DuckDBPyConnection) -> bool:
    """Return True where a person of the region has, or had, a number that is not the hash of its smallest identity, or
    that belongs to a person outside the region.
    """
    row = con.execute(
        f"""
        SELECT 1 FROM temp.person_components WHERE person <> {person_number("identity")}
        UNION ALL
        SELECT 1 FROM (SELECT person, min(identity) AS identity FROM temp.region_before GROUP BY person)
        WHERE person <> {person_number("identity")}
        UNION ALL
        SELECT 1 FROM facts.identities SEMI JOIN (
            SELECT person FROM temp.region_identities ANTI JOIN temp.region_before USING (person)
        ) USING (person)
        """
    ).fetchone()
    return row is not None


def _version_key(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in ("source", *table.version_key))


def _escaped(text: str) -> str:
    return text.replace("'", "''")
