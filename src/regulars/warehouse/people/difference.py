"""Persons by difference: only the region that a write touched is looked at again."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes
from regulars.warehouse.people.descriptions import describe
from regulars.warehouse.people.identities import RECORDS, define_identities, rows_of
from regulars.warehouse.people.persons import find_persons, hashed
from regulars.warehouse.people.records import SAID, said, spelt
from regulars.warehouse.schema import Table

# A primary identity says whether it is an id, and which.
_TOLD = ("person_id", "email", "phone", "source")
_SAME = "o.primary_identity = n.primary_identity AND " + " AND ".join(
    f"o.{name} IS NOT DISTINCT FROM n.{name}" for name in _TOLD
)


def correct_persons(con: duckdb.DuckDBPyConnection, settings: Settings, changes: Changes) -> bool:
    """Correct the tables of persons by what the write changed, so that they are as if derived anew.

    Leaves temp.moved_persons(person): who existed before and has other identities now, whose orders must be looked at
    again. Returns False, with nothing corrected, where only deriving everything helps: two persons with one number.
    """
    define_identities(con, settings)
    con.execute("CREATE OR REPLACE TEMP TABLE moved_persons (person BIGINT)")
    spoken = [table for table in RECORDS if table.name in changes.tables]
    if not spoken and not changes.linked:
        return True
    _correct_records(con, changes)
    if not changes.linked and not changes.any("temp.appeared") and not changes.any(changes.altered("customers")):
        return True
    _find_region(con, changes)
    find_persons(con, "temp.region_records", "temp.region")
    if _collides(con):
        return False
    con.execute(
        "INSERT INTO temp.moved_persons SELECT DISTINCT o.person FROM temp.region_before o"
        " LEFT JOIN temp.person_identities n USING (identity) WHERE n.person IS DISTINCT FROM o.person"
    )
    con.execute(
        "DELETE FROM facts.identities WHERE rowid IN (SELECT row_ FROM temp.region_before);"
        " INSERT INTO facts.identities FROM temp.person_identities"
    )
    customers = rows_of("main.customers", "temp.person_identities")
    con.execute(
        "DELETE FROM facts.persons WHERE person IN (SELECT person FROM temp.region_before);"
        f" INSERT INTO facts.persons {describe(customers, 'temp.region_records')}"
    )
    for table in ("person_identities", "reached", "region", "region_before", "region_records", "appeared"):
        con.execute(f"DROP TABLE temp.{table}")
    return True


def _correct_records(con: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """Bring facts.records up to date; temp.appeared holds what nobody said before, and what nobody says any more."""
    rows = [
        said(f"temp.{kind}_{table.name} SEMI JOIN {changes.altered(table.name)} USING ({_key(table)})", times)
        for table in RECORDS
        if table.name in changes.tables
        for kind, times in (("previous", -1), ("current", 1))
    ]
    none = said("main.customers", 0) + " LIMIT 0"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE record_changes AS"
        f" SELECT * FROM ({spelt(' UNION ALL '.join(rows) or none)}) WHERE times <> 0 AND primary_identity IS NOT NULL"
    )
    # All records are looked through by one column: comparing every column of each takes several times as long.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE records_alike AS SELECT primary_identity, {', '.join(_TOLD)}, times, rowid AS row_"
        " FROM facts.records SEMI JOIN temp.record_changes USING (primary_identity)"
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
    con.execute(f"INSERT INTO facts.records SELECT {SAID}, times FROM temp.record_sums WHERE times > 0")
    con.execute("DROP TABLE temp.record_changes; DROP TABLE temp.records_alike; DROP TABLE temp.record_sums")


def _find_region(con: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """temp.region: the identities that changed and all that hung together with them; region_before: whose they were;
    region_records: what records say of them.

    Links come only with what appeared and go only with what vanished, and all its identities are in: so nothing beyond
    the persons that held them can change. Of whom the customers' rows say something else is in, too.
    """
    linked = ", ".join(f"('{_quoted(identity)}')" for identity in sorted(changes.linked))
    corrected = f"UNION SELECT * FROM (VALUES {linked}) " if linked else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE reached AS
        WITH changed AS (
            SELECT unnest([id, person_id, email, phone]) AS identity FROM temp.appeared {corrected}
            UNION SELECT id_identity(source, customer_id) FROM {changes.altered("customers")}
        )
        SELECT identity FROM changed WHERE identity IS NOT NULL
        UNION SELECT b FROM main.people_corrections JOIN changed ON a = identity
        UNION SELECT a FROM main.people_corrections JOIN changed ON b = identity
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE region_before AS SELECT *, rowid AS row_ FROM facts.identities"
        " WHERE person IN (SELECT person FROM facts.identities SEMI JOIN temp.reached USING (identity))"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE region AS"
        " SELECT identity FROM temp.reached UNION SELECT identity FROM temp.region_before"
    )
    inside = " UNION ".join(
        f"SELECT * FROM facts.records SEMI JOIN temp.region ON identity = {name}"
        for name in ("id", "person_id", "email", "phone")
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE region_records AS {inside}")


def _collides(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a person of the region has, or had, another number than its own, or one that somebody beyond it has."""
    found = con.execute(
        f"""
        SELECT 1 FROM (SELECT person, min(identity) AS identity FROM temp.person_identities GROUP BY person)
        WHERE person <> {hashed("identity")}
        UNION ALL
        SELECT 1 FROM (SELECT person, min(identity) AS identity FROM temp.region_before GROUP BY person)
        WHERE person <> {hashed("identity")}
        UNION ALL
        SELECT 1 FROM facts.identities SEMI JOIN (
            SELECT person FROM temp.person_identities ANTI JOIN temp.region_before USING (person)
        ) USING (person)
        """
    ).fetchone()
    return found is not None


def _key(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in ("source", *table.version_key))


def _quoted(text: str) -> str:
    return text.replace("'", "''")
