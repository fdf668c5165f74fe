"""Messages to customers, their daily counts, and campaign holdouts."""

from __future__ import annotations

from regulars.warehouse.schema import IDENTITY_COLUMNS, Column, Kind, Rule, Table

ARMS = ("send", "holdout")

messages = Table(
    name="messages",
    about="One row per message sent to a customer.",
    columns=(
        Column("message_id", Kind.ID, "the source's number"),
        *IDENTITY_COLUMNS,
        Column("campaign", Kind.TEXT, "the campaign", nullable=True),
        Column("journey", Kind.TEXT, "the automated series (flow) it belongs to", nullable=True),
        Column("step", Kind.TEXT, "the step of the series", nullable=True),
        Column("purpose", Kind.TEXT, "the purpose, such as newsletter or survey", nullable=True),
        Column("arm", Kind.TEXT, "the variant, where several were sent", nullable=True),
        Column("cost", Kind.MONEY, "cost of sending it", nullable=True, low=0),
        Column("currency", Kind.TEXT, "three-letter code of the cost; empty means the shop's", nullable=True),
        Column("channel", Kind.TEXT, "the channel, such as email or sms"),
        Column("sent_at", Kind.INSTANT, "when it was sent", past=True),
        Column("delivered_at", Kind.INSTANT, "when it arrived", nullable=True, past=True),
        Column("opened_at", Kind.INSTANT, "when it was opened", nullable=True, past=True),
        Column("clicked_at", Kind.INSTANT, "when a link in it was clicked", nullable=True, past=True),
        Column("replied_at", Kind.INSTANT, "when the customer replied", nullable=True, past=True),
        Column("failed_reason", Kind.TEXT, "why it did not arrive", nullable=True),
        Column("order_id", Kind.ID, "the order it led to", nullable=True),
    ),
    key=("message_id",),
    day="sent_at",
)

message_days = Table(
    name="message_days",
    about="One row per day, campaign and channel: message counts of another tool, for shops without single messages.",
    columns=(
        Column("day", Kind.DAY, "the day on which they were sent", past=True),
        Column("campaign", Kind.TEXT, "the campaign; empty text where there is none", default="''"),
        Column("channel", Kind.TEXT, "the channel, such as email or sms"),
        Column("sent", Kind.INTEGER, "messages sent", low=0),
        Column("delivered", Kind.INTEGER, "messages delivered", nullable=True, low=0),
        Column("opened", Kind.INTEGER, "messages opened, each counted once", nullable=True, low=0),
        Column("clicked", Kind.INTEGER, "messages with a click, each counted once", nullable=True, low=0),
        Column("orders", Kind.INTEGER, "orders that the tool attributes to them", nullable=True, low=0),
        Column("revenue", Kind.MONEY, "revenue of those orders, in the shop's currency", nullable=True, low=0),
    ),
    key=("day", "campaign", "channel"),
    rules=(
        Rule("delivered > sent", "more messages arrived than were sent"),
        Rule("opened > sent", "more messages were opened than were sent"),
        Rule("clicked > sent", "more messages were clicked than were sent"),
    ),
    day="day",
)

holdouts = Table(
    name="holdouts",
    about="One row per customer of a campaign: the group the customer was assigned to. Fixed when the campaign starts.",
    columns=(
        Column("assignment_id", Kind.ID, "the source's number"),
        Column("campaign", Kind.TEXT, "the campaign"),
        *IDENTITY_COLUMNS,
        Column("arm", Kind.TEXT, "send: gets the messages; holdout: gets none, to compare with", choices=ARMS),
        Column("assigned_at", Kind.INSTANT, "when the customer was assigned", past=True),
        Column("excluded_reason", Kind.TEXT, "why the customer is excluded from the comparison", nullable=True),
    ),
    key=("assignment_id",),
    day="assigned_at",
)
