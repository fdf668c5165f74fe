"""WooCommerce's customers export (Analytics → Customers → Download), with the columns of its `get_export_columns`.

Older releases lack the last three columns. The export has no customer ids: they are derived from addresses.
"""

from __future__ import annotations

from regulars.load.mapping import Mapping, Source
from regulars.sources.shops.derived_ids import id_of_address, id_of_username
from regulars.warehouse.schema import Kind

_ID = f"""coalesce({id_of_address('"Email"')}, {id_of_username('"Username"')})"""

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
            # A name alone identifies no customer.
            where=f"{_ID} IS NOT NULL",
            columns={
                "customer_id": _ID,
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
