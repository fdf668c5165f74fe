"""What a fitted model says of each customer: worked out once for each past there is, and joined to the customers.

Most of it hangs on frequency and age alone, of which there are a hundredth as many pairs as pasts: what those still customers
will do. How likely each still is one, and how overdue, hangs on the last purchase too.
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

from regulars.forecast.conventions import FOREVER, HIGH, LOW, WITHIN, YEAR
from regulars.forecast.models.purchase_fit import PurchaseForecast
from regulars.forecast.purchases.histories import PAST
from regulars.forecast.purchases.monetary_value import Spending
from regulars.forecast.rfm import RFMSummary, pairs
from regulars.forecast.season.seasonal_time import Clock
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import MONEY

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

FIRST = ("first_country", "first_channel", "first_coupon", "first_product")
"""What is kept of a customer's first order: what was said of them stays said of such customers, whatever is loaded later."""
_ALIKE = 0.02
"""Ages that differ by less are one for the range, which is of whole purchases anyway."""
_CELLS, _PASTS, _COUNTS = 2**16, 2**12, 2**19
"""Cells, pasts, and pasts times counts worked on at once: what is computed between stays in the processor's cache."""


def scores(
    fitted: PurchaseForecast, cells: RFMSummary, horizon: int, rate: float, threads: int = 1, clock: Clock | None = None
) -> pa.Table:
    """One row for each cell, in their order: frequency, recency, age, and

    `probability_alive`, the probability that they are still customers; `probability_purchase_30d`,
    `probability_purchase_90d`, `probability_purchase_365d`, that of at least one purchase in
    so many days; `purchases` expected within the horizon (days), `purchases_low` and `purchases_high`, between which eight in
    ten of such customers will lie; `worth`, the purchases discounted by `rate` a year, `worth_low` and `worth_high`, of the
    range; `worth_of_year`, that of 12 months, and `worth_at_risk`, how much less that is than of those still customers;
    `median_days` to the next purchase of those still customers (null where that is a hundred years or never); `overdue`, the
    probability of a silence so long, were they still customers; `probability_purchase_90d_at_last`,
    what `probability_purchase_90d` was at the last purchase.

    The threads share the work. On a clock of the shop's own, for which the model is fitted, all spans are those of days from now
    on, and so is the one of `probability_purchase_90d_at_last`: the two are of one season, and tell of the silence between alone.
    """
    clock = clock or Clock.plain(0)
    ahead = _Ahead.of(clock, horizon, rate)
    timed = clock.cells(cells)
    with ThreadPoolExecutor(threads) as pool:
        # On the clock hardly two are alike; to a day they are.
        last = pool.submit(pairs, cells.x, timed.t_x if clock.is_plain else np.ceil(timed.t_x))
        x, T, where = timed.pasts
        futures = pool.map(lambda here: _future(fitted, x[here], T[here], ahead), _pieces(x))
        last_x, last_t, last_where = last.result()
        lasts = pool.map(lambda here: _at_last(fitted, last_x[here], last_t[here], ahead), _pieces(last_x))
        limits, place = _limits(fitted, x, T, ahead.horizon, pool.map)
        future, at_last = _Future(*map(np.concatenate, zip(*futures, strict=True))), np.concatenate(list(lasts))
        future = future._replace(median=clock.days(future.median))

        def said(here: slice) -> pa.Table:
            piece = RFMSummary(cells.x[here], timed.t_x[here], timed.T[here], cells.n[here])
            probability_alive, past = fitted.probability_alive(piece), where[here]
            low, high = (limit.reached(place[past], probability_alive) for limit in limits)
            whole = dict(zip(PAST, (cells.x[here], cells.t_x[here], cells.T[here]), strict=True))
            return _table(
                fitted, piece, whole, probability_alive, future.of(past), low, high, at_last[last_where[here]]
            )

        return pa.concat_tables(pool.map(said, _pieces(cells.x, _CELLS)))


class _Ahead(NamedTuple):
    """Spans from now on as they are on the clock, and the discounts a day of it that make those asked for a year."""

    within: tuple[float, ...]
    """Those of WITHIN."""
    horizon: float
    horizon_discount: float
    year: float
    year_discount: float

    @classmethod
    def of(cls, clock: Clock, horizon: int, rate: float) -> _Ahead:
        spans = [clock.ahead(days) for days in (horizon, YEAR)]
        daily = [(1 + rate) ** (days / span / YEAR) - 1 for days, span in zip((horizon, YEAR), spans, strict=True)]
        return cls(tuple(clock.ahead(days) for days in WITHIN), spans[0], daily[0], spans[1], daily[1])


class _Future(NamedTuple):
    """What those still customers will do: arrays of one length."""

    probability_purchase_30d: Array
    probability_purchase_90d: Array
    probability_purchase_365d: Array
    purchases: Array
    worth: Array
    worth_of_year: Array
    median: Array

    def of(self, past: Places) -> _Future:
        """That of these pasts."""
        return _Future(*(values[past] for values in self))


def _future(fitted: PurchaseForecast, x: Array, T: Array, ahead: _Ahead) -> _Future:
    future = fitted.if_staying(x, T)
    worth = fitted.worth_if_staying(x, T, ahead.horizon, ahead.horizon_discount)
    same = ahead.horizon == ahead.year
    of_year = worth if same else fitted.worth_if_staying(x, T, ahead.year, ahead.year_discount)
    probability_purchase_30d, probability_purchase_90d, probability_purchase_365d = (
        future.buys(span) for span in ahead.within
    )
    return _Future(
        probability_purchase_30d,
        probability_purchase_90d,
        probability_purchase_365d,
        future.purchases(ahead.horizon),
        worth,
        of_year,
        future.median(),
    )


def _at_last(fitted: PurchaseForecast, x: Array, t_x: Array, ahead: _Ahead) -> Array:
    _, quarter, _ = ahead.within
    return fitted.probability_of_purchase(RFMSummary(x, t_x, t_x, np.ones(len(x))), quarter)


def _table(
    fitted: PurchaseForecast,
    cells: RFMSummary,
    past: Mapping[str, Array],
    probability_alive: Array,
    future: _Future,
    low: Array,
    high: Array,
    at_last: Array,
) -> pa.Table:
    purchases, worth = probability_alive * future.purchases, probability_alive * future.worth
    # Of a range it is known how many purchases, not when: they are discounted like those expected.
    each = worth / np.maximum(purchases, 1e-300)
    whole = {**past, "purchases_low": low, "purchases_high": high}
    numbers = {
        "probability_alive": probability_alive,
        "probability_purchase_30d": probability_alive * future.probability_purchase_30d,
        "probability_purchase_90d": probability_alive * future.probability_purchase_90d,
        "probability_purchase_365d": probability_alive * future.probability_purchase_365d,
        "purchases": purchases,
        "overdue": fitted.overdue(cells),
        "probability_purchase_90d_at_last": at_last,
    }
    amounts = {
        "worth": worth,
        "worth_low": low * each,
        "worth_high": high * each,
        "worth_of_year": probability_alive * future.worth_of_year,
        "worth_at_risk": (1 - probability_alive) * future.worth_of_year,
    }
    endless = ~(future.median < FOREVER)
    return pa.table(
        {name: pa.array(values.astype(np.int32)) for name, values in whole.items()}
        | {name: pa.array(values.astype(np.float32)) for name, values in numbers.items()}
        | {name: pa.array(values) for name, values in amounts.items()}
        | {"median_days": pa.array(np.where(endless, 0.0, future.median).astype(np.float32), mask=endless)}
    )


def ranges(fitted: PurchaseForecast, cells: RFMSummary, probability_alive: Array, horizon: int) -> tuple[Array, Array]:
    """The LOW and HIGH quantiles of each cell's number of purchases within the horizon: whole numbers."""
    x, T, where = cells.pasts
    (low, high), place = _limits(fitted, x, T, horizon, map)
    return low.reached(place[where], probability_alive), high.reached(place[where], probability_alive)


class _Limits(NamedTuple):
    """A quantile of the number of purchases, by past: above which probabilities to be alive it is 1, 2, … at least."""

    keys: Array
    """Of one past after the other, each shifted by twice its place, so that all rise."""
    start: Places
    """Where a past's begin."""

    def reached(self, past: Places, probability_alive: Array) -> Array:
        """The quantile for each of these pasts with this probability to be alive."""
        found: Array = (np.searchsorted(self.keys, 2.0 * past + (probability_alive - 1e-12)) - self.start[past]).astype(
            float
        )
        return found


def _limits(
    fitted: PurchaseForecast, x: Array, T: Array, horizon: float, each: Callable[..., Iterable[Sequence[Array]]]
) -> tuple[tuple[_Limits, _Limits], Places]:
    """Those of LOW and HIGH, and each past's place in them.

    P(N ≤ k) = 1 − alive + alive F(k), F the distribution of those still customers, is below q where alive > (1 − q) / (1 − F(k)).
    """
    x, T, where = pairs(x, _coarse(T))
    most = np.exp2(np.ceil(np.log2(_most(fitted, x, T, horizon) + 1)))  # alike in size together
    pieces: list[Places] = []
    for size in np.unique(most):
        alike = np.flatnonzero(most == size)
        number = -(-len(alike) * int(size) // _COUNTS)
        pieces += np.array_split(alike, min(number, len(alike)))
    below = each(lambda some: _below(fitted, x[some], T[some], horizon, int(most[some[0]])), pieces)
    parts = [list(part) for part in zip(*below, strict=True)]
    order = np.concatenate(pieces)
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    found = []
    for keys, counted in (parts[:2], parts[2:]):
        lengths = np.concatenate(counted).astype(np.intp)
        own = np.repeat(2.0 * np.arange(len(lengths)), lengths)
        found.append(_Limits(own + np.concatenate(keys), np.cumsum(lengths) - lengths))
    return (found[0], found[1]), place[where]


def _below(
    fitted: PurchaseForecast, x: Array, T: Array, horizon: float, most: int
) -> tuple[Array, Array, Array, Array]:
    """For LOW, then HIGH: the limits below 1 of these pasts, one after the other, and how many each has."""
    until = np.cumsum(fitted.if_staying(x, T).counts(horizon, most), axis=0).T
    found: list[Array] = []
    for q in (LOW, HIGH):
        short = until < q
        found += [(1 - q) / (1 - until[short]), short.sum(axis=1)]
    return found[0], found[1], found[2], found[3]


def _pieces(rows: Array, size: int = _PASTS) -> list[slice]:
    return [slice(start, start + size) for start in range(0, max(len(rows), 1), size)]


def _coarse(T: Array) -> Array:
    return np.where(T < 1 / _ALIKE, T, np.expm1(np.round(np.log1p(T) / _ALIKE) * _ALIKE))


def _most(fitted: PurchaseForecast, x: Array, T: Array, horizon: float) -> Array:
    """More purchases than nine in ten of those who stay make: three standard deviations above the mean (Cantelli)."""
    r, alpha = fitted.estimate.values[:2]
    mean: Array = (r + x) * horizon / (alpha + T)
    found: Array = mean + 3 * np.sqrt(mean * (1 + horizon / (alpha + T))) + 1
    return found


def predictions(engine: Engine, rows: ir.Table, scored: pa.Table, spend: Spending) -> ir.Table:
    """One row per customer: the columns of facts.predictions but `as_of` and those of the first order. rows: `histories`.

    `spend` is the net revenue expected of a day with a purchase; `revenue` the discounted purchases at that, and `profit` what
    is left of it, null where value is revenue; `value_low` and `value_high` are the value of the range of purchases, and
    `value_year` the value of 12 months, and `revenue_at_risk` and `profit_at_risk` how much less these are than if it were sure
    that they are customers still.
    """
    of_cell = engine.keep("forecast_scores", scored)
    of_cell = of_cell.rename({f"cell_{name}": name for name in PAST})
    found = rows.inner_join(of_cell, [rows[name] == of_cell[f"cell_{name}"] for name in PAST])
    found = found.mutate(a_day=spend.a_day(found.frequency, found.spent))
    found = found.mutate(a_value=found.a_day * spend.share)
    known = spend.value_of == "profit"

    def money(amount: ir.FloatingValue) -> ir.DecimalValue:
        return amount.cast(MONEY)

    return found.select(
        "person", "bucket", *PAST, "revenue_to_date", "profit_to_date", "probability_alive",
        "probability_purchase_30d", "probability_purchase_90d", "probability_purchase_365d", "purchases",
        "purchases_low", "purchases_high",
        spend=money(found.a_day),
        revenue=money(found.worth * found.a_day),
        profit=money(found.worth * found.a_value) if known else ibis.null(MONEY),
        value_low=money(found.worth_low * found.a_value),
        value_high=money(found.worth_high * found.a_value),
        value_year=money(found.worth_of_year * found.a_value),
        revenue_at_risk=money(found.worth_at_risk * found.a_day),
        profit_at_risk=money(found.worth_at_risk * found.a_value) if known else ibis.null(MONEY),
        median_days=found.median_days,
        overdue=found.overdue,
        probability_purchase_90d_at_last=found.probability_purchase_90d_at_last,
    )  # fmt: skip


def written(rows: ir.Table, orders: ir.Table, day: ir.DateValue | str) -> ir.Table:
    """`predictions` as they are kept: with the day they were made as of, and what their customers' first orders tell."""
    first = orders.filter(orders.person.notnull(), orders.order_number == 1)
    first = first.select(*FIRST, first_person=first.person)
    found = rows.left_join(first, rows.person == first.first_person)
    return found.select(*FIRST, *rows.columns, as_of=ibis.literal(day, type="date"))
