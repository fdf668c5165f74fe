"""Survey invitations and answers, and mentions on other sites."""

from __future__ import annotations

from regulars.warehouse.schema import IDENTITY_COLUMNS, Column, Kind, Rule, Table

invitations = Table(
    name="invitations",
    about="One row per invitation to a survey.",
    columns=(
        Column("invitation_id", Kind.ID, "the source's number"),
        Column("survey", Kind.TEXT, "the survey"),
        *IDENTITY_COLUMNS,
        Column("sent_at", Kind.INSTANT, "when it was sent", past=True),
        Column(
            "delivered",
            Kind.FLAG,
            "false where it is known not to have arrived; empty counts as arrived",
            nullable=True,
        ),
        Column("channel", Kind.TEXT, "the channel"),
        Column("stage", Kind.TEXT, "stage of the customer journey, such as after delivery", nullable=True),
        Column("order_id", Kind.ID, "the order it is about", nullable=True),
        Column("ticket_id", Kind.ID, "the request it is about", nullable=True),
    ),
    key=("invitation_id",),
    day="sent_at",
)

answers = Table(
    name="answers",
    about="One row per answer, with its scale.",
    columns=(
        Column("answer_id", Kind.ID, "the source's number"),
        Column("invitation_id", Kind.ID, "the invitation", nullable=True),
        Column("survey", Kind.TEXT, "the survey"),
        Column("kind", Kind.TEXT, "the kind of question", choices=("nps", "csat", "ces")),
        Column("score", Kind.INTEGER, "the score on the answer's scale", nullable=True),
        Column("scale_low", Kind.INTEGER, "lowest score possible", example="0"),
        Column("scale_high", Kind.INTEGER, "highest score possible", example="10"),
        Column("high_is", Kind.TEXT, "whether a high score is good or bad", choices=("good", "bad")),
        Column("comment", Kind.TEXT, "free text of the customer", nullable=True),
        Column("reason", Kind.TEXT, "the reason selected", nullable=True),
        Column("language", Kind.TEXT, "language of the answer", nullable=True),
        *IDENTITY_COLUMNS,
        Column("answered_at", Kind.INSTANT, "when it was answered", past=True),
        Column("stage", Kind.TEXT, "stage of the customer journey, such as after delivery", nullable=True),
        Column("aspect", Kind.TEXT, "the aspect it is about, such as delivery or price", nullable=True),
        Column("product_id", Kind.ID, "the product it is about", nullable=True),
        Column("order_id", Kind.ID, "the order it is about", nullable=True),
        Column("ticket_id", Kind.ID, "the request it is about", nullable=True),
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
    about="One row per mention of the shop on another site.",
    columns=(
        Column("mention_id", Kind.ID, "the source's number"),
        *IDENTITY_COLUMNS,
        Column("at", Kind.INSTANT, "when it was published", past=True),
        Column("network", Kind.TEXT, "the site or network"),
        Column("text", Kind.TEXT, "the text"),
        Column("sentiment", Kind.TEXT, "positive, negative or neutral", nullable=True),
    ),
    key=("mention_id",),
    day="at",
)
