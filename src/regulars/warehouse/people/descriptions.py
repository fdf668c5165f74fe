"""What is told of each person: name, place, address, from the customers' rows."""

from __future__ import annotations

from regulars.warehouse.people.records import PRIMARY

BUCKETS = 32
"""Groups of customers for the grouped jackknife (METRICS: interval)."""


def describe(customers: str, identities: str, records: str) -> str:
    """SQL of the rows of facts.persons, for the persons that `find_persons` found, from their rows of these relations.

    Names and places from the latest row that has them; how somebody came from the earliest. Needs `define_identities`.
    """
    return f"""
        WITH recorded AS (
            SELECT person, count(*) AS records FROM {identities}
            WHERE key IN (SELECT {PRIMARY} FROM {records}) GROUP BY person
        ),
        described AS MATERIALIZED (
            SELECT i.person, i.identity, c.name, c.email, c.phone, c.country, c.city, c.language, c.tags, c.channel, c.joined_at,
                c.updated_at
            FROM (SELECT *, id_identity(source, customer_id) AS identity_ FROM {customers}) c
            JOIN (FROM {identities} WHERE source IS NOT NULL) i ON i.identity = c.identity_
        ),
        times AS (SELECT person, count(*) AS times FROM described GROUP BY person),
        aged AS (
            SELECT *, row_number() OVER (
                PARTITION BY person ORDER BY coalesce(updated_at, joined_at) NULLS FIRST, identity) AS age
            FROM described SEMI JOIN (FROM times WHERE times > 1) USING (person)
        ),
        latest AS (
            -- Nearly everybody has one row: that needs no choice.
            SELECT person, name, email, phone, (country, city) AS place, language, tags, channel, joined_at
            FROM described SEMI JOIN (FROM times WHERE times = 1) USING (person)
            UNION ALL
            SELECT person,
                arg_max(name, age) AS name,
                arg_max(email, age) AS email,
                arg_max(phone, age) AS phone,
                arg_max((country, city), age) FILTER (country IS NOT NULL OR city IS NOT NULL) AS place,
                arg_max(language, age) AS language,
                arg_max(tags, age) AS tags,
                arg_min(channel, age) AS channel,
                min(joined_at) AS joined_at
            FROM aged GROUP BY person
        )
        SELECT person,
            (person % {BUCKETS})::TINYINT AS bucket,
            coalesce(found.customer, found.person_id, found.email, found.phone) AS customer,
            latest.name,
            coalesce(latest.email, found.email) AS email,
            coalesce(latest.phone, found.phone) AS phone,
            latest.place[1] AS country,
            latest.place[2] AS city,
            latest.language,
            latest.joined_at,
            latest.channel,
            latest.tags,
            recorded.records::INTEGER AS records
        FROM temp.person_components found JOIN recorded USING (person) LEFT JOIN latest USING (person)"""
