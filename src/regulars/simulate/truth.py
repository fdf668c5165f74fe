"""True values of a simulated shop: its customers' rates and lifetimes, and the expected values of metrics.

Independent of the code that computes metrics, which is tested against it: only the metrics' definitions, with numpy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from regulars.simulate import contact_details
from regulars.simulate.baskets import Basket
from regulars.simulate.clock import Floats, Integers
from regulars.simulate.population import YEAR, Kind, expected_later_orders
from regulars.simulate.shape import MARKETPLACE_EMAIL, ShopShape
from regulars.simulate.simulated_shop import SimulatedShop, simulate
from regulars.simulate.threads import in_order
from regulars.vocabulary.calendar import Period

_CUSTOMER_ROWS = 131_072


@dataclass(frozen=True)
class Ledger:
    """Outcome of every order as arrays, filled block by block."""

    net_revenue: Floats
    """In the shop's currency."""
    counted: NDArray[np.bool_]
    kept: Integers
    """Amount paid and not refunded, in hundredths."""
    second_email: NDArray[np.bool_]
    units: NDArray[np.int16]
    units_returned: NDArray[np.int16]

    @classmethod
    def empty(cls, shop: SimulatedShop) -> Ledger:
        """Return a ledger of the shop's orders without entries."""
        size = shop.bought.size
        return cls(
            np.zeros(size),
            np.zeros(size, np.bool_),
            np.zeros(size, np.int64),
            np.zeros(size, np.bool_),
            np.zeros(size, np.int16),
            np.zeros(size, np.int16),
        )

    @classmethod
    def of(cls, shop: SimulatedShop) -> Ledger:
        """Return the ledger of all orders of a shop."""
        ledger = cls.empty(shop)
        for basket in shop.baskets():
            ledger.enter(basket)
        return ledger

    def enter(self, basket: Basket) -> None:
        """Enter the orders of one block."""
        rows = slice(basket.start, basket.start + basket.size)
        self.net_revenue[rows] = basket.net_revenue() / 100
        self.counted[rows] = basket.status == 0
        self.kept[rows] = basket.total - basket.refunded
        self.second_email[rows] = basket.second_email
        self.units[rows] = np.bincount(basket.lines.order, basket.lines.quantity, basket.size)
        self.units_returned[rows] = np.bincount(basket.refunds.order, basket.refunds.quantity, basket.size)


@dataclass(frozen=True)
class Orders:
    """Counted orders as arrays. `person` is -1 for customers who cannot be identified."""

    person: Integers
    day: Integers
    """Days since the first day of the data."""
    net_revenue: Floats
    units: Integers
    units_returned: Integers

    @classmethod
    def of(cls, shop: SimulatedShop, ledger: Ledger | None = None) -> Orders:
        """Return the counted orders of a shop."""
        ledger = ledger or Ledger.of(shop)
        chosen = ledger.counted
        person = shop.bought.person[chosen].astype(np.int64)
        return cls(
            np.where(shop.people.kind[person] == Kind.NAMELESS, -1, person),
            shop.bought.day[chosen].astype(np.int64),
            ledger.net_revenue[chosen],
            ledger.units[chosen].astype(np.int64),
            ledger.units_returned[chosen].astype(np.int64),
        )


def expected_values(
    shape: ShopShape, period: Period, active_window: int = 365, customers: int = 400_000, seed: int = 20_260_101
) -> dict[str, float]:
    """Return the expected value of each metric for shops of this shape.

    Ratios of expectations, estimated by simulating a shop with many customers; the error is about √(n / customers) of the
    standard error of a shop with n customers.

    Args:
        shape: Parameters of the shops.
        period: Period of the metrics, within the data.
        active_window: Days of inactivity after which a customer counts as churned.
        customers: Number of simulated customers.
        seed: Seed of the simulation.

    Returns:
        Values by metric, in the metrics' units: shares, days, amounts of the shop's currency.
    """
    shop = simulate(replace(shape, customers=customers, orders=None), seed)
    return true_values(Orders.of(shop), shop.shape.first_day, period, active_window)


def true_values(orders: Orders, first_day: date, period: Period, active_window: int = 365) -> dict[str, float]:
    """Return the metrics' values of these orders; nan if a denominator is 0."""
    t0, t1 = (period.start - first_day).days, (period.end - first_day).days
    known = orders.person >= 0
    person, day, net = orders.person[known], orders.day[known], orders.net_revenue[known]
    size = int(person.max(initial=-1)) + 1
    inside = (day >= t0) & (day < t1)

    def customers_of(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        is_chosen = np.zeros(size, np.bool_)
        is_chosen[person[chosen]] = True
        return is_chosen

    in_period = np.bincount(person[inside], minlength=size)
    buyers = in_period > 0
    at_start = customers_of((day >= t0 - active_window) & (day < t0))
    at_end = customers_of((day >= t1 - active_window) & (day < t1))
    by_end = np.bincount(person[day < t1], minlength=size)
    ever = by_end > 0
    returning = buyers & (customers_of(day < t0) | (in_period >= 2))
    whole = (orders.day >= t0) & (orders.day < t1)
    gaps, gap_day = _gaps(person, day)
    gaps = gaps[(gap_day >= t0) & (gap_day < t1)]
    started = at_start.sum()
    return {
        "orders": float(whole.sum()),
        "net_revenue": float(orders.net_revenue[whole].sum()),
        "average_order_value": _ratio(orders.net_revenue[whole].sum(), whole.sum()),
        "orders_per_active_customer": _ratio(inside.sum(), buyers.sum()),
        "average_revenue_per_customer": _ratio(net[inside].sum(), buyers.sum()),
        "repeat_purchase_rate": _ratio((in_period >= 2).sum(), buyers.sum()),
        "returning_customer_rate": _ratio(returning.sum(), buyers.sum()),
        "repeat_customer_rate": _ratio((by_end >= 2).sum(), ever.sum()),
        "customer_retention_rate": _ratio((at_start & at_end).sum(), started),
        "customer_churn_rate": _ratio((at_start & ~at_end).sum(), started),
        "net_churn_rate": _ratio(int(started) - int(at_end.sum()), started),
        "time_between_purchases": _ratio(gaps.sum(), len(gaps)),
        "time_between_purchases_median": float(np.quantile(gaps, 0.5)) if len(gaps) else float("nan"),
        "time_between_purchases_p90": float(np.quantile(gaps, 0.9)) if len(gaps) else float("nan"),
        "customer_lifetime_value": _ratio(net[day < t1].sum(), ever.sum()),
        "product_return_rate": _ratio(orders.units_returned[whole].sum(), orders.units[whole].sum()),
    }


def _ratio(of: float | np.number, to: float | np.number) -> float:
    return float(of) / float(to) if to else float("nan")


def _gaps(person: Integers, day: Integers) -> tuple[Integers, Integers]:
    """Return the days between each customer's consecutive purchase days, and the later day of each."""
    # Person and day packed into one integer, so that np.unique sorts both: days are below 2²⁰.
    both = np.unique(person << 20 | day)
    customer, when = both >> 20, both & 0xFFFFF
    same = customer[1:] == customer[:-1]
    return (when[1:] - when[:-1])[same], when[1:][same]


def write_truth(shop: SimulatedShop, ledger: Ledger, folder: Path, files: Sequence[str]) -> None:
    """Write customers.parquet (a row per customer) and truth.json (shape, sums per channel, and `files`)."""
    folder.mkdir()
    people, bought = shop.people, shop.bought
    later = expected_later_orders(shop.clock, people)
    expected = (1 + later) * (1 + shop.shape.same_day)
    orders = np.bincount(bought.person, minlength=people.size)
    counted = np.bincount(bought.person[ledger.counted], minlength=people.size)
    net = np.bincount(bought.person, ledger.net_revenue, people.size)
    left = people.leaves() < shop.clock.days
    channels = {}
    for number, channel in enumerate(shop.shape.channels):
        of = people.channel == number
        channels[channel.name] = {
            "customers": int(of.sum()),
            "expected_orders": round(float(expected[of].sum()), 3),
            "orders": int(orders[of].sum()),
            "counted_orders": int(counted[of].sum()),
            "net_revenue": round(float(net[of].sum()), 2),
            "left": int((of & left).sum()),
            "mean_orders_per_year": round(float(people.rate[of].mean() * YEAR), 6) if of.any() else None,
            "mean_leaving_per_year": round(float(people.leaving[of].mean() * YEAR), 6) if of.any() else None,
        }
    truth = {
        "about": "What is true of this simulated shop. Channels are those of the customers' first orders.",
        "seed": shop.seed,
        "first_day": shop.shape.first_day.isoformat(),
        "last_day": shop.shape.last_day.isoformat(),
        "shared_addresses": [MARKETPLACE_EMAIL],
        "files": list(files),
        "customers": people.size,
        "recognisable_customers": int((people.kind != Kind.NAMELESS).sum()),
        "orders": bought.size,
        "counted_orders": int(ledger.counted.sum()),
        "net_revenue": round(float(net.sum()), 2),
        "channels": channels,
        "shape": asdict(shop.shape),
    }
    text = json.dumps(truth, indent=2, default=str, ensure_ascii=False)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")

    sums = {"expected_orders": expected, "orders": orders, "counted_orders": counted, "net_revenue": net}
    starts = range(0, people.size, _CUSTOMER_ROWS)
    pieces = in_order(lambda start: _customer_rows(shop, sums, start, min(start + _CUSTOMER_ROWS, people.size)), starts)
    first = next(pieces)
    with pq.ParquetWriter(folder / "customers.parquet", first.schema) as writer:
        for piece in chain([first], pieces):
            writer.write_table(piece)


def _customer_rows(shop: SimulatedShop, sums: dict[str, NDArray[Any]], start: int, end: int) -> pa.Table:
    """Return true parameters and sums of orders of the customers `start` … `end - 1`."""
    people, person = shop.people, np.arange(start, end)
    entry, leaves = people.entry[person], people.leaves()[person]
    left = leaves < shop.clock.days
    opening = np.datetime64(shop.shape.first_day)
    return pa.table(
        {
            "customer": pa.array(person + 1),
            "email": contact_details.emails(people, person, np.zeros(len(person), np.bool_)),
            "channel": contact_details.pick([c.name for c in shop.shape.channels], people.channel[person]),
            "kind": contact_details.pick([kind.name.lower() for kind in Kind], people.kind[person]),
            "first_day": pa.array(opening + entry, pa.date32()),
            "orders_per_year": pa.array(people.rate[person] * YEAR),
            "leaving_per_year": pa.array(people.leaving[person] * YEAR),
            "lifetime_days": pa.array(1 + people.stays[person]),
            "left_on": pa.array(opening + np.where(left, leaves, 0).astype(np.int64), pa.date32(), mask=~left),
            "taste": pa.array(people.taste[person]),
            **{name: pa.array(values[person]) for name, values in sums.items()},
        }
    )
