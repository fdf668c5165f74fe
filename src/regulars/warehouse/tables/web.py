"""Visits, their daily counts, views, carts and leads."""

from __future__ import annotations

from regulars.warehouse.schema import WHO, Column, Kind, Rule, Table

CART_STEPS = ("cart", "contact", "shipping", "payment")

visits = Table(
    name="visits",
    about="One row per visit to the site. Without visitor_id each visit is its own visitor.",
    columns=(
        Column("visit_id", Kind.ID, "the source's number"),
        Column("visitor_id", Kind.ID, "the browser, as the source tells them apart", nullable=True),
        *WHO,
        Column("order_id", Kind.ID, "the order placed in it", nullable=True),
        Column("converted", Kind.FLAG, "whether an order was placed in it", nullable=True),
        Column("started_at", Kind.INSTANT, "when it began", past=True),
        Column("channel", Kind.TEXT, "where it came from", nullable=True),
        Column("campaign", Kind.TEXT, "which campaign brought it", nullable=True),
        Column("device", Kind.TEXT, "kind of device", nullable=True),
        Column("country", Kind.TEXT, "from which country", nullable=True),
        Column("landing_page", Kind.TEXT, "first page seen", nullable=True),
    ),
    key=("visit_id",),
    day="started_at",
)

traffic_days = Table(
    name="traffic_days",
    about="Visits of one day as an analytics tool counts them, where single visits are not to be had.",
    columns=(
        Column("day", Kind.DAY, "the day", past=True),
        Column("channel", Kind.TEXT, "where the visits came from; empty text for all together", default="''"),
        Column("campaign", Kind.TEXT, "which campaign brought them; empty text for all together", default="''"),
        Column("device", Kind.TEXT, "kind of device; empty text for all together", default="''"),
        Column("country", Kind.TEXT, "from which country; empty text for all together", default="''"),
        Column("visits", Kind.INTEGER, "how many visits", low=0),
        Column("visitors", Kind.INTEGER, "how many browsers, each once a day", nullable=True, low=0),
        Column("orders", Kind.INTEGER, "how many orders were placed in them", nullable=True, low=0),
    ),
    key=("day", "channel", "campaign", "device", "country"),
    day="day",
)

product_views = Table(
    name="product_views",
    about="One row per product looked at during a visit.",
    columns=(
        Column("visit_id", Kind.ID, "the visit"),
        Column("product_id", Kind.ID, "the product"),
        Column("at", Kind.INSTANT, "when it was first looked at", past=True),
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
        *WHO,
        Column("opened_at", Kind.INSTANT, "when the first item was added", past=True),
        Column("updated_at", Kind.INSTANT, "when it last changed", past=True),
        Column("last_step", Kind.TEXT, "how far it came", nullable=True, choices=CART_STEPS),
        Column("amount", Kind.MONEY, "value of its items", nullable=True, low=0),
        Column("items", Kind.INTEGER, "pieces in it", low=0),
        Column("order_id", Kind.ID, "the order it became", nullable=True),
        Column("reason", Kind.TEXT, "why it was left", nullable=True),
        Column(
            "only_abandoned",
            Kind.FLAG,
            "true where the source lists abandoned carts alone: the others are known by their orders",
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
        *WHO,
        Column("created_at", Kind.INSTANT, "when", past=True),
        Column("channel", Kind.TEXT, "how they came", nullable=True),
        Column("campaign", Kind.TEXT, "which campaign brought them", nullable=True),
        Column("qualified_at", Kind.INSTANT, "when the shop found them promising", nullable=True, past=True),
        Column("converted_at", Kind.INSTANT, "when the source saw them become a customer", nullable=True, past=True),
    ),
    key=("lead_id",),
    rules=(
        Rule("qualified_at < created_at", "the lead is qualified before it was created"),
        Rule("converted_at < created_at", "the lead became a customer before it was created"),
    ),
    day="created_at",
)
