"""Predictions for each customer: computed once per distinct history and joined to the customers.

Most depend on frequency and age alone, of which there are a hundred times fewer pairs than histories. The probability
of being active and `overdue` depend on recency, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.forecast.conventions import HIGH_QUANTILE, LOW_QUANTILE, MAX_DAYS, PROBABILITY_HORIZONS, YEAR
from regulars.forecast.models.purchase_fit import PurchaseForecast
from regulars.forecast.purchases.histories import RFM_COLUMNS
from regulars.forecast.purchases.monetary_value import MonetaryValue
from regulars.forecast.rfm import RFMSummary, unique_pairs
from regulars.forecast.seasonal_time import TimeScale
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import MONEY

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

FIRST_ORDER_COLUMNS = ("first_country", "first_channel", "first_coupon", "first_product")
"""Attributes of the first order that are stored with predictions, so that later loads do not change them."""
_AGE_TOLERANCE = 0.02
"""Relative difference below which ages are equal for the ranges, which are whole purchases."""
_ROWS_AT_ONCE, _HISTORIES_AT_ONCE, _COUNTS_AT_ONCE = 2**16, 2**12, 2**19
"""Rows, histories, and histories times counts computed at once: temporary arrays then stay in the processor's cache."""


def score_customers(
    fitted: PurchaseForecast,
    rfm: RFMSummary,
    horizon: int,
    rate: float,
    threads: int = 1,
    time_scale: TimeScale | None = None,
) -> pa.Table:
    """Return one row for each row of `rfm`, in order.

    Args:
        fitted: The model; on a seasonal time scale it is fitted on that scale.
        rfm: Customers in days.
        horizon: Days to forecast.
        rate: Discount per year.
        threads: Threads that share the work.
        time_scale: Seasonal time; None for the calendar.

    Returns:
        Columns frequency, recency, age; `probability_alive`; `probability_purchase_30d`, `_90d` and `_365d`, of at
        least one purchase; `purchases` expected within the horizon, `purchases_low` and `purchases_high`, their 10 %
        and 90 % quantiles; `worth`, the discounted purchases, `worth_low` and `worth_high`; `worth_of_year`, those of
        12 months, and `worth_at_risk`, the difference to a customer who is surely active; `median_days` to the next
        purchase of an active customer (null above a hundred years); `overdue`, the probability that an active
        customer's gap is that long; `probability_purchase_90d_at_last`, what the probability was at the last purchase.
        On seasonal time the latter, too, is for the next 90 days, so both are of one season.
    """
    time_scale = time_scale or TimeScale.plain(0)
    ahead = _Horizons.of(time_scale, horizon, rate)
    rescaled = time_scale.rescale(rfm)
    with ThreadPoolExecutor(threads) as pool:
        # On seasonal time hardly two recencies are equal; rounded to a day they are.
        last_pairs = pool.submit(unique_pairs, rfm.x, rescaled.t_x if time_scale.is_calendar else np.ceil(rescaled.t_x))
        x, T, inverse = rescaled.unique_histories
        parts = pool.map(lambda rows: _if_alive(fitted, x[rows], T[rows], ahead), _blocks(x))
        last_x, last_t, last_inverse = last_pairs.result()
        last_parts = pool.map(lambda rows: _at_last(fitted, last_x[rows], last_t[rows], ahead), _blocks(last_x))
        limits, limit_index = _quantile_limits(fitted, x, T, ahead.horizon, pool.map)
        if_alive, at_last = (
            _IfAlive(*map(np.concatenate, zip(*parts, strict=True))),
            np.concatenate(list(last_parts)),
        )
        if_alive = if_alive._replace(median=time_scale.days(if_alive.median))

        def score_rows(rows: slice) -> pa.Table:
            part = RFMSummary(rfm.x[rows], rescaled.t_x[rows], rescaled.T[rows], rfm.n[rows])
            probability_alive, history = fitted.probability_alive(part), inverse[rows]
            low, high = (limit.quantile(limit_index[history], probability_alive) for limit in limits)
            integers = dict(zip(RFM_COLUMNS, (rfm.x[rows], rfm.t_x[rows], rfm.T[rows]), strict=True))
            return _table(
                fitted, part, integers, probability_alive, if_alive.of(history), low, high, at_last[last_inverse[rows]]
            )

        return pa.concat_tables(pool.map(score_rows, _blocks(rfm.x, _ROWS_AT_ONCE)))


class _Horizons(NamedTuple):
    """Horizons on the time scale, and the daily discounts on it that give the annual rate."""

    within: tuple[float, ...]
    """PROBABILITY_HORIZONS on the time scale."""
    horizon: float
    horizon_discount: float
    year: float
    year_discount: float

    @classmethod
    def of(cls, time_scale: TimeScale, horizon: int, rate: float) -> _Horizons:
        lengths = [time_scale.ahead(days) for days in (horizon, YEAR)]
        daily = [
            (1 + rate) ** (days / length / YEAR) - 1 for days, length in zip((horizon, YEAR), lengths, strict=True)
        ]
        return cls(
            tuple(time_scale.ahead(days) for days in PROBABILITY_HORIZONS), lengths[0], daily[0], lengths[1], daily[1]
        )


class _IfAlive(NamedTuple):
    """Predictions for active customers: arrays of one length."""

    probability_purchase_30d: Array
    probability_purchase_90d: Array
    probability_purchase_365d: Array
    purchases: Array
    worth: Array
    worth_of_year: Array
    median: Array

    def of(self, history: Indices) -> _IfAlive:
        """Return the rows of these histories."""
        return _IfAlive(*(values[history] for values in self))


def _if_alive(fitted: PurchaseForecast, x: Array, T: Array, horizons: _Horizons) -> _IfAlive:
    process = fitted.process_if_alive(x, T)
    discounted = fitted.discounted_purchases_if_alive(x, T, horizons.horizon, horizons.horizon_discount)
    horizon_is_year = horizons.horizon == horizons.year
    discounted_year = (
        discounted
        if horizon_is_year
        else fitted.discounted_purchases_if_alive(x, T, horizons.year, horizons.year_discount)
    )
    probability_purchase_30d, probability_purchase_90d, probability_purchase_365d = (
        process.probability_of_purchase(span) for span in horizons.within
    )
    return _IfAlive(
        probability_purchase_30d,
        probability_purchase_90d,
        probability_purchase_365d,
        process.expected_purchases(horizons.horizon),
        discounted,
        discounted_year,
        process.median_next_purchase(),
    )


def _at_last(fitted: PurchaseForecast, x: Array, t_x: Array, horizons: _Horizons) -> Array:
    _, quarter, _ = horizons.within
    return fitted.probability_of_purchase(RFMSummary(x, t_x, t_x, np.ones(len(x))), quarter)


def _table(
    fitted: PurchaseForecast,
    rfm: RFMSummary,
    history: Mapping[str, Array],
    probability_alive: Array,
    if_alive: _IfAlive,
    low: Array,
    high: Array,
    probability_at_last: Array,
) -> pa.Table:
    purchases, discounted = probability_alive * if_alive.purchases, probability_alive * if_alive.worth
    # The ranges have no dates: they are discounted by the mean factor of the expected purchases.
    discount_factor = discounted / np.maximum(purchases, 1e-300)
    integers = {**history, "purchases_low": low, "purchases_high": high}
    numbers = {
        "probability_alive": probability_alive,
        "probability_purchase_30d": probability_alive * if_alive.probability_purchase_30d,
        "probability_purchase_90d": probability_alive * if_alive.probability_purchase_90d,
        "probability_purchase_365d": probability_alive * if_alive.probability_purchase_365d,
        "purchases": purchases,
        "overdue": fitted.overdue(rfm),
        "probability_purchase_90d_at_last": probability_at_last,
    }
    amounts = {
        "worth": discounted,
        "worth_low": low * discount_factor,
        "worth_high": high * discount_factor,
        "worth_of_year": probability_alive * if_alive.worth_of_year,
        "worth_at_risk": (1 - probability_alive) * if_alive.worth_of_year,
    }
    too_long = ~(if_alive.median < MAX_DAYS)
    return pa.table(
        {name: pa.array(values.astype(np.int32)) for name, values in integers.items()}
        | {name: pa.array(values.astype(np.float32)) for name, values in numbers.items()}
        | {name: pa.array(values) for name, values in amounts.items()}
        | {"median_days": pa.array(np.where(too_long, 0.0, if_alive.median).astype(np.float32), mask=too_long)}
    )


def purchase_quantiles(
    fitted: PurchaseForecast, rfm: RFMSummary, probability_alive: Array, horizon: int
) -> tuple[Array, Array]:
    """Return the 10 % and 90 % quantiles of each row's number of purchases within the horizon."""
    x, T, inverse = rfm.unique_histories
    (low, high), limit_index = _quantile_limits(fitted, x, T, horizon, map)
    return low.quantile(limit_index[inverse], probability_alive), high.quantile(limit_index[inverse], probability_alive)


class _QuantileLimits(NamedTuple):
    """A quantile of the number of purchases as a function of the probability of being active, one step function per
    history.

    The quantile is the number of limits below that probability.
    """

    keys: Array
    """Limits of all histories in one ascending array: those of history i are shifted by 2 i."""
    start: Indices
    """Index of each history's first limit."""

    def quantile(self, history: Indices, probability_alive: Array) -> Array:
        """Return the quantile for these histories and probabilities of being active."""
        quantile: Array = (
            np.searchsorted(self.keys, 2.0 * history + (probability_alive - 1e-12)) - self.start[history]
        ).astype(float)
        return quantile


def _quantile_limits(
    fitted: PurchaseForecast, x: Array, T: Array, horizon: float, map_: Callable[..., Iterable[Sequence[Array]]]
) -> tuple[tuple[_QuantileLimits, _QuantileLimits], Indices]:
    """Return the limits for both quantiles, and the index of each history in them.

    P(N ≤ k) = 1 − p + p F(k), with p the probability of being active and F the distribution of active customers, is
    below q where p > (1 − q) / (1 − F(k)).
    """
    x, T, inverse = unique_pairs(x, _rounded_age(T))
    max_counts = np.exp2(
        np.ceil(np.log2(_max_count(fitted, x, T, horizon) + 1))
    )  # powers of 2, so that few array sizes occur
    blocks: list[Indices] = []
    for size in np.unique(max_counts):
        same_size = np.flatnonzero(max_counts == size)
        block_count = -(-len(same_size) * int(size) // _COUNTS_AT_ONCE)
        blocks += np.array_split(same_size, min(block_count, len(same_size)))
    block_limits = map_(
        lambda block: _limits_below(fitted, x[block], T[block], horizon, int(max_counts[block[0]])), blocks
    )
    collected = [list(part) for part in zip(*block_limits, strict=True)]
    order = np.concatenate(blocks)
    index = np.empty(len(order), dtype=np.intp)
    index[order] = np.arange(len(order))
    limits = []
    for keys, lengths_by_block in (collected[:2], collected[2:]):
        lengths = np.concatenate(lengths_by_block).astype(np.intp)
        shift = np.repeat(2.0 * np.arange(len(lengths)), lengths)
        limits.append(_QuantileLimits(shift + np.concatenate(keys), np.cumsum(lengths) - lengths))
    return (limits[0], limits[1]), index[inverse]


def _limits_below(
    fitted: PurchaseForecast, x: Array, T: Array, horizon: float, most: int
) -> tuple[Array, Array, Array, Array]:
    """Return for the 10 %, then the 90 % quantile: the limits below 1 of these histories in one array, and how many
    each has.
    """
    cumulative = np.cumsum(fitted.process_if_alive(x, T).probability_of_counts(horizon, most), axis=0).T
    limits: list[Array] = []
    for q in (LOW_QUANTILE, HIGH_QUANTILE):
        below = cumulative < q
        limits += [(1 - q) / (1 - cumulative[below]), below.sum(axis=1)]
    return limits[0], limits[1], limits[2], limits[3]


def _blocks(rows: Array, size: int = _HISTORIES_AT_ONCE) -> list[slice]:
    return [slice(start, start + size) for start in range(0, max(len(rows), 1), size)]


def _rounded_age(T: Array) -> Array:
    return np.where(T < 1 / _AGE_TOLERANCE, T, np.expm1(np.round(np.log1p(T) / _AGE_TOLERANCE) * _AGE_TOLERANCE))


def _max_count(fitted: PurchaseForecast, x: Array, T: Array, horizon: float) -> Array:
    """Return an upper bound of the 90 % quantile: three standard deviations above the mean (Cantelli)."""
    r, alpha = fitted.estimate.values[:2]
    mean: Array = (r + x) * horizon / (alpha + T)
    bound: Array = mean + 3 * np.sqrt(mean * (1 + horizon / (alpha + T))) + 1
    return bound


def predictions(engine: Engine, rows: ir.Table, scored: pa.Table, spend: MonetaryValue) -> ir.Table:
    """Return one row per customer: the columns of facts.predictions without `as_of` and those of the first order.

    `spend` is the expected net revenue of a purchase day, `revenue` the discounted purchases at that, and `profit`
    their profit, null where value is revenue. `value_low` and `value_high` are the value of the range of purchases,
    `value_year` that of 12 months; `revenue_at_risk` and `profit_at_risk` are the difference to a customer who is
    surely active.

    Args:
        engine: Where the rows are.
        rows: `customer_histories`.
        scored: `score_customers`.
        spend: Expected value of a purchase.
    """
    of_history = engine.keep("forecast_scores", scored)
    of_history = of_history.rename({f"cell_{name}": name for name in RFM_COLUMNS})
    joined = rows.inner_join(of_history, [rows[name] == of_history[f"cell_{name}"] for name in RFM_COLUMNS])
    joined = joined.mutate(per_purchase_day=spend.per_purchase_day(joined.frequency, joined.spent))
    joined = joined.mutate(a_value=joined.per_purchase_day * spend.share)
    has_profit = spend.value_of == "profit"

    def money(amount: ir.FloatingValue) -> ir.DecimalValue:
        return amount.cast(MONEY)

    return joined.select(
        "person", "bucket", *RFM_COLUMNS, "revenue_to_date", "profit_to_date", "probability_alive",
        "probability_purchase_30d", "probability_purchase_90d", "probability_purchase_365d", "purchases",
        "purchases_low", "purchases_high",
        spend=money(joined.per_purchase_day),
        revenue=money(joined.worth * joined.per_purchase_day),
        profit=money(joined.worth * joined.a_value) if has_profit else ibis.null(MONEY),
        value_low=money(joined.worth_low * joined.a_value),
        value_high=money(joined.worth_high * joined.a_value),
        value_year=money(joined.worth_of_year * joined.a_value),
        revenue_at_risk=money(joined.worth_at_risk * joined.per_purchase_day),
        profit_at_risk=money(joined.worth_at_risk * joined.a_value) if has_profit else ibis.null(MONEY),
        median_days=joined.median_days,
        overdue=joined.overdue,
        probability_purchase_90d_at_last=joined.probability_purchase_90d_at_last,
    )  # fmt: skip


def with_first_order(rows: ir.Table, orders: ir.Table, day: ir.DateValue | str) -> ir.Table:
    """Return `predictions` as they are stored: with `as_of` and the attributes of the customer's first order."""
    first = orders.filter(orders.person.notnull(), orders.order_number == 1)
    first = first.select(*FIRST_ORDER_COLUMNS, first_person=first.person)
    joined = rows.left_join(first, rows.person == first.first_person)
    return joined.select(*FIRST_ORDER_COLUMNS, *rows.columns, as_of=ibis.literal(day, type="date"))
