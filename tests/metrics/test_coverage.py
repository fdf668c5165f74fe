"""How often 95 % intervals hold the simulated truth: over shops with unlike customers, by kind of metric.

`python -m metrics.test_coverage` (with tests/ on the path) prints the table of docs/verdicts.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from metrics.shops import shop
from regulars.metrics.catalogue import named
from regulars.metrics.query import Query
from regulars.metrics.run_query import run_query
from regulars.simulate import ShopShape, expected_values, simulate, small_shops
from regulars.simulate.simulated_shop import TABLES

SHOPS, CUSTOMERS = 600, 500
"""So many shops tell a coverage of 95 % to about 1.8 points (95 % Monte-Carlo interval)."""
YEAR, MONTH = "2025", "2025-10"
SEED = 4
POPULATION = 2_000_000
"""Customers from whom the truth is found: fewer would shift it by a tenth of a shop's own error."""
MODERATE, HEAVY = ShopShape(), replace(ShopShape(), customer_spread=1.2)
"""Heavy: a customer's level of spend has a standard deviation of 1.2 in logarithms: one in a hundred spends 16 times the
median.
"""
DOCS = Path(__file__).parents[2] / "docs" / "verdicts.md"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kind:
    """Metrics whose intervals are to hold the truth equally often. least: None where the figure is only stated."""

    title: str
    least: float | None
    shape: ShopShape
    metrics: tuple[str, ...]
    period: str = YEAR


MONEY = ("average_order_value", "average_revenue_per_customer", "customer_lifetime_value")
KINDS = (
    Kind(
        "shares",
        0.93,
        MODERATE,
        (
            "customer_retention_rate",
            "customer_churn_rate",
            "returning_customer_rate",
            "repeat_purchase_rate",
            "repeat_customer_rate",
        ),
    ),
    Kind(
        "means, moderate tails",
        0.90,
        MODERATE,
        (*MONEY, "orders_per_active_customer", "time_between_purchases", "net_churn_rate"),
    ),
    Kind("quantiles", 0.93, MODERATE, ("time_between_purchases_median", "time_between_purchases_p90")),
    Kind("means, heavy tails", None, HEAVY, MONEY),
    Kind("means, heavy tails, one month", None, HEAVY, MONEY, MONTH),
)
CASES = [(kind, name) for kind in KINDS for name in kind.metrics]


Held = dict[tuple[str, str], tuple[int, int]]


def held_by(shape: ShopShape) -> Held:
    """By title of the kind and metric: in how many shops the interval held the truth, and in how many it lay wholly below it.

    One warehouse; a channel is a shop.
    """
    shops = small_shops(SHOPS, CUSTOMERS, shape)
    simulated = simulate(shops, seed=SEED)
    made = shop(**{table: pa.concat_tables(simulated.blocks(table)) for table in TABLES})
    facts = made.facts
    found: Held = {}
    for kind in KINDS:
        if kind.shape is shape:
            period = facts.calendar.parse(kind.period)
            truth = expected_values(shops, period, customers=POPULATION)
            values = run_query(Query(tuple(map(named, kind.metrics)), (period,), ("channel",)), facts)
            assert len(values) == SHOPS * len(kind.metrics)
            assert all(value.complete and value.mature and value.low is not None for value in values)
            for name in kind.metrics:
                ends = np.array([(value.low, value.high) for value in values if value.metric.name == name], dtype=float)
                held = (ends[:, 0] <= truth[name]) & (truth[name] <= ends[:, 1])
                found[kind.title, name] = int(held.sum()), int((ends[:, 1] < truth[name]).sum())
    made.con.close()
    return found


def within(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % Monte-Carlo interval of a rate (Wilson)."""
    p, z = hits / trials, 1.96
    middle, half = p + z * z / (2 * trials), z * np.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    return float((middle - half) / (1 + z * z / trials)), float((middle + half) / (1 + z * z / trials))


def stated() -> dict[tuple[str, str], float]:
    """The figures of the docs, by kind and metric."""
    rows = re.findall(r"^\| ([a-z, ]+) \| ([a-z_0-9]+) \| (\d+)\.(\d) % \|", DOCS.read_text(encoding="utf-8"), re.M)
    return {(kind, name): float(f"{whole}.{tenth}") / 100 for kind, name, whole, tenth in rows}


@pytest.fixture(scope="module")
def found() -> Held:
    """`held_by` of both shapes."""
    return held_by(MODERATE) | held_by(HEAVY)


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind.title}-{name}" for kind, name in CASES])
def test_intervals_hold_the_truth_as_often_as_said(found: Held, kind: Kind, name: str) -> None:
    """The limit is kept where the Monte-Carlo interval reaches it; intervals that always held would be too wide."""
    held, _ = found[kind.title, name]
    low, high = within(held, SHOPS)
    assert kind.least is None or high >= kind.least, f"{name}: {held} of {SHOPS}"
    assert low <= 0.96, f"{name}: {held} of {SHOPS}"
    assert low <= stated()[kind.title, name] <= high, f"{name}: {held} of {SHOPS}, not what docs/verdicts.md states"


def main() -> None:
    """Print the table of docs/verdicts.md."""
    for (kind, name), (held, low) in (held_by(MODERATE) | held_by(HEAVY)).items():
        print(f"| {kind} | {name} | {held / SHOPS:.1%} | {low / SHOPS:.1%} |".replace("%", " %"))


if __name__ == "__main__":
    main()
