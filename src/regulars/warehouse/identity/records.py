"""The identities of records, and the links between identities that follow from them, as SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from regulars.warehouse.identity.identities import IDENTITY_SQL

REFERENCES = ("id", "person_id", "email", "phone")
"""The identities of a record, strongest first: texts while they are read, keys of identities where they are stored."""
PRIMARY = f"coalesce({', '.join(REFERENCES)})"
"""SQL of a record's primary identity; null without any."""
RECORD_COLUMNS = f"{', '.join(REFERENCES)}, source"
"""The columns of a record's identities; source only where it has a customer id."""


def identifying_rows(rows: str, times: int = 1) -> str:
    """SQL of the raw identifying columns of rows of an IDENTITY_TABLE that have any: source, the columns of
    IDENTITY_SQL, `times`.
    """
    columns = ", ".join(IDENTITY_SQL)
    return f"SELECT source, {columns}, {times} AS times FROM {rows} WHERE coalesce({columns}) IS NOT NULL"


def distinct_rows(raw: str) -> str:
    """SQL of the same without duplicates, which saves normalizing them."""
    return f"SELECT source, {', '.join(IDENTITY_SQL)}, sum(times)::BIGINT AS times FROM ({raw}) GROUP BY ALL"


def normalized(raw: str) -> str:
    """SQL of RECORD_COLUMNS as texts, and `times`, from `identifying_rows`; different spellings of a record are separate
    rows.
    """
    return f"""
        SELECT id_identity(source, customer_id) AS id, person_identity(person_id) AS person_id,
            email_identity(email) AS email, phone_identity(phone) AS phone,
            CASE WHEN id_identity(source, customer_id) IS NOT NULL THEN source END AS source, times
        FROM ({raw})"""


def normalized_records(rows: Mapping[str, str]) -> str:
    """SQL of RECORD_COLUMNS as texts, and `times`, of relations by the name of their IDENTITY_TABLE.

    Customers have few duplicates, and are not made distinct first.
    """
    others = [identifying_rows(relation) for table, relation in rows.items() if table != "customers"]
    parts = [normalized(distinct_rows(" UNION ALL ".join(others)))] if others else []
    if "customers" in rows:
        parts.append(normalized(identifying_rows(rows["customers"])))
    return " UNION ALL ".join(parts)


def distinct_records(records: str) -> str:
    """SQL of RECORD_COLUMNS and `times` of records without duplicates; records without any identity are left out."""
    return (
        f"SELECT {RECORD_COLUMNS}, sum(times)::BIGINT AS times FROM {records} WHERE {PRIMARY} IS NOT NULL GROUP BY ALL"
    )


def with_keys(records: str, identities: str, kinds: Collection[int] | None = None) -> str:
    """SQL of records with keys in place of texts, or with other keys.

    Args:
        records: a relation of RECORD_COLUMNS.
        identities: a relation of `old` and `new`, with `kind` where `kinds` is given. References to others become
            null.
        kinds: the kinds of references to replace, as indexes of REFERENCES; the others become null. None for all.
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


def references(records: str) -> str:
    """SQL of all references of records: `reference`, `kind` (index of REFERENCES), `source`, and `stronger`.

    `stronger` is the primary reference of the record, null where that is the same one.
    """
    return " UNION ALL ".join(
        f"SELECT {name} AS reference, {kind}::UTINYINT AS kind, {'NULL' if kind else 'source'} AS source,"
        f" {'coalesce(' + ', '.join(REFERENCES[:kind]) + ')' if kind else 'NULL'} AS stronger"
        f" FROM {records} WHERE {name} IS NOT NULL"
        for kind, name in enumerate(REFERENCES)
    )


def distinct_identities(rows: str) -> str:
    """SQL of identities without duplicates.

    The columns are key, identity, `kind`, `source`, `leads` (true for the primary identity of a record), and `low`
    and `high`, the smallest and largest key of the primary identities that it is linked to, null without any. Links
    that the user split are left out.

    Args:
        rows: a relation of key, identity, kind, source, leads, and of `stronger` and `stronger_key`, the record's
            primary identity where it is another one, else null.
    """
    return f"""
        SELECT key, identity, min(kind) AS kind, min(source) AS source, bool_or(leads) AS leads,
            min(linked) AS low, max(linked) AS high
        FROM (
            SELECT m.*, CASE WHEN s.a IS NULL THEN m.stronger_key END AS linked FROM ({rows}) m
            LEFT JOIN (
                SELECT least(a, b) AS a, greatest(a, b) AS b FROM main.people_corrections
                GROUP BY ALL HAVING NOT arg_max(joined, seq)
            ) s ON s.a = least(m.identity, m.stronger) AND s.b = greatest(m.identity, m.stronger)
        )
        GROUP BY key, identity"""


def links(records: str, identities: str, ambiguous: str = "") -> str:
    """SQL of a, b, joined: the keys of the primary and another identity of each record, without links that the user
    split, and with those that the user joined. Links may be repeated.

    Args:
        records: a relation of REFERENCES as keys.
        identities: a relation of `key` and `identity`; references to others link nothing.
        ambiguous: a relation of the keys b whose links by records are wanted; empty for all.
    """
    reference_filter = f" AND reference IN (FROM {ambiguous})" if ambiguous else ""
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
        seen AS (SELECT stronger AS a, reference AS b FROM ({references(records)}) WHERE stronger IS NOT NULL{reference_filter})
        SELECT a, b, false AS joined FROM seen
        SEMI JOIN {identities} one ON one.key = seen.a SEMI JOIN {identities} other ON other.key = seen.b
        ANTI JOIN corrected ON corrected.a = least(seen.a, seen.b) AND corrected.b = greatest(seen.a, seen.b)
        UNION ALL SELECT a, b, true FROM corrected WHERE joined"""
