"""Each order's place in its customer's history, the histograms of silence, and the days that tables cover."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from metrics.shops import TestShop, order, shop
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.shop import Settings


@pytest.fixture(scope="module")
def three() -> TestShop:
    """ana: four orders, two on one day; ben: one; a guest: one."""
    return shop(
        orders=[
            order("b", "ana", "2024-03-01T15:00", country="DE"), order("a", "ana", "2024-03-01T09:00", country="FR"),
            order("d", "ana", "2024-04-01T09:00"), order("c", "ana", "2024-03-11T09:00", country="AT"),
            order("e", "ben", "2024-03-05"), order("g", None, "2024-03-06"),
        ]
    )  # fmt: skip


def test_an_orders_place_in_history(three: TestShop) -> None:
    found = three.con.execute(
        "SELECT order_id, order_number, day - previous_day, day - second_previous_day, next_day - day,"
        " first_country FROM facts.orders ORDER BY order_id"
    ).fetchall()
    assert found == [
        ("a", 1, None, None, 0, "FR"),
        ("b", 2, 0, None, 10, "FR"),
        ("c", 3, 10, 10, 21, "FR"),
        ("d", 4, 21, 31, None, "FR"),
        ("e", 1, None, None, None, None),
        ("g", None, None, None, None, None),
    ]


def test_the_histograms_of_silence(three: TestShop) -> None:
    found: dict[str, list[tuple[Any, ...]]] = {}
    rows = three.con.execute(
        "SELECT histogram, DATE '1970-01-01' + day, nullif(gap, 32767), number, n FROM facts.gaps ORDER BY ALL"
    )
    for histogram, day, gap, number, n in rows.fetchall():
        found.setdefault(histogram, []).append((day.strftime("%m-%d"), gap, number, n))
    assert found == {
        "before": [
            ("03-01", 0, 2, 1),
            ("03-01", None, 1, 1),
            ("03-05", None, 1, 1),
            ("03-11", 10, 3, 1),
            ("04-01", 21, 3, 1),
        ],
        "after": [
            ("03-01", 0, 0, 1),
            ("03-01", 10, 0, 1),
            ("03-05", None, 0, 1),
            ("03-11", 21, 0, 1),
            ("04-01", None, 0, 1),
        ],
        "before_by_day": [("03-01", None, 1, 1), ("03-05", None, 1, 1), ("03-11", 10, 2, 1), ("04-01", 21, 3, 1)],
    }


def test_buckets_are_those_of_persons_and_guests_have_one_too(three: TestShop) -> None:
    found = three.con.execute("SELECT bucket, person % 32 FROM facts.orders WHERE person IS NOT NULL").fetchall()
    assert all(bucket == expected for bucket, expected in found)
    assert three.con.execute("SELECT count(*) FROM facts.orders WHERE bucket NOT BETWEEN 0 AND 31").fetchone() == (0,)


def test_guests_are_spread_over_the_buckets_by_their_order() -> None:
    made = shop(orders=[order(f"o{number}", None, "2024-03-01") for number in range(640)])
    found = made.con.execute("SELECT bucket, count(*) FROM facts.orders GROUP BY bucket").fetchall()
    assert len(found) == 32
    assert max(count for _, count in found) < 45  # 20 on average


@pytest.mark.parametrize(
    ("timezone", "zone", "day"),
    [
        ("Europe/London", None, "2024-07-02"),
        ("America/New_York", None, "2024-07-01"),
        ("America/New_York", "Europe/London", "2024-07-02"),
        ("Europe/London", "UTC", "2024-07-01"),
    ],
)
def test_the_local_day_of_an_order(timezone: str, zone: str | None, day: str) -> None:
    """23:30 UTC; a file's own zone holds, whatever the shop's."""
    made = shop(
        Settings(name="test", currency="GBP", timezone=timezone),
        orders=[order(1, "ana", "2024-07-01T23:30", zone=zone)],
    )
    expected = epoch_day(date.fromisoformat(day))
    assert made.con.execute("SELECT day FROM facts.orders").fetchone() == (expected,)
    assert made.con.execute("SELECT first_day, last_day FROM facts.coverage").fetchone() == (expected, expected)


def test_a_table_covers_the_days_of_its_rows() -> None:
    back = {"return_id": "r", "returned_at": datetime(2024, 4, 1, 12), "amount": Decimal(1), "load_id": 2}
    made = shop(
        orders=[
            order(1, "ana", "2024-03-01"), order(2, "ana", "2024-05-01"), order(3, "ana", "2024-06-01", load_id=2),
            order(4, "ana", "2024-07-01", load_id=3, status="cancelled"),
        ],
        returns=[back],
        spend=[{"day": date(2024, 2, 1), "channel": "ads", "amount": Decimal(1), "currency": "GBP", "load_id": 4}],
    )  # fmt: skip
    found = made.facts.coverage
    assert found["orders"] == (date(2024, 3, 1), date(2024, 7, 1))
    # The refund came with the orders of June; what another load says of July is not known of refunds.
    assert found["returns"] == (date(2024, 4, 1), date(2024, 6, 1))
    assert found["spend"] == (date(2024, 2, 1), date(2024, 2, 1))
    assert "calls" not in found


def test_orders_of_two_sources_with_one_number_are_two() -> None:
    made = shop(
        orders=[order(1, "ana", "2024-03-01", 10, source="a"), order(1, "ana", "2024-03-02", 20, source="b")],
        order_lines=[{"order_id": "1", "line_id": "1", "quantity": 1, "amount": Decimal(7), "source": "b"}],
        returns=[
            {
                "return_id": "r",
                "order_id": "1",
                "returned_at": datetime(2024, 3, 3),
                "amount": Decimal(10),
                "source": "a",
            }
        ],
    )
    found = made.con.execute("SELECT source, net_revenue, order_number FROM facts.orders ORDER BY source").fetchall()
    assert found == [("a", 0, 1), ("b", 7, 1)]
