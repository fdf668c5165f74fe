"""Identities that join many different customers into one: a shared address or number, or a placeholder id."""

from __future__ import annotations

from regulars.load.checks.unusable import identity_values, masked
from regulars.load.rows.validation import Validation
from regulars.load.workspace import Workspace
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import customers_of
from regulars.warehouse.identity.records import RECORD_COLUMNS, distinct_records, references, with_keys

MANY = 10
"""Fewest different customer ids or addresses joined by one identity that cause a warning."""

_SHARED = (
    'If several people use it, add it to regulars.toml: shared_addresses = ["…"]; regulars people merges shows it.'
)
_NO_CUSTOMER = (
    "If it belongs to no customer, leave it out by a mapping file, or type: regulars people split ID ADDRESS;"
    " regulars people merges shows both."
)

# Several systems give a guest a new customer id with every order, and list it as a customer with the guest's name. So an id
# counts only if it has more rows than one order and one customer, and customers count by different names (ids without one).
_IDS = "count(DISTINCT id) FILTER (times > 2), count(DISTINCT name)"

# The identity's column in records, its name, SQL of how many it joins, the name of those, and the remedy.
_KINDS = (
    ("id", "customer_id", "count(DISTINCT email)", "email addresses", _NO_CUSTOMER),
    ("person_id", "person_id", "count(DISTINCT email)", "email addresses", _NO_CUSTOMER),
    ("email", "email address", f"greatest(count(DISTINCT phone), {_IDS})", "customer ids or phone numbers", _SHARED),
    ("phone", "phone number", f"greatest(count(DISTINCT email), {_IDS})", "customer ids or email addresses", _SHARED),
)


def identities_joining_many(validation: Validation, _settings: Settings) -> list[str]:
    """Return a warning per kind of identity if such identities join MANY or more different customer ids or addresses.

    Counts the load's rows together with those of earlier loads, for the identities in the load. The identity that joins
    most is shown masked, as it may be personal data.
    """
    con, workspace = validation.workspace.con, validation.workspace
    if not (records := identity_values(validation)):
        return []
    known = _known(workspace, records)
    named = customers_of("main.customers", "(SELECT id AS identity, source FROM many)")
    warnings: list[str] = []
    for column, name, most, joined, remedy in _KINDS:
        # Distinct counts are slow, so they are computed only for identities with at least MANY rows.
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
    """Return the name of a table (key, identity) of stored identities that the load's records mention, or an empty text."""
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
    """Return SQL of two common table expressions: `stored`, the records of the identities in `often`, and `texts`, theirs."""
    keys = f"SELECT key FROM {known} WHERE identity IN (FROM {often})"
    return (
        f"stored AS MATERIALIZED (FROM facts.records WHERE {column} IN ({keys})),"
        " texts AS MATERIALIZED (SELECT key AS old, identity AS new FROM facts.identities"
        f" WHERE key IN (SELECT reference FROM ({references('stored')}))),"
    )
