"""Orders, their lines, returns and deliveries."""

from __future__ import annotations

from regulars.warehouse.schema import IDENTITY_COLUMNS, Column, Kind, Rule, Table

STATUSES = ("counted", "cancelled", "failed", "draft", "unpaid")
LINE_KINDS = ("product", "gift card", "tip", "duty", "shipping")

orders = Table(
    name="orders",
    about="One row per order. Only counted orders that are not tests enter a metric.",
    columns=(
        Column("order_id", Kind.ID, "the source's number of the order"),
        *IDENTITY_COLUMNS,
        Column("visit_id", Kind.ID, "the visit in which it was placed", nullable=True),
        Column("ordered_at", Kind.INSTANT, "when it was placed", past=True),
        Column("status", Kind.TEXT, "counted or why not", choices=STATUSES, default="'counted'"),
        Column("channel", Kind.TEXT, "the sales or marketing channel", nullable=True),
        Column("campaign", Kind.TEXT, "the campaign", nullable=True),
        Column("country", Kind.TEXT, "the country of delivery", nullable=True),
        Column("coupon", Kind.TEXT, "the coupon code", nullable=True),
        Column("currency", Kind.TEXT, "three-letter code of all its amounts", example="GBP"),
        Column("gross", Kind.MONEY, "all lines before discounts"),
        Column(
            "discount", Kind.MONEY, "all discounts, those of lines included, as a positive amount", low=0, default="0"
        ),
        Column("shipping", Kind.MONEY, "shipping charged", low=0, default="0"),
        Column("tax", Kind.MONEY, "tax of the whole order", low=0, default="0"),
        Column("tax_included", Kind.FLAG, "true where lines and shipping include the tax", default="false"),
        Column("shipping_cost", Kind.MONEY, "cost of shipping it, paid by the shop", nullable=True, low=0),
        Column("payment_fee", Kind.MONEY, "fee of the payment provider", nullable=True, low=0),
        Column("cancelled_at", Kind.INSTANT, "when it was cancelled", nullable=True, past=True),
        Column("test", Kind.FLAG, "true for a test order", default="false"),
        Column(
            "source_order_id",
            Kind.ID,
            "the source's internal number of the order: it distinguishes orders with one order_id, and stays when order_id changes",
            nullable=True,
        ),
    ),
    key=("order_id",),
    rules=(
        Rule("gross < 0", "gross is negative; money given back belongs in returns"),
        Rule("gross >= 0 AND discount > gross", "the discount is larger than the order"),
        Rule(
            "tax_included AND tax > 0 AND tax >= gross - discount + shipping",
            "the tax is as large as the whole order",
        ),
    ),
    day="ordered_at",
)

order_lines = Table(
    name="order_lines",
    about="One row per line of an order. The lines of an order are replaced as a set.",
    columns=(
        Column("order_id", Kind.ID, "the order"),
        Column("line_id", Kind.ID, "the line within the order"),
        Column("product_id", Kind.ID, "the product", nullable=True),
        Column("product_name", Kind.TEXT, "the product's name on the order", nullable=True),
        Column("variant", Kind.TEXT, "size, colour …", nullable=True),
        Column("category", Kind.TEXT, "the shop's category", nullable=True),
        Column("quantity", Kind.INTEGER, "pieces; negative where they came back in this order, as in an exchange"),
        Column("amount", Kind.MONEY, "quantity × price before discounts; negative for what came back and for a rebate"),
        Column("discount", Kind.MONEY, "discount of this line, contained in the order's", nullable=True, low=0),
        Column("unit_cost", Kind.MONEY, "cost of one piece, in the order's currency", nullable=True, low=0),
        Column("kind", Kind.TEXT, "the kind of line", choices=LINE_KINDS, default="'product'"),
    ),
    key=("order_id", "line_id"),
    rules=(
        Rule("quantity < 0 AND amount > 0", "the quantity is negative and the amount is not"),
        Rule(
            "quantity::DOUBLE * unit_cost > 1e11", "the pieces cost more than any real ones can (quantity × unit_cost)"
        ),
    ),
    replaced_by=("order_id",),
)

returns = Table(
    name="returns",
    about="One row per return or refund. Without order_id it is an unlinked refund.",
    columns=(
        Column("return_id", Kind.ID, "the source's number"),
        Column("order_id", Kind.ID, "the order it belongs to", nullable=True),
        Column("line_id", Kind.ID, "the line it belongs to", nullable=True),
        Column("product_id", Kind.ID, "the product", nullable=True),
        *IDENTITY_COLUMNS,
        Column("returned_at", Kind.INSTANT, "when it was returned or refunded", past=True),
        Column("quantity", Kind.INTEGER, "pieces that came back", nullable=True, low=0),
        Column("amount", Kind.MONEY, "refunded amount, tax included, as a positive amount", low=0),
        Column("tax", Kind.MONEY, "tax contained in it; empty: the order's share of tax", nullable=True, low=0),
        Column("reason", Kind.TEXT, "the reason", nullable=True),
        Column("restocked", Kind.FLAG, "true where the goods can be sold again", nullable=True),
    ),
    key=("return_id",),
    rules=(Rule("tax > amount", "the tax is larger than the refund"),),
    day="returned_at",
    covered_with="orders",
)

deliveries = Table(
    name="deliveries",
    about="One row per parcel.",
    columns=(
        Column("delivery_id", Kind.ID, "the source's number"),
        Column("order_id", Kind.ID, "the order"),
        Column("shipped_at", Kind.INSTANT, "when it was shipped", nullable=True, past=True),
        Column("promised_at", Kind.INSTANT, "the promised time of delivery", nullable=True),
        Column("delivered_at", Kind.INSTANT, "when it was delivered", nullable=True, past=True),
    ),
    key=("delivery_id",),
    rules=(Rule("delivered_at < shipped_at", "the parcel arrived before it left"),),
    day="shipped_at",
)
