"""The lead-to-customer rates: by hand, of shops drawn at random against SQL over the canonical tables, and load after load."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from metrics.shops import order, shop
from metrics.test_splits_and_filters import numbers
from warehouse.test_difference import Shop
from warehouse.test_difference import order as raw_order

Row = dict[str, Any]


def lead(number: int, customer: str | None, day: str, **more: Any) -> Row:
    return {"lead_id": f"l{number}", "customer_id": customer, "created_at": datetime.fromisoformat(day), **more}


def test_by_hand() -> None:
    """ana ordered the same day, ben a month later, cem before, dua never; nobody knows who the last is."""
    leads = [
        lead(1, "ana", "2024-02-10T15:00", channel="fair", qualified_at=datetime(2024, 2, 11)),
        lead(2, "ben", "2024-02-11T10:00", channel="fair"),
        lead(3, "cem", "2024-02-12T10:00", channel="web", qualified_at=datetime(2024, 2, 12, 10)),
        lead(4, "dua", "2024-02-29T22:59", channel="web"),
        lead(5, None, "2024-02-13T10:00", channel="web"),
        lead(6, "ben", "2024-03-01T00:00", channel="web"),
    ]
    orders = [
        order(1, "ana", "2024-02-10"),
        order(2, "ben", "2024-03-15"),
        order(3, "cem", "2024-01-02"),
        order(4, "cem", "2024-02-20"),
    ]
    made = shop(leads=leads, orders=orders)
    assert numbers(made, "lead_to_customer_rate", "2024-02") == {"": 2 / 4}
    assert numbers(made, "lead_to_customer_rate", "2024-03") == {"": 1}
    assert numbers(made, "lead_to_customer_rate", "2024-02", ("channel",)) == {"fair": 1, "web": 0}
    assert numbers(made, "qualified_lead_to_customer_rate", "2024-02") == {"": 1 / 2}
    assert numbers(made, "lead_to_customer_rate", "2024-01") == {"": None}


BY_SQL = """
    WITH counted AS (SELECT customer_id, min(ordered_at)::DATE AS first FROM orders WHERE status = 'counted' GROUP BY ALL)
    SELECT coalesce(channel, 'unknown'), count(*) FILTER (first >= created_at::DATE) / count(*) FROM leads
    LEFT JOIN counted USING (customer_id)
    WHERE strftime(created_at, '%Y-%m') = '2024-02' AND customer_id IS NOT NULL GROUP BY ALL
"""


@pytest.mark.parametrize("seed", range(3))
def test_the_rate_is_that_of_sql_over_the_tables(seed: int) -> None:
    chance = random.Random(seed)
    people = (None, *(f"c{number}" for number in range(30)))
    leads = [
        lead(
            number,
            chance.choice(people),
            f"2024-02-{chance.randrange(1, 29):02}T12:00",
            channel=chance.choice(("fair", "web")),
        )
        for number in range(150)
    ]
    orders = [
        order(number, chance.choice(people), (datetime(2024, 1, 1) + timedelta(days=chance.randrange(120))).date())
        for number in range(40)
    ]
    con = duckdb.connect()
    con.execute("CREATE TABLE leads (customer_id TEXT, created_at TIMESTAMP, channel TEXT)")
    con.executemany(
        "INSERT INTO leads VALUES (?, ?, ?)",
        [[row[name] for name in ("customer_id", "created_at", "channel")] for row in leads],
    )
    con.execute("CREATE TABLE orders (customer_id TEXT, ordered_at TIMESTAMP, status TEXT)")
    con.executemany(
        "INSERT INTO orders VALUES (?, ?, ?)",
        [[row["customer_id"], row["ordered_at"], row.get("status", "counted")] for row in orders],
    )
    expected = dict(con.execute(BY_SQL).fetchall())
    assert numbers(shop(leads=leads, orders=orders), "lead_to_customer_rate", "2024-02", ("channel",)) == pytest.approx(
        expected
    )


def test_an_order_after_the_lead_makes_a_customer() -> None:
    """The lead is loaded first; each later load changes what became of it, by difference."""
    made = Shop()

    def became() -> int:
        made.check()
        return int(made.con.execute("SELECT became_customer FROM facts.leads").fetchall()[0][0])

    at = datetime(2024, 2, 10, 12)
    made.load({"leads": [lead(1, "ana", "2024-02-10T12:00")]})
    assert became() == 0
    made.load({"orders": [raw_order("1", at + timedelta(days=3), 10, customer_id="ana")]})
    assert became() == 1
    made.load({"orders": [raw_order("2", at - timedelta(days=3), 10, customer_id="ana")]})
    assert became() == 0
    made.undo(3)
    assert became() == 1
    made.load(
        {
            "customers": [{"customer_id": name, "email": "ana@example.com"} for name in ("ana", "old")],
            "orders": [raw_order("3", at - timedelta(days=9), 10, customer_id="old")],
        }
    )
    assert became() == 0
    assert not any(made.ways[1:]), "derived by difference"
