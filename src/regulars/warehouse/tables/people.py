"""Customers, consents and subscriptions."""

from __future__ import annotations

from regulars.warehouse.schema import IDENTITY_COLUMNS, Column, Kind, Rule, Table

customers = Table(
    name="customers",
    about="One row per customer record of a source.",
    columns=(
        Column("customer_id", Kind.ID, "the source's own number of the customer"),
        *IDENTITY_COLUMNS[1:],
        Column("name", Kind.TEXT, "the customer's name", nullable=True),
        Column("country", Kind.TEXT, "country of the address", nullable=True),
        Column("city", Kind.TEXT, "city of the address", nullable=True),
        Column("language", Kind.TEXT, "language the customer reads", nullable=True),
        Column("joined_at", Kind.INSTANT, "when the record was created", nullable=True, past=True),
        Column("channel", Kind.TEXT, "the acquisition channel", nullable=True),
        Column("tags", Kind.TEXT, "the shop's labels, separated by commas", nullable=True),
        Column("attributes", Kind.JSON, "other attributes of the source", nullable=True),
    ),
    key=("customer_id",),
)

consents = Table(
    name="consents",
    about="One row per consent given or withdrawn; the latest of a person, channel and purpose counts.",
    columns=(
        Column("consent_id", Kind.ID, "the source's number"),
        *IDENTITY_COLUMNS,
        Column("channel", Kind.TEXT, "the channel"),
        Column("purpose", Kind.TEXT, "the purpose, such as newsletter or survey", nullable=True),
        Column("at", Kind.INSTANT, "when it was given or withdrawn", past=True),
        Column("given", Kind.FLAG, "true: given; false: withdrawn"),
        Column("how", Kind.TEXT, "where and how it was given"),
    ),
    key=("consent_id",),
    day="at",
)

subscriptions = Table(
    name="subscriptions",
    about="One row per subscription; it runs until it has an end.",
    columns=(
        Column("subscription_id", Kind.ID, "the source's number"),
        *IDENTITY_COLUMNS,
        Column("started_at", Kind.INSTANT, "when it began", past=True),
        Column("ended_at", Kind.INSTANT, "when it ended", nullable=True),
        Column("plan", Kind.TEXT, "the plan", nullable=True),
        Column("reason", Kind.TEXT, "why it ended", nullable=True),
    ),
    key=("subscription_id",),
    rules=(Rule("ended_at < started_at", "the subscription ends before it starts"),),
    day="started_at",
)
