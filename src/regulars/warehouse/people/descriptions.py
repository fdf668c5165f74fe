"""What is told of each person: name, place, address, from the customers' rows."""

from __future__ import annotations

BUCKETS = 32
"""Groups of customers for the grouped jackknife (METRICS: interval)."""


def describe(customers: str, records: str = "facts.records") -> str:
    """SQL of the rows of facts.persons, for the persons in temp.person_identities, from their rows of these two tables.

    Names and places from the latest row that has them; how somebody came from the earliest. Needs `define_identities`.
    """
    return f"""
        WITH identified AS (
            SELECT person,
                min(substr(identity, length(source) + 5)) AS id,
                min(substr(identity, 8)) FILTER (starts_with(identity, 'person:')) AS person_id,
                min(substr(identity, 7)) FILTER (starts_with(identity, 'email:')) AS email,
                min(substr(identity, 7)) FILTER (starts_with(identity, 'phone:')) AS phone
            FROM temp.person_identities GROUP BY person
        ),
        recorded AS (
            SELECT person, count(*) AS records FROM temp.person_identities i
            SEMI JOIN {records} r ON r.primary_identity = i.identity GROUP BY person
        ),
        described AS MATERIALIZED (
            SELECT i.person, i.identity, c.name, c.email, c.phone, c.country, c.city, c.language, c.tags, c.channel, c.joined_at,
                c.updated_at
            FROM (SELECT *, id_identity(source, customer_id) AS identity_ FROM {customers}) c
            JOIN temp.person_identities i ON i.identity = c.identity_
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
            coalesce(identified.id, identified.person_id, identified.email, identified.phone) AS customer,
            latest.name,
            coalesce(latest.email, identified.email) AS email,
            coalesce(latest.phone, identified.phone) AS phone,
            latest.place[1] AS country,
            latest.place[2] AS city,
            latest.language,
            latest.joined_at,
            latest.channel,
            latest.tags,
            recorded.records::INTEGER AS records
        FROM identified JOIN recorded USING (person) LEFT JOIN latest USING (person)"""
