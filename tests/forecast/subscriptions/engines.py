"""Facts written by hand into an engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine

Row = tuple[str, str | None, date, date | None]
"""A customer, a plan, when the subscription began and when it ended."""
Order = tuple[int, date, str, str | None]
"""A person, a day, net revenue and profit."""
_FACTS = {
    "subscriptions": "source VARCHAR, subscription_id VARCHAR, person BIGINT, plan VARCHAR, day INTEGER, ended_day INTEGER,"
    " bucket INTEGER",
    "orders": "source VARCHAR, order_id VARCHAR, person BIGINT, day INTEGER, net_revenue DECIMAL(18,4), profit DECIMAL(18,4),"
    " cost_estimated BOOLEAN",
}


def subscribed(rows: Iterable[Row], orders: Iterable[Order] = ()) -> Engine:
    """An engine that holds these facts. Subscriptions are numbered from 0, and persons in the order their customers appear."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA facts")
    persons: dict[str, int] = {}
    subscriptions: list[tuple[Any, ...]] = []
    for number, (customer, plan, began, ended) in enumerate(rows):
        person = persons.setdefault(customer, len(persons))
        last = ended and epoch_day(ended)
        subscriptions.append(("regulars", str(number), person, plan, epoch_day(began), last, person % 32))
    placed = [
        ("regulars", str(n), who, epoch_day(day), net, profit, False)
        for n, (who, day, net, profit) in enumerate(orders)
    ]
    for (name, columns), given in zip(_FACTS.items(), (subscriptions, placed), strict=True):
        con.execute(f"CREATE TABLE facts.{name} ({columns})")
        if given:
            con.register("given", pa.table({str(n): list(column) for n, column in enumerate(zip(*given, strict=True))}))
            con.execute(f"INSERT INTO facts.{name} FROM given")
            con.unregister("given")
    return Engine(ibis.duckdb.from_connection(con))
