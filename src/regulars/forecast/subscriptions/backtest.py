"""How well forecasts of subscribers would have done that were made in the past: hidden days, forecast, beside what came.

Each model is fitted to what was known on the day before the hidden days. Subscribers are compared cohort by cohort (the quarter
in which they began), for the model takes all cohorts of a plan to be alike: where they are not, it shows here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from regulars.forecast.backtests.ranges import Errors, PeriodError
from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS, WITHIN
from regulars.forecast.subscriptions.fitting import ASKED, fit
from regulars.forecast.subscriptions.renewal_days import Days, come_by, month_and_day, renewal_day
from regulars.forecast.subscriptions.renewal_history import Past, cells, parts, renewal_history
from regulars.forecast.subscriptions.scoring import Standing, standing
from regulars.vocabulary.calendar import from_epoch_day
from regulars.warehouse.engine import Engine

Array = npt.NDArray[np.float64]

UNLIKELY = 0.01
"""Where cohorts that are alike would differ so much with less probability, they are not alike."""
_NEEDED = ("plan", "day", "ended_day", "cohort", "over", "renewed", "left", "part")
_SPREAD = 5.0
"""Cohorts of which fewer than so many could leave or stay by chance (their variance) tell nothing on their own."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Subscriptions of one plan that ran when the hidden days began; each row stands for `n` that began on one day."""

    plan: str
    began: Days
    stayed: Days
    """1 where they still ran when the hidden days were over."""
    n: Days


@dataclass(frozen=True, eq=False)
class Hidden:
    """Hidden days from the epoch day `start` on: by cohort (the number of a quarter), what was forecast and what came."""

    start: int
    cohorts: dict[int, dict[str, float]]
    before: float | None
    """The share that stayed in as many days before; None where nobody was subscribed yet."""

    @property
    def sums(self) -> dict[str, float]:
        """Over all cohorts."""
        return {name: sum(one[name] for one in self.cohorts.values()) for name in ("n", "forecast", "variance", "came")}


def outcomes(engine: Engine, rows: ir.Table, start: int) -> list[Outcome]:
    """What became of the subscriptions that ran before the epoch day `start`; rows: `renewal_history` at their end."""
    rows = rows.filter(rows.day < start, rows.ended_day.isnull() | (rows.ended_day >= start))
    stayed = (~rows.over).cast("int32")
    found = engine.read(
        rows.group_by("plan", "day", stayed=stayed).agg(n=rows.count()).order_by("plan", "day", "stayed")
    )
    plans = np.asarray(found["plan"].to_pylist(), dtype=str)
    began, stays, n = (np.asarray(found[name], dtype=np.int64) for name in ("day", "stayed", "n"))
    return [Outcome(str(plan), began[of], stays[of], n[of]) for plan in np.unique(plans) for of in [plans == plan]]


def hidden(past: Past, until: int) -> list[Hidden]:
    """The hidden days, the latest first, as far back as the data carry a model."""
    return list(_hidden(past, until))


def _hidden(past: Past, until: int) -> Iterator[Hidden]:
    engine = past.engine
    starts = [until - BACKTEST_DAYS * back for back in range(1, BACKTEST_ORIGINS + 1)]
    days = (until, *starts)
    then = {day: engine.keep(f"subscription_lives_{day}", renewal_history(past, day).select(*_NEEDED)) for day in days}
    for start in starts:
        known = cells(engine, then[start])
        fitted = fit(known, parts(engine, then[start]), {plan: past.terms[plan] for plan in set(known.plan)})
        cohorts: dict[int, dict[str, float]] = {}
        for one in outcomes(engine, then[start + BACKTEST_DAYS], start):
            model = fitted.of(one.plan)
            if model is not None:
                _add(cohorts, one, still_running(standing(model, one.began, start - 1), BACKTEST_DAYS))
        if sum(cohort["n"] for cohort in cohorts.values()) < ASKED:
            return
        before = outcomes(engine, then[start], start - BACKTEST_DAYS)
        before = [one for one in before if fitted.of(one.plan) is not None]
        ran, stayed = sum(one.n.sum() for one in before), sum(one.n @ one.stayed for one in before)
        yield Hidden(start, cohorts, float(stayed / ran) if ran else None)


def _add(cohorts: dict[int, dict[str, float]], one: Outcome, stays: Array) -> None:
    quarters = month_and_day(one.began)[0] // 3
    for quarter in np.unique(quarters):
        rows = quarters == quarter
        n, p = one.n[rows], stays[rows]
        cohort = cohorts.setdefault(int(quarter), dict.fromkeys(("n", "forecast", "variance", "came"), 0.0))
        cohort["n"] += float(n.sum())
        cohort["forecast"] += float(n @ p)
        cohort["variance"] += float(n @ (p * (1 - p)))
        cohort["came"] += float(n @ one.stayed[rows])


def errors_of_renewing(past: Past, until: int) -> Errors:
    """How far off the number of subscriptions that renew was in past periods of each length, none of which overlap."""
    return {days: list(_errors(past, until, days)) for days in WITHIN}


def _errors(past: Past, until: int, days: int) -> Iterator[PeriodError]:
    for start in (until - days * back for back in range(1, BACKTEST_ORIGINS + 1)):
        found = renewing(past, start, days)
        if found["n"] < ASKED or not found["forecast"]:
            return
        yield PeriodError.of(found["forecast"], float(np.sqrt(found["variance"])), found["came"])


def renewing(past: Past, start: int, days: int) -> dict[str, float]:
    """Of the `n` subscriptions that ran before the epoch day `start`: how many were to renew within so many days, by what was
    known then (`forecast`, and its `variance`), and how many did (`came`).
    """
    engine = past.engine
    rows = engine.keep(f"subscription_lives_{start}", renewal_history(past, start).select(*_NEEDED))
    known = cells(engine, rows)
    fitted = fit(known, parts(engine, rows), {plan: past.terms[plan] for plan in set(known.plan)})
    sums = dict.fromkeys(("n", "forecast", "variance", "came"), 0.0)
    for plan, began, ended, n in _running(engine, rows.filter(~rows.over)):
        model = fitted.of(plan)
        if model is not None:
            now = standing(model, began, start - 1)
            p = (now.due <= days) * now.stays(1)
            sums["n"] += float(n.sum())
            sums["forecast"] += float(n @ p)
            sums["variance"] += float(n @ (p * (1 - p)))
            sums["came"] += float(n @ ((now.due <= days) & (ended > start - 1 + now.due)))
    return sums


def _running(engine: Engine, rows: ir.Table) -> Iterator[tuple[str, Days, Days, Days]]:
    """By plan: the days on which subscriptions began and ended (a day that never comes where they run still), how many."""
    rows = rows.mutate(ended=rows.ended_day.fill_null(np.iinfo(np.int32).max))
    found = engine.read(rows.group_by("plan", "day", "ended").agg(n=rows.count()).order_by("plan", "day", "ended"))
    plans = np.asarray(found["plan"].to_pylist(), dtype=str)
    began, ended, n = (np.asarray(found[name], dtype=np.int64) for name in ("day", "ended", "n"))
    return ((str(plan), began[of], ended[of], n[of]) for plan in np.unique(plans) for of in [plans == plan])


def still_running(now: Standing, days: int) -> Array:
    """The probability that subscriptions still run after so many days more."""
    then = now.day + days
    number = come_by(now.model.term, now.began, then) - now.renewed
    since, due = (renewal_day(now.model.term, now.began, now.renewed + number + further) for further in (0, 1))
    part = (then - since) / (due - since)
    found: Array = now.stays(number.astype(float)) * now.model.here((now.renewed + number).astype(float), part)
    return found


def report(found: list[Hidden]) -> dict[str, Any]:
    """What is kept of a backtest, ready for JSON: the hidden `quarters`, the latest first, with the naive forecast that as many
    stay as in the days before; the `cohorts` in all of them together; and whether cohorts are alike.
    """
    together: dict[int, dict[str, float]] = {}
    for one in found:
        for quarter, cohort in one.cohorts.items():
            sums = together.setdefault(quarter, dict.fromkeys(cohort, 0.0))
            for name, value in cohort.items():
                sums[name] += value
    return {
        "days": BACKTEST_DAYS,
        "quarters": [
            {
                "as_of": from_epoch_day(one.start - 1).isoformat(),
                **_counts(one.sums),
                "naive": None if one.before is None else one.before * one.sums["n"],
            }
            for one in found
        ],
        "cohorts": [
            {"cohort": f"{1970 + quarter // 4}-Q{quarter % 4 + 1}", **_counts(cohort)}
            for quarter, cohort in sorted(together.items())
        ],
        "alike": alike(list(together.values())),
    }


def _counts(sums: dict[str, float]) -> dict[str, float]:
    return {
        "subscriptions": sums["n"],
        "forecast": sums["forecast"],
        "spread": float(np.sqrt(sums["variance"])),
        "came": sums["came"],
    }


def alike(cohorts: list[dict[str, float]]) -> float | None:
    """The probability that cohorts which are alike differ so much from what was forecast; None where there are not two to tell.

    What all of them are off by alike is taken out first (a shift of the log odds, to the first order); what is left is compared
    with its variance: chi-squared, with one degree of freedom less than there are cohorts.
    """
    told = [one for one in cohorts if one["variance"] >= _SPREAD]
    if len(told) < 2:
        return None
    off, variance = (
        np.array(part) for part in zip(*((one["came"] - one["forecast"], one["variance"]) for one in told), strict=True)
    )
    shift = off.sum() / variance.sum()
    return float(chdtrc(len(told) - 1, float((((off - shift * variance) ** 2) / variance).sum())))
