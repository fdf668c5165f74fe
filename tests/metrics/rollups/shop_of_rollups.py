"""Small random shops whose sums are all kept, and the same questions asked of rollups and of rows."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from metrics.shops import TestShop, order, shop
from regulars.metrics.query import Facts, Query
from regulars.metrics.query_result import Value
from regulars.metrics.rollups.refresh import refresh
from regulars.metrics.rollups.rollup import StorageRule
from regulars.metrics.run_query import run_query
from regulars.vocabulary.calendar import WEEKDAYS
from regulars.vocabulary.settings.business_hours import BusinessHours
from regulars.vocabulary.shop import Settings
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.schema import Column, Kind, Table

ALL = StorageRule(small=math.inf, few_rows=0)
"""Keep everything, however small the facts are."""
COUNTED = replace(ALL, compressed=math.inf)
"""Keep counts of every value too, in place of results."""
SETTINGS = Settings(
    name="test", currency="GBP", timezone="Europe/London", week_start="wednesday", fiscal_year_start=4, active_window=40,
    business_hours=BusinessHours.read({day: ["08:00-12:00", "13:00-18:00"] for day in WEEKDAYS[:5]}),
)  # fmt: skip
FIRST = date(2023, 12, 20)
Tables = dict[str, list[dict[str, Any]]]


def tables(seed: int, orders: int = 60) -> Tables:
    """What a shop of some ten customers and guests sold, took back, advertised and was asked within four months, by chance."""
    chance = Random(seed)
    found: Tables = {"orders": [], "order_lines": [], "returns": [], "spend": [], "tickets": []}
    for number in range(orders):
        day = FIRST + timedelta(days=chance.choice([0, 1, 12, 13, chance.randrange(120)]))
        customer = None if chance.random() < 0.15 else f"c{chance.randrange(12)}"
        amount = f"{chance.randrange(1, 9000) / 100:.2f}"
        found["orders"].append(
            order(number, customer, f"{day}T{chance.randrange(24):02}:30:00", amount, country=chance.choice([None, "DE", "FR"]),
                  channel=chance.choice(["web", "shop", None]), coupon=chance.choice([None, "SPRING"]))
        )  # fmt: skip
        cost = None if chance.random() < 0.05 else Decimal(chance.randrange(1, 500)) / 100
        line = {"order_id": str(number), "line_id": "1", "product_id": chance.choice("pqr"), "unit_cost": cost,
                "quantity": chance.randrange(1, 4), "amount": Decimal(amount)}  # fmt: skip
        if chance.random() < 0.8:
            found["order_lines"].append(line)
            if chance.random() < 0.4:
                other = {"line_id": "2", "product_id": chance.choice("pqrs"), "category": chance.choice([None, "warm"])}
                found["order_lines"].append({**line, **other, "amount": Decimal(chance.randrange(0, 3000)) / 100})
                found["orders"][-1] |= {"shipping": Decimal(chance.randrange(500)) / 100}
            if chance.random() < 0.3:
                back = day + timedelta(days=chance.randrange(40))
                found["returns"].append(
                    {"return_id": f"r{number}", "returned_at": datetime.fromisoformat(f"{back}T12:00:00"),
                     "quantity": chance.choice([None, 1]), "amount": Decimal(amount) / 2, "reason": chance.choice([None, "small"]),
                     "customer_id": None if number % 3 else f"c{number % 4}",
                     **({"order_id": str(number), "line_id": "1"} if chance.random() < 0.8 else {})}
                )  # fmt: skip
    for place in range(chance.randrange(5)):
        day = FIRST + timedelta(days=place * 9)
        found["spend"].append({"day": day, "channel": "web", "amount": Decimal(place + 1), "currency": "GBP"})
    for number in range(orders // 3):
        at = datetime.fromisoformat(f"{FIRST}T10:00:00") + timedelta(minutes=chance.randrange(120 * 24 * 60))
        events = {}
        for name in ("first_reply_at", "first_resolved_at", "last_resolved_at"):
            at += timedelta(minutes=chance.randrange(3000))
            events[name] = at
        opened = events["first_reply_at"] - timedelta(minutes=chance.choice([0, 5, 2000]))
        customer = None if chance.random() < 0.2 else f"c{chance.randrange(12)}"
        found["tickets"].append(
            {"ticket_id": f"t{number}", "customer_id": customer, "status": "closed", "reopened": 0, "opened_at": opened,
             "channel": chance.choice(["web", None]), **(events if chance.random() < 0.8 else {})}
        )  # fmt: skip
    for fact in FACT_TABLES:
        if fact.table.name not in found:
            found[fact.table.name] = by_declaration(fact.table, chance, orders // 3)
    return found


def by_declaration(table: Table, chance: Random, number: int) -> list[dict[str, Any]]:
    """Rows of a table that nothing here tells more of: about the same customers, within four months."""

    def value(column: Column, place: int) -> Any:
        if column.name in table.key and column.kind is Kind.ID:
            return f"{column.name}{place}"
        if column.name == "customer_id":
            return f"c{chance.randrange(12)}" if chance.random() < 0.8 else None
        if column.kind is Kind.ID or column.name in ("email", "phone") or (column.nullable and chance.random() < 0.3):
            return None
        at = datetime.fromisoformat(f"{FIRST}T10:00:00") + timedelta(minutes=chance.randrange(120 * 24 * 60))
        if column.choices:
            return chance.choice(column.choices)
        kinds = {
            Kind.INSTANT: at, Kind.DAY: at.date(), Kind.MONEY: Decimal(chance.randrange(9000)) / 100,
            Kind.INTEGER: chance.randrange(5), Kind.NUMBER: Decimal(1), Kind.FLAG: chance.random() < 0.5, Kind.JSON: "{}",
        }  # fmt: skip
        return kinds.get(column.kind, "GBP" if column.name == "currency" else f"{column.name}{chance.randrange(3)}")

    return [{column.name: value(column, place) for column in table.columns} for place in range(number)]


def shop_of(seed: int, rule: StorageRule = ALL, settings: Settings = SETTINGS) -> TestShop:
    """A random shop with its rollups."""
    made = replace(shop(settings, **tables(seed)), rule=rule)
    refresh(made.con, settings, rule=rule)
    return made


def without_rollups(facts: Facts) -> Facts:
    """The same facts, of which every sum is taken from rows."""
    return replace(facts, rollups=(), built=None)


def told(question: Query, facts: Facts) -> list[tuple[object, ...]]:
    """Everything a question is told, to be compared."""
    return [_all_of(value) for value in run_query(question, facts)]


def _all_of(value: Value) -> tuple[object, ...]:
    change = value.change
    return (
        value.metric.name, value.period.label, tuple(value.split.items()), value.value, value.low, value.high, value.n,
        value.numerator, value.denominator, value.complete, value.mature, change,
    )  # fmt: skip
