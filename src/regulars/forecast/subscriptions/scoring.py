"""What the model says of each running subscription: worked out once for each plan and day it began, joined to the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.forecast.conventions import FOREVER, HIGH, LOW, WITHIN, YEAR
from regulars.forecast.subscriptions.fitting import Fitted, Model
from regulars.forecast.subscriptions.renewal_days import Days, come_by, renewal_day
from regulars.forecast.subscriptions.renewal_value import RenewalValue
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import MONEY

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Standing:
    """Where running subscriptions of one model stand at the end of a day: renewals so far, and how far the next one is."""

    model: Model
    began: Days
    day: int
    renewed: Days
    due: Days
    """Days until the next renewal, 1 or more."""
    here: Array
    """The probability that somebody who renewed so often is still here so far into the period: they are."""

    def stays(self, renewals: Array | float) -> Array:
        """The probability of renewing so many times more."""
        found: Array = self.model.fitted.survival(renewals, self.renewed.astype(float)) / self.here
        return found

    def days_until(self, number: Days | int) -> Days:
        """Days until so many renewals from now."""
        return renewal_day(self.model.term, self.began, self.renewed + number) - self.day


def standing(model: Model, began: Days, day: int) -> Standing:
    """Of subscriptions that began then and still run at the end of the epoch day `day`."""
    renewed = come_by(model.term, began, day)
    since, due = (renewal_day(model.term, began, renewed + further) for further in (0, 1))
    here = model.here(renewed.astype(float), (day - since) / (due - since))
    return Standing(model, began, day, renewed, due - day, here)


def scores(fitted: Fitted, running: Mapping[str, Days], day: int, horizon: int, rate: float) -> pa.Table:
    """One row for each plan and each day on which running subscriptions of it began; plans without a model are left out.

    There must be one with a model.

    `renewed`, how often by the end of the epoch day `day`, `age` and `due`, days since they began and until the next renewal;
    `probability_purchase_30d`, `probability_purchase_90d`, `probability_purchase_365d`,
    the probability of a renewal within so many days; `purchases`, renewals to expect within
    the horizon (days), `purchases_low` and `purchases_high`, between which eight in ten will lie; `worth`, `worth_low` and
    `worth_high`, the same discounted by `rate` a year; `worth_at_risk`, how much less that is, within 12 months, than if they
    surely stayed; `median_days`,
    until half of them have left (null where that is a hundred years or never); `probability_purchase_90d_at_last`,
    what probability_purchase_90d was when they last renewed, or began.
    """
    tables = []
    for plan, began in sorted(running.items()):
        model = fitted.of(plan)
        if model is not None and len(began):
            numbers = _scores(standing(model, began, day), horizon, rate)
            tables.append(numbers.append_column("plan", pa.array([plan] * len(began), pa.string())))
    return pa.concat_tables(tables)


def _scores(now: Standing, horizon: int, rate: float) -> pa.Table:
    nothing = np.zeros(len(now.began))
    purchases, low, high, worth, worth_low, worth_high, at_stake = (nothing.copy() for _ in range(7))
    number = 1
    while ((ahead := now.days_until(number)) <= max(horizon, YEAR)).any():
        stays, within = now.stays(number), ahead <= horizon
        discounted = (1 + rate) ** (-ahead / 365)
        purchases += within * stays
        worth += within * stays * discounted
        # Not a quantile of the renewals yet where fewer are likely enough.
        for share, most, total in ((LOW, low, worth_low), (HIGH, high, worth_high)):
            more = within & (1 - stays < share)
            most += more
            total += more * discounted
        at_stake += (ahead <= YEAR) * (1 - stays) * discounted
        number += 1
    next_time = now.stays(1)
    median = now.model.fitted.median_renewals(now.renewed.astype(float), now.here / 2)
    ends = now.days_until(np.minimum(median, FOREVER).astype(np.int64)).astype(float)
    since = renewal_day(now.model.term, now.began, now.renewed)
    in_time = now.day + now.due - since <= 90
    whole = {
        "renewed": now.renewed,
        "age": now.day - now.began,
        "due": now.due,
        "purchases_low": low,
        "purchases_high": high,
    }
    numbers = {f"probability_purchase_{days}d": (now.due <= days) * next_time for days in WITHIN} | {
        "purchases": purchases,
        "probability_purchase_90d_at_last": in_time * now.model.fitted.retention(now.renewed.astype(float)),
    }
    amounts = {"worth": worth, "worth_low": worth_low, "worth_high": worth_high, "worth_at_risk": at_stake}
    return pa.table(
        {"began": pa.array(now.began.astype(np.int32))}
        | {name: pa.array(values.astype(np.int32)) for name, values in whole.items()}
        | {name: pa.array(values.astype(np.float32)) for name, values in numbers.items()}
        | {name: pa.array(values) for name, values in amounts.items()}
        | {"median_days": pa.array(ends.astype(np.float32), mask=~(ends < FOREVER))}
    )


def predictions(engine: Engine, rows: ir.Table, scored: pa.Table, brings: RenewalValue, day: str) -> ir.Table:
    """One row per running subscription of `renewal_history`: the columns of facts.subscription_predictions.

    `spend` is the net revenue that a renewal brings; `revenue` the discounted renewals at that, and `profit` what is left of it,
    null where value is revenue; `value_low` and `value_high` are the value of the range of renewals, and `value_at_stake` how
    much less value that is, within 12 months, than if all were sure to stay. Nothing of it is known where spend is not.
    """
    spend = pa.table(
        {
            "of_plan": pa.array(list(brings.plans), pa.string()),
            "a_period": pa.array(list(brings.plans.values()), pa.float64()),
        }
    )
    of_plan = engine.keep("subscription_spend", spend)
    of_cell = engine.keep("subscription_scores", scored).rename(cell_plan="plan")
    found = rows.select("source", "subscription_id", "person", "bucket", "plan", "day")
    found = found.inner_join(of_cell, [found.plan == of_cell.cell_plan, found.day == of_cell.began])
    found = found.inner_join(of_plan, found.plan == of_plan.of_plan)
    found = found.mutate(a_value=found.a_period * brings.share)

    def money(amount: ir.FloatingValue) -> ir.DecimalValue:
        return amount.cast(MONEY)

    return found.select(
        "source", "subscription_id", "person", "bucket", "plan", "renewed", "age", "due", "probability_purchase_30d",
        "probability_purchase_90d", "probability_purchase_365d",
        "purchases", "purchases_low", "purchases_high",
        as_of=ibis.literal(day, type="date"),
        probability_alive=ibis.literal(1.0).cast("float32"),
        spend=money(found.a_period),
        revenue=money(found.worth * found.a_period),
        profit=money(found.worth * found.a_value) if brings.value_of == "profit" else ibis.null(MONEY),
        value_low=money(found.worth_low * found.a_value),
        value_high=money(found.worth_high * found.a_value),
        value_at_stake=money(found.worth_at_risk * found.a_value),
        median_days=found.median_days,
        overdue=ibis.null("float32"),
        probability_purchase_90d_at_last=found.probability_purchase_90d_at_last,
    )  # fmt: skip
