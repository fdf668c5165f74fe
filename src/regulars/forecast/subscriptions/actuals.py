"""What came of the forecasts that were kept: the subscriptions expected to renew, and those that did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import ibis

from regulars.forecast import forecast_actual
from regulars.forecast.forecast_actual import ForecastActual
from regulars.forecast.subscriptions.renewal_history import known_until
from regulars.forecast.subscriptions.result import SubscribersForecast
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine
from regulars.warehouse.forecasts import SUBSCRIPTION_PREDICTIONS


def outcomes(
    engine: Engine, forecasts: Iterable[SubscribersForecast], covered: tuple[int, int]
) -> tuple[ForecastActual, ...]:
    """One for each forecast and each of its spans that is over; `covered` as for `known_until`."""
    last_day = known_until(engine, engine.fact("subscriptions"), covered)
    return tuple(outcome for one in forecasts for outcome in _outcomes(engine, one, last_day))


def _outcomes(engine: Engine, one: SubscribersForecast, last_day: int) -> Iterator[ForecastActual]:
    day = epoch_day(one.as_of)
    said, now = engine.fact(SUBSCRIPTION_PREDICTIONS), engine.fact("subscriptions")
    said = said.filter(said.as_of == ibis.literal(one.as_of.isoformat(), type="date"))
    said = said.select("source", "subscription_id", "due")
    now = said.inner_join(now, ["source", "subscription_id"])
    now = now.mutate(kept=now.ended_day.isnull() | (now.ended_day > now.due + day))
    return forecast_actual.outcomes(
        engine, one.as_of, one.totals["renewing"], one.renewing_range, last_day, now,
        lambda rows, days: rows.kept & (rows.due <= days),
    )  # fmt: skip
