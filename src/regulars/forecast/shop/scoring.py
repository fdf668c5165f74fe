"""What a fitted model says of each customer: worked out once for each past there is, and joined to the customers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.forecast.cells import Cells
from regulars.forecast.purchases import PurchaseForecast
from regulars.forecast.shop.engine import Engine
from regulars.forecast.shop.histories import PAST
from regulars.forecast.shop.spending import Spending

Array = npt.NDArray[np.float64]

FIRST = ("first_country", "first_channel", "first_coupon", "first_product")
"""What is kept of a customer's first order: what was said of them stays said of such customers, whatever is loaded later."""
LOW, HIGH = 0.1, 0.9
"""What a range leaves out on each side: one customer in ten has less, one in ten more."""
_ALIKE = 0.02
"""Ages that differ by less are one for the range, which is of whole purchases anyway."""
_FOREVER = 36_500
"""Days: nobody waits a hundred years."""
_MANY = 50_000
_YEAR = 365
_MONEY = "decimal(18, 4)"


def scores(fitted: PurchaseForecast, cells: Cells, horizon: int, rate: float, threads: int = 1) -> pa.Table:
    """One row for each cell: frequency, recency, age, and

    `alive`, the probability that they are still customers; `buys_30`, `buys_90`, `buys_365`, that of at least one purchase in
    so many days; `purchases` expected within the horizon (days), `purchases_low` and `purchases_high`, between which eight in
    ten of such customers will lie; `worth`, the purchases discounted by `rate` a year, `worth_low` and `worth_high`, of the
    range; `worth_at_stake`, how much less that is, within 12 months, than of those still customers; `median_days` to the next
    purchase of those still customers (null where that is a hundred years or never); `overdue`, the probability of a silence so
    long, were they still customers; `buys_90_at_last`, what `buys_90` was at the last purchase.

    Many cells are shared among the threads.
    """
    if threads == 1 or len(cells.x) < _MANY:
        return _scores(fitted, cells, horizon, rate)
    # By age, so that what hangs on frequency and age alone is worked out by one of them.
    pieces = np.array_split(np.argsort(cells.T, kind="stable"), threads)
    parts = [Cells(cells.x[piece], cells.t_x[piece], cells.T[piece], cells.n[piece]) for piece in pieces]
    with ThreadPoolExecutor(threads) as pool:
        return pa.concat_tables(pool.map(lambda part: _scores(fitted, part, horizon, rate), parts))


def _scores(fitted: PurchaseForecast, cells: Cells, horizon: int, rate: float) -> pa.Table:
    daily = (1 + rate) ** (1 / 365) - 1
    alive = fitted.alive(cells)
    x, T, where = cells.pasts
    still = Cells(x, np.where(x > 0, T, 0.0), T, np.ones(len(x)))  # of all pasts with this x and T the surest customer
    sure = fitted.alive(still)

    def of_those_still_customers(said: Array) -> Array:
        found: Array = (said / sure)[where]
        return found

    chances = {days: of_those_still_customers(fitted.probability_of_purchase(still, days)) for days in (30, 90, 365)}
    purchases = of_those_still_customers(fitted.expected_purchases(still, horizon))
    worth, worth_of_year = (
        of_those_still_customers(fitted.discounted_purchases(still, days, daily)) for days in (horizon, _YEAR)
    )
    median = fitted.median_next_purchase(still)[where]
    low, high = ranges(fitted, cells, alive, horizon)
    last_x, last_t, last = Cells(cells.x, cells.t_x, cells.t_x, cells.n).pasts
    at_last = fitted.probability_of_purchase(Cells(last_x, last_t, last_t, np.ones(len(last_x))), 90)[last]
    # Of a range it is known how many purchases, not when: they are discounted like those expected.
    each = alive * worth / np.maximum(alive * purchases, 1e-300)
    numbers = {
        "alive": alive,
        **{f"buys_{days}": alive * chance for days, chance in chances.items()},
        "purchases": alive * purchases,
        "overdue": fitted.overdue(cells),
        "buys_90_at_last": at_last,
    }
    amounts = {
        "worth": alive * worth,
        "worth_low": low * each,
        "worth_high": high * each,
        "worth_at_stake": (1 - alive) * worth_of_year,
    }
    past = dict(zip(PAST, (cells.x, cells.t_x, cells.T), strict=True))
    whole = {**past, "purchases_low": low, "purchases_high": high}
    endless = ~(median < _FOREVER)
    return pa.table(
        {name: pa.array(values.astype(np.int32)) for name, values in whole.items()}
        | {name: pa.array(values.astype(np.float32)) for name, values in numbers.items()}
        | {name: pa.array(values) for name, values in amounts.items()}
        | {"median_days": pa.array(np.where(endless, 0.0, median).astype(np.float32), mask=endless)}
    )


def ranges(fitted: PurchaseForecast, cells: Cells, alive: Array, horizon: int) -> tuple[Array, Array]:
    """The LOW and HIGH quantiles of each cell's number of purchases within the horizon: whole numbers."""
    rounded = Cells(cells.x, cells.t_x, np.maximum(_coarse(cells.T), cells.t_x), cells.n)
    x, T, where = rounded.pasts
    # P(N ≤ k) = 1 − alive + alive F(k), F the distribution of those still customers: F(k) is asked for until it reaches these.
    short = {q: 1 - (1 - q) / np.maximum(alive, 1e-300) for q in (LOW, HIGH)}
    found = {q: np.zeros(len(alive)) for q in short}
    most = np.exp2(np.ceil(np.log2(_most(fitted, x, T, horizon) + 1)))  # alike in size together
    order = np.argsort(where, kind="stable")
    first = np.searchsorted(where[order], np.arange(len(x) + 1))
    for size in np.unique(most):
        pasts = np.flatnonzero(most == size)
        for some in np.array_split(pasts, -(-len(pasts) * int(size) // 2**21)):
            still = Cells(x[some], np.where(x[some] > 0, T[some], 0.0), T[some], np.ones(len(some)))
            sure = fitted.alive(still)[:, None]
            counts = fitted.probability_of_counts(still, horizon, int(size))
            reached = 1 - (1 - np.cumsum(counts, axis=1)) / sure
            which = np.repeat(np.arange(len(some)), first[some + 1] - first[some])
            rows = order[np.concatenate([np.arange(first[one], first[one + 1]) for one in some])]
            for q, needed in short.items():
                for k in range(int(size)):
                    below = reached[which, k] < needed[rows] - 1e-12
                    if not below.any():
                        break
                    found[q][rows] += below
    return found[LOW], found[HIGH]


def _coarse(T: Array) -> Array:
    return np.where(T < 1 / _ALIKE, T, np.expm1(np.round(np.log1p(T) / _ALIKE) * _ALIKE))


def _most(fitted: PurchaseForecast, x: Array, T: Array, horizon: int) -> Array:
    """More purchases than nine in ten of those who stay make: three standard deviations above the mean (Cantelli)."""
    r, alpha = fitted.estimate.values[:2]
    mean: Array = (r + x) * horizon / (alpha + T)
    found: Array = mean + 3 * np.sqrt(mean * (1 + horizon / (alpha + T))) + 1
    return found


def predictions(engine: Engine, rows: ir.Table, scored: pa.Table, spend: Spending) -> ir.Table:
    """One row per customer: the columns of facts.predictions but `as_of` and those of the first order. rows: `histories`.

    `spend` is the net revenue expected of a day with a purchase; `revenue` the discounted purchases at that, and `profit` what
    is left of it, null where value is revenue; `value_low` and `value_high` are the value of the range of purchases, and
    `value_at_stake` how much less value that is, within 12 months, than if it were sure that they are customers still.
    """
    of_cell = engine.keep("forecast_scores", scored)
    of_cell = of_cell.rename({f"cell_{name}": name for name in PAST})
    found = rows.inner_join(of_cell, [rows[name] == of_cell[f"cell_{name}"] for name in PAST])
    found = found.mutate(a_day=spend.a_day(found.paid, found.spent))
    found = found.mutate(a_value=found.a_day * spend.share)
    known = spend.value_of == "profit"

    def money(amount: ir.FloatingValue) -> ir.DecimalValue:
        return amount.cast(_MONEY)

    return found.select(
        "person", "bucket", *PAST, "revenue_to_date", "profit_to_date", "alive", "buys_30", "buys_90", "buys_365", "purchases",
        "purchases_low", "purchases_high",
        spend=money(found.a_day),
        revenue=money(found.worth * found.a_day),
        profit=money(found.worth * found.a_value) if known else ibis.null(_MONEY),
        value_low=money(found.worth_low * found.a_value),
        value_high=money(found.worth_high * found.a_value),
        value_at_stake=money(found.worth_at_stake * found.a_value),
        median_days=found.median_days,
        overdue=found.overdue,
        buys_90_at_last=found.buys_90_at_last,
    )  # fmt: skip


def written(rows: ir.Table, orders: ir.Table, day: ir.DateValue | str) -> ir.Table:
    """`predictions` as they are kept: with the day they were made as of, and what their customers' first orders tell."""
    first = orders.filter(orders.person.notnull(), orders.order_number == 1)
    first = first.select(*FIRST, first_person=first.person)
    found = rows.left_join(first, rows.person == first.first_person)
    return found.select(*FIRST, *rows.columns, as_of=ibis.literal(day, type="date"))
