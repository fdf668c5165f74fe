"""Compute cohort grids: customers by the period of their first order, and by age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.estimates import Estimate, bounded_jackknife
from regulars.metrics.compute.sums import predicate
from regulars.metrics.inference.intervals import Array, leave_one_out, ratio, wilson
from regulars.metrics.measures import CUSTOMER_ORDERS
from regulars.metrics.relations import (
    BUCKET,
    MONEY_SCALE,
    bound,
    condition,
    exact,
    filter_column,
    relation,
    with_unknown,
)
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds.cohort_sums import BLOCK, column
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Age, Grid, Interval
from regulars.vocabulary.calendar import Grain, epoch_day, from_epoch_day
from regulars.warehouse.lazy_imports import ibis, pa, pc
from regulars.warehouse.portable import floored

if TYPE_CHECKING:
    import ibis.expr.types as ir

_Key = tuple[int, tuple[str, ...], int, int]
"""Period, group, bucket, and month or day of the first order."""


@dataclass(frozen=True)
class GridEstimate:
    """An estimate whose groups end with the age as text. `complete`: per cell."""

    groups: list[tuple[str, ...]]
    estimate: Estimate
    complete: npt.NDArray[np.bool_]


def grid(metric: Grid, scope: Scope, kept: RollupLevel | None = None) -> GridEstimate:
    """Return all cells of ages that at least some customers of the cohort have completed.

    Args:
        metric: The metric.
        scope: The scope.
        kept: Level of cohort sums to read; None to read orders.
    """
    cells, sizes, scale = _read(metric, scope) if kept is None else _read_kept(metric, scope, kept)
    by = len(scope.by(CUSTOMER_ORDERS))

    def key(row: dict[str, Any]) -> _Key:
        return row["period"], tuple(row[f"split_{number}"] for number in range(by)), row["bucket_"], row["unit"]

    keys = [key(row) for row in sizes]
    groups = sorted({group for _, group, _, _ in keys})
    last = epoch_day(scope.facts.coverage["orders"][1])
    ages_over = np.array([_ages_over(metric.age, unit, last) for *_, unit in keys], dtype=int)
    length = max(int(ages_over.max(initial=-1)) + 1, 1)
    place = {cohort: number for number, cohort in enumerate(keys)}
    matrix = np.zeros((len(keys), length))
    for row in cells:
        if row["age"] < length:
            matrix[place[key(row)], row["age"]] = np.nan if row["unknown"] else row["total"]
    if metric.cumulative:
        matrix = np.cumsum(matrix, axis=1)
    over = np.arange(length) <= ages_over[:, None]
    size = np.array([row["customers"] for row in sizes], dtype=float)
    shape = (len(scope.periods), len(groups), scope.buckets, length)
    above, below, full = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    index = {group: number for number, group in enumerate(groups)}
    for number, (period, group, bucket, _) in enumerate(keys):
        at = (period, index[group], bucket)
        above[at] += np.where(over[number], matrix[number], 0)
        below[at] += over[number] * size[number]
        full[at] += size[number]
    return _estimated(metric, scope, groups, above, below, full, scale)


def _estimated(
    metric: Grid, scope: Scope, groups: list[tuple[str, ...]], above: Array, below: Array, full: Array, scale: int
) -> GridEstimate:
    # (periods, groups, buckets, ages) -> (periods, groups × ages, buckets)
    periods, count, buckets, ages = above.shape
    above, below, full = (a.transpose(0, 1, 3, 2).reshape(periods, count * ages, buckets) for a in (above, below, full))
    numerator, denominator = above.sum(axis=-1) / scale, below.sum(axis=-1)
    value = ratio(numerator, denominator)
    if metric.interval is Interval.WILSON:
        low, high = wilson(numerator, denominator)
    else:
        low, high = bounded_jackknife(
            metric, ratio(leave_one_out(above) / scale, leave_one_out(below)), value, below > 0
        )
    averaged = np.array([period.grain is Grain.ALL for period in scope.periods])[:, None]
    complete = averaged | (denominator == full.sum(axis=-1))
    labels = [(*group, str(age)) for group in groups for age in range(ages)]
    estimate = Estimate(value, low, high, numerator, denominator, denominator, None, None)
    return GridEstimate(labels, estimate, complete)


def _ages_over(age: Age, unit: int, last: int) -> int:
    """The last age completed by customers whose first order is in this month (or on this day); −1 for none."""
    if age is Age.THIRTY_DAYS:
        return (last + 1 - unit) // BLOCK - 1
    day = from_epoch_day(last + 1)
    return _month(day) - unit - 1


def _read(metric: Grid, scope: Scope) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Sums by period, group, bucket, unit and age; numbers of customers by the same except age; scale of the sums."""
    by = scope.by(CUSTOMER_ORDERS)
    rows = relation(scope.facts, CUSTOMER_ORDERS, scope.where, scope.active_window, (*by.values(), BUCKET))
    cohorts = [np.arange(period.first, period.beyond) for period in scope.periods]
    of_day = ibis.memtable(
        pa.table(
            {
                "cohort_day": np.concatenate(cohorts).astype(np.int32),
                "period": np.concatenate([np.full(len(days), n) for n, days in enumerate(cohorts)]).astype(np.int32),
            }
        )
    )
    rows = rows.inner_join(of_day, rows.first_day == of_day.cohort_day)
    rows = _aged(rows, metric.age, scope)
    labels = {f"split_{n}": with_unknown(rows[column]) for n, column in enumerate(by.values())}
    rows = rows.mutate(**labels, bucket_=rows.bucket.cast("int64") if scope.bucketed else ibis.literal(0, type="int64"))
    names = ("period", "unit", *labels, "bucket_")
    value = bound(rows, metric.cell.of)
    chosen = condition(rows, metric.cell.where)
    unknown = value.isnull().sum(where=chosen) if metric.cell.complete else ibis.literal(0)
    cells = rows.group_by("age", *names).agg(total=exact(value.sum(where=chosen)), unknown=unknown)
    scale = MONEY_SCALE if value.type().is_decimal() else 1
    first = rows.filter(rows.order_number == 1)
    sizes = first.group_by(*names).agg(customers=first.count())
    totals = cells.to_pyarrow()
    totals = totals.set_column(totals.column_names.index("total"), "total", pc.fill_null(totals["total"], 0))
    return totals.to_pylist(), sizes.to_pyarrow().to_pylist(), scale


def _read_kept(metric: Grid, scope: Scope, kept: RollupLevel) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """The same as `_read`, from a level of cohort sums."""
    by = [scope.split_values(CUSTOMER_ORDERS, kept, split) for split in scope.by(CUSTOMER_ORDERS).values()]
    named = column(metric.cell)
    kind = "money" if f"money_{named}" in kept.columns else "sum"
    unknown = f"sum(unknown_{named})" if metric.cell.complete else "0"
    labels = [f"{value} AS split_{number}" for number, value in enumerate(by)]
    labels += [f"{'bucket' if scope.bucketed else '0'} AS bucket_"]
    where = (
        (scope.split_values(CUSTOMER_ORDERS, kept, filter_column(CUSTOMER_ORDERS, condition)), condition)
        for condition in scope.where
    )
    chosen = " AND ".join([f"level = {kept.level}", *(predicate(values, condition) for values, condition in where)])
    columns = scope.facts.engine.columns(
        f"SELECT period AS start, age, {', '.join(labels)}, CAST(sum(customers) AS BIGINT) AS customers,"
        f" CAST(sum({kind}_{named}) AS BIGINT) AS total, CAST({unknown} AS BIGINT) AS unknown FROM facts.{kept.table}"
        f" WHERE {chosen} GROUP BY ALL HAVING sum(rows) <> 0"
    )
    listed = [
        dict(zip(columns, row, strict=True))
        for row in zip(*(values.tolist() for values in columns.values()), strict=True)
    ]
    starts = {row["start"] for row in listed}
    unit = {start: start if metric.age is Age.THIRTY_DAYS else _month(from_epoch_day(start)) for start in starts}
    since = [p.first if metric.age is Age.THIRTY_DAYS else epoch_day(p.start.replace(day=1)) for p in scope.periods]
    until = [period.beyond for period in scope.periods]
    inside = {s: [n for n, first in enumerate(since) if first <= s < until[n]] for s in starts}
    # Every customer has a first order, at age 0.
    rows = [{**row, "period": n, "unit": unit[row["start"]]} for row in listed for n in inside[row["start"]]]
    return rows, [row for row in rows if row["customers"]], MONEY_SCALE if kind == "money" else 1


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _aged(rows: ir.Table, age: Age, scope: Scope) -> ir.Table:
    """The rows with `unit` (month or day of the first order), `age` and `previous_age`."""
    if age is Age.THIRTY_DAYS:
        return rows.mutate(
            unit=rows.first_day,
            age=floored(rows.day - rows.first_day, BLOCK),
            previous_age=floored(rows.previous_day - rows.first_day, BLOCK),
        )
    first, last = (epoch_day(day) for day in scope.facts.coverage["orders"])
    days = [from_epoch_day(number) for number in range(first, last + 1)]
    numbers = pa.array(range(first, last + 1), pa.int32())
    months = pa.array([_month(day) for day in days], pa.int32())
    for known, name in (("day", "month"), ("first_day", "unit"), ("previous_day", "previous_month")):
        calendar = ibis.memtable(pa.table({f"{name}_day": numbers, name: months}))
        rows = rows.left_join(calendar, rows[known] == calendar[f"{name}_day"]).drop(f"{name}_day")
    return rows.mutate(age=rows.month - rows.unit, previous_age=rows.previous_month - rows.unit)
