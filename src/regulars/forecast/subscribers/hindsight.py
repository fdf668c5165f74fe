"""What came of the forecasts that were kept: the subscriptions expected to renew, and those that did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import ibis

from regulars.forecast.shop.engine import Engine
from regulars.forecast.shop.hindsight import Outcome
from regulars.forecast.subscribers.books import SubscribersForecast
from regulars.forecast.subscribers.lives import known_until
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.forecasts import SUBSCRIPTION_PREDICTIONS
from regulars.warehouse.portable import counted


def outcomes(engine: Engine, forecasts: Iterable[SubscribersForecast], covered: tuple[int, int]) -> tuple[Outcome, ...]:
    """One for each forecast and each of its spans that is over; `covered` as for `known_until`."""
    last_day = known_until(engine, engine.fact("subscriptions"), covered)
    return tuple(outcome for one in forecasts for outcome in _outcomes(engine, one, last_day))


def _outcomes(engine: Engine, one: SubscribersForecast, last_day: int) -> Iterator[Outcome]:
    day = epoch_day(one.as_of)
    over = [int(days) for days in one.totals["renewing"] if day + int(days) <= last_day]
    if not over:
        return
    said, now = engine.fact(SUBSCRIPTION_PREDICTIONS), engine.fact("subscriptions")
    said = said.filter(said.as_of == ibis.literal(one.as_of.isoformat(), type="date"))
    said = said.select("source", "subscription_id", "due")
    came = said.inner_join(now, ["source", "subscription_id"])
    kept = came.ended_day.isnull() | (came.ended_day > came.due + day)
    found = engine.one(came.agg(**{f"came_{days}": counted((kept & (came.due <= days)).sum()) for days in over}))
    for days in over:
        renewing, spread = one.totals["renewing"][str(days)], one.totals["renewing_spread"][str(days)]
        yield Outcome(one.as_of, days, renewing, spread, found[f"came_{days}"] or 0)
