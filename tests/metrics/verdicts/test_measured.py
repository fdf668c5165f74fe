"""How often a change is called real in shops in which nothing changed, and how often a fall by 30 % is found.

`python -m metrics.verdicts.test_measured` (with tests/ on the path) prints the table of docs/verdicts.md.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import product

import numpy as np
import pytest

from metrics.verdicts.simulated import LINES, World, estimate, simulate
from regulars.metrics.catalogue import BY_NAME
from regulars.metrics.query_result import VERDICTS, Verdict
from regulars.metrics.verdicts.decide import verdicts
from regulars.metrics.verdicts.evidence import Pairs, evidence
from regulars.metrics.verdicts.history import History
from regulars.vocabulary.calendar import Calendar, Grain

CALENDAR = Calendar()
METRICS = {BY_NAME[name]: lines for name, lines in LINES.items()}
TOTALS = ("orders", "net_revenue", "new_customers", "active_buyers")
CELLS = tuple(product((0.0, 0.3), (0.0, 0.06), (12, 18, 24, 36), (250, 2_000)))
SHOPS = 100


def judge(world: World, months: int, seed: int) -> dict[str, Verdict | None]:
    """The verdicts on a shop's last month; its last month is any of the year."""
    luck = np.random.default_rng(seed)
    shop = simulate(world, months, date(2025, 1 + seed % 12, 1), luck)
    periods = [CALENDAR.period_of(day, Grain.MONTH) for day in shop.months]
    places = {period: number for number, period in enumerate(periods)}
    now, before = np.array([len(periods) - 1]), np.array([len(periods) - 2])
    pairs = Pairs(periods, now, before, split=False, year_earlier=False)
    start = estimate(shop, "start", None)
    found = {}
    for metric, (above, below, people) in METRICS.items():
        values = estimate(shop, above, below)
        history = History(CALENDAR, places, np.ones(len(periods), dtype=bool))
        resting_on = shop.sums[people][:, None, :].sum(-1)
        found[metric] = evidence(metric, values, resting_on, np.array([True]), pairs, start, history)
    return {metric.name: VERDICTS[one.verdict[0, 0]] for metric, one in verdicts(found, split=False).items()}


def wilson_low(hits: int, trials: int) -> float:
    z, share = 1.96, hits / trials
    middle = share + z * z / (2 * trials)
    spread = z * (share * (1 - share) / trials + z * z / (4 * trials**2)) ** 0.5
    return (middle - spread) / (1 + z * z / trials)


def measured(world: World, months: int, shops: int = SHOPS) -> Counter[str]:
    """How often each metric was called real, and any of them."""
    counted: Counter[str] = Counter()
    for seed in range(shops):
        real = [name for name, verdict in judge(world, months, seed).items() if verdict is Verdict.REAL]
        counted.update(real)
        counted["any"] += bool(real)
    return counted


@pytest.mark.slow
@pytest.mark.parametrize(("season", "shock", "months", "orders"), CELLS)
def test_where_nothing_changed_little_is_called_real(season: float, shock: float, months: int, orders: int) -> None:
    counted = measured(World(orders, season, shock), months)
    assert wilson_low(counted["any"], SHOPS) <= 0.1, counted
    for name in TOTALS:
        assert wilson_low(counted[name], SHOPS) <= 0.06, counted


@pytest.mark.slow
def test_a_fall_by_thirty_percent_is_found() -> None:
    counted = measured(World(2_000, 0.3, 0.0, last_month=0.7), 36)
    assert counted["orders"] >= 0.9 * SHOPS, counted


if __name__ == "__main__":
    print("season shock months orders | any real, a total (worst), -30 % found")
    for season, shock, months, orders in CELLS:
        quiet = measured(World(orders, season, shock), months)
        fallen = measured(World(orders, season, shock, 0.7), months)
        worst = max(quiet[name] for name in TOTALS)
        print(season, shock, months, orders, "|", quiet["any"], worst, fallen["orders"], dict(quiet), flush=True)
