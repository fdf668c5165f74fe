"""What is told of each person: name, place, address, from the customers' rows."""

from __future__ import annotations

BUCKETS = 32
"""Groups of customers for the grouped jackknife (METRICS: interval)."""


def describe(customers: str, by: str, value: str) -> str:
    """SQL of the rows of facts.persons, for the persons that `find_persons` found, from their rows of `customers`.

    A row is joined to the identities found where their column `by` equals the `value` of the SQL of its `identity`. Names and
    places from the latest row that has them; how somebody came from the earliest. Needs `define_identities`.
    """
    return f"""
        WITH described AS MATERIALIZED (
            SELECT i.label, i.identity, c.name, c.email, c.phone, c.country, c.city, c.language, c.tags, c.channel, c.joined_at,
                c.updated_at
            FROM (SELECT * EXCLUDE (identity), {value} AS value_ FROM (
                SELECT *, id_identity(source, customer_id) AS identity FROM {customers}
            )) c JOIN (FROM temp.components WHERE source IS NOT NULL) i ON i.{by} = c.value_
        ),
        several AS MATERIALIZED (SELECT label FROM described GROUP BY label HAVING count(*) > 1),
        aged AS (
            SELECT *, row_number() OVER (
                PARTITION BY label ORDER BY coalesce(updated_at, joined_at) NULLS FIRST, identity) AS age
            FROM described SEMI JOIN several USING (label)
        ),
        latest AS (
            -- Nearly everybody has one row: that needs no choice.
            SELECT label, name, email, phone, country, city, language, tags, channel, joined_at
            FROM described ANTI JOIN several USING (label)
            UNION ALL BY NAME
            SELECT * EXCLUDE (place), place.country, place.city FROM (
                SELECT label,
                    arg_max(name, age) AS name,
                    arg_max(email, age) AS email,
                    arg_max(phone, age) AS phone,
                    arg_max({{'country': country, 'city': city}}, age) FILTER (country IS NOT NULL OR city IS NOT NULL) AS place,
                    arg_max(language, age) AS language,
                    arg_max(tags, age) AS tags,
                    arg_min(channel, age) AS channel,
                    min(joined_at) AS joined_at
                FROM aged GROUP BY label
            )
        )
        SELECT person,
            (person % {BUCKETS})::TINYINT AS bucket,
            coalesce(found.customer, found.person_id, found.email, found.phone) AS customer,
            latest.name,
            coalesce(latest.email, found.email) AS email,
            coalesce(latest.phone, found.phone) AS phone,
            latest.country,
            latest.city,
            latest.language,
            latest.joined_at,
            latest.channel,
            latest.tags,
            found.records
        FROM temp.person_components found LEFT JOIN latest USING (label) WHERE found.records > 0"""
