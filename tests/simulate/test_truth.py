from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow.parquet as pq
import pytest

from regulars.simulate import ShopShape, SimulatedShop, expected_values, simulate, small_shops, true_values
from regulars.simulate.population import Kind
from regulars.simulate.truth import Ledger, Orders
from regulars.vocabulary.calendar import Calendar, Period

CALENDAR = Calendar("Europe/London")


@pytest.mark.parametrize("text", ["2025-11", "2025-Q2", "2024-03-05..2025-09-20", "2025-12-31"])
@pytest.mark.parametrize("window", [30, 365])
def test_values_are_what_counting_by_hand_gives(text: str, window: int) -> None:
    shop = simulate(ShopShape(customers=300, nameless=0.1), seed=9)
    period = CALENDAR.parse(text)
    found = true_values(Orders.of(shop), shop.shape.first_day, period, window)
    for name, value in by_hand(shop, period, window).items():
        assert found[name] == pytest.approx(value, rel=2e-4, nan_ok=True), name


def by_hand(shop: SimulatedShop, period: Period, window: int) -> dict[str, float]:
    """The same values from the canonical rows, customer by customer, with dictionaries and sets."""
    kinds = shop.people.kind[shop.bought.person].tolist()
    back: dict[str, Decimal] = defaultdict(Decimal)
    pieces_back: dict[str, int] = defaultdict(int)
    for row in shop.returns.to_pylist():
        back[row["order_id"]] += row["amount"]
        pieces_back[row["order_id"]] += row["quantity"] or 0
    pieces: dict[str, int] = defaultdict(int)
    for row in shop.order_lines.to_pylist():
        pieces[row["order_id"]] += row["quantity"]
    history: dict[int, list[tuple[date, float]]] = defaultdict(list)
    orders, revenue, sold, returned = 0, 0.0, 0, 0
    for row, who, kind, day in zip(
        shop.orders.to_pylist(), shop.bought.person.tolist(), kinds, shop.bought.day.tolist(), strict=True
    ):
        if row["status"] != "counted":
            continue
        on = shop.shape.first_day + timedelta(days=day)
        paid = row["gross"] - row["discount"] + row["shipping"]
        net = float((paid - row["tax"]) * (1 - back[row["order_id"]] / paid))
        if period.start <= on < period.end:
            orders, revenue = orders + 1, revenue + net
            sold, returned = sold + pieces[row["order_id"]], returned + pieces_back[row["order_id"]]
        if kind != Kind.NAMELESS:
            history[who].append((on, net))

    def active(at: date) -> set[int]:
        start = at - timedelta(days=window)
        return {who for who, bought in history.items() if any(start <= day < at for day, _ in bought)}

    inside = {who: [net for day, net in bought if period.start <= day < period.end] for who, bought in history.items()}
    buyers = {who for who, bought in inside.items() if bought}
    before = {who for who, bought in history.items() if any(day < period.start for day, _ in bought)}
    until = {who: [net for day, net in bought if day < period.end] for who, bought in history.items()}
    customers = {who for who, bought in until.items() if bought}
    gaps = []
    for bought in history.values():
        days = sorted({day for day, _ in bought})
        gaps += [(b - a).days for a, b in pairwise(days) if period.start <= b < period.end]
    at_start, at_end = active(period.start), active(period.end)
    none = float("nan")
    return {
        "orders": orders,
        "net_revenue": revenue,
        "average_order_value": revenue / orders,
        "orders_per_active_customer": sum(len(inside[who]) for who in buyers) / len(buyers),
        "average_revenue_per_customer": sum(sum(inside[who]) for who in buyers) / len(buyers),
        "repeat_purchase_rate": sum(len(inside[who]) >= 2 for who in buyers) / len(buyers),
        "returning_customer_rate": sum(who in before or len(inside[who]) >= 2 for who in buyers) / len(buyers),
        "repeat_customer_rate": sum(len(until[who]) >= 2 for who in customers) / len(customers),
        "customer_retention_rate": len(at_start & at_end) / len(at_start),
        "customer_churn_rate": len(at_start - at_end) / len(at_start),
        "net_churn_rate": (len(at_start) - len(at_end)) / len(at_start),
        "time_between_purchases": sum(gaps) / len(gaps) if gaps else none,
        "time_between_purchases_median": median(gaps) if gaps else none,
        "customer_lifetime_value": sum(sum(until[who]) for who in customers) / len(customers),
        "product_return_rate": returned / sold,
    }


def test_expected_values_lie_where_small_shops_lie() -> None:
    period = CALENDAR.parse("2025-Q3")
    shape = small_shops(20, 150)
    expected = expected_values(shape, period, customers=20_000)
    shop = simulate(shape, seed=4)
    found = true_values(Orders.of(shop), shape.first_day, period)
    for name in ("average_order_value", "repeat_purchase_rate", "customer_retention_rate", "customer_lifetime_value"):
        assert found[name] == pytest.approx(expected[name], rel=0.15), name


def test_small_shops_do_not_share_customers() -> None:
    shop = simulate(small_shops(20, 150), seed=4)
    assert np.array_equal(shop.bought.channel, shop.people.channel[shop.bought.person])
    assert np.bincount(shop.people.channel, minlength=20).min() > 100


def test_the_truth_beside_the_exports_agrees_with_the_rows(shop: SimulatedShop, exports: Path) -> None:
    truth = json.loads((exports / ".truth" / "truth.json").read_text(encoding="utf-8"))
    counted = [row["status"] == "counted" for row in shop.orders.to_pylist()]
    assert truth["orders"] == shop.orders.num_rows
    assert truth["counted_orders"] == sum(counted)
    assert sum(channel["orders"] for channel in truth["channels"].values()) == shop.orders.num_rows
    assert sum(channel["customers"] for channel in truth["channels"].values()) == truth["customers"] == 4_000
    assert truth["net_revenue"] == pytest.approx(Ledger.of(shop).net_revenue.sum(), abs=0.01)
    people = pq.read_table(exports / ".truth" / "customers.parquet")
    assert people.num_rows == 4_000
    assert sum(people["orders"].to_pylist()) == truth["orders"]
    assert sum(people["counted_orders"].to_pylist()) == truth["counted_orders"]
    assert sum(people["expected_orders"].to_pylist()) == pytest.approx(truth["orders"], rel=0.05)
    for entry, left in zip(people["first_day"].to_pylist(), people["left_on"].to_pylist(), strict=True):
        assert shop.shape.first_day <= entry <= shop.shape.last_day
        assert left is None or entry < left <= shop.shape.last_day
