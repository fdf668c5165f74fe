"""Sums of cohort grids: by the month (or day) of the customers' first order, their age since, split value and bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

import duckdb
import ibis
import ibis.expr.types as ir

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.cells import registry
from regulars.metrics.cells.families import WHOLE, digest
from regulars.metrics.cells.projection import MONEY, ROWS, Column, typed
from regulars.metrics.kept import Kept
from regulars.metrics.measures import AS_NOW, HISTORIES, Measure
from regulars.metrics.relations import PERSON, bound, condition, with_unknown
from regulars.metrics.shapes import Age, Grid
from regulars.vocabulary.calendar import Grain, from_epoch_day
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.compiled import compiled
from regulars.warehouse.fact_table import BUCKETS

FAMILY = "cohorts"
TABLE = "cells_cohorts"
KEYS = ("level", "period", "age", "split", "bucket")
"""What names a row: `period` is the first day of the month of the first order, or the day itself; `age` counts from 0."""
GRAINS = {Age.CALENDAR_MONTHS: Grain.MONTH, Age.THIRTY_DAYS: Grain.DAY}
"""How exactly the start of a cohort is kept, for each way to count age."""
BLOCK = 30
"""Days of one age in a rolling grid."""
_FINEST = "temp.cohorts_finest"
"""The sums by all splits together, from which those by each follow."""
_SPLITS = (WHOLE, *(column for column in HISTORIES.splits.values() if column not in AS_NOW))


def column(measure: Measure) -> str:
    """What the measure's columns are called by, after `sum_`, `money_` or `unknown_`."""
    return digest(measure, None)


def build(con: duckdb.DuckDBPyConnection, schema: ibis.Schema, orders: int, small: float) -> None:
    """Keep the sums of all cohorts wherever these are at most a share `small` of the orders."""
    ((first, last),) = con.execute("SELECT min(first_day), max(day) FROM facts.orders").fetchall()
    if first is None:
        return
    named = dict.fromkeys(name for age in Age for name in _columns(con, schema, age))
    con.execute(
        f"CREATE OR REPLACE TABLE facts.{TABLE} (level INTEGER, period INTEGER, age INTEGER, split TEXT, bucket INTEGER,"
        f" rows BIGINT, customers BIGINT{''.join(f', {name} BIGINT DEFAULT 0' for name in named)})"
    )
    noted: list[Kept] = []
    start = registry.next_level(con)
    for age, grain in GRAINS.items():
        columns = frozenset(_columns(con, schema, age))
        decided: list[Kept] = []
        for by in _SPLITS:
            values = 1 if by == WHOLE else _one(con, f'SELECT count(DISTINCT "{by}") + 1 FROM facts.orders')
            size = _most(age, first, last) * values * BUCKETS
            level = start + len(noted) + len(decided)
            decided.append(
                Kept(TABLE, level, FAMILY, by, grain.value, True, columns, size, orders, size <= small * orders)
            )
        standing = [one for one in decided if one.stands]
        rows = _insert(con, schema, age, standing, {"facts.orders": ""}) if standing else {}
        noted += [replace(one, rows=rows.get(one.level, one.rows)) for one in decided]
    registry.note(con, *noted)


def can_be_corrected(con: duckdb.DuckDBPyConnection, known: Iterable[Kept], schema: ibis.Schema) -> bool:
    """Whether what the catalogue of today asks was decided about."""
    own = {(one.by, one.grain): one.columns for one in known if one.family == FAMILY}
    columns = {grain: frozenset(_columns(con, schema, age)) for age, grain in GRAINS.items()}
    wanted = {(by, grain.value): columns[grain] for grain in columns for by in _SPLITS}
    return not own or own == wanted


def correct(con: duckdb.DuckDBPyConnection, schema: ibis.Schema) -> None:
    """Insert as further rows what the histories say now, and less what they said before."""
    for age, grain in GRAINS.items():
        own = [one for one in registry.held(con) if one.family == FAMILY and one.grain == grain.value and one.stands]
        if own:
            _insert(con, schema, age, own, {f"temp.{HISTORIES_NOW}": "", f"temp.{HISTORIES_BEFORE}": "-"})


def _insert(
    con: duckdb.DuckDBPyConnection, schema: ibis.Schema, age: Age, levels: Sequence[Kept], signs: Mapping[str, str]
) -> dict[int, int]:
    """Add to the levels the sums over tables of orders, each with its sign. Returns how many rows each level got."""
    splits = tuple(one.by for one in levels if one.by != WHOLE)
    sums = ("rows", "customers", *_columns(con, schema, age))
    named = ", ".join(("period", "age", "bucket", *(f'"by_{by}"' for by in splits)))
    parts = (
        f"SELECT {named}, {', '.join(f'{sign}{name} AS {name}' for name in sums)} FROM ({_sums(con, schema, age, splits, rows)})"
        for rows, sign in signs.items()
    )
    # Once by all columns, then by each: the few rows of the first are quickly added up.
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_FINEST} AS {' UNION ALL '.join(parts)}")
    totals = ", ".join(f"sum({name})::BIGINT AS {name}" for name in sums)
    differ = " OR ".join(f"{name} <> 0" for name in sums)
    found = {}
    for one in levels:
        split = "NULL::TEXT" if one.by == WHOLE else f'"by_{one.by}"'
        found[one.level] = _one(
            con,
            f"INSERT INTO facts.{TABLE} BY NAME SELECT {one.level}::INTEGER AS level, * FROM (SELECT period, age,"
            f" {split} AS split, bucket, {totals} FROM {_FINEST} GROUP BY ALL) WHERE {differ}",
        )
    con.execute(f"DROP TABLE {_FINEST}")
    return found


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


def _sums(con: duckdb.DuckDBPyConnection, schema: ibis.Schema, age: Age, splits: tuple[str, ...], rows: str) -> str:
    """SQL of the sums over these rows of orders, by all splits together."""
    columns, projected = _projection(con, schema, age, splits)
    by = "".join(f', "by_{one}"' for one in splits)
    totals = "".join(f", {Column(name, name).total} AS {name}" for name in columns)
    seen = projected.replace(f'"{ROWS}"', _aged(age, rows))
    sums = f"count(*) AS rows, sum(customers)::BIGINT AS customers{totals}"
    return f"SELECT period, age, bucket{by}, {sums} FROM ({seen}) GROUP BY ALL"


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


def _columns(con: duckdb.DuckDBPyConnection, schema: ibis.Schema, age: Age) -> tuple[str, ...]:
    return tuple(_projection(con, schema, age, ())[0])


def _projection(
    con: duckdb.DuckDBPyConnection, schema: ibis.Schema, age: Age, splits: tuple[str, ...]
) -> tuple[Sequence[str], str]:
    """The columns of sums, and SQL over ROWS of what each row adds to them."""
    told = ("cohorts", typed(schema), age, splits, tuple(_measures(age)))
    return compiled(con, told, lambda: _added(schema, age, splits))


@lru_cache(maxsize=64)  # for other shops of the same process
def _added(schema: ibis.Schema, age: Age, splits: tuple[str, ...]) -> tuple[Sequence[str], str]:
    added = dict.fromkeys(("cohort", "age", "previous_age"), "int32")
    rows = ibis.table({**{one: schema[one] for one in schema}, **added}, name=ROWS)
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
        found = {kind: value if where is None else where.ifelse(value, 0)}
        if measure.complete:
            found["unknown"] = (value.isnull() if where is None else value.isnull() & where).cast("int32")
        chosen |= {f"{kind}_{named}": value for kind, value in found.items()}
        columns += [f"{kind}_{named}" for kind in found]
    return tuple(columns), str(ibis.to_sql(rows.select(**chosen), dialect="duckdb"))
