"""Counts of distinct entities, and sums over the last row of each entity, by period, split value and bucket.

These are not additive over days, so each period is computed from rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from regulars.metrics.inference.value_counts import Numbers, group_starts
from regulars.metrics.measures import Measure
from regulars.metrics.relations import BUCKET, bound, condition, exact, with_unknown
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds.projection import CALENDAR, DAY, ROWS, Projection, days_of, start_of
from regulars.metrics.rollups.registry import encode, fetch_columns, read_dictionary
from regulars.metrics.rollups.rollup import TableColumns, ibis_table, table_columns
from regulars.metrics.rollups.rollup_tables import UNSPLIT, RollupTable, columns_of, entity_measures
from regulars.vocabulary.calendar import Calendar, Grain
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.compile_cache import compile_once
from regulars.warehouse.fact_table import BUCKETS
from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

_AT_ONCE = 4_000_000
_COUNTS = "entities_found"
_SEQUENCE = "sequence_"
"""Prefix of the columns that order an entity's rows of the same day; a higher value is later."""


def kept(family: RollupTable, projection: Projection, by: str, bucketed: bool) -> dict[str, Measure]:
    """Return the measures of entities of a level, by column.

    Empty for levels without buckets, and for those split by two columns.
    """
    if not bucketed or len(columns_of(by)) > 1:
        return {}
    return {
        name: stored.measure for name, stored in zip(projection.entity_measures, entity_measures(family), strict=True)
    }


def build(
    con: duckdb.DuckDBPyConnection,
    calendar: Calendar,
    family: RollupTable,
    projection: Projection,
    levels: Iterable[RollupLevel],
    schema: str,
) -> None:
    """Compute the measures of entities of every period, and write them beside the sums of the levels.

    Args:
        con: Connection to the warehouse.
        calendar: The shop's calendar.
        family: The family of the levels.
        projection: The family's projection.
        levels: The levels; those that are not stored are left out.
        schema: Schema of the levels' table.
    """
    for name, measure, measure_levels in _levels_by_measure(family, projection, levels):
        if measure.distinct:
            _count(con, calendar, family, measure, name, measure_levels, schema)
        else:
            _sum_last(con, family, measure, name, measure_levels, schema)


def _levels_by_measure(
    family: RollupTable, projection: Projection, levels: Iterable[RollupLevel]
) -> Iterator[tuple[str, Measure, list[RollupLevel]]]:
    """Yield each measure of entities with its column and the levels that store it."""
    stored_levels = [level for level in levels if level.is_stored]
    for name, stored in zip(projection.entity_measures, entity_measures(family), strict=True):
        measure_levels = [
            level for level in stored_levels if name in kept(family, projection, level.by, level.bucketed)
        ]
        if measure_levels:
            yield name, stored.measure, measure_levels


def correct(
    con: duckdb.DuckDBPyConnection,
    family: RollupTable,
    projection: Projection,
    levels: Iterable[RollupLevel],
    table: str,
) -> None:
    """Insert the difference of the measures of entities after a change: the values now, less the values before.

    Args:
        con: Connection to the warehouse.
        family: The family of the levels.
        projection: The family's projection.
        levels: The levels; those that are not stored are left out.
        table: The family's table with its schema.
    """
    for column, measure, measure_levels in _levels_by_measure(family, projection, levels):
        splits = tuple(sorted({level.by for level in measure_levels} - {UNSPLIT}))
        rows = _rows(con, family, measure, splits)
        both = (
            f"SELECT {sign} AS sign, * FROM ({rows(concerned)})"
            for sign, concerned in zip((1, -1), _concerned(con, family, measure), strict=True)
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE entities_of_both AS {' UNION ALL '.join(both)}")
        parts = (
            f"SELECT {level.level}::INTEGER AS level, period, split, bucket, apart * n AS n"
            f" FROM ({_entity_totals(level, measure, 'temp.entities_of_both', 'sign')})"
            for level in measure_levels
        )
        con.execute(
            f"INSERT INTO {table} BY NAME SELECT level, period, split, bucket, 0 AS rows, sum(n)::BIGINT AS {column}"
            f" FROM ({' UNION ALL '.join(parts)}) GROUP BY level, period, split, bucket HAVING sum(n) <> 0"
        )
        con.execute("DROP TABLE temp.entities_of_both")


def _concerned(con: duckdb.DuckDBPyConnection, family: RollupTable, measure: Measure) -> tuple[str, str]:
    """Return the rows of the entities that a difference concerns: those now, and those before."""
    if family.table == "orders":
        return f"temp.{HISTORIES_NOW}", f"temp.{HISTORIES_BEFORE}"
    added, removed = f"temp.added_{family.table}", f"temp.removed_{family.table}"
    entity = f'"{measure.distinct or measure.latest}"'
    touched = f"SELECT {entity} FROM {added} UNION SELECT {entity} FROM {removed}"
    key = ", ".join(family.facts[0].key)
    columns = ", ".join(f'"{name}"' for name, *_ in con.execute(f"FROM facts.{family.table} LIMIT 0").description)
    now = f"(FROM facts.{family.table} WHERE {entity} IN ({touched}) UNION ALL BY NAME FROM {added} WHERE {entity} IS NULL)"
    others = f"(FROM facts.{family.table} WHERE {entity} IN ({touched}))"
    before = (
        f"(SELECT {columns} FROM {others} ANTI JOIN {added} USING ({key}) UNION ALL SELECT {columns} FROM {removed})"
    )
    return now, before


class _Rows:
    """SQL of the rows of a measure, over any table of the fact."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def __call__(self, table: str) -> str:
        return self.sql.replace(f'"{ROWS}"', table)


def _rows(con: duckdb.DuckDBPyConnection, family: RollupTable, measure: Measure, splits: tuple[str, ...]) -> _Rows:
    """Return the rows of a measure with the columns entity, day, bucket, value, by_… and numbered ones of _SEQUENCE."""
    table = table_columns(con, family.table)
    key = ("entities", table, measure.definition, splits)
    return _Rows(compile_once(con, key, lambda: _projected(table, measure, splits)))


def _projected(table: TableColumns, measure: Measure, splits: tuple[str, ...]) -> str:
    rows = ibis_table(table, ROWS).mutate(active_window=ibis.literal(0))
    entity = rows[measure.distinct or measure.latest]
    chosen: dict[str, ir.Value] = {"entity": entity, "day": rows[measure.day], "bucket": rows[BUCKET].cast("int32")}
    chosen |= {f"by_{name}": with_unknown(rows[name]) for name in splits}
    if measure.latest:
        chosen["value"] = exact(bound(rows, measure.of))
        chosen |= {f"{_SEQUENCE}{place}": rows[name] for place, name in enumerate(measure.fact.sequence)}
    where = condition(rows, measure.where)
    if measure.distinct:
        where = entity.notnull() if where is None else where & entity.notnull()
    rows = rows if where is None else rows.filter(where)
    return str(ibis.to_sql(rows.select(**chosen), dialect="duckdb"))


def _entity_totals(level: RollupLevel, measure: Measure, rows: str, apart: str = "0") -> str:
    """Return SQL of a measure of entities by period, split value and bucket of a level, and by `apart`.

    Args:
        level: The level.
        measure: The measure.
        rows: Relation with the columns of `_rows`.
        apart: A further column, or a constant, to group by.
    """
    split = "NULL" if level.by == UNSPLIT else f'r."by_{level.by}"'
    period = f"c.{start_of(Grain(level.grain))}"
    placed = (
        f"SELECT {period} AS period, {split}::TEXT AS split, {apart} AS apart, r.* FROM {rows} r"
        f" JOIN {CALENDAR} c ON c.{DAY} = r.day"
    )
    keys = "period, split, bucket, apart"
    if measure.distinct:
        return f"SELECT {keys}, count(DISTINCT entity) AS n FROM ({placed}) WHERE entity IS NOT NULL GROUP BY ALL"
    order = ", ".join(["day DESC", *(f"{_SEQUENCE}{place} DESC" for place in range(len(measure.fact.sequence)))])
    last = (
        f"SELECT * FROM ({placed}) QUALIFY entity IS NULL"
        f" OR row_number() OVER (PARTITION BY period, split, apart, entity ORDER BY {order}) = 1"
    )
    return f"SELECT {keys}, coalesce(sum(value), 0)::BIGINT AS n FROM ({last}) GROUP BY ALL"


def _sum_last(
    con: duckdb.DuckDBPyConnection,
    family: RollupTable,
    measure: Measure,
    name: str,
    levels: list[RollupLevel],
    schema: str,
) -> None:
    splits = tuple(sorted({level.by for level in levels} - {UNSPLIT}))
    rows = _rows(con, family, measure, splits)(f"facts.{family.table}")
    for level in levels:
        _write(con, level, schema, name, f"({_entity_totals(level, measure, f'({rows})')})")


# Counts ------------------------------------------------------------------------------------------------------------------


def _count(
    con: duckdb.DuckDBPyConnection,
    calendar: Calendar,
    family: RollupTable,
    measure: Measure,
    name: str,
    levels: list[RollupLevel],
    schema: str,
) -> None:
    ((first, last),) = con.execute(f"SELECT min({family.day}), max({family.day}) FROM facts.{family.table}").fetchall()
    if first is None:
        return
    listed = days_of(calendar, first, last)
    from_first = slice(first - int(listed[DAY][0]), None)
    known = {level.by: [""] if level.by == UNSPLIT else read_dictionary(con, level, schema) for level in levels}
    periods = {
        level.grain: np.unique(listed[start_of(Grain(level.grain))][from_first], return_inverse=True)
        for level in levels
    }
    counted = {
        level.level: np.zeros(len(periods[level.grain][0]) * len(known[level.by]) * BUCKETS, dtype=np.int64)
        for level in levels
    }
    for rows in _in_parts(con, family, measure, known):
        for by, values in known.items():
            code = rows[f"by_{by}"] if by != UNSPLIT else np.zeros(len(rows["day"]), dtype=np.int8)
            periods_by_level = {level.level: periods[level.grain][1] for level in levels if level.by == by}
            for number, cells in _firsts(
                rows["entity"], code, rows["day"] - first, rows["bucket"], len(values), periods_by_level
            ):
                counted[number] += np.bincount(cells, minlength=len(counted[number]))
    for level in levels:
        _register(con, counted[level.level], periods[level.grain][0], known[level.by])
        _write(con, level, schema, name, _COUNTS)
        con.unregister(_COUNTS)


def _in_parts(
    con: duckdb.DuckDBPyConnection, family: RollupTable, measure: Measure, known: dict[str, list[str]]
) -> Iterator[dict[str, Numbers]]:
    """Yield the rows of some buckets at a time, as many as fit into memory.

    An entity lies in one bucket; its number is unique in the part.
    """
    splits = tuple(sorted(by for by in known if by != UNSPLIT))  # as `correct` has them: compiled once
    rows = _rows(con, family, measure, splits)(f"facts.{family.table}")
    codes = "".join(f', {encode(f"by_{by}", known[by])} AS "by_{by}"' for by in splits)
    sizes = con.execute(f"SELECT bucket, count(*) FROM ({rows}) GROUP BY bucket ORDER BY bucket").fetchall()
    part: list[int] = []
    held = 0
    for place, (bucket, size) in enumerate(sizes):
        part.append(bucket)
        held += size
        if place + 1 < len(sizes) and held + sizes[place + 1][1] <= _AT_ONCE:
            continue
        columns = fetch_columns(
            con, f"SELECT entity, bucket, day{codes} FROM ({rows}) WHERE bucket BETWEEN {part[0]} AND {part[-1]}"
        )
        order = np.argsort(columns["entity"])
        columns = {name: values[order] for name, values in columns.items()}
        starts = np.zeros(len(order), dtype=np.int64)
        starts[group_starts(columns.pop("entity"))] = 1
        yield {**columns, "entity": np.cumsum(starts) - 1}
        part, held = [], 0


def _firsts(
    entity: Numbers, code: Numbers, day: Numbers, bucket: Numbers, values: int, periods_by_level: dict[int, Numbers]
) -> Iterator[tuple[int, Numbers]]:
    """Yield, for each level, the cell (period, value, bucket) of each entity in each period."""
    low, high = int(day.max()).bit_length(), (values - 1).bit_length()
    key = (((entity << high) | code) << low) | day
    key.sort()
    key = key[group_starts(key)]
    who, day = key >> low, key & ((1 << low) - 1)
    code = who & ((1 << high) - 1)
    of_entity = bucket[group_starts(entity)]
    place = code * BUCKETS + of_entity[who >> high]
    again = np.append(False, who[1:] == who[:-1])
    for level, period_of in periods_by_level.items():
        period = period_of[day]
        counts = ~again
        counts[1:] |= period[1:] != period[:-1]
        yield level, (period * (values * BUCKETS) + place)[counts]


def _register(con: duckdb.DuckDBPyConnection, counted: Numbers, starts: Numbers, known: list[str]) -> None:
    """Register the counts as the relation _COUNTS: period, split, bucket, n."""
    there = np.flatnonzero(counted)
    period, code, bucket = np.unravel_index(there, (len(starts), len(known), BUCKETS))
    columns = {
        "period": starts[period].astype(np.int32),
        "split": np.array(known, dtype=object)[code],
        "bucket": bucket.astype(np.int32),
        "n": counted[there],
    }
    con.register(_COUNTS, columns)


def _write(con: duckdb.DuckDBPyConnection, level: RollupLevel, schema: str, name: str, relation: str) -> None:
    """Write a relation of period, split, bucket and n into a column of a level."""
    con.execute(
        f"UPDATE {schema}.{level.table} t SET {name} = f.n FROM {relation} f WHERE t.level = {level.level} AND t.period = f.period"
        " AND coalesce(t.split, '') = coalesce(f.split::TEXT, '') AND t.bucket = f.bucket"
    )
