"""Shopify's customers export (Customers → Export → CSV), in its layouts with and without `Customer ID`."""

from __future__ import annotations

from regulars.load.mapping import Mapping, Source
from regulars.sources.shops.derived_ids import id_of_address, id_of_phone
from regulars.sources.shops.shopify_check import check
from regulars.warehouse.schema import Kind

_ID = f"""coalesce(
    "Customer ID",
    {id_of_address('"Email"')},
    {id_of_phone('coalesce("Phone", "Default Address Phone")')}
)"""

shopify_customers = Source(
    name="shopify",
    title="Shopify customers export",
    requires=frozenset({"First Name", "Last Name", "Email", "Accepts Email Marketing"}),
    optional=frozenset(
        {
            "Customer ID",
            "Phone",
            "Default Address Phone",
            "Default Address City",
            "City",
            "Default Address Country Code",
            "Country Code",
            "Country",
            "Accepts SMS Marketing",
            "Total Spent",
            "Total Orders",
            "Tags",
        }
    ),
    types={
        "Customer ID": Kind.ID,
        "Phone": Kind.ID,
        "Default Address Phone": Kind.ID,
        "Total Spent": Kind.MONEY,
        "Total Orders": Kind.INTEGER,
    },
    mappings=(
        Mapping(
            "customers",
            # A name alone identifies no customer.
            where=f"{_ID} IS NOT NULL",
            columns={
                # Without Customer ID the address is the id, by which customers are also joined to their orders.
                "customer_id": _ID,
                "email": '"Email"',
                # The phone number of an address may be another person's: used only without an email.
                "phone": 'coalesce("Phone", CASE WHEN "Email" IS NULL THEN "Default Address Phone" END)',
                "name": """nullif(concat_ws(' ', "First Name", "Last Name"), '')""",
                "country": 'coalesce("Default Address Country Code", "Country Code", "Country")',
                "city": 'coalesce("Default Address City", "City")',
                "tags": '"Tags"',
                "attributes": """json_object(
                    'total_orders', "Total Orders",
                    'total_spent', "Total Spent",
                    'accepts_email_marketing', lower("Accepts Email Marketing") = 'yes',
                    'accepts_sms_marketing', lower("Accepts SMS Marketing") = 'yes'
                )""",
            },
        ),
    ),
    check=check,
)
