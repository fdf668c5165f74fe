"""Uncertainty of totals: standard deviations by the models, and errors of the same totals in backtest periods.

Customers are independent, so their variances add up. The value of a customer's N purchases has the second moment E[N]
E[Z²] + E[N (N − 1)] E[Z Z'], where Z and Z' are two of the customer's purchases; Gamma-Gamma takes them as independent
of N.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from regulars.forecast.models.purchase_fit import PurchaseForecast
from regulars.forecast.prediction_intervals import ErrorsByLength, PeriodError
from regulars.forecast.purchases.backtest import BacktestForecast
from regulars.forecast.purchases.histories import RFM_COLUMNS, customer_histories
from regulars.forecast.purchases.monetary_value import MonetaryValue, fit_monetary_value, winsorize
from regulars.forecast.rfm import RFMSummary
from regulars.forecast.seasonal_time import TimeScale
from regulars.vocabulary.errors import ForecastRefused
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import counted

Array = npt.NDArray[np.float64]

_LEAST = 0.5
"""Where Gamma-Gamma's variance is infinite (shape up to 2, for few customers), the shape is set to 2 plus this."""


class ExpectedTotal(NamedTuple):
    """An expected total, and its standard deviation by the model."""

    expected: float
    spread: float


@dataclass(frozen=True, eq=False)
class SpendByHistory:
    """Customers by distinct history: those with positive spend, the sum of their spend so far, and of its squares."""

    rfm: RFMSummary
    paying: Array
    spent: Array
    squares: Array


class _Moments(NamedTuple):
    """Sums over the customers of each row, for two purchases Z and Z' of one customer."""

    mean: Array
    mean_squared: Array
    product: Array
    """E[Z Z'], above the squared mean because a customer's mean value is uncertain."""
    square: Array


def spend_by_history(engine: Engine, rows: ir.Table) -> SpendByHistory:
    """Return the sums over `customer_histories`."""
    spent = rows.spent.cast("float64")
    sums = engine.read(
        rows.group_by(list(RFM_COLUMNS))
        .agg(n=rows.count(), paying=counted((rows.spent > 0).sum()), spent=rows.spent.sum(), squares=(spent * spent).sum())
        .order_by(list(RFM_COLUMNS))
    )  # fmt: skip
    x, t_x, T, n, paying, total, squares = (
        np.asarray(sums[name], dtype=float) for name in (*RFM_COLUMNS, "n", "paying", "spent", "squares")
    )
    return SpendByHistory(RFMSummary(x, t_x, T, n), paying, total, squares)


def purchases_total(fitted: PurchaseForecast, time_scale: TimeScale, rfm: RFMSummary, days: int) -> ExpectedTotal:
    """Return the purchases of all customers in the days from the time scale's `until` on."""
    rescaled, span = time_scale.rescale(rfm), time_scale.ahead(days)
    mean, variance = (moment(rescaled, span) for moment in (fitted.expected_purchases, fitted.variance_of_purchases))
    return ExpectedTotal(float(rfm.n @ mean), float(np.sqrt(rfm.n @ variance)))


def revenue_total(
    fitted: PurchaseForecast, time_scale: TimeScale, spent: SpendByHistory, spend: MonetaryValue, days: int
) -> ExpectedTotal:
    """Return the undiscounted revenue of these purchases."""
    rescaled, span = time_scale.rescale(spent.rfm), time_scale.ahead(days)
    purchases, pairs = (moment(rescaled, span) for moment in (fitted.expected_purchases, fitted.factorial_moment))
    value = _moments(spent, spend)
    variance = purchases @ value.square + pairs @ value.product - purchases**2 @ value.mean_squared
    return ExpectedTotal(float(purchases @ value.mean), float(np.sqrt(max(float(variance), 0.0))))


def _moments(spent: SpendByHistory, spend: MonetaryValue) -> _Moments:
    """Return the moments of the value of a purchase day."""
    n, days = spent.rfm.n, spent.rfm.x + 1
    if spend.model == "mean":
        mean = np.full_like(n, spend.parameters["mean"])
        # This model has one mean for all, so days of one customer are taken to vary as much as the means of customers.
        square = (spent.squares / days**2).sum() / max(spent.paying.sum(), 1.0)
        return _Moments(n * mean, n * mean**2, n * mean**2, n * np.maximum(mean**2, square))
    p, q, v = (spend.parameters[name] for name in ("p", "q", "v"))
    # With ν ~ Gamma(shape, rate): E[1/ν] = rate/(shape − 1), E[1/ν²] = rate²/((shape − 1) (shape − 2)), rate = v + spent.
    shapes, no_purchase_shape = p * days + q, np.full_like(n, q)
    rates, squared_rates = spent.paying * v + spent.spent, spent.paying * v**2 + 2 * v * spent.spent + spent.squares
    not_paying = n - spent.paying
    mean = p * (rates / (shapes - 1) + not_paying * v / (no_purchase_shape - 1))
    mean_squared = p**2 * (squared_rates / (shapes - 1) ** 2 + not_paying * v**2 / (no_purchase_shape - 1) ** 2)
    product = p**2 * (squared_rates / _below(shapes) + not_paying * v**2 / _below(no_purchase_shape))
    return _Moments(mean, mean_squared, product, product * (p + 1) / p)


def _below(shape: Array) -> Array:
    return (shape - 1) * np.maximum(shape - 2, _LEAST)


@dataclass(frozen=True)
class TotalErrors:
    """Errors by total, and by length of the backtest periods."""

    buyers: ErrorsByLength
    purchases: ErrorsByLength
    revenue: ErrorsByLength
    profit: ErrorsByLength


def backtest_errors(
    engine: Engine, orders: ir.Table, backtests: Mapping[int, Sequence[BacktestForecast]], of_value: Sequence[int]
) -> TotalErrors:
    """Return the errors of totals in backtest periods.

    Args:
        engine: Where the orders are.
        orders: Orders of the sampled customers.
        backtests: Forecasts of backtest periods, by their length in days.
        of_value: Lengths for which purchases and their value are compared, too.
    """
    selected = {days: backtests[days] for days in of_value if days in backtests}
    value = {days: [_value(engine, orders, backtest) for backtest in forecasts] for days, forecasts in selected.items()}
    return TotalErrors(
        {days: [_buyers(backtest) for backtest in forecasts] for days, forecasts in backtests.items()},
        {days: [_purchases(backtest) for backtest in forecasts] for days, forecasts in selected.items()},
        *(
            {days: [errors[name] for errors in forecasts if name in errors] for days, forecasts in value.items()}
            for name in ("revenue", "profit")
        ),
    )


def _buyers(backtest: BacktestForecast) -> PeriodError:
    n, purchase_probability = backtest.period.rfm.n, backtest.purchase_probability
    buyers = float(n @ (backtest.period.actual > 0))
    return PeriodError.of(
        float(n @ purchase_probability), float(np.sqrt(n @ (purchase_probability * (1 - purchase_probability)))), buyers
    )


def _purchases(backtest: BacktestForecast) -> PeriodError:
    period = backtest.period
    total = purchases_total(backtest.fitted, backtest.time_scale, period.rfm, period.days)
    return PeriodError.of(*total, float(period.rfm.n @ period.actual))


def _value(engine: Engine, orders: ir.Table, backtest: BacktestForecast) -> dict[str, PeriodError]:
    """Return the errors of revenue, and of profit where that of all earlier orders is known; empty where no order has a
    value.
    """
    start, days = backtest.period.start, backtest.period.days
    try:
        capped = winsorize(engine, orders, start)
    except ForecastRefused:
        return {}
    rows = engine.keep("backtest_histories", customer_histories(orders, start, capped.at))
    spend = fit_monetary_value(engine, orders, rows, start)
    total = revenue_total(backtest.fitted, backtest.time_scale, spend_by_history(engine, rows), spend, days)
    later = orders.filter(orders.day >= start, orders.day < start + days, orders.first_day < start)
    sums = engine.row(
        later.agg(revenue=later.net_revenue.sum().cast("float64"), profit=later.profit.sum().cast("float64"))
    )
    errors = {"revenue": PeriodError.of(*total, sums["revenue"] or 0.0)}
    if spend.value_of == "profit":
        share = spend.share
        errors["profit"] = PeriodError.of(share * total.expected, share * total.spread, sums["profit"] or 0.0)
    return errors
