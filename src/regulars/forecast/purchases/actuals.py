"""What came of the forecasts that were kept: the customers expected to buy, and those who did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import ibis

from regulars.forecast import forecast_actual
from regulars.forecast.forecast_actual import ForecastActual
from regulars.forecast.purchases.result import Forecast
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine
from regulars.warehouse.forecasts import PREDICTIONS, with_current_persons


def outcomes(engine: Engine, forecasts: Iterable[Forecast], last_day: int) -> tuple[ForecastActual, ...]:
    """One for each forecast and each of its spans that is over; the data end with the epoch day `last_day`."""
    return tuple(outcome for one in forecasts for outcome in _outcomes(engine, one, last_day))


def _outcomes(engine: Engine, one: Forecast, last_day: int) -> Iterator[ForecastActual]:
    day = epoch_day(one.as_of)
    orders, said = engine.fact("orders"), engine.fact(PREDICTIONS)
    later = orders.filter(orders.person.notnull(), orders.day > day)
    following = later.group_by("person").agg(following=later.day.min())
    said = said.filter(said.as_of == ibis.literal(one.as_of.isoformat(), type="date")).select("person")
    said = with_current_persons(said, engine.fact("moved_persons")).distinct()
    came = said.inner_join(following, "person")
    return forecast_actual.outcomes(
        engine, one.as_of, one.totals["buyers"], one.buyers_range, last_day, came,
        lambda rows, days: rows.following <= day + days,
    )  # fmt: skip
