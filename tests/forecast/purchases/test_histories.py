"""What is known of each customer as of a day, against rows written by hand and against plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import duckdb
import ibis
import numpy as np
import pytest

from metrics.shops import TestShop, order, shop
from regulars.forecast import fit
from regulars.forecast.purchases.histories import customer_histories, rfm_summary, rfm_summary_to_fit
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine

UNTIL = epoch_day(date(2024, 3, 1))
ROWS = [
    order(1, "ana", "2024-01-01", "10"),
    order(2, "ana", "2024-01-01T18:00:00", "20"),  # the same day: no return
    order(3, "ana", "2024-01-31", "30"),
    order(4, "ana", "2024-02-10T09:00:00", "1000"),  # capped
    order(5, "ana", "2024-03-01", "40"),  # not seen yet
    order(6, "ben", "2024-02-29", "50"),  # on the last day
    order(7, "cem", "2024-01-10", "0"),  # worth nothing, but a purchase
    order(8, "cem", "2024-01-20", "60"),  # refunded since
    order(9, "dua", "2024-03-05", "70"),  # nobody yet
    order(10, None, "2024-02-01", "80"),  # a guest
]
REFUND = {"return_id": "r", "order_id": "8", "returned_at": date(2024, 4, 1), "amount": Decimal(60)}
# What ana bought cost a half, but for her last order seen: that is not known. Ben's cost him all.
LINES = [
    {"order_id": str(number), "line_id": "1", "product_id": "p", "quantity": 1, "amount": Decimal(amount), "unit_cost": cost}
    for number, amount, cost in (
        (1, 10, 5), (2, 20, 10), (3, 30, 15), (4, 1000, None), (6, 50, 50), (7, 0, 0), (8, 60, 20),
    )
]  # fmt: skip


def engine_of(made: TestShop) -> Engine:
    return Engine(ibis.duckdb.from_connection(made.con))


def test_histories_by_hand():
    made = shop(orders=ROWS, returns=[REFUND], order_lines=LINES)
    engine = engine_of(made)
    found = engine.read(customer_histories(engine.fact("orders"), UNTIL, Decimal(100))).to_pylist()
    people = dict(made.con.execute("SELECT person, customer FROM facts.persons").fetchall())
    said = {people[row["person"]]: (*list(row.values())[2:],) for row in found}
    assert {name.split()[-1]: values for name, values in said.items()} == {
        # frequency, recency, age, spent, revenue and profit to date
        "ana": (2, 40, 59, Decimal(160), Decimal(1060), None),
        "ben": (0, 0, 0, Decimal(50), Decimal(50), Decimal(0)),
        "cem": (1, 10, 50, Decimal(0), Decimal(0), Decimal(-20)),
    }


def plain(facts: duckdb.DuckDBPyConnection, until: int, cap: Decimal) -> dict[int, tuple[object, ...]]:
    """The same without the engine: from days and amounts alone."""
    days, paid, worth, left = (defaultdict(set), defaultdict(list), defaultdict(list), defaultdict(list))
    rows = facts.execute("SELECT person, day, net_revenue, profit FROM facts.orders").fetchall()
    for person, day, value, profit in rows:
        if person is not None and day < until:
            days[person].add(day)
            paid[person] += [min(value, cap)] if value > 0 else []
            worth[person].append(value)
            left[person].append(profit)
    return {
        person: (
            len(seen) - 1,
            max(seen) - min(seen),
            until - 1 - min(seen),
            sum(paid[person], Decimal(0)),
            sum(worth[person], Decimal(0)),
            None if None in left[person] else sum(left[person], Decimal(0)),
        )
        for person, seen in days.items()
    }


@pytest.mark.parametrize("days_before", [0, 200])
def test_histories_of_a_simulated_shop(facts: duckdb.DuckDBPyConnection, engine: Engine, days_before: int):
    until, cap = epoch_day(date(2026, 1, 1)) - days_before, Decimal("99.99")
    rows = engine.keep("histories", customer_histories(engine.fact("orders"), until, cap))
    expected = plain(facts, until, cap)
    found = {row["person"]: (*list(row.values())[2:],) for row in engine.read(rows).to_pylist()}
    assert len(found) > 500 and found == expected
    pasts = [(frequency, age, recency) for frequency, recency, age, *_ in found.values()]
    assert pasts == sorted(pasts)  # equal ones together
    counted = rfm_summary(engine, rows)
    here = Counter(
        {
            (x, t, T): n
            for x, t, T, n in zip(
                counted.x.tolist(), counted.t_x.tolist(), counted.T.tolist(), counted.n.tolist(), strict=True
            )
        }
    )
    assert here == Counter(past[:3] for past in expected.values())


def test_weeks_stand_for_days_where_cells_are_many(engine: Engine):
    until = epoch_day(date(2026, 1, 1))
    rows = engine.keep("histories", customer_histories(engine.fact("orders"), until, Decimal(10**6)))
    days = rfm_summary(engine, rows)
    assert rfm_summary_to_fit(engine, rows, days) is days
    weeks = rfm_summary_to_fit(engine, rows, days, most=10)
    assert len(weeks.x) < 0.8 * len(days.x)
    for name in ("x", "t_x", "T"):
        assert weeks.n @ getattr(weeks, name) == pytest.approx(days.n @ getattr(days, name))
    np.testing.assert_allclose(fit(weeks, "mbg").estimate.values, fit(days, "mbg").estimate.values, rtol=0.01)
