"""What records say about who they are, and which identities hang together by it."""

from __future__ import annotations

from regulars.warehouse.people.identities import IDENTIFYING

SAID = "id, person_id, email, phone, primary_identity, source"
"""What a record says about who it is; source only where it gives a customer id."""


def said(rows: str, times: int = 1) -> str:
    """SQL of what rows of a table of RECORDS say, raw, where they name somebody: source, IDENTIFYING, and `times`."""
    columns = ", ".join(IDENTIFYING)
    return f"SELECT source, {columns}, {times} AS times FROM {rows} WHERE coalesce({columns}) IS NOT NULL"


def spelt(raw: str) -> str:
    """SQL of SAID and `times`, summed up; primary_identity is null where the values say nothing.

    Raw values are summed up first: cheaper than spelling them all.
    """
    return f"""
        WITH raw AS (SELECT source, {", ".join(IDENTIFYING)}, sum(times)::BIGINT AS times FROM ({raw}) GROUP BY ALL),
        spelt AS (
            SELECT source,
                id_identity(source, customer_id) AS id, person_identity(person_id) AS person_id,
                email_identity(email) AS email, phone_identity(phone) AS phone, times
            FROM raw
        )
        SELECT id, person_id, email, phone, coalesce(id, person_id, email, phone) AS primary_identity,
            CASE WHEN id IS NOT NULL THEN source END AS source, sum(times)::BIGINT AS times
        FROM spelt GROUP BY ALL"""


def links(records: str) -> str:
    """SQL of a, b, joined: primary to other identities of each record, less what the shop split, plus what it joined.

    A link may be said more than once.
    """
    return f"""
        WITH seen AS (
            SELECT primary_identity AS a, person_id AS b FROM {records} WHERE person_id <> primary_identity
            UNION ALL SELECT primary_identity, email FROM {records} WHERE email <> primary_identity
            UNION ALL SELECT primary_identity, phone FROM {records} WHERE phone <> primary_identity
        ),
        corrected AS (
            SELECT least(a, b) AS a, greatest(a, b) AS b, arg_max(joined, seq) AS joined
            FROM main.people_corrections GROUP BY ALL
        )
        SELECT a, b, false AS joined FROM seen
        ANTI JOIN corrected ON corrected.a = least(seen.a, seen.b) AND corrected.b = greatest(seen.a, seen.b)
        UNION ALL SELECT a, b, true FROM corrected WHERE joined"""
