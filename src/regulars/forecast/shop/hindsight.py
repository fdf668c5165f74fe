"""What came of the forecasts that were kept: the customers expected to buy, and those who did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import ibis

from regulars.forecast.shop.books import Forecast
from regulars.forecast.shop.engine import Engine
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.forecasts import today
from regulars.warehouse.portable import counted


@dataclass(frozen=True)
class Outcome:
    """Of the customers known on the day `as_of`: how many were expected to buy within so many days, and how many did.

    `spread` is one standard deviation of the first, by the model.
    """

    as_of: date
    days: int
    forecast: float
    spread: float
    came: int


def outcomes(engine: Engine, forecasts: Iterable[Forecast], last_day: int) -> tuple[Outcome, ...]:
    """One for each forecast and each of its spans that is over; the data end with the epoch day `last_day`."""
    return tuple(outcome for one in forecasts for outcome in _outcomes(engine, one, last_day))


def _outcomes(engine: Engine, one: Forecast, last_day: int) -> Iterator[Outcome]:
    day = epoch_day(one.as_of)
    over = [int(days) for days in one.totals["buyers"] if day + int(days) <= last_day]
    if not over:
        return
    orders, said = engine.fact("orders"), engine.fact("predictions")
    later = orders.filter(orders.person.notnull(), orders.day > day)
    following = later.group_by("person").agg(following=later.day.min())
    said = said.filter(said.as_of == ibis.literal(one.as_of.isoformat(), type="date")).select("person")
    said = today(said, engine.fact("moved_persons")).distinct()
    came = said.inner_join(following, "person")
    found = engine.one(came.agg(**{f"came_{days}": counted((came.following <= day + days).sum()) for days in over}))
    for days in over:
        buyers, spread = one.totals["buyers"][str(days)], one.totals["buyers_spread"][str(days)]
        yield Outcome(one.as_of, days, buyers, spread, found[f"came_{days}"] or 0)
