"""Sums of cohort grids by month (or day) of the first order, age, split value and bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.measures import CUSTOMER_ORDERS, Measure
from regulars.metrics.relations import PERSON, bound, condition, with_unknown
from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups import registry
from regulars.metrics.rollups.kinds.projection import MONEY, ROWS, Column
from regulars.metrics.rollups.rollup import RollupUpdate, TableColumns, ibis_table
from regulars.metrics.rollups.rollup_tables import STORED_OF_VALUES, UNSPLIT, digest
from regulars.metrics.shapes import Age, Grid
from regulars.vocabulary.calendar import Grain, from_epoch_day
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.fact_table import BUCKETS
from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

FAMILY = "cohorts"
TABLE = "rollup_cohorts"
KEYS = ("level", "period", "age", "split", "bucket")
"""Key of a row: `period` is the first day of the month of the first order, or the day itself; `age` counts from 0."""
GRAINS = {Age.CALENDAR_MONTHS: Grain.MONTH, Age.THIRTY_DAYS: Grain.DAY}
"""The grain of a cohort's start, for each way to count age."""
BLOCK = 30
"""Length of an age in a rolling grid, in days."""
_FINEST = "temp.cohorts_finest"
"""The sums by all splits together, from which the sums by each split follow."""


def column(measure: Measure) -> str:
    """Return the name of a measure's columns, after the prefix `sum_`, `money_` or `unknown_`."""
    return digest(measure, None)


class CohortSums:
    """Sums over the orders of each cohort (customers with their first order in the same month, or on the same day), by age."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """Return the unsplit levels and those by the country of the first order."""
        if not (work.levels(FAMILY) or work.has_rows("orders")):
            return frozenset()
        return frozenset(
            LevelKey(FAMILY, by, grain.value, True, frozenset(_columns(work, age)))
            for age, grain in GRAINS.items()
            for by in _splits(work)
        )

    def build(self, work: RollupUpdate) -> None:
        """Store the sums of all cohorts that are small enough compared with the orders."""
        if not work.has_rows("orders"):
            return
        orders = work.rows("orders")
        ((first, last),) = work.con.execute("SELECT min(first_day), max(day) FROM facts.orders").fetchall()
        named = dict.fromkeys(name for age in Age for name in _columns(work, age))
        work.con.execute(
            f"CREATE OR REPLACE TABLE {work.writable('orders')}.{TABLE} (level INTEGER, period INTEGER, age INTEGER,"
            f" split TEXT, bucket INTEGER, rows BIGINT, customers BIGINT{''.join(f', {name} BIGINT DEFAULT 0' for name in named)})"
        )
        work.show("orders", TABLE)
        noted: list[RollupLevel] = []
        start = registry.next_level(work.con)
        for age, grain in GRAINS.items():
            columns = frozenset(_columns(work, age))
            decided: list[RollupLevel] = []
            for by in _splits(work):
                values = 1 if by == UNSPLIT else work.number(f'SELECT count(DISTINCT "{by}") + 1 FROM facts.orders')
                size = 0 if first is None else _most(age, first, last) * values * BUCKETS
                level = start + len(noted) + len(decided)
                decided.append(
                    RollupLevel(TABLE, level, FAMILY, by, grain.value, True, columns, size, "orders", orders,
                                size <= work.rule.most(orders, by))
                )  # fmt: skip
            stored = [level for level in decided if level.is_stored]
            rows = _insert(work, age, stored, {"facts.orders": ""}) if stored else {}
            noted += [replace(level, rows=rows.get(level.level, level.rows)) for level in decided]
        work.note(*noted)

    def apply(self, work: RollupUpdate) -> None:
        """Insert the sums of the changed customers' orders now, and the negative sums of their orders before."""
        levels = work.levels(FAMILY)
        if "orders" not in work.changed or not levels:
            return
        for age, grain in GRAINS.items():
            own = [level for level in levels if level.grain == grain.value and level.is_stored]
            if own:
                _insert(work, age, own, {f"temp.{HISTORIES_NOW}": "", f"temp.{HISTORIES_BEFORE}": "-"})
        work.compact(
            "orders", TABLE, KEYS, "rows", {"customers", *(name for level in levels for name in level.columns)}
        )


def _splits(work: RollupUpdate) -> list[str]:
    """Return the splits of cohorts, without constant columns."""
    return [by for by in STORED_OF_VALUES if by not in work.constants.get(CUSTOMER_ORDERS.name, {})]


def _insert(work: RollupUpdate, age: Age, levels: Sequence[RollupLevel], signs: Mapping[str, str]) -> dict[int, int]:
    """Add sums over tables of orders, each with its sign, to the levels. Return the inserted rows by level."""
    splits = tuple(level.by for level in levels if level.by != UNSPLIT)
    sums = ("rows", "customers", *_columns(work, age))
    named = ", ".join(("period", "age", "bucket", *(f'"by_{by}"' for by in splits)))
    parts = (
        f"SELECT {named}, {', '.join(f'{sign}{name} AS {name}' for name in sums)} FROM ({_sums(work, age, splits, rows)})"
        for rows, sign in signs.items()
    )
    # First by all splits together, which leaves few rows to add up for each split.
    work.con.execute(f"CREATE OR REPLACE TEMP TABLE {_FINEST} AS {' UNION ALL '.join(parts)}")
    totals = ", ".join(f"sum({name})::BIGINT AS {name}" for name in sums)
    differ = " OR ".join(f"{name} <> 0" for name in sums)
    row_counts = {}
    for level in levels:
        split = "NULL::TEXT" if level.by == UNSPLIT else f'"by_{level.by}"'
        row_counts[level.level] = work.number(
            f"INSERT INTO {work.writable('orders')}.{TABLE} BY NAME SELECT {level.level}::INTEGER AS level, *"
            f" FROM (SELECT period, age, {split} AS split, bucket, {totals} FROM {_FINEST} GROUP BY ALL) WHERE {differ}",
        )
    work.con.execute(f"DROP TABLE {_FINEST}")
    return row_counts


def _most(age: Age, first: int, last: int) -> int:
    """Return the maximum number of combinations of start and age."""
    if age is Age.THIRTY_DAYS:
        return sum((last - start) // BLOCK + 1 for start in range(first, last + 1))
    months = _month(from_epoch_day(last)) - _month(from_epoch_day(first)) + 1
    return months * (months + 1) // 2


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _sums(work: RollupUpdate, age: Age, splits: tuple[str, ...], rows: str) -> str:
    """Return SQL of the sums over these rows of orders, by all splits together."""
    columns, projected = _projection(work, age, splits)
    by = "".join(f', "by_{split}"' for split in splits)
    totals = "".join(f", {Column(name, name).total} AS {name}" for name in columns)
    sql = projected.replace(f'"{ROWS}"', _aged(age, rows))
    sums = f"count(*) AS rows, sum(customers)::BIGINT AS customers{totals}"
    return f"SELECT period, age, bucket{by}, {sums} FROM ({sql}) GROUP BY ALL"


def _aged(age: Age, rows: str) -> str:
    """Return SQL of the rows with the start of their cohort, their age and the age of the previous order."""
    if age is Age.THIRTY_DAYS:
        ages = f"first_day AS cohort, (day - first_day) // {BLOCK} AS age, (previous_day - first_day) // {BLOCK} AS previous_age"
        return f"(SELECT *, {ages} FROM {rows})"
    epoch = "DATE '1970-01-01'"
    days = ("day", "first_day", "previous_day")
    months = ", ".join(f"(year({epoch} + {day}) * 12 + month({epoch} + {day}))::INTEGER AS {day}_month" for day in days)
    start = f"date_diff('day', {epoch}, date_trunc('month', {epoch} + first_day)::DATE)::INTEGER AS cohort"
    return (
        f"(SELECT *, day_month - first_day_month AS age, previous_day_month - first_day_month AS previous_age"
        f" FROM (SELECT *, {months}, {start} FROM {rows}))"
    )


def _measures(age: Age) -> dict[str, Measure]:
    measures = (metric.cell for metric in CATALOGUE if isinstance(metric, Grid) and metric.age is age)
    return {column(measure): measure for measure in measures}


def _columns(work: RollupUpdate, age: Age) -> tuple[str, ...]:
    return tuple(_projection(work, age, ())[0])


def _projection(work: RollupUpdate, age: Age, splits: tuple[str, ...]) -> tuple[Sequence[str], str]:
    """Return the columns of sums, and SQL over ROWS of what each row adds to them."""
    table = work.columns("orders")
    key = ("cohorts", table, age, splits, tuple(_measures(age)))
    return work.compiled(key, lambda: _added(table, age, splits))


@lru_cache(maxsize=64)  # for other shops of the same process
def _added(table: TableColumns, age: Age, splits: tuple[str, ...]) -> tuple[Sequence[str], str]:
    added = tuple((name, "INTEGER") for name in ("cohort", "age", "previous_age"))
    rows = ibis_table((*table, *added), ROWS)
    rows = rows.filter(rows[PERSON].notnull()).mutate(active_window=ibis.literal(0))
    chosen: dict[str, ir.Value] = {
        "period": rows.cohort, "age": rows.age, "bucket": rows.bucket.cast("int32"),
        "customers": (rows.order_number == 1).cast("int32"),
    }  # fmt: skip
    chosen |= {f"by_{by}": with_unknown(rows[by]) for by in splits}
    columns = []
    for named, measure in _measures(age).items():
        value, where = bound(rows, measure.of), condition(rows, measure.where)
        if value.type().is_floating():
            continue
        kind = MONEY if value.type().is_decimal() else "sum"
        sums = {kind: value if where is None else where.ifelse(value, 0)}
        if measure.complete:
            sums["unknown"] = (value.isnull() if where is None else value.isnull() & where).cast("int32")
        chosen |= {f"{kind}_{named}": value for kind, value in sums.items()}
        columns += [f"{kind}_{named}" for kind in sums]
    return tuple(columns), str(ibis.to_sql(rows.select(**chosen), dialect="duckdb"))
