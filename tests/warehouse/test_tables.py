"""The declared tables are those of the contract, column by column, and every table about somebody can say who."""

from __future__ import annotations

import pytest

from regulars.warehouse.identity.identities import IDENTITY_SQL, IDENTITY_TABLES
from regulars.warehouse.schema import IDENTITY_COLUMNS, Table
from regulars.warehouse.tables import BY_NAME, TABLES

# Per table the columns in their order: a star before those of the key, a question mark behind those that may be empty;
# `who` stands for customer_id? email? phone? person_id?
CONTRACT = {
    "customers": "*customer_id email? phone? person_id? name? country? city? language? joined_at? channel? tags? attributes?",
    "orders": "*order_id who visit_id? ordered_at status channel? campaign? country? coupon? currency gross discount shipping"
    " tax tax_included shipping_cost? payment_fee? cancelled_at? test",
    "order_lines": "*order_id *line_id product_id? product_name? variant? category? quantity amount discount? unit_cost? kind",
    "returns": "*return_id order_id? line_id? product_id? who returned_at quantity? amount tax? reason? restocked?",
    "deliveries": "*delivery_id order_id shipped_at? promised_at? delivered_at?",
    "products": "*product_id name category? brand?",
    "product_costs": "*product_id *valid_from unit_cost currency",
    "visits": "*visit_id visitor_id? who order_id? converted? started_at channel? campaign? device? country? landing_page?",
    "traffic_days": "*day *channel *campaign *device *country visits visitors? orders?",
    "product_views": "*visit_id *product_id at",
    "carts": "*cart_id visitor_id? who opened_at updated_at last_step? amount? items order_id? reason?",
    "leads": "*lead_id who created_at channel? campaign? qualified_at? converted_at?",
    "spend": "*day *channel *campaign amount currency",
    "tickets": "*ticket_id who order_id? channel? topic? first_topic? agent? opened_at first_bot_reply_at? first_reply_at?"
    " first_resolved_at? last_resolved_at? first_reopened_at? closed_at? reopened reassigned? solutions_offered? status",
    "contacts": "*contact_id ticket_id? who at direction channel kind?",
    "calls": "*call_id who ticket_id? queue? entered_at answered_at? left_at outcome",
    "invitations": "*invitation_id survey who sent_at delivered? channel stage? order_id? ticket_id?",
    "answers": "*answer_id invitation_id? survey kind score? scale_low scale_high high_is comment? reason? language? who"
    " answered_at stage? aspect? product_id? order_id? ticket_id?",
    "mentions": "*mention_id who at network text sentiment?",
    "messages": "*message_id who campaign? journey? step? purpose? arm? cost? currency? channel sent_at delivered_at? opened_at?"
    " clicked_at? replied_at? failed_reason? order_id?",
    "message_days": "*day *campaign *channel sent delivered? opened? clicked? orders? revenue?",
    "holdouts": "*assignment_id campaign who arm assigned_at excluded_reason?",
    "consents": "*consent_id who channel purpose? at given how",
    "subscriptions": "*subscription_id who started_at ended_at? plan? reason?",
    "payouts": "*payout_id paid_at currency gross fees net",
    "exchange_rates": "*day *currency rate",
}
OUR_OWN = {
    "carts": "only_abandoned",  # a source that lists no others says so in each row
    "orders": "source_order_id?",  # tells apart orders of one order_id
    "spend": "last_day?",  # by it a row over several days is seen, and rejected
}
CHOICES = {
    "orders.status": "counted, cancelled, failed, draft, unpaid",
    "order_lines.kind": "product, gift card, tip, duty, shipping",
    "carts.last_step": "cart, contact, shipping, payment",
    "contacts.direction": "in, out",
    "calls.outcome": "answered, abandoned, timed out, left empty",
    "answers.kind": "nps, csat, ces",
    "answers.high_is": "good, bad",
    "holdouts.arm": "send, holdout",
}


def written(table: Table) -> str:
    """A table's columns as the contract writes them."""
    return " ".join(f"{'*' * (c.name in table.key)}{c.name}{'?' * c.nullable}" for c in table.columns)


def test_the_tables_and_their_columns_are_those_of_the_contract():
    who = "customer_id? email? phone? person_id?"
    contract = {name: f"{text.replace('who', who)} {OUR_OWN.get(name, '')}".strip() for name, text in CONTRACT.items()}
    assert {table.name: written(table) for table in TABLES} == contract


def test_the_key_is_in_the_order_of_its_columns():
    assert [t.name for t in TABLES if t.key != tuple(c.name for c in t.columns if c.name in t.key)] == []


def test_the_values_that_a_column_may_have_are_those_of_the_contract():
    declared = {f"{t.name}.{c.name}": ", ".join(c.choices) for t in TABLES for c in t.columns if c.choices}
    assert declared == CHOICES


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_about_somebody_has_all_columns_that_say_who(table: Table):
    columns = {column.name: column for column in IDENTITY_COLUMNS}
    own = {c.name: c for c in table.columns if c.name in columns}
    assert list(columns) == ["customer_id", "email", "phone", "person_id"] and set(columns) == set(IDENTITY_SQL)
    assert not own or list(own) == list(columns)
    assert bool(own) is (table in IDENTITY_TABLES)
    if table.name != "customers":
        assert own == (columns if own else {})


def test_who_a_person_is_follows_from_every_table_that_says_who():
    assert {table.name for table in IDENTITY_TABLES} == {
        "customers",
        *(name for name, text in CONTRACT.items() if " who" in text),
    }
    assert [name for name in BY_NAME if name.endswith("_days")] == ["traffic_days", "message_days"]
