"""The facts that metrics are computed on, one declaration per fact (see fact_table.py).

Each has one row per event on a day of the shop's calendar, amounts in the shop's currency, and the columns of splits.
"""

from __future__ import annotations

from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts.answers import ANSWERS
from regulars.warehouse.facts.calls import CALLS
from regulars.warehouse.facts.leads import LEADS
from regulars.warehouse.facts.orders.lines import LINES
from regulars.warehouse.facts.orders.orders import ORDERS
from regulars.warehouse.facts.orders.returns import RETURNS
from regulars.warehouse.facts.spend import SPEND
from regulars.warehouse.facts.subscriptions import SUBSCRIPTIONS
from regulars.warehouse.facts.tickets import TICKETS
from regulars.warehouse.facts.visits import VISITS

FACT_TABLES: tuple[FactTable, ...] = (
    VISITS,
    ORDERS,
    LINES,
    RETURNS,
    SPEND,
    SUBSCRIPTIONS,
    ANSWERS,
    LEADS,
    TICKETS,
    CALLS,
)

BY_NAME: dict[str, FactTable] = {fact.name: fact for fact in FACT_TABLES}

OF_TABLE: dict[str, FactTable] = {fact.table.name: fact for fact in FACT_TABLES}
"""The fact of each canonical table that has one."""
