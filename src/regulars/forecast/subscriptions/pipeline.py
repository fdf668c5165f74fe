"""The steps of a forecast of subscriptions, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np

from regulars.forecast.options import ForecastOptions
from regulars.forecast.subscriptions import backtest
from regulars.forecast.subscriptions.fitting import PlanModel, PlanModels, fit_plans
from regulars.forecast.subscriptions.renewal_days import IntArray
from regulars.forecast.subscriptions.renewal_history import (
    RenewalSummary,
    ends_by_part,
    known_until,
    renewal_history,
    renewal_summary,
    subscription_data,
)
from regulars.forecast.subscriptions.renewal_value import RenewalValue, fit_renewal_value
from regulars.forecast.subscriptions.result import SubscribersForecast
from regulars.forecast.subscriptions.scoring import predictions, score_subscriptions
from regulars.forecast.subscriptions.totals import by_plan, totals
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import ForecastRefused
from regulars.vocabulary.settings.term import Term, Terms
from regulars.warehouse.engine import Engine

STEPS = ("lives", "models", "past", "spend", "scores", "totals")
MAX_DAYS_SINCE_LAST = 60
"""Largest number of days from the last start or end of a subscription to the end of the data."""


def run_forecast(
    engine: Engine,
    currency: str,
    terms: Terms,
    covered: tuple[int, int],
    until: int,
    options: ForecastOptions,
    done: Callable[[str], None] = lambda step: None,
) -> tuple[SubscribersForecast, ir.Table]:
    """Return the forecast of the fact subscriptions, and its predictions as a query of the engine.

    It is as of the day before `until`, or of the last day for which it is known who is subscribed.

    Args:
        engine: Where the facts are.
        currency: The shop's currency.
        terms: Terms of the plans.
        covered: Last epoch day of the shop's data, and the last that its subscriptions cover.
        until: First epoch day whose data are not used.
        options: Options of the forecast.
        done: Called with each of STEPS when it is complete.

    Raises:
        ForecastRefused: Where the data are not sufficient.
    """
    rows = engine.fact("subscriptions")
    known = known_until(engine, rows, covered)
    _require_recent(known, covered[0])
    until = min(known + 1, until)
    data = subscription_data(engine, rows, terms, until)
    if not data.terms:
        raise ForecastRefused(f"No subscription had begun by {from_epoch_day(until - 1)}.")
    histories = engine.keep("subscription_lives", renewal_history(data, until))
    cohorts = renewal_summary(engine, histories)
    done("lives")
    plan_models = fit_plans(cohorts, ends_by_part(engine, histories), data.terms)
    if not plan_models.models:
        raise ForecastRefused(f"There are not enough data to forecast subscriptions: {_reasons(plan_models.refused)}.")
    done("models")
    backtests = backtest.backtest_renewals(data, until)
    errors = backtest.renewal_errors(data, until)
    done("past")
    renewal_value = fit_renewal_value(engine, engine.fact("orders"), histories, until, data.terms)
    done("spend")
    running = histories.filter(~histories.over)
    ending = 0
    if until == known + 1:  # as of an earlier day, ends after it were not known yet
        ending = engine.row(running.agg(n=running.count(where=running.ended_day.notnull())))["n"]
        running = running.filter(running.ended_day.isnull())
    start_days = {plan: days for plan, days in _running(engine, running).items() if plan_models.of(plan)}
    if not start_days:
        known_ends = f"; {ending:,} have a known end" if ending else ""
        raise ForecastRefused(f"No subscription that could be forecast is running{known_ends}.")
    scored = score_subscriptions(plan_models, start_days, until - 1, options.horizon, options.rate)
    subscription_predictions = engine.keep(
        "subscription_predictions_",
        predictions(engine, running, scored, renewal_value, from_epoch_day(until - 1).isoformat()),
    )
    done("scores")
    forecast_totals = totals(engine, subscription_predictions, errors)
    plans = _plans(data.terms, plan_models, renewal_value, by_plan(engine, subscription_predictions))
    done("totals")
    forecast = SubscribersForecast(
        as_of=from_epoch_day(until - 1),
        made_at=datetime.now(UTC).replace(microsecond=0),
        horizon=options.horizon,
        discount=options.rate,
        currency=currency,
        value_of=renewal_value.value_of,
        value_share=renewal_value.share,
        value_why=renewal_value.why,
        models=[_model(model) for model in plan_models.models],
        plans=plans,
        ending=ending,
        totals=forecast_totals,
        cohorts=_cohorts(cohorts),
        backtest=backtest.report(backtests) if backtests else None,
    )
    return forecast, subscription_predictions


def _require_recent(known: int, last_day: int) -> None:
    if last_day - known > MAX_DAYS_SINCE_LAST:
        raise ForecastRefused(
            f"The last subscription that began or ended did so on {from_epoch_day(known)}, {last_day - known:,} days before the"
            f" data end; at most {MAX_DAYS_SINCE_LAST} are allowed.",
            "Load the subscriptions of today; if none has begun or ended since, say so: regulars load --covers-until DAY",
        )


def _reasons(refused: Any) -> str:
    return "; ".join(f"{plan}: {why}" if plan else why for plan, why in sorted(refused.items()))


def _running(engine: Engine, rows: ir.Table) -> dict[str, IntArray]:
    """Return the days on which running subscriptions began, by plan."""
    start_days: dict[str, list[int]] = {}
    for row in engine.read(rows.group_by("plan", "day").agg(n=rows.count()).order_by("plan", "day")).to_pylist():
        start_days.setdefault(row["plan"], []).append(row["day"])
    return {plan: np.array(days, dtype=np.int64) for plan, days in start_days.items()}


def _model(model: PlanModel) -> dict[str, Any]:
    estimate = model.fitted.estimate
    errors = [None if np.isnan(error) else float(error) for error in estimate.standard_errors]
    return {
        "plans": list(model.plans),
        "pooled": model.pooled,
        "renews": str(model.term),
        "subscriptions": model.subscriptions,
        "parameters": estimate.parameters,
        "standard_errors": dict(zip(estimate.names, errors, strict=True)),
        "log_likelihood": float(estimate.log_likelihood),
        "status": estimate.status.name.lower(),
        "reason": estimate.reason,
        "first_renewal": float(model.fitted.retention(0)),
        "sixth_renewal": float(model.fitted.retention(5)),
    }


def _plans(
    terms: dict[str, Term], fitted: PlanModels, renewal_value: RenewalValue, sums: dict[str, Any]
) -> list[dict[str, Any]]:
    no_subscriptions = {"subscriptions": 0, "purchases": 0.0, "revenue": None, "profit": None, "value_at_risk": None}
    return [
        {
            "plan": plan,
            "renews": str(terms[plan]),
            **sums.get(plan, no_subscriptions),
            "spend": renewal_value.plans[plan],
            "refused": fitted.refused.get(plan, ""),
        }
        for plan in sorted(terms)
    ]


def _cohorts(summary: RenewalSummary) -> list[dict[str, Any]]:
    quarters = summary.cohort // 3
    cohorts = []
    for quarter in np.unique(quarters):
        rows = quarters == quarter
        n, renewed, left = summary.n[rows], summary.renewed[rows], summary.left[rows]
        cohorts.append(
            {
                "cohort": f"{1970 + quarter // 4}-Q{quarter % 4 + 1}",
                "subscriptions": int(n.sum()),
                "asked": int(n[(renewed > 0) | (left > 0)].sum()),
                "renewed": int(n[renewed > 0].sum()),
                "running": int(n[summary.running[rows] > 0].sum()),
            }
        )
    return cohorts
