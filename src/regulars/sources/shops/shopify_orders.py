"""Shopify's orders export (Orders → Export → CSV): one line per line item, the order's fields on its first line."""

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
"""What a Financial Status means. A refunded order was an order; the money given back is in `returns`."""

# A state that is not in the table is not guessed: the order is rejected.
STATUS = f"""CASE
    WHEN coalesce({of("Cancelled at")}, {of("Canceled at")}) IS NOT NULL THEN 'cancelled'
    ELSE CASE replace(lower({of("Financial Status")}), ' ', '_')
        {" ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in STATUS_OF.items())}
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
                # No customer number: the export has none, and guests would get a new one each time.
                "email": '"Email"',
                # The number typed with an address may be a neighbour's: it tells who this is where nothing else does.
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
                # Shopify's gateway for trying out the checkout.
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
        # Lines that the file lost, as one: the order's own Subtotal counts.
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
                # The export does not say when. Not before the last thing that it knows of the order.
                "returned_at": """coalesce(
                    "Cancelled at", "Canceled at", greatest("Created at", "Paid at", "Fulfilled at")
                )""",
                "amount": '"Refunded Amount"',
            },
        ),
    ),
    lacking=(
        (("Taxes",), "no tax is known, so net revenue holds whatever tax the prices hold."),
        (("Total",), "whether prices include the tax cannot be seen, so none is taken off net revenue."),
        (("Shipping",), "shipping is not counted in net revenue."),
        (("Subtotal", "Discount Amount"), "no discounts are known, so net revenue is before all discounts."),
        (("Refunded Amount",), "no refunds are known, so net revenue is before all refunds."),
    ),
    block=Block(of='"Name"', starts='"Financial Status" IS NOT NULL'),
    line_totals=LINE_TOTALS,
    possible_gift_card=POSSIBLE_GIFT_CARD,
    check=check,
)
