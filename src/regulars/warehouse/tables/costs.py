"""Products and their costs, advertising spend, payouts and exchange rates."""

from __future__ import annotations

from regulars.warehouse.schema import EARLIEST, Column, Kind, Rule, Table

products = Table(
    name="products",
    about="One row per product.",
    columns=(
        Column("product_id", Kind.ID, "the source's number"),
        Column("name", Kind.TEXT, "name of the product"),
        Column("category", Kind.TEXT, "the shop's category", nullable=True),
        Column("brand", Kind.TEXT, "the manufacturer or brand", nullable=True),
    ),
    key=("product_id",),
)

product_costs = Table(
    name="product_costs",
    about="One row per product and first day of a cost: what one piece costs the shop from that day.",
    columns=(
        Column("product_id", Kind.ID, "the product"),
        Column(
            "valid_from",
            Kind.DAY,
            "first day of this cost; empty: since ever, or from the day of the load where an earlier load has another cost",
            default=f"DATE '{EARLIEST}'",
        ),
        Column("unit_cost", Kind.MONEY, "cost of one piece", low=0),
        Column("currency", Kind.TEXT, "three-letter code", example="GBP"),
    ),
    key=("product_id", "valid_from"),
)

spend = Table(
    name="spend",
    about="Advertising spend by day, channel and campaign. A row over several days is rejected, or spread by the mapping.",
    columns=(
        Column("day", Kind.DAY, "the day", past=True),
        Column("channel", Kind.TEXT, "the advertising channel"),
        Column("campaign", Kind.TEXT, "the campaign; empty text where there is none", default="''"),
        Column("amount", Kind.MONEY, "the spend", low=0),
        Column("currency", Kind.TEXT, "three-letter code", example="GBP"),
        Column("last_day", Kind.DAY, "the last day of the row, where the file names it: the day itself", nullable=True),
    ),
    key=("day", "channel", "campaign"),
    rules=(
        Rule(
            "last_day > day",
            "the row sums up several days; export the spend day by day, or spread it in a mapping (spread = true)",
            waived_by_spread=True,
        ),
        Rule("last_day - day > 366", "the row sums up more than a year"),
        Rule("last_day < day", "the row ends before it starts"),
    ),
    day="day",
)

payouts = Table(
    name="payouts",
    about="One row per transfer of a payment provider to the shop. For reconciliation; never revenue.",
    columns=(
        Column("payout_id", Kind.ID, "the provider's number"),
        Column("paid_at", Kind.INSTANT, "when it was paid", past=True),
        Column("currency", Kind.TEXT, "three-letter code of all its amounts", example="GBP"),
        Column("gross", Kind.MONEY, "payments less refunds, before fees; negative where refunds are larger"),
        Column("fees", Kind.MONEY, "fees of the provider; negative where it refunded fees"),
        Column("net", Kind.MONEY, "the amount transferred"),
    ),
    key=("payout_id",),
    day="paid_at",
)

exchange_rates = Table(
    name="exchange_rates",
    about="Rates to the shop's currency, one row per day and currency. A missing day takes the latest rate of the 7 days before.",
    columns=(
        Column("day", Kind.DAY, "the day", past=True),
        Column("currency", Kind.TEXT, "three-letter code", example="GBP"),
        Column("rate", Kind.NUMBER, "shop currency per unit"),
    ),
    key=("day", "currency"),
    rules=(Rule("rate <= 0", "the rate is not above zero"),),
)
