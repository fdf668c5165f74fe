"""How far off the totals of a shop's forecasts were in backtest periods: buyers, purchases, and what these brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np

from regulars.forecast.backtests.ranges import Errors, PeriodError
from regulars.forecast.purchases.accuracy import chance
from regulars.forecast.purchases.backtest import Trial
from regulars.forecast.purchases.histories import histories
from regulars.forecast.purchases.monetary_value import spending, winsorize
from regulars.vocabulary.errors import ForecastRefused
from regulars.warehouse.engine import Engine


@dataclass(frozen=True)
class TotalErrors:
    """By total, and by length of the backtest periods."""

    buyers: Errors
    purchases: Errors
    revenue: Errors
    profit: Errors


def errors_of(
    engine: Engine, orders: ir.Table, trials: Mapping[int, Sequence[Trial]], of_value: Sequence[int]
) -> TotalErrors:
    """Those of forecasts of backtest periods, by their length in days.

    orders: those of the customers that were forecast; of_value: the lengths for which purchases and their value are judged.
    """
    judged = {days: trials[days] for days in of_value if days in trials}
    value = {days: [_value(engine, orders, trial) for trial in found] for days, found in judged.items()}
    return TotalErrors(
        {days: [_buyers(trial) for trial in found] for days, found in trials.items()},
        {days: [_purchases(trial) for trial in found] for days, found in judged.items()},
        *(
            {days: [one[name] for one in found if name in one] for days, found in value.items()}
            for name in ("revenue", "profit")
        ),
    )


def _buyers(trial: Trial) -> PeriodError:
    n, buys = trial.quarter.cells.n, trial.buys
    came = float(n @ (trial.quarter.after > 0))
    return PeriodError.of(float(n @ buys), float(np.sqrt(n @ (buys * (1 - buys)))), came)


def _purchases(trial: Trial) -> PeriodError:
    one = trial.quarter
    found = chance.purchases(trial.fitted, trial.clock, one.cells, one.days)
    return PeriodError.of(*found, float(one.cells.n @ one.after))


def _value(engine: Engine, orders: ir.Table, trial: Trial) -> dict[str, PeriodError]:
    """Revenue, and profit where that of all orders before was known; neither where no order was worth anything."""
    start, days = trial.quarter.start, trial.quarter.days
    try:
        capped = winsorize(engine, orders, start)
    except ForecastRefused:
        return {}
    rows = engine.keep("backtest_histories", histories(orders, start, capped.at))
    spend = spending(engine, orders, rows, start)
    found = chance.revenue(trial.fitted, trial.clock, chance.spent_by_past(engine, rows), spend, days)
    later = orders.filter(orders.day >= start, orders.day < start + days, orders.first_day < start)
    came = engine.row(
        later.agg(revenue=later.net_revenue.sum().cast("float64"), profit=later.profit.sum().cast("float64"))
    )
    errors = {"revenue": PeriodError.of(*found, came["revenue"] or 0.0)}
    if spend.value_of == "profit":
        share = spend.share
        errors["profit"] = PeriodError.of(share * found.expected, share * found.spread, came["profit"] or 0.0)
    return errors
