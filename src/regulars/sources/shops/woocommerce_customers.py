"""WooCommerce's customers export (Analytics → Customers → Download), laid out by `get_export_columns` of its report.

Older releases lack the last three columns. Customers have no number there: their address tells them apart.
"""

from __future__ import annotations

from regulars.warehouse.load.mapping import Mapping, Source
from regulars.warehouse.schema import Kind

woocommerce_customers = Source(
    name="woocommerce",
    title="WooCommerce Analytics customers export",
    requires=frozenset({"Name", "Username", "Sign Up", "Email", "Orders", "Total Spend"}),
    optional=frozenset({"Country / Region", "City", "Region", "Billing Phone", "Role"}),
    types={
        "Sign Up": Kind.INSTANT,
        "Orders": Kind.INTEGER,
        "Total Spend": Kind.MONEY,
        "Billing Phone": Kind.ID,
    },
    mappings=(
        Mapping(
            "customers",
            # A name alone leads to no order and to no person.
            where='coalesce("Email", "Username") IS NOT NULL',
            columns={
                "customer_id": """coalesce('email:' || lower("Email"), 'user:' || lower("Username"))""",
                "email": '"Email"',
                "phone": '"Billing Phone"',
                "name": '"Name"',
                "country": '"Country / Region"',
                "city": '"City"',
                "joined_at": '"Sign Up"',
                "attributes": """json_object(
                    'username', "Username", 'role', "Role", 'region', "Region",
                    'total_orders', "Orders", 'total_spent', "Total Spend"
                )""",
            },
        ),
    ),
)
