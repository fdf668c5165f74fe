"""Backtest of subscriptions: forecasts of past periods from the data before them, compared with the actual numbers.

Results are by cohort, the quarter of the start: the model assumes that all cohorts of a plan are alike, and differences
show here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS, PROBABILITY_HORIZONS
from regulars.forecast.prediction_intervals import ErrorsByLength, PeriodError
from regulars.forecast.subscriptions.fitting import MIN_DUE, fit_plans
from regulars.forecast.subscriptions.renewal_days import IntArray, month_and_day, renewal_day, renewals_due
from regulars.forecast.subscriptions.renewal_history import (
    SubscriptionData,
    ends_by_part,
    renewal_history,
    renewal_summary,
)
from regulars.forecast.subscriptions.scoring import RunningSubscriptions, running_subscriptions
from regulars.vocabulary.calendar import from_epoch_day
from regulars.warehouse.engine import Engine

Array = npt.NDArray[np.float64]

MIN_P_VALUE = 0.01
"""Cohorts differ significantly where `homogeneity_p_value` is below this."""
_COLUMNS = ("plan", "day", "ended_day", "cohort", "over", "renewed", "left", "part")
_MIN_VARIANCE = 5.0
"""Least variance of a cohort that is compared with others."""


@dataclass(frozen=True, eq=False)
class CohortOutcome:
    """Subscriptions of one plan that ran at the start of a backtest period; each row is `n` that began on one day."""

    plan: str
    began: IntArray
    stayed: IntArray
    """1 where they still ran at the end of the period."""
    n: IntArray


@dataclass(frozen=True, eq=False)
class RenewalBacktest:
    """A backtest period from the epoch day `start` on, and by cohort (number of a quarter) the forecast and actual
    counts.
    """

    start: int
    cohorts: dict[int, dict[str, float]]
    before: float | None
    """Share that stayed in as many days before; None where nobody was subscribed then."""

    @property
    def sums(self) -> dict[str, float]:
        """Sums over all cohorts."""
        return {
            name: sum(cohort[name] for cohort in self.cohorts.values())
            for name in ("n", "forecast", "variance", "actual")
        }


def cohort_outcomes(engine: Engine, rows: ir.Table, start: int) -> list[CohortOutcome]:
    """Return the outcome of subscriptions that ran before the epoch day `start`; `rows` is `renewal_history` at the end
    of the period.
    """
    rows = rows.filter(rows.day < start, rows.ended_day.isnull() | (rows.ended_day >= start))
    stayed = (~rows.over).cast("int32")
    counts = engine.read(
        rows.group_by("plan", "day", stayed=stayed).agg(n=rows.count()).order_by("plan", "day", "stayed")
    )
    plans = np.asarray(counts["plan"].to_pylist(), dtype=str)
    began, stays, n = (np.asarray(counts[name], dtype=np.int64) for name in ("day", "stayed", "n"))
    return [
        CohortOutcome(str(plan), began[rows_of_plan], stays[rows_of_plan], n[rows_of_plan])
        for plan in np.unique(plans)
        for rows_of_plan in [plans == plan]
    ]


def backtest_renewals(data: SubscriptionData, until: int) -> list[RenewalBacktest]:
    """Return the backtest periods, the latest first, as far back as the data are sufficient."""
    return list(_backtest_periods(data, until))


def _backtest_periods(data: SubscriptionData, until: int) -> Iterator[RenewalBacktest]:
    engine = data.engine
    starts = [until - BACKTEST_DAYS * number for number in range(1, BACKTEST_ORIGINS + 1)]
    days = (until, *starts)
    histories = {
        day: engine.keep(f"subscription_lives_{day}", renewal_history(data, day).select(*_COLUMNS)) for day in days
    }
    for start in starts:
        summary = renewal_summary(engine, histories[start])
        plan_models = fit_plans(
            summary, ends_by_part(engine, histories[start]), {plan: data.terms[plan] for plan in set(summary.plan)}
        )
        cohorts: dict[int, dict[str, float]] = {}
        for outcome in cohort_outcomes(engine, histories[start + BACKTEST_DAYS], start):
            model = plan_models.of(outcome.plan)
            if model is not None:
                _add(
                    cohorts,
                    outcome,
                    probability_still_running(running_subscriptions(model, outcome.began, start - 1), BACKTEST_DAYS),
                )
        if sum(cohort["n"] for cohort in cohorts.values()) < MIN_DUE:
            return
        earlier = cohort_outcomes(engine, histories[start], start - BACKTEST_DAYS)
        earlier = [outcome for outcome in earlier if plan_models.of(outcome.plan) is not None]
        ran, stayed = (
            sum(outcome.n.sum() for outcome in earlier),
            sum(outcome.n @ outcome.stayed for outcome in earlier),
        )
        yield RenewalBacktest(start, cohorts, float(stayed / ran) if ran else None)


def _add(cohorts: dict[int, dict[str, float]], outcome: CohortOutcome, probability: Array) -> None:
    quarters = month_and_day(outcome.began)[0] // 3
    for quarter in np.unique(quarters):
        rows = quarters == quarter
        n, p = outcome.n[rows], probability[rows]
        cohort = cohorts.setdefault(int(quarter), dict.fromkeys(("n", "forecast", "variance", "actual"), 0.0))
        cohort["n"] += float(n.sum())
        cohort["forecast"] += float(n @ p)
        cohort["variance"] += float(n @ (p * (1 - p)))
        cohort["actual"] += float(n @ outcome.stayed[rows])


def renewal_errors(data: SubscriptionData, until: int) -> ErrorsByLength:
    """Return the errors of the number of renewals in past periods of each length, none of which overlap."""
    return {days: list(_errors(data, until, days)) for days in PROBABILITY_HORIZONS}


def _errors(data: SubscriptionData, until: int, days: int) -> Iterator[PeriodError]:
    for start in (until - days * number for number in range(1, BACKTEST_ORIGINS + 1)):
        sums = renewals_in_period(data, start, days)
        if sums["n"] < MIN_DUE or not sums["forecast"]:
            return
        yield PeriodError.of(sums["forecast"], float(np.sqrt(sums["variance"])), sums["actual"])


def renewals_in_period(data: SubscriptionData, start: int, days: int) -> dict[str, float]:
    """Return the renewals within `days` from the epoch day `start` on, by what was known before it.

    Returns:
        `n`: running subscriptions; `forecast`: expected renewals; `variance`: its variance; `actual`: actual renewals.
    """
    engine = data.engine
    rows = engine.keep(f"subscription_lives_{start}", renewal_history(data, start).select(*_COLUMNS))
    summary = renewal_summary(engine, rows)
    plan_models = fit_plans(summary, ends_by_part(engine, rows), {plan: data.terms[plan] for plan in set(summary.plan)})
    sums = dict.fromkeys(("n", "forecast", "variance", "actual"), 0.0)
    for plan, began, ended, n in _running(engine, rows.filter(~rows.over)):
        model = plan_models.of(plan)
        if model is not None:
            running = running_subscriptions(model, began, start - 1)
            p = (running.due <= days) * running.renewal_probability(1)
            sums["n"] += float(n.sum())
            sums["forecast"] += float(n @ p)
            sums["variance"] += float(n @ (p * (1 - p)))
            sums["actual"] += float(n @ ((running.due <= days) & (ended > start - 1 + running.due)))
    return sums


def _running(engine: Engine, rows: ir.Table) -> Iterator[tuple[str, IntArray, IntArray, IntArray]]:
    """Yield by plan: days on which subscriptions began and ended (the largest integer where they still run), and their
    number.
    """
    rows = rows.mutate(ended=rows.ended_day.fill_null(np.iinfo(np.int32).max))
    counts = engine.read(rows.group_by("plan", "day", "ended").agg(n=rows.count()).order_by("plan", "day", "ended"))
    plans = np.asarray(counts["plan"].to_pylist(), dtype=str)
    began, ended, n = (np.asarray(counts[name], dtype=np.int64) for name in ("day", "ended", "n"))
    return (
        (str(plan), began[rows_of_plan], ended[rows_of_plan], n[rows_of_plan])
        for plan in np.unique(plans)
        for rows_of_plan in [plans == plan]
    )


def probability_still_running(running: RunningSubscriptions, days: int) -> Array:
    """Return the probability that subscriptions still run after so many days."""
    end_day = running.day + days
    due_renewals = renewals_due(running.model.term, running.began, end_day) - running.renewed
    since, due = (
        renewal_day(running.model.term, running.began, running.renewed + due_renewals + offset) for offset in (0, 1)
    )
    part = (end_day - since) / (due - since)
    probability: Array = running.renewal_probability(due_renewals.astype(float)) * running.model.probability_running(
        (running.renewed + due_renewals).astype(float), part
    )
    return probability


def report(backtests: list[RenewalBacktest]) -> dict[str, Any]:
    """Return the results of the backtest, ready for JSON.

    Returns:
        `quarters`: each period, the latest first, with the naive forecast that as many stay as in the days before;
            `cohorts`: sums over all periods by cohort; `alike`: p-value of the homogeneity of cohorts.
    """
    by_cohort: dict[int, dict[str, float]] = {}
    for backtest in backtests:
        for quarter, cohort in backtest.cohorts.items():
            sums = by_cohort.setdefault(quarter, dict.fromkeys(cohort, 0.0))
            for name, value in cohort.items():
                sums[name] += value
    return {
        "days": BACKTEST_DAYS,
        "quarters": [
            {
                "as_of": from_epoch_day(backtest.start - 1).isoformat(),
                **_counts(backtest.sums),
                "naive": None if backtest.before is None else backtest.before * backtest.sums["n"],
            }
            for backtest in backtests
        ],
        "cohorts": [
            {"cohort": f"{1970 + quarter // 4}-Q{quarter % 4 + 1}", **_counts(cohort)}
            for quarter, cohort in sorted(by_cohort.items())
        ],
        "alike": homogeneity_p_value(list(by_cohort.values())),
    }


def _counts(sums: dict[str, float]) -> dict[str, float]:
    return {
        "subscriptions": sums["n"],
        "forecast": sums["forecast"],
        "spread": float(np.sqrt(sums["variance"])),
        "actual": sums["actual"],
    }


def homogeneity_p_value(cohorts: list[dict[str, float]]) -> float | None:
    """Return the p-value of the hypothesis that all cohorts have the same deviation from the forecast; None with fewer
    than two cohorts.

    The common deviation is removed first (a shift of the log odds, to first order); the rest has variance as forecast,
    so its squares are chi-squared with one degree of freedom less than there are cohorts.
    """
    compared = [cohort for cohort in cohorts if cohort["variance"] >= _MIN_VARIANCE]
    if len(compared) < 2:
        return None
    error, variance = (
        np.array(part)
        for part in zip(
            *((cohort["actual"] - cohort["forecast"], cohort["variance"]) for cohort in compared), strict=True
        )
    )
    shift = error.sum() / variance.sum()
    return float(chdtrc(len(compared) - 1, float((((error - shift * variance) ** 2) / variance).sum())))
