"""Identities that join many different customers into one: a shared address or number, or an id that is nobody's."""

from __future__ import annotations

from regulars.vocabulary.shop import Settings
from regulars.warehouse.load.checks.unusable import masked
from regulars.warehouse.load.judge import Judgement
from regulars.warehouse.people.identities import RECORDS, define_identities, rows_of
from regulars.warehouse.people.records import SAID, said, spelt

MANY = 10
"""From how many different customer ids or email addresses on an identity is warned of."""

_SHARED = 'Where several people use it, write it into regulars.toml: shared_addresses = ["…"]; regulars people merges shows it.'
_NO_CUSTOMER = (
    "Where it is no customer's, leave it out by a mapping file, or type: regulars people split ID ADDRESS;"
    " regulars people merges shows both."
)

# Several systems give a guest a new customer id with every order, and list it among the customers under the guest's one name:
# counted are ids in more rows than an order and a customer's, and different names among the customers (ids where there is none).
_IDS = "count(DISTINCT id) FILTER (times > 2), count(DISTINCT name)"

# The identity's column of SAID, what it is called, the SQL of how many it joins, what those are called, and the remedy.
_KINDS = (
    ("id", "customer_id", "count(DISTINCT email)", "email addresses", _NO_CUSTOMER),
    ("person_id", "person_id", "count(DISTINCT email)", "email addresses", _NO_CUSTOMER),
    ("email", "email address", f"greatest(count(DISTINCT phone), {_IDS})", "customer ids or phone numbers", _SHARED),
    ("phone", "phone number", f"greatest(count(DISTINCT email), {_IDS})", "customer ids or email addresses", _SHARED),
)


def identities_joining_many(found: Judgement, settings: Settings) -> list[str]:
    """A warning per kind of identity of which one or more join MANY different customer ids or addresses.

    The load's rows and all that was known before are counted together, for the identities that the load brings. The
    identity that joins most is shown masked, as it may be personal.
    """
    con, room = found.room.con, found.room
    define_identities(con, settings)
    tables = [table for table in RECORDS if table.name in found.rows]
    if not tables:
        return []
    records = room.table("records")
    raw = " UNION ALL ".join(said(found.rows[table.name]) for table in tables)
    con.execute(f"CREATE TEMP TABLE {records} AS {spelt(raw)}")
    known = bool(
        room.count(
            "duckdb_columns() WHERE schema_name = 'facts' AND table_name = 'records' AND column_name = 'person_id'"
        )
    )
    named = rows_of("main.customers", "(SELECT id AS identity, source FROM many)")
    warnings: list[str] = []
    for column, name, most, joined, remedy in _KINDS:
        rows = f"SELECT {SAID}, times FROM {records} WHERE {column} IS NOT NULL"
        if known:
            rows += f" UNION ALL SELECT {SAID}, times FROM facts.records SEMI JOIN {records} USING ({column})"
        # Few identities stand in so many rows: only theirs are counted by what differs.
        identities, most_joined, sample = con.execute(
            f"WITH rows_ AS ({rows}), often AS (SELECT {column} FROM rows_ GROUP BY ALL HAVING count(*) >= {MANY}),"
            f" many AS (FROM rows_ SEMI JOIN often USING ({column})),"
            " named AS (SELECT id_identity(source, customer_id) AS id, min(coalesce(lower(name), customer_id)) AS name"
            f" FROM {named} GROUP BY id),"
            f" joining AS (SELECT {column} AS identity, {most} AS joined FROM many LEFT JOIN named USING (id) GROUP BY ALL)"
            f" SELECT count(*), max(joined), arg_max(identity, (joined, identity)) FROM joining WHERE joined >= {MANY}"
        ).fetchall()[0]
        if identities:
            value = masked(sample[sample.rindex(":") + 1 :])
            which = f"The {name} {value} joins" if identities == 1 else f"{identities:,} {name} values each join up to"
            such = "" if identities == 1 else f" (most: {value})"
            warnings.append(f"{which} {most_joined:,} different {joined} into one customer{such}. {remedy}")
    return warnings
