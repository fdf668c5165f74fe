"""Shopify's orders export (Orders → Export → CSV): one line per line item, with the order's fields in its first line."""

from __future__ import annotations

from regulars.load.mapping import REASON, Block, Mapping, Source
from regulars.sources.shops.shopify_amounts import (
    AMOUNT,
    DISCOUNT,
    GROSS,
    HAS_MISSING,
    KIND,
    LINE_TOTALS,
    MISSING,
    POSSIBLE_GIFT_CARD,
    TAX_INCLUDED,
    of,
)
from regulars.sources.shops.shopify_check import check
from regulars.warehouse.schema import Kind

STATUS_OF = {
    "paid": "counted",
    "partially_paid": "counted",
    "partially_refunded": "counted",
    "refunded": "counted",
    "authorized": "counted",
    "pending": "unpaid",
    "voided": "failed",
    "expired": "failed",
}
"""Order status by Financial Status. A refunded order counts as an order; its refund is in `returns`."""

# An order with a status that is not in the table is rejected.
STATUS = f"""CASE
    WHEN coalesce({of("Cancelled at")}, {of("Canceled at")}) IS NOT NULL THEN 'cancelled'
    ELSE CASE replace(lower({of("Financial Status")}), ' ', '_')
        {" ".join(f"WHEN '{shopify}' THEN '{status}'" for shopify, status in STATUS_OF.items())}
        ELSE '{REASON}Financial Status: '
            || coalesce('''' || replace({of("Financial Status")}, '''', '’') || ''' is not known', 'it is empty')
            || '; known: {", ".join(STATUS_OF)}' END
END"""

shopify_orders = Source(
    name="shopify",
    title="Shopify orders export",
    requires=frozenset(
        {"Name", "Financial Status", "Created at", "Currency", "Lineitem quantity", "Lineitem name", "Lineitem price"}
    ),
    optional=frozenset(
        {
            "Id",
            "Email",
            "Phone",
            "Billing Phone",
            "Billing Country",
            "Shipping Country",
            "Source",
            "Payment Method",
            "Paid at",
            "Fulfilled at",
            "Cancelled at",
            "Canceled at",
            "Subtotal",
            "Shipping",
            "Taxes",
            "Total",
            "Duties",
            "Discount Code",
            "Discount Amount",
            "Refunded Amount",
            "Lineitem sku",
            "Lineitem discount",
            "Lineitem requires shipping",
            "Lineitem taxable",
        }
    ),
    types={
        "Name": Kind.ID,
        "Id": Kind.ID,
        "Phone": Kind.ID,
        "Billing Phone": Kind.ID,
        "Lineitem sku": Kind.ID,
        "Created at": Kind.INSTANT,
        "Paid at": Kind.INSTANT,
        "Fulfilled at": Kind.INSTANT,
        "Cancelled at": Kind.INSTANT,
        "Canceled at": Kind.INSTANT,
        "Subtotal": Kind.MONEY,
        "Shipping": Kind.MONEY,
        "Taxes": Kind.MONEY,
        "Total": Kind.MONEY,
        "Discount Amount": Kind.MONEY,
        "Refunded Amount": Kind.MONEY,
        "Lineitem quantity": Kind.INTEGER,
        "Lineitem price": Kind.MONEY,
        "Lineitem discount": Kind.MONEY,
    },
    mappings=(
        Mapping(
            "orders",
            group_by=('"Name"',),
            columns={
                "order_id": '"Name"',
                # No customer_id: the export has none.
                "email": '"Email"',
                # The phone number of an address may be another person's: used only without an email.
                "phone": f"""coalesce(
                    {of("Phone")}, CASE WHEN {of("Email")} IS NULL THEN {of("Billing Phone")} END
                )""",
                "ordered_at": '"Created at"',
                "status": STATUS,
                "channel": '"Source"',
                "country": f"coalesce({of('Shipping Country')}, {of('Billing Country')})",
                "coupon": '"Discount Code"',
                "currency": '"Currency"',
                "gross": GROSS,
                "discount": DISCOUNT,
                "shipping": '"Shipping"',
                "tax": '"Taxes"',
                "tax_included": TAX_INCLUDED,
                "cancelled_at": f"coalesce({of('Cancelled at')}, {of('Canceled at')})",
                # "Bogus Gateway" is Shopify's gateway for test orders.
                "source_order_id": '"Id"',
                "test": f"coalesce({of('Payment Method')} ILIKE '%bogus%', false)",
            },
        ),
        Mapping(
            "order_lines",
            where='"Lineitem name" IS NOT NULL OR "Lineitem quantity" IS NOT NULL',
            columns={
                "order_id": '"Name"',
                "line_id": 'row_number() OVER (PARTITION BY "Name" ORDER BY line)',
                "product_id": 'coalesce("Lineitem sku", "Lineitem name")',
                "product_name": '"Lineitem name"',
                "quantity": '"Lineitem quantity"',
                "amount": AMOUNT,
                "discount": '"Lineitem discount"',
                "kind": KIND,
            },
        ),
        # Missing lines as one line, so that the lines add up to the order's Subtotal.
        Mapping(
            "order_lines",
            group_by=('"Name"',),
            having=HAS_MISSING,
            columns={"order_id": '"Name"', "line_id": "'missing'", "quantity": "0", "amount": MISSING},
        ),
        Mapping(
            "returns",
            running_total=True,
            where='"Refunded Amount" > 0',
            columns={
                "return_id": "\"Name\" || '/refund'",
                "order_id": '"Name"',
                # The export has no time of the refund: at the earliest it is the latest time of the order.
                "returned_at": """coalesce(
                    "Cancelled at", "Canceled at", greatest("Created at", "Paid at", "Fulfilled at")
                )""",
                "amount": '"Refunded Amount"',
            },
        ),
    ),
    lacking=(
        (("Taxes",), "no tax is known, so net revenue includes the tax in the prices."),
        (("Total",), "whether prices include the tax cannot be seen, so none is taken off net revenue."),
        (("Shipping",), "net revenue does not include shipping."),
        (("Subtotal", "Discount Amount"), "no discounts are known, so net revenue is before all discounts."),
        (("Refunded Amount",), "no refunds are known, so net revenue is before all refunds."),
    ),
    block=Block(of='"Name"', starts='"Financial Status" IS NOT NULL'),
    line_totals=LINE_TOTALS,
    possible_gift_card=POSSIBLE_GIFT_CARD,
    check=check,
)
