"""Check of a Shopify shop's exports: orders counted in the customers file and not loaded."""

from __future__ import annotations

import duckdb

# Orders and customers are joined by email, else by phone: the two exports have no other common column.
# One address may have two records, if both layouts of the customers export were loaded; hence max().
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
    """Return a warning if the customers file counts more orders than were loaded."""
    warnings = []
    known, loaded = _numbers(con, _KNOWN_AND_LOADED, source)
    if loaded < known:
        warnings.append(
            f"The customers file counts {known:,} orders, and {loaded:,} of them were loaded. Export all orders"
            " (Orders → Export → All orders): without the others, every metric is wrong."
        )
    return warnings


def _numbers(con: duckdb.DuckDBPyConnection, query: str, source: str) -> tuple[int, int]:
    row = con.execute(query, {"source": source}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
