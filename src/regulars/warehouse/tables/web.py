"""Visits and their daily counts, product views, carts and leads."""

from __future__ import annotations

from regulars.warehouse.schema import IDENTITY_COLUMNS, Column, Kind, Rule, Table

CART_STEPS = ("cart", "contact", "shipping", "payment")

visits = Table(
    name="visits",
    about="One row per visit to the site. Without visitor_id each visit is its own visitor.",
    columns=(
        Column("visit_id", Kind.ID, "the source's number"),
        Column("visitor_id", Kind.ID, "the source's number of the browser", nullable=True),
        *IDENTITY_COLUMNS,
        Column("order_id", Kind.ID, "the order placed in it", nullable=True),
        Column("converted", Kind.FLAG, "whether an order was placed in it", nullable=True),
        Column("started_at", Kind.INSTANT, "when it began", past=True),
        Column("channel", Kind.TEXT, "the marketing channel", nullable=True),
        Column("campaign", Kind.TEXT, "the campaign", nullable=True),
        Column("device", Kind.TEXT, "kind of device", nullable=True),
        Column("country", Kind.TEXT, "the visitor's country", nullable=True),
        Column("landing_page", Kind.TEXT, "first page of the visit", nullable=True),
    ),
    key=("visit_id",),
    day="started_at",
)

traffic_days = Table(
    name="traffic_days",
    about="One row per day and dimension: visit counts of an analytics tool, for shops without single visits.",
    columns=(
        Column("day", Kind.DAY, "the day", past=True),
        Column("channel", Kind.TEXT, "the marketing channel; empty text for all together", default="''"),
        Column("campaign", Kind.TEXT, "the campaign; empty text for all together", default="''"),
        Column("device", Kind.TEXT, "kind of device; empty text for all together", default="''"),
        Column("country", Kind.TEXT, "the visitor's country; empty text for all together", default="''"),
        Column("visits", Kind.INTEGER, "number of visits", low=0),
        Column("visitors", Kind.INTEGER, "number of browsers, each counted once a day", nullable=True, low=0),
        Column("orders", Kind.INTEGER, "number of orders placed in them", nullable=True, low=0),
    ),
    key=("day", "channel", "campaign", "device", "country"),
    day="day",
)

product_views = Table(
    name="product_views",
    about="One row per product viewed in a visit.",
    columns=(
        Column("visit_id", Kind.ID, "the visit"),
        Column("product_id", Kind.ID, "the product"),
        Column("at", Kind.INSTANT, "when it was first viewed", past=True),
    ),
    key=("visit_id", "product_id"),
    day="at",
)

carts = Table(
    name="carts",
    about="One row per cart, with the last step it reached.",
    columns=(
        Column("cart_id", Kind.ID, "the source's number"),
        Column("visitor_id", Kind.ID, "the browser", nullable=True),
        *IDENTITY_COLUMNS,
        Column("opened_at", Kind.INSTANT, "when the first item was added", past=True),
        Column("updated_at", Kind.INSTANT, "when it last changed", past=True),
        Column("last_step", Kind.TEXT, "the last checkout step", nullable=True, choices=CART_STEPS),
        Column("amount", Kind.MONEY, "value of its items", nullable=True, low=0),
        Column("items", Kind.INTEGER, "number of pieces", low=0),
        Column("order_id", Kind.ID, "the order it became", nullable=True),
        Column("reason", Kind.TEXT, "why it was abandoned", nullable=True),
        Column(
            "only_abandoned",
            Kind.FLAG,
            "true where the source exports abandoned carts only; completed carts are then known by their orders",
            default="false",
        ),
    ),
    key=("cart_id",),
    rules=(Rule("updated_at < opened_at", "the cart changed before it was opened"),),
    day="opened_at",
)

leads = Table(
    name="leads",
    about="One row per person who showed interest before buying.",
    columns=(
        Column("lead_id", Kind.ID, "the source's number"),
        *IDENTITY_COLUMNS,
        Column("created_at", Kind.INSTANT, "when it was created", past=True),
        Column("channel", Kind.TEXT, "the marketing channel", nullable=True),
        Column("campaign", Kind.TEXT, "the campaign", nullable=True),
        Column("qualified_at", Kind.INSTANT, "when the shop qualified the lead", nullable=True, past=True),
        Column(
            "converted_at", Kind.INSTANT, "when the lead became a customer, by the source", nullable=True, past=True
        ),
    ),
    key=("lead_id",),
    rules=(
        Rule("qualified_at < created_at", "the lead is qualified before it was created"),
        Rule("converted_at < created_at", "the lead became a customer before it was created"),
    ),
    day="created_at",
)
