"""What a Shopify shop should know about the files it exported, once they are loaded."""

from __future__ import annotations

import duckdb

# An order and a customer belong together by email, else by phone: the two exports have nothing else in common.
# One address may stand in two records, where customers came in the layouts with and without numbers.
_KNOWN_AND_LOADED = """
WITH known AS (
    SELECT coalesce(lower(trim(email)), regexp_replace(phone, '[^0-9]', '', 'g')) AS identity,
           max(CAST(json_extract_string(attributes, '$.total_orders') AS BIGINT)) AS orders
    FROM customers WHERE source = $source GROUP BY 1
), loaded AS (
    SELECT coalesce(lower(trim(email)), regexp_replace(phone, '[^0-9]', '', 'g')) AS identity, count(*) AS orders
    FROM orders WHERE source = $source GROUP BY 1
)
SELECT coalesce(sum(known.orders), 0), coalesce(sum(least(known.orders, coalesce(loaded.orders, 0))), 0)
FROM known LEFT JOIN loaded USING (identity)
WHERE known.identity IS NOT NULL
"""


def check(con: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    """Warnings for the shop where its exports do not hold all that they should."""
    warnings = []
    known, loaded = _numbers(con, _KNOWN_AND_LOADED, source)
    if loaded < known:
        warnings.append(
            f"The customers file knows {known:,} orders, {loaded:,} of them were loaded. Export all orders"
            " (Orders → Export → All orders): every metric misses the others."
        )
    return warnings


def _numbers(con: duckdb.DuckDBPyConnection, query: str, source: str) -> tuple[int, int]:
    row = con.execute(query, {"source": source}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
