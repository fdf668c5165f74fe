"""Customer service: tickets, contacts and calls."""

from __future__ import annotations

from regulars.warehouse.schema import IDENTITY_COLUMNS, Column, Kind, Rule, Table

CALL_OUTCOMES = ("answered", "abandoned", "timed out", "left empty")

tickets = Table(
    name="tickets",
    about="One row per request (ticket). Replies are by agents; a bot's replies have a column of their own.",
    columns=(
        Column("ticket_id", Kind.ID, "the source's number"),
        *IDENTITY_COLUMNS,
        Column("order_id", Kind.ID, "the order it is about", nullable=True),
        Column("channel", Kind.TEXT, "the channel", nullable=True),
        Column("topic", Kind.TEXT, "the topic", nullable=True),
        Column("first_topic", Kind.TEXT, "the first topic it was filed under", nullable=True),
        Column("agent", Kind.TEXT, "the agent it is assigned to", nullable=True),
        Column("opened_at", Kind.INSTANT, "when it was opened", past=True),
        Column("first_bot_reply_at", Kind.INSTANT, "when the bot first replied", nullable=True, past=True),
        Column("first_reply_at", Kind.INSTANT, "when an agent first replied", nullable=True, past=True),
        Column("first_resolved_at", Kind.INSTANT, "when it was first resolved", nullable=True, past=True),
        Column("last_resolved_at", Kind.INSTANT, "when it was last resolved", nullable=True, past=True),
        Column("first_reopened_at", Kind.INSTANT, "when it was first reopened", nullable=True, past=True),
        Column("closed_at", Kind.INSTANT, "when it was finally closed", nullable=True, past=True),
        Column("reopened", Kind.INTEGER, "number of times it was reopened", low=0, default="0"),
        Column("reassigned", Kind.INTEGER, "number of times it was reassigned", nullable=True, low=0),
        Column("solutions_offered", Kind.INTEGER, "number of solutions offered", nullable=True, low=0),
        Column("status", Kind.TEXT, "the source's status"),
    ),
    key=("ticket_id",),
    rules=(
        Rule("first_reply_at < opened_at", "the first reply comes before the request"),
        Rule("first_bot_reply_at < opened_at", "the bot's first reply comes before the request"),
        Rule("first_resolved_at < opened_at", "the first resolution comes before the request"),
        Rule("last_resolved_at < first_resolved_at", "the last resolution comes before the first"),
        Rule("first_reopened_at < opened_at", "the request is opened again before it was opened"),
        Rule("closed_at < opened_at", "the request is closed before it was opened"),
    ),
    day="opened_at",
)

contacts = Table(
    name="contacts",
    about="One row per message or call of a request, in or out.",
    columns=(
        Column("contact_id", Kind.ID, "the source's number"),
        Column("ticket_id", Kind.ID, "the request", nullable=True),
        *IDENTITY_COLUMNS,
        Column("at", Kind.INSTANT, "when it took place", past=True),
        Column("direction", Kind.TEXT, "in: from the customer; out: to the customer", choices=("in", "out")),
        Column("channel", Kind.TEXT, "the channel"),
        Column("kind", Kind.TEXT, "the kind of contact", nullable=True),
    ),
    key=("contact_id",),
    day="at",
)

calls = Table(
    name="calls",
    about="One row per phone call.",
    columns=(
        Column("call_id", Kind.ID, "the source's number"),
        *IDENTITY_COLUMNS,
        Column("ticket_id", Kind.ID, "the request it is about", nullable=True),
        Column("queue", Kind.TEXT, "the queue", nullable=True),
        Column("entered_at", Kind.INSTANT, "when the caller began to wait", past=True),
        Column("answered_at", Kind.INSTANT, "when an agent answered", nullable=True, past=True),
        Column("left_at", Kind.INSTANT, "when the call ended", past=True),
        Column("outcome", Kind.TEXT, "how it ended", choices=CALL_OUTCOMES, example="abandoned"),
    ),
    key=("call_id",),
    rules=(
        Rule("left_at < entered_at", "the call ends before it starts"),
        Rule("answered_at < entered_at OR answered_at > left_at", "the call is answered outside its own time"),
        Rule("outcome = 'answered' AND answered_at IS NULL", "the call is answered without a time"),
    ),
    day="entered_at",
)
