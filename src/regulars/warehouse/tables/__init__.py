"""The canonical tables, one declaration per table: the contract with sources and exports."""

from __future__ import annotations

from regulars.warehouse.schema import Table
from regulars.warehouse.tables.costs import exchange_rates, payouts, product_costs, products, spend
from regulars.warehouse.tables.messages import holdouts, message_days, messages
from regulars.warehouse.tables.orders import deliveries, order_lines, orders, returns
from regulars.warehouse.tables.people import consents, customers, subscriptions
from regulars.warehouse.tables.service import calls, contacts, tickets
from regulars.warehouse.tables.surveys import answers, invitations, mentions
from regulars.warehouse.tables.web import carts, leads, product_views, traffic_days, visits

TABLES: tuple[Table, ...] = (
    customers,
    orders,
    order_lines,
    returns,
    deliveries,
    products,
    product_costs,
    visits,
    traffic_days,
    product_views,
    carts,
    leads,
    spend,
    tickets,
    contacts,
    calls,
    invitations,
    answers,
    mentions,
    messages,
    message_days,
    holdouts,
    consents,
    subscriptions,
    payouts,
    exchange_rates,
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
