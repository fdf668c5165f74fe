"""Messages sent to customers, their daily counts, and who was held out."""

from __future__ import annotations

from regulars.warehouse.schema import WHO, Column, Kind, Rule, Table

ARMS = ("send", "holdout")

messages = Table(
    name="messages",
    about="One row per message sent to a customer.",
    columns=(
        Column("message_id", Kind.ID, "the source's number"),
        *WHO,
        Column("campaign", Kind.TEXT, "for which campaign", nullable=True),
        Column("journey", Kind.TEXT, "of which automated series", nullable=True),
        Column("step", Kind.TEXT, "which step of the series", nullable=True),
        Column("purpose", Kind.TEXT, "for what, such as newsletter or survey", nullable=True),
        Column("arm", Kind.TEXT, "which version, where several were sent", nullable=True),
        Column("cost", Kind.MONEY, "what sending it cost the shop", nullable=True, low=0),
        Column("currency", Kind.TEXT, "three-letter code of the cost; empty means the shop's", nullable=True),
        Column("channel", Kind.TEXT, "how"),
        Column("sent_at", Kind.INSTANT, "when it was sent", past=True),
        Column("delivered_at", Kind.INSTANT, "when it arrived", nullable=True, past=True),
        Column("opened_at", Kind.INSTANT, "when it was opened", nullable=True, past=True),
        Column("clicked_at", Kind.INSTANT, "when a link in it was followed", nullable=True, past=True),
        Column("replied_at", Kind.INSTANT, "when the customer replied", nullable=True, past=True),
        Column("failed_reason", Kind.TEXT, "why it did not arrive", nullable=True),
        Column("order_id", Kind.ID, "the order it led to", nullable=True),
    ),
    key=("message_id",),
    day="sent_at",
)

message_days = Table(
    name="message_days",
    about="Messages of one day as another tool counts them, where single messages are not to be had.",
    columns=(
        Column("day", Kind.DAY, "the day on which they were sent", past=True),
        Column("campaign", Kind.TEXT, "for which campaign; empty text where there is none", default="''"),
        Column("channel", Kind.TEXT, "how"),
        Column("sent", Kind.INTEGER, "how many were sent", low=0),
        Column("delivered", Kind.INTEGER, "how many arrived", nullable=True, low=0),
        Column("opened", Kind.INTEGER, "how many were opened, each once", nullable=True, low=0),
        Column("clicked", Kind.INTEGER, "in how many a link was followed, each once", nullable=True, low=0),
        Column("orders", Kind.INTEGER, "how many orders the tool ascribes to them", nullable=True, low=0),
        Column("revenue", Kind.MONEY, "what those orders brought, in the shop's currency", nullable=True, low=0),
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
    about="One row per customer of a campaign: whether they were to get its messages. Frozen when the campaign starts.",
    columns=(
        Column("assignment_id", Kind.ID, "the source's number"),
        Column("campaign", Kind.TEXT, "which campaign"),
        *WHO,
        Column("arm", Kind.TEXT, "send: gets the messages; holdout: gets none, to compare with", choices=ARMS),
        Column("assigned_at", Kind.INSTANT, "when it was decided", past=True),
        Column("excluded_reason", Kind.TEXT, "why the customer does not count in the comparison", nullable=True),
    ),
    key=("assignment_id",),
    day="assigned_at",
)
