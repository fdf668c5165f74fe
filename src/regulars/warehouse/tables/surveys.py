"""Questions asked, answers given, and what is said elsewhere."""

from __future__ import annotations

from regulars.warehouse.schema import WHO, Column, Kind, Rule, Table

invitations = Table(
    name="invitations",
    about="One row per customer asked.",
    columns=(
        Column("invitation_id", Kind.ID, "the source's number"),
        Column("survey", Kind.TEXT, "which survey"),
        *WHO,
        Column("sent_at", Kind.INSTANT, "when", past=True),
        Column(
            "delivered",
            Kind.FLAG,
            "false where it is known not to have arrived; empty counts as arrived",
            nullable=True,
        ),
        Column("channel", Kind.TEXT, "how"),
        Column("stage", Kind.TEXT, "after which step of the customer's way", nullable=True),
        Column("order_id", Kind.ID, "about which order", nullable=True),
        Column("ticket_id", Kind.ID, "about which request", nullable=True),
    ),
    key=("invitation_id",),
    day="sent_at",
)

answers = Table(
    name="answers",
    about="One row per answer, on its own scale.",
    columns=(
        Column("answer_id", Kind.ID, "the source's number"),
        Column("invitation_id", Kind.ID, "the invitation", nullable=True),
        Column("survey", Kind.TEXT, "which survey"),
        Column("kind", Kind.TEXT, "what was asked", choices=("nps", "csat", "ces")),
        Column("score", Kind.INTEGER, "what was answered", nullable=True),
        Column("scale_low", Kind.INTEGER, "lowest score possible", example="0"),
        Column("scale_high", Kind.INTEGER, "highest score possible", example="10"),
        Column("high_is", Kind.TEXT, "whether a high score is good or bad", choices=("good", "bad")),
        Column("comment", Kind.TEXT, "in the customer's words", nullable=True),
        Column("reason", Kind.TEXT, "the reason that was chosen", nullable=True),
        Column("language", Kind.TEXT, "language of the answer", nullable=True),
        *WHO,
        Column("answered_at", Kind.INSTANT, "when", past=True),
        Column("stage", Kind.TEXT, "after which step of the customer's way", nullable=True),
        Column("aspect", Kind.TEXT, "about what in particular", nullable=True),
        Column("product_id", Kind.ID, "about which product", nullable=True),
        Column("order_id", Kind.ID, "about which order", nullable=True),
        Column("ticket_id", Kind.ID, "about which request", nullable=True),
    ),
    key=("answer_id",),
    rules=(
        Rule("scale_high <= scale_low", "the scale ends before it starts"),
        Rule("score < scale_low OR score > scale_high", "the score lies outside its scale"),
    ),
    day="answered_at",
)

mentions = Table(
    name="mentions",
    about="One row per thing said about the shop elsewhere.",
    columns=(
        Column("mention_id", Kind.ID, "the source's number"),
        *WHO,
        Column("at", Kind.INSTANT, "when", past=True),
        Column("network", Kind.TEXT, "where"),
        Column("text", Kind.TEXT, "what"),
        Column("sentiment", Kind.TEXT, "how it is meant", nullable=True),
    ),
    key=("mention_id",),
    day="at",
)
