"""Profiles of persons: name and address, from the customers' rows."""

from __future__ import annotations

from regulars.warehouse.fact_table import BUCKETS


def person_rows(customers: str, by: str, value: str) -> str:
    """SQL of the rows of facts.persons for the persons of `resolve_persons`.

    Names and addresses are of the latest row that has them, the channel of the earliest. Needs `define_identities`.

    Args:
        customers: a relation of customers.
        by: the column of temp.components to join by.
        value: SQL of the joined value from a customer's `identity`.
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
            -- Most customers have one row and need no choice.
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
