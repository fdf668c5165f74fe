"""The conversion rate of shops drawn at random, against plain Python: distinct visitors, splits, filters, days without data."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from metrics.shops import TestShop, order, shop
from metrics.test_splits_and_filters import numbers
from regulars.metrics.catalogue import named
from regulars.metrics.query import Query
from regulars.metrics.run_query import run_query

START = datetime(2024, 2, 1, 12)
Row = dict[str, Any]
CHANNELS = ("search", "mail", None)


def drawn(seed: int) -> tuple[list[Row], list[Row]]:
    """Visits of 60 browsers and of unnamed ones, and orders: some of nobody known, some placed in a visit."""
    chance = random.Random(seed)
    visits = [
        {
            "visit_id": str(n), "visitor_id": chance.choice((None, *(str(v) for v in range(60)))),
            "customer_id": chance.choice((None, None, *(f"c{c}" for c in range(30)))), "channel": chance.choice(CHANNELS),
            "started_at": START + timedelta(days=chance.randrange(60)),
        }
        for n in range(300)
    ]  # fmt: skip
    orders = [
        order(
            n, chance.choice((None, *(f"c{c}" for c in range(30)))), (START + timedelta(days=chance.randrange(60))).date(),
            visit_id=chance.choice((None, str(chance.randrange(300)))), channel=chance.choice(CHANNELS),
        )
        for n in range(80)
    ]  # fmt: skip
    return visits, orders


def visitors(visits: list[Row]) -> int:
    return len({("browser", row["visitor_id"]) if row["visitor_id"] else ("visit", row["visit_id"]) for row in visits})


@pytest.mark.parametrize("seed", range(3))
def test_the_rate_is_that_of_plain_python(seed: int) -> None:
    visits, orders = drawn(seed)
    made = shop(visits=visits, orders=orders)
    for month in ("2024-02", "2024-03"):
        came = [row for row in visits if f"{row['started_at']:%Y-%m}" == month]
        bought = [row for row in orders if f"{row['ordered_at']:%Y-%m}" == month]
        assert numbers(made, "conversion_rate", month) == {"": pytest.approx(len(bought) / visitors(came))}
        mail = [row for row in came if row["channel"] == "mail"]
        expected = sum(row["channel"] == "mail" for row in bought) / visitors(mail)
        by_channel = numbers(made, "conversion_rate", month, ("channel",))
        unknown = [sum(row["channel"] is None for row in rows) / len(rows) for rows in (bought, came)]
        if max(unknown) < 0.2:
            assert by_channel["mail"] == pytest.approx(expected)


def test_known_values_stand_where_little_is_unknown() -> None:
    visits = [{"visit_id": str(n), "visitor_id": str(n % 40), "channel": "mail" if n % 2 else "search",
               "started_at": START} for n in range(80)]  # fmt: skip
    orders = [order(n, f"c{n}", "2024-02-01", channel="mail" if n < 3 else "search") for n in range(4)]
    made = shop(visits=visits, orders=orders)
    assert numbers(made, "conversion_rate", "2024-02", ("channel",)) == {"mail": 3 / 20, "search": 1 / 20}
    assert numbers(made, "conversion_rate", "2024-02", (), ("channel=mail",)) == {"": 3 / 20}


def test_without_visitors_there_is_no_rate_and_without_orders_it_is_zero() -> None:
    came = [{"visit_id": str(n), "visitor_id": str(n), "started_at": START + timedelta(days=n)} for n in (0, 70)]
    made = shop(visits=came, orders=[order(1, "ana", "2024-03-05"), order(2, "ben", "2024-01-31")])
    assert numbers(made, "conversion_rate", "2024-02") == {"": 0}
    assert numbers(made, "conversion_rate", "2024-03") == {"": None}


def simulated(chance: np.random.Generator, visitors: int = 800, share: float = 0.5) -> TestShop:
    """Each visitor comes by one browser, half of them known as a customer; each orders in a visit with a chance of `share`."""
    known, buys = chance.random(visitors) < 0.5, chance.random(visitors) < share
    visits = [{"visit_id": str(n), "visitor_id": f"v{n}", "customer_id": f"c{n}" if known[n] else None,
               "started_at": START} for n in range(visitors)]  # fmt: skip
    orders = [order(n, f"c{n}" if known[n] and n % 3 else None, "2024-02-01", visit_id=str(n))
              for n in range(visitors) if buys[n]]  # fmt: skip
    return shop(visits=visits, orders=orders)


@pytest.mark.slow
def test_intervals_hold_the_share_they_were_drawn_by_and_are_as_wide_as_the_binomials() -> None:
    """Both sides lie in one bucket: 200 shops hold a share of a half in 91 to 98 % of them (three standard errors)."""
    chance = np.random.default_rng(5)
    held, widths = 0, []
    for _ in range(200):
        made = simulated(chance)
        facts = made.facts
        (value,) = run_query(Query((named("conversion_rate"),), (facts.calendar.parse("2024-02"),)), facts)
        made.con.close()
        assert value.low is not None
        assert value.high is not None
        held += value.low <= 0.5 <= value.high
        widths.append(value.high - value.low)
    assert 0.91 <= held / 200 <= 0.98
    assert np.mean(widths) == pytest.approx(2 * 2.04 * np.sqrt(0.25 / 800), rel=0.05)  # t with 31 degrees of freedom
