"""Stored forecasts beside the actual counts, for every horizon that has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.forecast.prediction_intervals import PredictionInterval
from regulars.forecast.purchases.result import Forecast
from regulars.forecast.subscriptions.renewal_history import known_until
from regulars.forecast.subscriptions.result import SubscribersForecast
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine
from regulars.warehouse.forecasts import PREDICTIONS, SUBSCRIPTION_PREDICTIONS, with_current_persons
from regulars.warehouse.portable import counted


@dataclass(frozen=True)
class ForecastActual:
    """The expected and the actual number of customers who bought, or of subscriptions that renewed.

    Attributes:
        as_of: Last day that the forecast knew.
        days: Horizon in days from `as_of`.
        forecast: Expected number.
        range: 80 % prediction interval as stored with the forecast; None where it was not known.
        actual: Actual number.
    """

    as_of: date
    days: int
    forecast: float
    range: PredictionInterval | None
    actual: int

    def as_record(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return asdict(self)


def _actuals(
    engine: Engine,
    as_of: date,
    expected: Mapping[str, float],
    ranges: Callable[[int], PredictionInterval | None],
    last_day: int,
    rows: ir.Table,
    happened: Callable[[ir.Table, int], ir.BooleanValue],
) -> Iterator[ForecastActual]:
    """Yield a comparison for each horizon that ended by the epoch day `last_day`.

    Args:
        engine: Where the facts are.
        as_of: Last day that the forecast knew.
        expected: Expected numbers by horizon in days, as text.
        ranges: Returns the prediction interval of a horizon.
        last_day: Last epoch day of the data.
        rows: One row for each customer or subscription in the forecast.
        happened: Expression over `rows`: whether the row bought, or renewed, within a horizon.
    """
    ended = [int(days) for days in expected if epoch_day(as_of) + int(days) <= last_day]
    if ended:
        counts = engine.row(rows.agg(**{f"actual_{days}": counted(happened(rows, days).sum()) for days in ended}))
        for days in ended:
            yield ForecastActual(as_of, days, expected[str(days)], ranges(days), counts[f"actual_{days}"] or 0)


def purchase_actuals(engine: Engine, forecasts: Iterable[Forecast], last_day: int) -> tuple[ForecastActual, ...]:
    """Return a comparison for each stored forecast and each horizon that has ended.

    Args:
        engine: Where the facts are.
        forecasts: Stored forecasts of purchases.
        last_day: Last epoch day of the data.
    """
    return tuple(actual for forecast in forecasts for actual in _purchase_actuals(engine, forecast, last_day))


def _purchase_actuals(engine: Engine, forecast: Forecast, last_day: int) -> Iterator[ForecastActual]:
    day = epoch_day(forecast.as_of)
    orders, predictions = engine.fact("orders"), engine.fact(PREDICTIONS)
    later = orders.filter(orders.person.notnull(), orders.day > day)
    following = later.group_by("person").agg(following=later.day.min())
    predictions = predictions.filter(predictions.as_of == ibis.literal(forecast.as_of.isoformat(), type="date")).select(
        "person"
    )
    predictions = with_current_persons(predictions, engine.fact("moved_persons")).distinct()
    buyers = predictions.inner_join(following, "person")
    return _actuals(
        engine, forecast.as_of, forecast.totals["buyers"], forecast.buyers_range, last_day, buyers,
        lambda rows, days: rows.following <= day + days,
    )  # fmt: skip


def renewal_actuals(
    engine: Engine, forecasts: Iterable[SubscribersForecast], covered: tuple[int, int]
) -> tuple[ForecastActual, ...]:
    """Return a comparison for each stored forecast of subscriptions and each horizon that has ended.

    Args:
        engine: Where the facts are.
        forecasts: Stored forecasts of subscriptions.
        covered: As for `known_until`.
    """
    last_day = known_until(engine, engine.fact("subscriptions"), covered)
    return tuple(actual for forecast in forecasts for actual in _renewal_actuals(engine, forecast, last_day))


def _renewal_actuals(engine: Engine, forecast: SubscribersForecast, last_day: int) -> Iterator[ForecastActual]:
    day = epoch_day(forecast.as_of)
    predictions, renewals = engine.fact(SUBSCRIPTION_PREDICTIONS), engine.fact("subscriptions")
    predictions = predictions.filter(predictions.as_of == ibis.literal(forecast.as_of.isoformat(), type="date"))
    predictions = predictions.select("source", "subscription_id", "due")
    renewals = predictions.inner_join(renewals, ["source", "subscription_id"])
    renewals = renewals.mutate(kept=renewals.ended_day.isnull() | (renewals.ended_day > renewals.due + day))
    return _actuals(
        engine, forecast.as_of, forecast.totals["renewing"], forecast.renewing_range, last_day, renewals,
        lambda rows, days: rows.kept & (rows.due <= days),
    )  # fmt: skip
