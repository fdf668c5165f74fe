"""Customers whose truth is known: drawn as each model says they behave, purchase by purchase, with nothing of its formulas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

TRUE = {
    "bg": {"r": 0.6, "alpha": 40.0, "a": 0.8, "b": 2.5},
    "mbg": {"r": 0.9, "alpha": 60.0, "a": 0.9, "b": 2.0},
    "pareto": {"r": 0.6, "alpha": 50.0, "s": 0.7, "beta": 120.0},
    "nbd": {"r": 0.5, "alpha": 80.0},
}
"""Of a shop, in days."""


@dataclass
class Customers:
    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    probability_alive: np.ndarray
    """Whether they are customers at T."""
    later: np.ndarray
    """Purchases in the horizon after T."""
    wait: np.ndarray
    """Time from T to the next purchase; infinite for those who left, or do not buy within the horizon."""

    @property
    def summary(self) -> dict[str, np.ndarray]:
        return {"frequency": self.x, "recency": self.t_x, "T": self.T}

    def only(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        return {name: column[chosen] for name, column in self.summary.items()}


def draw(model: str, number: int, seed: int, horizon: float = 0.0, **changed: float) -> Customers:
    """Customers who first bought during the year before today, and what they do until `horizon` days from now."""
    chance = np.random.default_rng(seed)
    truth = TRUE[model] | changed
    T = chance.integers(30, 366, number).astype(float)
    rate = chance.gamma(truth["r"], 1 / truth["alpha"], number)
    leaving = chance.beta(truth["a"], truth["b"], number) if "a" in truth else np.zeros(number)
    end = np.full(number, np.inf)  # when they leave
    if "s" in truth:
        end = chance.exponential(1 / chance.gamma(truth["s"], 1 / truth["beta"], number))
    if model == "mbg":
        end[chance.random(number) < leaving] = 0.0

    x, t_x, later, wait, now = (np.zeros(number) for _ in range(5))
    wait[:] = np.inf
    active = np.arange(number)
    while len(active):
        now[active] += chance.exponential(1 / rate[active])
        active = active[(now[active] < end[active]) & (now[active] <= T[active] + horizon)]
        past = now[active] <= T[active]
        before, after = active[past], active[~past]
        x[before] += 1
        t_x[before] = now[before]
        later[after] += 1
        wait[after] = np.minimum(wait[after], now[after] - T[after])
        gone = active[chance.random(len(active)) < leaving[active]]
        end[gone] = now[gone]
    return Customers(x, t_x, T, end > T, later, wait)


def cdnow(path: Path, until: str) -> dict[str, np.ndarray]:
    """The CDNOW sample's summary in weeks, with monetary_value: customers' days with a purchase up to a day (inclusive)."""
    spent: dict[str, dict[np.datetime64, float]] = {}
    for line in path.read_text().splitlines():
        _, customer, day, _, amount = line.split()
        moment = np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:]}")
        if moment <= np.datetime64(until):
            days = spent.setdefault(customer, {})
            days[moment] = days.get(moment, 0.0) + float(amount)
    first = [min(days) for days in spent.values()]
    weeks = np.timedelta64(1, "W") / np.timedelta64(1, "D")
    return {
        "frequency": np.array([len(days) - 1 for days in spent.values()], dtype=float),
        "recency": np.array([(max(days) - min(days)).astype(int) for days in spent.values()]) / weeks,
        "T": np.array([(np.datetime64(until) - day).astype(int) for day in first]) / weeks,
        "monetary_value": np.array(
            [
                np.mean([amount for day, amount in days.items() if day > start] or [0.0])
                for days, start in zip(spent.values(), first, strict=True)
            ]
        ),
    }
