"""Predictions for each running subscription: computed once per plan and day of the start, and joined to the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.forecast.conventions import HIGH_QUANTILE, LOW_QUANTILE, MAX_DAYS, PROBABILITY_HORIZONS, YEAR
from regulars.forecast.subscriptions.fitting import PlanModel, PlanModels
from regulars.forecast.subscriptions.renewal_days import IntArray, renewal_day, renewals_due
from regulars.forecast.subscriptions.renewal_value import RenewalValue
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import MONEY

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RunningSubscriptions:
    """Running subscriptions of one model at the end of a day.

    Attributes:
        model: Their model.
        began: Day of the start, shape (rows,).
        day: The epoch day.
        renewed: Renewals so far, shape (rows,).
        due: Days until the next renewal, 1 or more, shape (rows,).
        probability_running: Probability of still running at this time of the period, by which predictions are
            conditioned, shape (rows,).
    """

    model: PlanModel
    began: IntArray
    day: int
    renewed: IntArray
    due: IntArray
    probability_running: Array

    def renewal_probability(self, renewals: Array | float) -> Array:
        """Return the probability of so many more renewals."""
        probability: Array = self.model.fitted.survival(renewals, self.renewed.astype(float)) / self.probability_running
        return probability

    def days_until(self, number: IntArray | int) -> IntArray:
        """Return the days until the `number`-th renewal from now."""
        return renewal_day(self.model.term, self.began, self.renewed + number) - self.day


def running_subscriptions(model: PlanModel, began: IntArray, day: int) -> RunningSubscriptions:
    """Return the state at the end of the epoch day `day` of running subscriptions that began on these days."""
    renewed = renewals_due(model.term, began, day)
    since, due = (renewal_day(model.term, began, renewed + further) for further in (0, 1))
    probability_running = model.probability_running(renewed.astype(float), (day - since) / (due - since))
    return RunningSubscriptions(model, began, day, renewed, due - day, probability_running)


def score_subscriptions(
    fitted: PlanModels, running: Mapping[str, IntArray], day: int, horizon: int, rate: float
) -> pa.Table:
    """Return one row for each plan with a model and each day on which running subscriptions of it began. One plan must
    have a model.

    Args:
        fitted: The models.
        running: Days on which running subscriptions began, by plan.
        day: Epoch day of the forecast.
        horizon: Days to forecast.
        rate: Discount per year.

    Returns:
        Columns `renewed`; `age` and `due`, days since the start and until the next renewal; `probability_purchase_30d`,
        `_90d` and `_365d`, of a renewal; `purchases`, renewals expected within the horizon, `purchases_low` and
        `purchases_high`, their 10 % and 90 % quantiles; `worth`, `worth_low` and `worth_high`, the same discounted;
        `worth_at_risk`, the discounted renewals of 12 months lost to churn; `median_days` until half have churned (null
        above a hundred years); `probability_purchase_90d_at_last`, what the probability was at the last renewal, or at
        the start.
    """
    tables = []
    for plan, began in sorted(running.items()):
        model = fitted.of(plan)
        if model is not None and len(began):
            numbers = _scores(running_subscriptions(model, began, day), horizon, rate)
            tables.append(numbers.append_column("plan", pa.array([plan] * len(began), pa.string())))
    return pa.concat_tables(tables)


def _scores(state: RunningSubscriptions, horizon: int, rate: float) -> pa.Table:
    zeros = np.zeros(len(state.began))
    purchases, low, high, discounted_sum, discounted_low, discounted_high, at_risk = (zeros.copy() for _ in range(7))
    number = 1
    while ((days_ahead := state.days_until(number)) <= max(horizon, YEAR)).any():
        probability, within = state.renewal_probability(number), days_ahead <= horizon
        discounted = (1 + rate) ** (-days_ahead / 365)
        purchases += within * probability
        discounted_sum += within * probability * discounted
        # The q-quantile is at least `number` where fewer renewals have a probability below q.
        for share, count, total in ((LOW_QUANTILE, low, discounted_low), (HIGH_QUANTILE, high, discounted_high)):
            counted = within & (1 - probability < share)
            count += counted
            total += counted * discounted
        at_risk += (days_ahead <= YEAR) * (1 - probability) * discounted
        number += 1
    next_renewal = state.renewal_probability(1)
    median = state.model.fitted.median_renewals(state.renewed.astype(float), state.probability_running / 2)
    ends = state.days_until(np.minimum(median, MAX_DAYS).astype(np.int64)).astype(float)
    since = renewal_day(state.model.term, state.began, state.renewed)
    within_90_days = state.day + state.due - since <= 90
    integers = {
        "renewed": state.renewed,
        "age": state.day - state.began,
        "due": state.due,
        "purchases_low": low,
        "purchases_high": high,
    }
    numbers = {f"probability_purchase_{days}d": (state.due <= days) * next_renewal for days in PROBABILITY_HORIZONS} | {
        "purchases": purchases,
        "probability_purchase_90d_at_last": within_90_days * state.model.fitted.retention(state.renewed.astype(float)),
    }
    amounts = {
        "worth": discounted_sum,
        "worth_low": discounted_low,
        "worth_high": discounted_high,
        "worth_at_risk": at_risk,
    }
    return pa.table(
        {"began": pa.array(state.began.astype(np.int32))}
        | {name: pa.array(values.astype(np.int32)) for name, values in integers.items()}
        | {name: pa.array(values.astype(np.float32)) for name, values in numbers.items()}
        | {name: pa.array(values) for name, values in amounts.items()}
        | {"median_days": pa.array(ends.astype(np.float32), mask=~(ends < MAX_DAYS))}
    )


def predictions(engine: Engine, rows: ir.Table, scored: pa.Table, renewal_value: RenewalValue, day: str) -> ir.Table:
    """Return one row per running subscription: the columns of facts.subscription_predictions.

    `spend` is the net revenue of a renewal, `revenue` the discounted renewals at that, and `profit` their profit, null
    where value is revenue. `value_low` and `value_high` are the value of the range of renewals, and `value_at_risk`
    the value of 12 months lost to churn. All are null where `spend` is not known.

    Args:
        engine: Where the rows are.
        rows: `renewal_history` of running subscriptions.
        scored: `score_subscriptions`.
        renewal_value: Revenue of a renewal.
        day: Day of the forecast, ISO 8601.
    """
    spend = pa.table(
        {
            "of_plan": pa.array(list(renewal_value.plans), pa.string()),
            "a_period": pa.array(list(renewal_value.plans.values()), pa.float64()),
        }
    )
    of_plan = engine.keep("subscription_spend", spend)
    of_start = engine.keep("subscription_scores", scored).rename(cell_plan="plan")
    joined = rows.select("source", "subscription_id", "person", "bucket", "plan", "day")
    joined = joined.inner_join(of_start, [joined.plan == of_start.cell_plan, joined.day == of_start.began])
    joined = joined.inner_join(of_plan, joined.plan == of_plan.of_plan)
    joined = joined.mutate(a_value=joined.a_period * renewal_value.share)

    def money(amount: ir.FloatingValue) -> ir.DecimalValue:
        return amount.cast(MONEY)

    return joined.select(
        "source", "subscription_id", "person", "bucket", "plan", "renewed", "age", "due", "probability_purchase_30d",
        "probability_purchase_90d", "probability_purchase_365d",
        "purchases", "purchases_low", "purchases_high",
        as_of=ibis.literal(day, type="date"),
        probability_alive=ibis.literal(1.0).cast("float32"),
        spend=money(joined.a_period),
        revenue=money(joined.worth * joined.a_period),
        profit=money(joined.worth * joined.a_value) if renewal_value.value_of == "profit" else ibis.null(MONEY),
        value_low=money(joined.worth_low * joined.a_value),
        value_high=money(joined.worth_high * joined.a_value),
        value_at_risk=money(joined.worth_at_risk * joined.a_value),
        median_days=joined.median_days,
        overdue=ibis.null("float32"),
        probability_purchase_90d_at_last=joined.probability_purchase_90d_at_last,
    )  # fmt: skip
