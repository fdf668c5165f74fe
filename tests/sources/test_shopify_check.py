"""Orders that the customers file counts and that were not loaded, customer by customer."""

from __future__ import annotations

import duckdb

from regulars.sources.shops.shopify_check import check


def test_orders_of_one_customer_do_not_stand_in_for_those_of_another() -> None:
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE customers AS SELECT 'shopify' AS source, email, NULL::VARCHAR AS phone, attributes FROM (VALUES"
            " ('ann@example.com', '{\"total_orders\": 3}'), ('bob@example.com', '{\"total_orders\": 1}')) c(email, attributes)"
        )
        con.execute(
            "CREATE TABLE orders AS SELECT 'shopify' AS source, unnest(['Ann@example.com', 'bob@example.com',"
            " 'bob@example.com', 'bob@example.com']) AS email, NULL::VARCHAR AS phone"
        )
        (warning,) = check(con, "shopify")
    assert warning.startswith("The customers file counts 4 orders, and 2 of them were loaded.")
