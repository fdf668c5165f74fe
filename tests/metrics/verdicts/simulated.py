"""Shops in which nothing changes but the season, the luck of a month and the luck of its customers; with plain numpy only.

Customers arrive at a steady pace, buy at paces of their own, and leave after a while. A season and a month's common shock make
all of them quicker or slower, which is the same as time passing quicker or slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.estimates import Estimate

Array = npt.NDArray[np.float64]
BUCKETS = 32
_BURN_IN = 1_500
_LIFETIME, _GAP = 400.0, 60.0
_WINDOW = 365


@dataclass(frozen=True)
class World:
    """What a shop lives in."""

    orders_a_month: int
    season: float
    """0.3 for months up to 30 % above and below the mean."""
    shock: float
    """Standard deviation of the logarithm of a month's common luck."""
    last_month: float = 1.0
    """A factor on the last month: what is to be found."""


@dataclass(frozen=True)
class Shop:
    """Sums by month and bucket, the last month last."""

    months: tuple[date, ...]
    sums: dict[str, Array]


def simulate(world: World, months: int, last: date, luck: np.random.Generator) -> Shop:
    """A shop's sums over so many months, up to that of `last`; customers are known from long before."""
    firsts = [_back(last, back) for back in range(months - 1, -2, -1)]
    bounds = np.array([(day - firsts[0]).days for day in firsts]) + _BURN_IN
    days = np.arange(bounds[-1])
    numbers = np.array([date.fromordinal(firsts[0].toordinal() - _BURN_IN + int(day)).month for day in days])
    place = np.cumsum(np.append(0, np.diff(numbers) != 0))
    shocks = np.exp(luck.normal(0, world.shock, place[-1] + 1))
    pace = (1 + world.season * np.sin(2 * np.pi * (numbers - 1) / 12)) * shocks[place]
    pace[days >= bounds[-2]] *= world.last_month
    clock = np.append(0, np.cumsum(pace))

    arrivals_a_day = world.orders_a_month / 30.4 / (1 + _LIFETIME / _GAP)
    customers = luck.poisson(arrivals_a_day * clock[-1])
    arrived = luck.uniform(0, clock[-1], customers)
    day_arrived = np.interp(arrived, clock, np.arange(len(clock)))
    gone = np.interp(
        np.minimum(day_arrived + luck.exponential(_LIFETIME, customers), days[-1] + 1), np.arange(len(clock)), clock
    )
    rate = luck.gamma(1.5, 1 / (1.5 * _GAP), customers)
    again = luck.poisson(rate * np.maximum(gone - arrived, 0))
    who = np.concatenate([np.arange(customers), np.repeat(np.arange(customers), again)])
    when = np.concatenate(
        [arrived, luck.uniform(np.repeat(arrived, again), np.repeat(np.maximum(gone, arrived), again))]
    )
    day = np.minimum(np.interp(when, clock, np.arange(len(clock))).astype(int), days[-1])
    order = np.lexsort((day, who))
    who, day = who[order], day[order]
    purse = luck.lognormal(3.5, 0.4, customers)
    amount = purse[who] * luck.lognormal(0, 0.3, len(who))
    return Shop(tuple(firsts[:-1]), _sums(who, day, amount, customers, bounds, luck.integers(0, BUCKETS, customers)))


def _back(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _sums(
    who: npt.NDArray[np.intp], day: npt.NDArray[np.intp], amount: Array, customers: int, bounds: npt.NDArray[np.intp],
    bucket: npt.NDArray[np.intp],
) -> dict[str, Array]:  # fmt: skip
    months = len(bounds) - 1
    month = np.searchsorted(bounds, day, side="right") - 1  # −1 before the first month
    inside = month >= 0
    first = np.append(True, who[1:] != who[:-1])
    gap = np.where(first, 0, day - np.append(0, day[:-1]))

    def by_bucket(rows: npt.NDArray[np.bool_], weight: Array | None = None) -> Array:
        key = month[rows] * BUCKETS + bucket[who[rows]]
        return (
            np.bincount(key, None if weight is None else weight[rows], months * BUCKETS)
            .reshape(months, BUCKETS)
            .astype(float)
        )

    def people(rows: npt.NDArray[np.bool_], fewest: int = 1) -> Array:
        pairs, times = np.unique(month[rows] * customers + who[rows], return_counts=True)
        pairs = pairs[times >= fewest]
        key = pairs // customers * BUCKETS + bucket[pairs % customers]
        return np.bincount(key, minlength=months * BUCKETS).reshape(months, BUCKETS).astype(float)

    later = inside & ~first
    ordered_on = np.unique(who * (bounds[-1] + 1) + day)  # by customer and day
    active = np.zeros((len(bounds), customers), dtype=bool)
    for place, end in enumerate(bounds):
        low = np.searchsorted(ordered_on, np.arange(customers) * (bounds[-1] + 1) + end - _WINDOW)
        high = np.searchsorted(ordered_on, np.arange(customers) * (bounds[-1] + 1) + end)
        active[place] = high > low

    def of_customers(chosen: npt.NDArray[np.bool_]) -> Array:
        return np.stack([np.bincount(bucket[row], minlength=BUCKETS) for row in chosen]).astype(float)

    start, end = active[:-1], active[1:]
    return {
        "orders": by_bucket(inside),
        "revenue": by_bucket(inside, amount),
        "new": by_bucket(inside & first),
        "buyers": people(inside),
        "returning": people(later),
        "twice": people(inside, 2),
        "gaps": by_bucket(later, gap.astype(float)),
        "gap_count": by_bucket(later),
        "start": of_customers(start),
        "end": of_customers(end),
        "retained": of_customers(start & end),
        "lost": of_customers(start & ~end),
        "joined": of_customers(end & ~start),
    }  # fmt: skip


LINES: dict[str, tuple[str, str | None, str]] = {
    "orders": ("orders", None, "buyers"),
    "net_revenue": ("revenue", None, "buyers"),
    "new_customers": ("new", None, "new"),
    "active_buyers": ("buyers", None, "buyers"),
    "average_order_value": ("revenue", "orders", "buyers"),
    "orders_per_active_customer": ("orders", "buyers", "buyers"),
    "average_revenue_per_customer": ("revenue", "buyers", "buyers"),
    "returning_customer_rate": ("returning", "buyers", "buyers"),
    "repeat_purchase_rate": ("twice", "buyers", "buyers"),
    "time_between_purchases": ("gaps", "gap_count", "buyers"),
    "customers_start": ("start", None, "start"),
    "customers_end": ("end", None, "end"),
    "retained_customers": ("retained", None, "start"),
    "lost_customers": ("lost", None, "start"),
    "joined_customers": ("joined", None, "start"),
    "customer_churn_rate": ("lost", "start", "start"),
    "customer_retention_rate": ("retained", "start", "start"),
}
"""Metrics by what stands above and below their line, and the customers they rest on."""


def estimate(shop: Shop, above: str, below: str | None) -> Estimate:
    """A metric's values by month, and those without each bucket."""
    top = shop.sums[above][:, None, :]
    whole = top.sum(-1)
    rest = whole[..., None] - top
    nothing = np.full(whole.shape, np.nan)
    if below is None:
        filled = top != 0
        count = np.maximum(filled.sum(-1, keepdims=True), 2)
        return Estimate(whole, nothing, nothing, whole, None, whole, rest * count / (count - 1), filled)
    under = shop.sums[below][:, None, :]
    total = under.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, without = whole / total, rest / (total[..., None] - under)
    return Estimate(value, nothing, nothing, whole, total, total, without, (top != 0) | (under != 0))
