"""What records say about who they are, and which identities hang together by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from regulars.warehouse.identity.identities import IDENTIFYING

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


def referred(records: str, identities: str, kinds: Collection[int] | None = None) -> str:
    """SQL of records with keys in place of texts, or other keys.

    `identities` is a relation of `old` and `new`. A reference that is not in it becomes null. With `kinds`, places in REFERENCES,
    it also says each identity's `kind`, and all references but these become null.
    """
    joins, columns = [], []
    for kind, name in enumerate(REFERENCES):
        if kinds is not None and kind not in kinds:
            columns.append(f"NULL::INTEGER AS {name}")
            continue
        of_kind = "" if kinds is None else f" AND of_{name}.kind = {kind}"
        joins.append(f"LEFT JOIN {identities} of_{name} ON of_{name}.old = r.{name}{of_kind}")
        columns.append(f"of_{name}.new AS {name}")
    return f"SELECT r.* REPLACE ({', '.join(columns)}) FROM {records} r {' '.join(joins)}"


def mentioned(records: str) -> str:
    """SQL of `reference`, `kind` (its place in REFERENCES), `source` and `stronger`: all references of records.

    `stronger` is the primary reference of the record, null where that is this one.
    """
    return " UNION ALL ".join(
        f"SELECT {name} AS reference, {kind}::UTINYINT AS kind, {'NULL' if kind else 'source'} AS source,"
        f" {'coalesce(' + ', '.join(REFERENCES[:kind]) + ')' if kind else 'NULL'} AS stronger"
        f" FROM {records} WHERE {name} IS NOT NULL"
        for kind, name in enumerate(REFERENCES)
    )


def keyed(mentions: str) -> str:
    """SQL of identities, each once: key, identity, `kind`, `source`, `leads` (whether it is the primary one of a record), and
    `low` and `high`: the smallest and the largest key of the primary ones that it is linked to, null where there are none.

    `mentions` is a relation of key, identity, kind, source, leads, and of `stronger` and `stronger_key` of the record's primary
    identity where that is another one, null where it is not wanted. What the shop split is no link.
    """
    return f"""
        SELECT key, identity, min(kind) AS kind, min(source) AS source, bool_or(leads) AS leads,
            min(linked) AS low, max(linked) AS high
        FROM (
            SELECT m.*, CASE WHEN s.a IS NULL THEN m.stronger_key END AS linked FROM ({mentions}) m
            LEFT JOIN (
                SELECT least(a, b) AS a, greatest(a, b) AS b FROM main.people_corrections
                GROUP BY ALL HAVING NOT arg_max(joined, seq)
            ) s ON s.a = least(m.identity, m.stronger) AND s.b = greatest(m.identity, m.stronger)
        )
        GROUP BY key, identity"""


def links(records: str, identities: str, ambiguous: str = "") -> str:
    """SQL of a, b, joined: keys of the primary and another identity of each record, less what the shop split, plus what it
    joined. A link may be said more than once.

    `records` is a relation of REFERENCES as keys, `identities` one of `key` and `identity`; records' references that are not in
    it link nothing. `ambiguous` is a relation of the keys b whose links by records are wanted; without it, all are.
    """
    wanted = f" AND reference IN (FROM {ambiguous})" if ambiguous else ""
    return f"""
        WITH named AS MATERIALIZED (
            SELECT key, identity FROM {identities}
            WHERE identity IN (SELECT a FROM main.people_corrections UNION ALL SELECT b FROM main.people_corrections)
        ),
        corrected AS MATERIALIZED (
            SELECT least(one.key, other.key) AS a, greatest(one.key, other.key) AS b, arg_max(c.joined, c.seq) AS joined
            FROM main.people_corrections c JOIN named one ON one.identity = c.a JOIN named other ON other.identity = c.b
            GROUP BY ALL
        ),
        seen AS (SELECT stronger AS a, reference AS b FROM ({mentioned(records)}) WHERE stronger IS NOT NULL{wanted})
        SELECT a, b, false AS joined FROM seen
        SEMI JOIN {identities} one ON one.key = seen.a SEMI JOIN {identities} other ON other.key = seen.b
        ANTI JOIN corrected ON corrected.a = least(seen.a, seen.b) AND corrected.b = greatest(seen.a, seen.b)
        UNION ALL SELECT a, b, true FROM corrected WHERE joined"""
