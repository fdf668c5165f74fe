"""A forecast of subscriptions, made: gates, lives, fit, hidden past, scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np

from regulars.forecast.options import ForecastOptions
from regulars.forecast.subscriptions import backtest
from regulars.forecast.subscriptions.fitting import Fitted, Model, fit
from regulars.forecast.subscriptions.renewal_days import Days
from regulars.forecast.subscriptions.renewal_history import LivesCells, cells, known_until, parts, past, renewal_history
from regulars.forecast.subscriptions.renewal_value import RenewalValue, bringing
from regulars.forecast.subscriptions.result import SubscribersForecast
from regulars.forecast.subscriptions.scoring import predictions, scores
from regulars.forecast.subscriptions.totals import by_plan, totals
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import ForecastRefused
from regulars.vocabulary.settings.term import Term, Terms
from regulars.warehouse.engine import Engine

STEPS = ("lives", "models", "past", "spend", "scores", "totals")
SILENCE = 60
"""Days: after so long without a subscription that began or ended, those that are loaded are not the latest."""


def run_forecast(
    engine: Engine,
    currency: str,
    terms: Terms,
    covered: tuple[int, int],
    until: int,
    wish: ForecastOptions,
    done: Callable[[str], None] = lambda step: None,
) -> tuple[SubscribersForecast, ir.Table]:
    """A forecast of the fact subscriptions, and its predictions, still a query of the engine.

    covered: the last epoch day of the shop's data, and the last that its subscriptions are said to cover. The forecast is as of
    the day before the epoch day `until`, or the last of which it is known who is subscribed. `done` is called with each of
    STEPS. Raises ForecastRefused where the data cannot carry a forecast.
    """
    rows = engine.fact("subscriptions")
    known = known_until(engine, rows, covered)
    _insist_on_late(known, covered[0])
    until = min(known + 1, until)
    seen = past(engine, rows, terms, until)
    if not seen.terms:
        raise ForecastRefused(f"No subscription had begun by {from_epoch_day(until - 1)}.")
    current = engine.keep("subscription_lives", renewal_history(seen, until))
    cohorts = cells(engine, current)
    done("lives")
    fitted = fit(cohorts, parts(engine, current), seen.terms)
    if not fitted.models:
        raise ForecastRefused(f"There is not enough yet to forecast subscriptions from: {_said(fitted.refused)}.")
    done("models")
    hidden = backtest.hidden(seen, until)
    errors = backtest.errors_of_renewing(seen, until)
    done("past")
    brings = bringing(engine, engine.fact("orders"), current, until, seen.terms)
    done("spend")
    running = current.filter(~current.over)
    ending = 0
    if until == known + 1:  # what is known of days to come: as of an earlier day, it would be hindsight
        ending = engine.row(running.agg(n=running.count(where=running.ended_day.notnull())))["n"]
        running = running.filter(running.ended_day.isnull())
    began = {plan: days for plan, days in _running(engine, running).items() if fitted.of(plan)}
    if not began:
        known_to_end = f"; {ending:,} run out on a day that is known" if ending else ""
        raise ForecastRefused(f"No subscription that could be forecast runs any more{known_to_end}.")
    scored = scores(fitted, began, until - 1, wish.horizon, wish.rate)
    said = engine.keep(
        "subscription_predictions_", predictions(engine, running, scored, brings, from_epoch_day(until - 1).isoformat())
    )
    done("scores")
    sums = totals(engine, said, errors)
    plans = _plans(seen.terms, fitted, brings, by_plan(engine, said))
    done("totals")
    found = SubscribersForecast(
        as_of=from_epoch_day(until - 1),
        made_at=datetime.now(UTC).replace(microsecond=0),
        horizon=wish.horizon,
        discount=wish.rate,
        currency=currency,
        value_of=brings.value_of,
        value_share=brings.share,
        value_why=brings.why,
        models=[_model(model) for model in fitted.models],
        plans=plans,
        ending=ending,
        totals=sums,
        cohorts=_cohorts(cohorts),
        backtest=backtest.report(hidden) if hidden else None,
    )
    return found, said


def _insist_on_late(known: int, last_day: int) -> None:
    if last_day - known > SILENCE:
        raise ForecastRefused(
            f"The last subscription that began or ended did so on {from_epoch_day(known)}, {last_day - known:,} days before the"
            f" data end, and {SILENCE} are the most.",
            "Load the subscriptions of today; if none has begun or ended since, say so: regulars load --covers-until DAY",
        )


def _said(refused: Any) -> str:
    return "; ".join(f"{plan}: {why}" if plan else why for plan, why in sorted(refused.items()))


def _running(engine: Engine, rows: ir.Table) -> dict[str, Days]:
    """The days on which running subscriptions began, by plan."""
    found: dict[str, list[int]] = {}
    for row in engine.read(rows.group_by("plan", "day").agg(n=rows.count()).order_by("plan", "day")).to_pylist():
        found.setdefault(row["plan"], []).append(row["day"])
    return {plan: np.array(days, dtype=np.int64) for plan, days in found.items()}


def _model(model: Model) -> dict[str, Any]:
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


def _plans(terms: dict[str, Term], fitted: Fitted, brings: RenewalValue, sums: dict[str, Any]) -> list[dict[str, Any]]:
    nothing = {"subscriptions": 0, "purchases": 0.0, "revenue": None, "profit": None, "value_at_stake": None}
    return [
        {
            "plan": plan,
            "renews": str(terms[plan]),
            **sums.get(plan, nothing),
            "spend": brings.plans[plan],
            "refused": fitted.refused.get(plan, ""),
        }
        for plan in sorted(terms)
    ]


def _cohorts(found: LivesCells) -> list[dict[str, Any]]:
    quarters = found.cohort // 3
    said = []
    for quarter in np.unique(quarters):
        rows = quarters == quarter
        n, renewed, left = found.n[rows], found.renewed[rows], found.left[rows]
        said.append(
            {
                "cohort": f"{1970 + quarter // 4}-Q{quarter % 4 + 1}",
                "subscriptions": int(n.sum()),
                "asked": int(n[(renewed > 0) | (left > 0)].sum()),
                "renewed": int(n[renewed > 0].sum()),
                "running": int(n[found.running[rows] > 0].sum()),
            }
        )
    return said
