"""Shops whose truth is known: customers with paces and patience of their own, and demand that moves with seasons or drifts.

Plain numpy, with nothing of the code it tests: purchases are drawn day by day of the calendar by thinning, so that a season is a
wave over the year and no step by month.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa

from regulars.warehouse.engine import Engine

DAY_ONE = 18_628
"""2021-01-01 as an epoch day: the first day of all these shops."""


@dataclass(frozen=True)
class Purchases:
    """A row each customer and day with a purchase, by customer and day; `first` is the day of the customer's first.

    `amount`: what it brought; 10.00 each where nothing is said.
    """

    person: np.ndarray
    day: np.ndarray
    first: np.ndarray
    amount: np.ndarray | None = None
    margin: float | None = None
    """Of each amount what is profit; None where that is not known."""

    def came(self, start: int, days: int) -> np.ndarray:
        """Of those known before the epoch day `start`: the rows of so many days from it on."""
        return (self.first < start) & (self.day >= start) & (self.day < start + days)

    def buyers(self, start: int, days: int) -> int:
        """How many of them bought in these days."""
        return len(np.unique(self.person[self.came(start, days)]))

    def spending(self, seed: int, margin: float | None = None) -> Purchases:
        """The same purchases as Gamma-Gamma has it: amounts around a mean of each customer's own (p 3, q 4, v 30)."""
        chance = np.random.default_rng(seed)
        mean = 1 / chance.gamma(4, 1 / 30, self.person.max() + 1)
        return replace(self, amount=np.maximum(chance.gamma(3, mean[self.person]).round(2), 0.01), margin=margin)

    def engine(self) -> Engine:
        """An engine with these as the fact orders, one order each."""
        new = np.append(True, self.person[1:] != self.person[:-1])
        row = np.arange(len(self.day))
        start = np.maximum.accumulate(np.where(new, row, 0))
        rows = pa.table({
            "person": self.person, "day": self.day, "first_day": self.first, "order_number": row - start + 1,
            "previous_day": pa.array(np.append(0, self.day[:-1]), mask=new),
            "amount": np.full(len(row), 10.0) if self.amount is None else self.amount,
        })  # fmt: skip
        con = duckdb.connect()
        con.register("rows", rows)
        con.execute(
            "CREATE SCHEMA facts; CREATE TABLE facts.orders AS SELECT *, (person % 32)::INTEGER AS bucket,"
            " amount::DECIMAL(18, 4) AS net_revenue, (amount * $1)::DECIMAL(18, 4) AS profit, 0 AS cost_estimated, NULL::VARCHAR AS"
            " first_country, NULL::VARCHAR AS first_channel, NULL::VARCHAR AS first_coupon,"
            " NULL::VARCHAR AS first_product FROM rows",
            [self.margin],
        )
        return Engine(ibis.duckdb.from_connection(con))


def cdnow(path: Path) -> Purchases:
    """The CDNOW sample: customers' days with a purchase."""
    lines = [line.split() for line in path.read_text().splitlines()]
    days = [np.datetime64(f"{line[2][:4]}-{line[2][4:6]}-{line[2][6:]}").astype(int) for line in lines]
    person, day = np.unique([[int(line[0]) for line in lines], days], axis=1)
    _, where = np.unique(person, return_index=True)
    first = np.repeat(day[where], np.diff(np.append(where, len(day))))
    return Purchases(person, day, first)


def season(share: float, days: int) -> np.ndarray:
    """Demand on each day: ± so much of its mean over the year, highest in the middle of December."""
    return 1 + share * np.cos(2 * np.pi * (np.arange(days) - 349) / 365.25)


def drift(step: float, days: int, chance: np.random.Generator) -> np.ndarray:
    """Demand that moves from month to month, by so much (a standard deviation, in logarithms), and never comes back."""
    walk = np.cumsum(chance.normal(0, step, days // 30 + 2))
    return np.exp(np.interp(np.arange(days), np.arange(len(walk)) * 30, walk))


def drawn(customers: int, demand: np.ndarray, seed: int) -> Purchases:
    """A shop that so many customers found, evenly over all days but the last 90; `demand` multiplies all paces on each day.

    Paces are Gamma(0.6, 50 days), times until they leave exponential with rates Gamma(0.7, 150 days), as in Pareto/NBD.
    """
    chance = np.random.default_rng(seed)
    days, most = len(demand), demand.max()
    first = np.sort(chance.integers(0, days - 90, customers))
    pace = chance.gamma(0.6, 1 / 50, customers)
    end = first + chance.exponential(1 / chance.gamma(0.7, 1 / 150, customers))
    person, now = np.arange(customers), first.astype(float)
    found = [(person, first)]
    while len(person):
        now = now + chance.exponential(1 / (pace[person] * most))
        there = (now < end[person]) & (now < days)
        person, now = person[there], now[there]
        day = now.astype(int)
        bought = chance.random(len(day)) < demand[day] / most
        found.append((person[bought], day[bought]))
    rows = np.unique(np.column_stack([np.concatenate(part) for part in zip(*found, strict=True)]), axis=0)
    return Purchases(rows[:, 0], rows[:, 1] + DAY_ONE, first[rows[:, 0]] + DAY_ONE)
