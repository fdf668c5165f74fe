"""What came of forecasts that were kept: how many were expected within each span that is over, and how many came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir

from regulars.forecast.backtests.ranges import Range
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted


@dataclass(frozen=True)
class ForecastActual:
    """Of those known on the day `as_of`: how many were expected to buy, or to renew, within so many days, and how many did.

    `range` is between which the number was to lie in eight of ten cases, as stated then; None where it was not known.
    """

    as_of: date
    days: int
    forecast: float
    range: Range | None
    came: int


def outcomes(
    engine: Engine,
    as_of: date,
    expected: Mapping[str, float],
    ranges: Callable[[int], Range | None],
    last_day: int,
    rows: ir.Table,
    came: Callable[[ir.Table, int], ir.BooleanValue],
) -> Iterator[ForecastActual]:
    """One for each span that is over on the epoch day `last_day`; `expected` and `ranges` by days.

    rows: one for each of whom the forecast was; `came` tells of them who came within so many days.
    """
    over = [int(days) for days in expected if epoch_day(as_of) + int(days) <= last_day]
    if over:
        found = engine.row(rows.agg(**{f"came_{days}": counted(came(rows, days).sum()) for days in over}))
        for days in over:
            yield ForecastActual(as_of, days, expected[str(days)], ranges(days), found[f"came_{days}"] or 0)
