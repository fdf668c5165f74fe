"""Facts written by hand into an engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb
import ibis

from regulars.forecast.shop.engine import Engine
from regulars.vocabulary.calendar import epoch_day

Row = tuple[str, str | None, date, date | None]
"""A customer, a plan, when the subscription began and when it ended."""


def subscribed(rows: Iterable[Row]) -> Engine:
    """An engine that holds these subscriptions, numbered from 0, as the fact; persons are numbered by their customers' names."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA facts")
    con.execute(
        "CREATE TABLE facts.subscriptions (source VARCHAR, subscription_id VARCHAR, person BIGINT, plan VARCHAR, day INTEGER,"
        " ended_day INTEGER, bucket INTEGER)"
    )
    given: list[tuple[Any, ...]] = []
    persons: dict[str, int] = {}
    for number, (customer, plan, began, ended) in enumerate(rows):
        person = persons.setdefault(customer, len(persons))
        given.append(("own", str(number), person, plan, epoch_day(began), ended and epoch_day(ended), person % 32))
    con.executemany("INSERT INTO facts.subscriptions VALUES (?, ?, ?, ?, ?, ?, ?)", given)
    con.execute(
        "CREATE TABLE facts.orders (source VARCHAR, order_id VARCHAR, person BIGINT, day INTEGER, net_revenue DECIMAL(18,4),"
        " profit DECIMAL(18,4), cost_estimated BOOLEAN)"
    )
    return Engine(ibis.duckdb.from_connection(con))


def ordered(engine: Engine, rows: Iterable[tuple[int, date, str, str | None]]) -> None:
    """Add orders: person, day, net revenue, profit."""
    given = [
        ("own", str(n), person, epoch_day(day), net, profit, False) for n, (person, day, net, profit) in enumerate(rows)
    ]
    engine.backend.con.executemany("INSERT INTO facts.orders VALUES (?, ?, ?, ?, ?, ?, ?)", given)
