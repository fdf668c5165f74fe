"""Identities that join many different customers into one: a shared address or number, or an id that is nobody's."""

from __future__ import annotations

from regulars.load.checks.unusable import identity_values, masked
from regulars.load.validate import Validation
from regulars.load.workspace import Workspace
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import customers_of
from regulars.warehouse.identity.records import RECORD_COLUMNS, distinct_records, references, with_keys

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

# The identity's column of RECORD_COLUMNS, what it is called, the SQL of how many it joins, what those are called, and the remedy.
_KINDS = (
    ("id", "customer_id", "count(DISTINCT email)", "email addresses", _NO_CUSTOMER),
    ("person_id", "person_id", "count(DISTINCT email)", "email addresses", _NO_CUSTOMER),
    ("email", "email address", f"greatest(count(DISTINCT phone), {_IDS})", "customer ids or phone numbers", _SHARED),
    ("phone", "phone number", f"greatest(count(DISTINCT email), {_IDS})", "customer ids or email addresses", _SHARED),
)


def identities_joining_many(found: Validation, _settings: Settings) -> list[str]:
    """A warning per kind of identity of which one or more join MANY different customer ids or addresses.

    The load's rows and all that was known before are counted together, for the identities that the load brings. The
    identity that joins most is shown masked, as it may be personal.
    """
    con, workspace = found.workspace.con, found.workspace
    if not (records := identity_values(found)):
        return []
    known = _known(workspace, records)
    named = customers_of("main.customers", "(SELECT id AS identity, source FROM many)")
    warnings: list[str] = []
    for column, name, most, joined, remedy in _KINDS:
        # Few identities stand in so many rows: only theirs are counted by what differs.
        often = workspace.table("often")
        rows = f"SELECT {column} AS identity FROM {records} WHERE {column} IS NOT NULL"
        many = f"SELECT {RECORD_COLUMNS}, times FROM {records} WHERE {column} IN (FROM {often})"
        if known:
            rows += f" UNION ALL SELECT k.identity FROM facts.records r JOIN {known} k ON k.key = r.{column}"
            many += f" UNION ALL SELECT {RECORD_COLUMNS}, times FROM ({with_keys('stored', 'texts')})"
        con.execute(
            f"CREATE TEMP TABLE {often} AS SELECT identity FROM ({rows}) GROUP BY identity HAVING count(*) >= {MANY}"
        )
        if not workspace.count(often):
            continue
        identities, most_joined, sample = con.execute(
            f"WITH {_stored(column, known, often) if known else ''} many AS MATERIALIZED ({distinct_records(f'({many})')}),"
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


def _known(workspace: Workspace, records: str) -> str:
    """The name of a table of `key` and `identity`: what the load's records mention and was known before; empty if nothing."""
    if not workspace.count(
        "duckdb_columns() WHERE schema_name = 'facts' AND table_name = 'identities' AND column_name = 'key'"
    ):
        return ""
    known = workspace.table("known")
    workspace.con.execute(
        f"CREATE TEMP TABLE {known} AS SELECT key, identity FROM facts.identities"
        f" WHERE identity IN (SELECT reference FROM ({references(records)}))"
    )
    return known


def _stored(column: str, known: str, often: str) -> str:
    """SQL of `stored`, the stored records of the identities `often`, and of the `texts` of what they refer to."""
    keys = f"SELECT key FROM {known} WHERE identity IN (FROM {often})"
    return (
        f"stored AS MATERIALIZED (FROM facts.records WHERE {column} IN ({keys})),"
        " texts AS MATERIALIZED (SELECT key AS old, identity AS new FROM facts.identities"
        f" WHERE key IN (SELECT reference FROM ({references('stored')}))),"
    )
