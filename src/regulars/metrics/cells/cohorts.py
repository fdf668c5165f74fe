"""Sums of cohort grids: by the month (or day) of the customers' first order, their age since, split value and bucket."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb
import ibis
import ibis.expr.types as ir

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.cells import registry
from regulars.metrics.cells.families import WHOLE, digest
from regulars.metrics.cells.projection import MONEY, ROWS, Column
from regulars.metrics.kept import Kept
from regulars.metrics.measures import AS_NOW, HISTORIES, Measure
from regulars.metrics.relations import PERSON, bound, condition, with_unknown
from regulars.metrics.shapes import Age, Grid
from regulars.vocabulary.calendar import Grain, from_epoch_day
from regulars.warehouse.facts.heads import BUCKETS

FAMILY = "cohorts"
TABLE = "cells_cohorts"
KEYS = ("level", "period", "age", "split", "bucket")
"""What names a row: `period` is the first day of the month of the first order, or the day itself; `age` counts from 0."""
GRAINS = {Age.CALENDAR_MONTHS: Grain.MONTH, Age.THIRTY_DAYS: Grain.DAY}
"""How exactly the start of a cohort is kept, for each way to count age."""
BLOCK = 30
"""Days of one age in a rolling grid."""
_SPLITS = (WHOLE, *(column for column in HISTORIES.splits.values() if column not in AS_NOW))


def column(measure: Measure) -> str:
    """What the measure's columns are called by, after `sum_`, `money_` or `unknown_`."""
    return digest(measure, None)


def build(con: duckdb.DuckDBPyConnection, schema: ibis.Schema, orders: int, small: float) -> None:
    """Keep the sums of all cohorts wherever these are at most a share `small` of the orders."""
    ((first, last),) = con.execute("SELECT min(first_day), max(day) FROM facts.orders").fetchall()
    if first is None:
        return
    named = dict.fromkeys(name for age in Age for name in _columns(schema, age))
    con.execute(
        f"CREATE OR REPLACE TABLE facts.{TABLE} (level INTEGER, period INTEGER, age INTEGER, split TEXT, bucket INTEGER,"
        f" rows BIGINT, customers BIGINT{''.join(f', {name} BIGINT DEFAULT 0' for name in named)})"
    )
    start = registry.next_level(con)
    noted: list[Kept] = []
    for age, grain in GRAINS.items():
        for by in _SPLITS:
            level = start + len(noted)
            values = 1 if by == WHOLE else _one(con, f'SELECT count(DISTINCT "{by}") + 1 FROM facts.orders')
            size = _most(age, first, last) * values * BUCKETS
            stands = size <= small * orders
            if stands:
                con.execute(f"INSERT INTO facts.{TABLE} BY NAME {_sums(schema, age, by, level, 'facts.orders')}")
                size = _one(con, f"SELECT count(*) FROM facts.{TABLE} WHERE level = {level}")
            columns = frozenset(_columns(schema, age))
            noted.append(Kept(TABLE, level, FAMILY, by, grain.value, True, columns, size, orders, stands))
    registry.note(con, *noted)


def can_be_corrected(known: Iterable[Kept], schema: ibis.Schema) -> bool:
    """Whether what the catalogue of today asks was decided about."""
    own = {(one.by, one.grain): one.columns for one in known if one.family == FAMILY}
    wanted = {(by, grain.value): frozenset(_columns(schema, age)) for age, grain in GRAINS.items() for by in _SPLITS}
    return not own or own == wanted


def correct(con: duckdb.DuckDBPyConnection, schema: ibis.Schema) -> None:
    """Insert as further rows what came with temp.added_orders, and less what went with temp.removed_orders."""
    ages = {grain.value: age for age, grain in GRAINS.items()}
    for one in registry.held(con):
        if one.family == FAMILY and one.stands:
            sums = ("rows", "customers", *sorted(one.columns))
            keys = ", ".join(KEYS)
            both = " UNION ALL ".join(
                f"SELECT {keys}, {', '.join(f'{sign}{name} AS {name}' for name in sums)}"
                f" FROM ({_sums(schema, ages[one.grain], one.by, one.level, rows)})"
                for rows, sign in (("temp.added_orders", ""), ("temp.removed_orders", "-"))
            )
            differ = " OR ".join(f"{name} <> 0" for name in sums)
            totals = ", ".join(f"sum({name})::BIGINT AS {name}" for name in sums)
            con.execute(
                f"INSERT INTO facts.{TABLE} BY NAME SELECT * FROM (SELECT {keys}, {totals} FROM ({both}) GROUP BY ALL)"
                f" WHERE {differ}"
            )


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((found,),) = con.execute(sql).fetchall()
    return int(found)


def _most(age: Age, first: int, last: int) -> int:
    """How many combinations of start and age there can be."""
    if age is Age.THIRTY_DAYS:
        return sum((last - start) // BLOCK + 1 for start in range(first, last + 1))
    months = _month(from_epoch_day(last)) - _month(from_epoch_day(first)) + 1
    return months * (months + 1) // 2


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _sums(schema: ibis.Schema, age: Age, by: str, level: int, rows: str) -> str:
    """SQL of the sums of a level over these rows of orders."""
    columns, projected = _projection(schema, age, by)
    split = "NULL" if by == WHOLE else "split"
    totals = "".join(f", {Column(name, name).total} AS {name}" for name in columns)
    seen = projected.replace(f'"{ROWS}"', _aged(age, rows))
    return (
        f"SELECT {level}::INTEGER AS level, period, age, {split}::TEXT AS split, bucket, count(*) AS rows,"
        f" sum(customers)::BIGINT AS customers{totals} FROM ({seen}) GROUP BY ALL"
    )


def _aged(age: Age, rows: str) -> str:
    """SQL of the rows with the start of their cohort, their age and that of the order before."""
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
    found = (metric.cell for metric in CATALOGUE if isinstance(metric, Grid) and metric.age is age)
    return {column(measure): measure for measure in found}


def _columns(schema: ibis.Schema, age: Age) -> tuple[str, ...]:
    return _projection(schema, age, WHOLE)[0]


def _projection(schema: ibis.Schema, age: Age, by: str) -> tuple[tuple[str, ...], str]:
    """The columns of sums, and SQL over ROWS of what each row adds to them."""
    added = dict.fromkeys(("cohort", "age", "previous_age"), "int32")
    rows = ibis.table({**{one: schema[one] for one in schema}, **added}, name=ROWS)
    rows = rows.filter(rows[PERSON].notnull()).mutate(active_window=ibis.literal(0))
    chosen: dict[str, ir.Value] = {
        "period": rows.cohort, "age": rows.age, "bucket": rows.bucket.cast("int32"),
        "customers": (rows.order_number == 1).cast("int32"),
    }  # fmt: skip
    if by != WHOLE:
        chosen["split"] = with_unknown(rows[by])
    columns = []
    for named, measure in _measures(age).items():
        value, where = bound(rows, measure.of), condition(rows, measure.where)
        if value.type().is_floating():
            continue
        kind = MONEY if value.type().is_decimal() else "sum"
        found = {kind: value if where is None else where.ifelse(value, 0)}
        if measure.complete:
            found["unknown"] = (value.isnull() if where is None else value.isnull() & where).cast("int32")
        chosen |= {f"{kind}_{named}": value for kind, value in found.items()}
        columns += [f"{kind}_{named}" for kind in found]
    return tuple(columns), str(ibis.to_sql(rows.select(**chosen), dialect="duckdb"))
