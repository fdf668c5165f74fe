"""How well forecasts would have done that were made in the past: the last periods are hidden in turn, forecast, and compared.

Each model is fitted to what was known on the day before a backtest period, so nothing it is judged by has been seen. Periods of
one length do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS
from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.newton import Status
from regulars.forecast.purchases.data_requirements import CUSTOMERS, DAYS
from regulars.forecast.purchases.histories import PAST, known, on_a_new_day
from regulars.forecast.rfm import RFMSummary
from regulars.forecast.season.factors import DailyPurchases
from regulars.forecast.season.seasonal_time import Clock
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import InputError
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted

Array = npt.NDArray[np.float64]

MOST_CUSTOMERS = 100_000
"""About so many, drawn by their numbers, tell models apart; more would only take longer."""
FURTHER = 2 * BACKTEST_ORIGINS
"""Periods that may be looked at to find ORIGINS in which the model's parameters could be told."""
_COUNTS = 20
"""Purchases in the hidden days are told apart up to so many; more are one."""
_GROUPS = 10


@dataclass(frozen=True, eq=False)
class Quarter:
    """`days` hidden days from the epoch day `start` on: pasts as of it, how often each bought in as many days before, and after."""

    start: int
    cells: RFMSummary
    before: Array
    after: Array
    days: int = BACKTEST_DAYS


@dataclass(frozen=True, eq=False)
class Trial:
    """One model's forecast of one quarter. One value for each row of the quarter, which stands for `n` customers."""

    quarter: Quarter
    fitted: PurchaseForecast
    expected: Array
    """Purchases."""
    buys: Array
    """The probability of at least one."""
    log_scores: Array
    """The logarithm of the probability that was given to what came: a proper score, best for the truth itself."""
    clock: Clock
    """What time was measured on: the calendar, or the shop's own clock, which takes two years of data."""


def starts(first_day: int, until: int, days: int = BACKTEST_DAYS, most: int = BACKTEST_ORIGINS) -> tuple[int, ...]:
    """The epoch days on which periods of so many days begin, the latest first; none where too little is left to learn from."""
    found = (until - days * back for back in range(1, most + 1))
    return tuple(day for day in found if day - first_day >= DAYS)


def quarter(engine: Engine, orders: ir.Table, start: int, one_in: int = 1, days: int = BACKTEST_DAYS) -> Quarter:
    """What is needed to forecast a period and to judge the forecast, of one customer in so many."""
    rows = known(orders, start + days)
    # A customer's first day never moves, whatever is hidden.
    rows = rows.filter(rows.first_day < start, on_a_new_day(rows), rows.person % one_in == 0)
    seen = rows.day < start
    people = rows.group_by("person").agg(
        first=rows.first_day.min(),
        last=rows.day.max(where=seen),
        days=counted(seen.sum()),
        before=counted((seen & (rows.day >= start - days)).sum()),
        after=counted((~seen).sum()),
    )
    pasts = people.select(
        "before",
        "after",
        frequency=people.days - 1,
        recency=people["last"] - people["first"],
        age=start - 1 - people["first"],
    )
    found = engine.read(pasts.group_by(*PAST, "before", "after").agg(n=pasts.count()))
    x, t_x, T, n, before, after = (np.asarray(found[name], dtype=float) for name in (*PAST, "n", "before", "after"))
    return Quarter(start, RFMSummary(x, t_x, T, n), before, after, days)


def quarters(
    engine: Engine, orders: ir.Table, first_day: int, until: int, customers: int, days: int = BACKTEST_DAYS
) -> list[Quarter]:
    """The periods of so many days to test on; customers: how many there are."""
    one_in = sampled(customers)
    found = (quarter(engine, orders, start, one_in, days) for start in starts(first_day, until, days))
    return [one for one in found if one.cells.customers * one_in >= CUSTOMERS]


def quarters_before(
    engine: Engine, orders: ir.Table, over: Sequence[Quarter], first_day: int, customers: int
) -> list[Quarter]:
    """For each of these the quarter before, over when it begins; none at all where one would begin too early."""
    before = [one.start - BACKTEST_DAYS for one in over]
    if not before or min(before) - first_day < BACKTEST_DAYS:
        return []
    known_already = {one.start: one for one in over}
    return [known_already.get(start) or quarter(engine, orders, start, sampled(customers)) for start in before]


def sampled(customers: int) -> int:
    """Of so many customers one in how many is forecast in backtest periods."""
    return max(1, customers // MOST_CUSTOMERS)


def tried(model: str, over: Sequence[Quarter], seasons: DailyPurchases | None = None) -> list[Trial]:
    """The model's forecasts of these quarters; without those whose customers did not tell its parameters.

    seasons: where given, time is measured on the clock that the days before each quarter tell, if they tell one.
    """
    return list(_tried(model, over, seasons))


def tried_back(
    model: str,
    engine: Engine,
    orders: ir.Table,
    first_day: int,
    until: int,
    customers: int,
    days: int,
    seasons: DailyPurchases | None = None,
) -> list[Trial]:
    """The model's forecasts of the last ORIGINS periods of so many days whose customers told its parameters, the latest first.

    Of the last FURTHER periods; where ORIGINS of so many days do not fit the data, none.
    """
    begin = starts(first_day, until, days, FURTHER)
    found: list[Trial] = []
    for start in begin if len(begin) >= BACKTEST_ORIGINS else ():
        one = quarter(engine, orders, start, sampled(customers), days)
        if one.cells.customers * sampled(customers) < CUSTOMERS or len(found) == BACKTEST_ORIGINS:
            break
        found += tried(model, [one], seasons)
    return found


def _tried(model: str, over: Sequence[Quarter], seasons: DailyPurchases | None) -> Iterator[Trial]:
    for one in over:
        fitted = _fitted(model, one.cells)
        if fitted is None:
            continue
        clock = seasons.clock(fitted, one.start) if seasons else None
        on_clock = _fitted(model, clock.cells(one.cells)) if clock else None
        if clock and on_clock:
            yield _trial(one, on_clock, clock)
        else:
            yield _trial(one, fitted, Clock.plain(one.start))


def _fitted(model: str, cells: RFMSummary) -> PurchaseForecast | None:
    try:
        fitted = fit(cells.grouped(), model)
    except InputError:  # nobody had come back by then
        return None
    return fitted if fitted.estimate.status is Status.CONVERGED else None


def _trial(one: Quarter, fitted: PurchaseForecast, clock: Clock) -> Trial:
    cells, days = clock.cells(one.cells), clock.ahead(one.days)
    chances = fitted.probability_of_counts(cells, days, _COUNTS - 1)
    chances = np.column_stack([chances, 1 - chances.sum(axis=1)])
    came = np.minimum(one.after, _COUNTS).astype(np.intp)
    given = np.maximum(chances[np.arange(len(came)), came], 1e-15)
    expected = fitted.expected_purchases(cells, days)
    return Trial(one, fitted, expected, 1 - chances[:, 0], np.log(given), clock)


def gain(one: Sequence[Trial], other: Sequence[Trial]) -> tuple[float, float]:
    """How much better the one model's scores are than the other's, a customer, and the standard error of that.

    Both must have forecast the same quarters.
    """
    n = np.concatenate([trial.quarter.cells.n for trial in one])
    pairs = zip(one, other, strict=True)
    differences = np.concatenate([mine.log_scores - theirs.log_scores for mine, theirs in pairs])
    mean = float(n @ differences) / float(n.sum())
    return mean, float(np.sqrt(n @ (differences - mean) ** 2)) / float(n.sum())


def report(trials: Mapping[str, Sequence[Trial]], chosen: str) -> dict[str, Any]:
    """What is kept of a backtest, ready for JSON: `quarters`, the latest first, `models` over all of them, with the naive
    forecast that each customer buys as often as in the days before, and the `calibration` of the chosen model.
    """
    mine = trials[chosen]
    scores = {name: _scores(found) for name, found in trials.items() if found}
    return {
        "days": BACKTEST_DAYS,
        "quarters": [_quarter(trial) for trial in mine],
        "models": scores,
        "naive": _naive([trial.quarter for trial in mine]),
        "calibration": _calibration(mine),
    }


def _quarter(trial: Trial) -> dict[str, Any]:
    one, n = trial.quarter, trial.quarter.cells.n
    return {
        "as_of": from_epoch_day(one.start - 1).isoformat(),
        "customers": float(n.sum()),
        "purchases": {
            "forecast": float(n @ trial.expected),
            "came": float(n @ one.after),
            "naive": float(n @ one.before),
        },
        "buyers": {
            "forecast": float(n @ trial.buys),
            "spread": float(np.sqrt(n @ (trial.buys * (1 - trial.buys)))),
            "came": float(n @ (one.after > 0)),
            "naive": float(n @ (one.before > 0)),
        },
    }


def _scores(trials: Sequence[Trial]) -> dict[str, float]:
    n, after = _joined(trials)
    buys = np.concatenate([trial.buys for trial in trials])
    expected = np.concatenate([trial.expected for trial in trials])
    log_scores = np.concatenate([trial.log_scores for trial in trials])
    return {"quarters": len(trials), "log_score": _mean(n, log_scores), **scored(n, after, buys, expected)}


def scored(n: Array, after: Array, buys: Array, expected: Array) -> dict[str, float]:
    """How near a forecast was to what came; each row stands for n customers."""
    return {
        **scored_chances(n, after, buys),
        "mean_absolute_error": _mean(n, np.abs(expected - after)),
        "top_tenth": _top_tenth(n, expected, after),
    }


def scored_chances(n: Array, after: Array, buys: Array) -> dict[str, float]:
    """The same of a forecast that tells chances to buy alone, and no number of purchases."""
    return {
        "brier": _mean(n, (buys - (after > 0)) ** 2),
        "log_loss": -_mean(n, np.log(np.clip(np.where(after > 0, buys, 1 - buys), 1e-15, 1))),
        "top_tenth": _top_tenth(n, buys, after),
    }


def _naive(over: Sequence[Quarter]) -> dict[str, float]:
    n = np.concatenate([one.cells.n for one in over])
    before, after = (np.concatenate([getattr(one, name) for one in over]) for name in ("before", "after"))
    return {
        "brier": _mean(n, ((before > 0) != (after > 0)).astype(float)),
        "mean_absolute_error": _mean(n, np.abs(before - after)),
        "top_tenth": _top_tenth(n, before, after),
    }


def _calibration(trials: Sequence[Trial]) -> list[dict[str, float]]:
    """Customers in ten groups of about one size, by their probability to buy: that, and the share of them who did."""
    n, after = _joined(trials)
    buys = np.concatenate([trial.buys for trial in trials])
    order = np.argsort(buys, kind="stable")
    middle = np.cumsum(n[order]) - n[order] / 2
    group = np.minimum((middle / n.sum() * _GROUPS).astype(int), _GROUPS - 1)
    found = []
    for number in range(_GROUPS):
        rows = order[group == number]
        if len(rows):
            weight = n[rows]
            said, came = _mean(weight, buys[rows]), _mean(weight, (after[rows] > 0).astype(float))
            found.append({"customers": float(weight.sum()), "forecast": said, "came": came})
    return found


def _top_tenth(n: Array, score: Array, after: Array) -> float:
    """The share of all purchases that came from the tenth of customers with the highest score; of equals, a part."""
    _, where = np.unique(-score, return_inverse=True)
    people, bought = np.bincount(where, weights=n), np.bincount(where, weights=n * after)
    reached = np.interp(n.sum() / 10, np.append(0, np.cumsum(people)), np.append(0, np.cumsum(bought)))
    return float(reached / max(bought.sum(), 1.0))


def _joined(trials: Sequence[Trial]) -> tuple[Array, Array]:
    n = np.concatenate([trial.quarter.cells.n for trial in trials])
    return n, np.concatenate([trial.quarter.after for trial in trials])


def _mean(n: Array, values: Array) -> float:
    return float(n @ values) / float(n.sum())
