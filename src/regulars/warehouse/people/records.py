"""What records say about who they are, and which identities hang together by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from regulars.warehouse.people.identities import IDENTIFYING

REFERENCES = ("id", "person_id", "email", "phone")
"""A record's identities, strongest first: as texts where they are read, as keys of identities where they are stored."""
PRIMARY = f"coalesce({', '.join(REFERENCES)})"
"""SQL of a record's primary identity; null where it says nothing."""
SAID = f"{', '.join(REFERENCES)}, source"
"""What a record says about who it is; source only where it gives a customer id."""


def said(rows: str, times: int = 1) -> str:
    """SQL of what rows of a table of RECORDS say, raw, where they name somebody: source, IDENTIFYING, and `times`."""
    columns = ", ".join(IDENTIFYING)
    return f"SELECT source, {columns}, {times} AS times FROM {rows} WHERE coalesce({columns}) IS NOT NULL"


def once(raw: str) -> str:
    """SQL of the same, each once: cheaper than spelling all of it."""
    return f"SELECT source, {', '.join(IDENTIFYING)}, sum(times)::BIGINT AS times FROM ({raw}) GROUP BY ALL"


def spelt(raw: str) -> str:
    """SQL of SAID as texts and `times` from what `said` gives; what is spelt in several ways comes more than once."""
    return f"""
        SELECT id_identity(source, customer_id) AS id, person_identity(person_id) AS person_id,
            email_identity(email) AS email, phone_identity(phone) AS phone,
            CASE WHEN id_identity(source, customer_id) IS NOT NULL THEN source END AS source, times
        FROM ({raw})"""


def spelt_rows(rows: Mapping[str, str]) -> str:
    """SQL of SAID as texts and `times`, of relations by the name of their table in RECORDS.

    Customers' rows are taken as they are: there is one of each.
    """
    others = [said(relation) for table, relation in rows.items() if table != "customers"]
    parts = [spelt(once(" UNION ALL ".join(others)))] if others else []
    if "customers" in rows:
        parts.append(spelt(said(rows["customers"])))
    return " UNION ALL ".join(parts)


def summed(records: str) -> str:
    """SQL of SAID and `times` of records, each once, without those that say nothing."""
    return f"SELECT {SAID}, sum(times)::BIGINT AS times FROM {records} WHERE {PRIMARY} IS NOT NULL GROUP BY ALL"


def referred(records: str, identities: str, filled: Collection[str] = REFERENCES) -> str:
    """SQL of records with keys in place of texts, or other keys.

    `identities` is a relation of `old` and `new`. A reference that is not in it becomes null, and so do all but `filled`.
    """
    joins = " ".join(f"LEFT JOIN {identities} of_{name} ON of_{name}.old = r.{name}" for name in filled)
    columns = (f"{f'of_{name}.new' if name in filled else 'NULL::INTEGER'} AS {name}" for name in REFERENCES)
    return f"SELECT r.* REPLACE ({', '.join(columns)}) FROM {records} r {joins}"


def mentioned(records: str) -> str:
    """SQL of `reference`, `kind` (its place in REFERENCES) and `source`: all references of records."""
    return " UNION ALL ".join(
        f"SELECT {name} AS reference, {kind}::UTINYINT AS kind, {'NULL' if kind else 'source'} AS source"
        f" FROM {records} WHERE {name} IS NOT NULL"
        for kind, name in enumerate(REFERENCES)
    )


def links(records: str, identities: str) -> str:
    """SQL of a, b, joined: keys of the primary and another identity of each record, less what the shop split, plus what it
    joined. A link may be said more than once.

    `records` is a relation of REFERENCES as keys, `identities` one of `key` and `identity`.
    """
    seen = " UNION ALL ".join(
        f"SELECT {PRIMARY} AS a, {name} AS b FROM {records} WHERE {name} <> {PRIMARY}" for name in REFERENCES[1:]
    )
    return f"""
        WITH corrected AS MATERIALIZED (
            SELECT least(one.key, other.key) AS a, greatest(one.key, other.key) AS b, arg_max(c.joined, c.seq) AS joined
            FROM main.people_corrections c
            JOIN {identities} one ON one.identity = c.a JOIN {identities} other ON other.identity = c.b
            GROUP BY ALL
        )
        SELECT a, b, false AS joined FROM ({seen}) seen
        ANTI JOIN corrected ON corrected.a = least(seen.a, seen.b) AND corrected.b = greatest(seen.a, seen.b)
        UNION ALL SELECT a, b, true FROM corrected WHERE joined"""
