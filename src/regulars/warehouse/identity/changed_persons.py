"""Persons by difference: only the region that a write touched is looked at again."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes
from regulars.warehouse.identity.identities import RECORDS, define_identities, rows_of
from regulars.warehouse.identity.persons import IDENTIFIED, find_persons, forget_persons, hashed
from regulars.warehouse.identity.profiles import describe
from regulars.warehouse.identity.records import (
    PRIMARY,
    REFERENCES,
    SAID,
    keyed,
    mentioned,
    once,
    referred,
    said,
    spelt,
    summed,
)
from regulars.warehouse.schema import Table

# Joined by the hash of all of it; the primary identity is never null.
_SAME = " AND ".join(f"o.{name} IS NOT DISTINCT FROM n.{name}" for name in (*REFERENCES, "source"))
_TEMPORARY = (
    "reached",
    "region",
    "region_before",
    "region_identities",
    "record_texts",
    "known",
    "appeared",
)


def correct_persons(con: duckdb.DuckDBPyConnection, settings: Settings, changes: Changes) -> bool:
    """Correct the tables of persons by what the write changed, so that they are as if derived anew, but for the keys.

    Leaves temp.moved_persons(person): who existed before and has other identities now, whose orders must be looked at
    again. Returns False, with nothing corrected, where only deriving everything helps: two persons with one number.
    """
    define_identities(con, settings)
    con.execute("CREATE OR REPLACE TEMP TABLE moved_persons (person BIGINT)")
    spoken = [table for table in RECORDS if table.name in changes.tables]
    if not spoken and not changes.linked:
        return True
    _look_up(con, changes)
    _correct_records(con)
    if not changes.linked and not changes.any("temp.appeared") and not changes.differs("customers"):
        return True
    _find_region(con, changes)
    find_persons(con)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE region_identities AS SELECT key, identity, person, source FROM {IDENTIFIED}"
    )
    if _collides(con):
        return False
    con.execute(
        "INSERT INTO temp.moved_persons SELECT DISTINCT o.person FROM temp.region_before o"
        " LEFT JOIN temp.region_identities n USING (key) WHERE n.person IS DISTINCT FROM o.person"
    )
    con.execute(
        "DELETE FROM facts.identities WHERE rowid IN (SELECT row_ FROM temp.region_before);"
        " INSERT INTO facts.identities BY NAME FROM temp.region_identities"
    )
    customers = rows_of("main.customers", "temp.region_identities")
    con.execute(
        "DELETE FROM facts.persons WHERE person IN (SELECT person FROM temp.region_before);"
        f" INSERT INTO facts.persons {describe(customers, 'identity', 'identity')}"
    )
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE temp.{table}")
    forget_persons(con)
    return True


def _look_up(con: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """temp.record_texts: what more and what fewer rows say now; temp.known(key, identity, person): of the
    identities in it, of those joined or split, and of customers whose rows changed. New ones get the next keys.
    """
    rows = [
        said(f"temp.{kind}_{table.name} SEMI JOIN {changes.altered(table.name)} USING ({_key(table)})", times)
        for table in RECORDS
        if table.name in changes.tables
        for kind, times in (("previous", -1), ("current", 1))
    ]
    texts = spelt(once(" UNION ALL ".join(rows) or said("main.customers", 0) + " LIMIT 0"))
    con.execute(f"CREATE OR REPLACE TEMP TABLE record_texts AS SELECT * FROM ({summed(f'({texts})')}) WHERE times <> 0")
    linked = " ".join(f"UNION ALL SELECT '{_quoted(identity)}'" for identity in sorted(changes.linked))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE known AS
        WITH asked AS (
            SELECT reference AS identity FROM ({mentioned("temp.record_texts")}) {linked}
            UNION ALL SELECT id_identity(source, customer_id) FROM {changes.altered("customers")}
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


def _correct_records(con: duckdb.DuckDBPyConnection) -> None:
    """Bring facts.records up to date; temp.appeared holds what nobody said before, and what nobody says any more."""
    keys = "(SELECT identity AS old, key::INTEGER AS new FROM temp.known)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE record_changes AS {referred('temp.record_texts', keys)}")
    # All records are looked through by one column: comparing every column of each takes several times as long.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE records_alike AS SELECT *, rowid AS row_ FROM facts.records"
        f" WHERE {PRIMARY} IN (SELECT {PRIMARY} FROM temp.record_changes)"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE record_sums AS
        SELECT n.* EXCLUDE (times), n.times + coalesce(o.times, 0) AS times, coalesce(o.times, 0) AS before, o.row_
        FROM temp.record_changes n LEFT JOIN temp.records_alike o ON {_SAME}
        """
    )
    con.execute("CREATE OR REPLACE TEMP TABLE appeared AS FROM temp.record_sums WHERE (times = 0) <> (before = 0)")
    con.execute("DELETE FROM facts.records WHERE rowid IN (SELECT row_ FROM temp.record_sums WHERE row_ IS NOT NULL)")
    con.execute(f"INSERT INTO facts.records BY NAME SELECT {SAID}, times FROM temp.record_sums WHERE times > 0")
    con.execute("DROP TABLE temp.record_changes; DROP TABLE temp.records_alike; DROP TABLE temp.record_sums")


def _find_region(con: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """What `find_persons` reads, for the identities that changed and all that hung together with them.

    temp.region holds them, temp.region_before whose those were that were there. Links come only with what appeared and go
    only with what vanished, and all its identities are in: so nothing beyond the persons that held them can change. Of whom
    the customers' rows say something else is in, too.
    """
    linked = " ".join(f"UNION ALL SELECT '{_quoted(identity)}'" for identity in sorted(changes.linked))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE reached AS
        WITH changed AS (
            SELECT key, identity FROM temp.known WHERE key IN (SELECT reference FROM ({mentioned("temp.appeared")}))
                OR identity IN (SELECT id_identity(source, customer_id) FROM {changes.altered("customers")} {linked})
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
    inside = " UNION ".join(
        f"SELECT * FROM facts.records WHERE {name} IN (SELECT key FROM temp.region)" for name in REFERENCES
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_records AS {inside}")
    # Where a split cut off an identity, a record reaches beyond the region: that part of it links nothing in here.
    mentions = f"""
        SELECT r.key, r.identity, m.kind, m.source, m.stronger IS NULL AS leads, s.identity AS stronger, s.key AS stronger_key
        FROM ({mentioned("temp.person_records")}) m JOIN temp.region r ON r.key = m.reference
        LEFT JOIN temp.region s ON s.key = m.stronger"""
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_keys AS {keyed(mentions)}")


def _collides(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a person of the region has, or had, another number than its own, or one that somebody beyond it has."""
    found = con.execute(
        f"""
        SELECT 1 FROM temp.person_components WHERE person <> {hashed("identity")}
        UNION ALL
        SELECT 1 FROM (SELECT person, min(identity) AS identity FROM temp.region_before GROUP BY person)
        WHERE person <> {hashed("identity")}
        UNION ALL
        SELECT 1 FROM facts.identities SEMI JOIN (
            SELECT person FROM temp.region_identities ANTI JOIN temp.region_before USING (person)
        ) USING (person)
        """
    ).fetchone()
    return found is not None


def _key(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in ("source", *table.version_key))


def _quoted(text: str) -> str:
    return text.replace("'", "''")
