"""How often the ranges of totals hold what comes, over simulated shops; what came is counted in plain numpy.

`python -m forecast.test_held` (with tests/ on the path) prints the table of docs/forecast.md.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from forecast.simulated import DAY_ONE, drawn, drift, season
from regulars.forecast import seasonal_time
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases.pipeline import run_forecast

SHOPS, CUSTOMERS = 25, 4000
DAYS = 2 * 365 + 90
SPAN = 90
TOTALS = ("buyers, 30 days", "buyers", "purchases", "revenue", "profit")
KINDS = ("drift", "season")


def measured(kind: str) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """By total: in how many shops there was a range, in how many it held what came, and in how many chance alone would have.

    Shops whose demand drifts by 8 % a month, and seasonal ones before two years tell the season.
    """
    ranges, held, by_chance = Counter[str](), Counter[str](), Counter[str]()
    for seed in range(SHOPS):
        chance = np.random.default_rng(1000 + seed)
        demand = drift(0.08, DAYS, chance) if kind == "drift" else season(0.3, DAYS)
        until = DAY_ONE + DAYS - SPAN - int(chance.integers(0, 180))
        made = drawn(CUSTOMERS, demand, seed).spending(seed, margin=0.4)
        totals = run_forecast(made.engine(), "GBP", until, ForecastOptions(horizon=SPAN, rate=0))[0].totals
        rows = made.came(until, SPAN)
        revenue = float(made.amount[rows].sum())
        came = dict(
            zip(
                TOTALS,
                (made.buyers(until, 30), made.buyers(until, SPAN), rows.sum(), revenue, 0.4 * revenue),
                strict=True,
            )
        )
        stated = {"buyers, 30 days": totals["buyers_range"]["30"], "buyers": totals["buyers_range"]["90"]}
        stated |= {name: totals[f"{name}_range"] for name in TOTALS[2:]}
        for name, found in stated.items():
            if found is not None:
                ranges[name] += 1
                held[name] += found["low"] <= came[name] <= found["high"]
        for name, days in (("buyers, 30 days", "30"), ("buyers", "90")):
            by_chance[name] += abs(came[name] - totals["buyers"][days]) <= 1.2816 * totals["buyers_spread"][days]
    return ranges, held, by_chance


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_eight_in_ten_ranges_hold_seven_in_ten_or_more(kind: str, monkeypatch: pytest.MonkeyPatch):
    """Chance alone covers so few that the range is seen to be what does it."""
    monkeypatch.setattr(seasonal_time, "MIN_DAYS_OF_DATA", 10**6)
    ranges, held, by_chance = measured(kind)
    for name in TOTALS:
        assert ranges[name] == SHOPS, name
        assert held[name] >= 0.7 * ranges[name], f"{name}: {held[name]} of {ranges[name]}"
    assert all(by_chance[name] < 0.6 * SHOPS for name in ("buyers, 30 days", "buyers"))


def main() -> None:
    """Print how many shops had a range, and how often it held."""
    seasonal_time.MIN_DAYS_OF_DATA = 10**6
    for kind in KINDS:
        ranges, held, by_chance = measured(kind)
        held_of = (f"{name}: {held[name]} of {ranges[name]}" for name in TOTALS)
        print(kind, *held_of, f"by chance: {dict(by_chance)}", sep="\n  ")


if __name__ == "__main__":
    main()
