"""Counts of distinct entities, and sums over each one's last row, do not add up over days: they are found for each period of its
own, by split value and bucket.
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
from regulars.metrics.rollups.dictionary import encode, fetch_columns, read_dictionary
from regulars.metrics.rollups.kinds.projection import CALENDAR, DAY, ROWS, Projection, days_of, start_of
from regulars.metrics.rollups.rollup_tables import UNSPLIT, RollupTable, columns_of, entity_measures
from regulars.metrics.rollups.table_columns import TableColumns, ibis_table, table_columns
from regulars.vocabulary.calendar import Calendar, Grain
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.compile_cache import compile_once
from regulars.warehouse.fact_table import BUCKETS
from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

_AT_ONCE = 4_000_000
_FOUND = "entities_found"
_SEQUENCE = "sequence_"
"""What a row's columns of its fact's sequence are called; the higher comes later."""


def kept(family: RollupTable, seen: Projection, by: str, bucketed: bool) -> dict[str, Measure]:
    """What a level keeps of entities, by column; nothing by two columns at once."""
    if not bucketed or len(columns_of(by)) > 1:
        return {}
    return {name: one.measure for name, one in zip(seen.entity_measures, entity_measures(family), strict=True)}


def build(
    con: duckdb.DuckDBPyConnection,
    calendar: Calendar,
    family: RollupTable,
    seen: Projection,
    levels: Iterable[RollupLevel],
    schema: str,
) -> None:
    """Find the entities of every period, and write what they come to beside the sums of these levels, into their schema."""
    for name, measure, asked in _asked(family, seen, levels):
        if measure.distinct:
            _count(con, calendar, family, measure, name, asked, schema)
        else:
            _sum_last(con, family, measure, name, asked, schema)


def _asked(
    family: RollupTable, seen: Projection, levels: Iterable[RollupLevel]
) -> Iterator[tuple[str, Measure, list[RollupLevel]]]:
    """Each measure of entities with its column and the levels that keep it."""
    standing = [one for one in levels if one.is_stored]
    for name, one in zip(seen.entity_measures, entity_measures(family), strict=True):
        asked = [level for level in standing if name in kept(family, seen, level.by, level.bucketed)]
        if asked:
            yield name, one.measure, asked


def correct(
    con: duckdb.DuckDBPyConnection, family: RollupTable, seen: Projection, levels: Iterable[RollupLevel], table: str
) -> None:
    """Insert as further rows what the difference changed: what the entities concerned come to now, less what they came to."""
    for column, measure, asked in _asked(family, seen, levels):
        splits = tuple(sorted({level.by for level in asked} - {UNSPLIT}))
        rows = _rows(con, family, measure, splits)
        both = (
            f"SELECT {sign} AS sign, * FROM ({rows(concerned)})"
            for sign, concerned in zip((1, -1), _concerned(con, family, measure), strict=True)
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE entities_of_both AS {' UNION ALL '.join(both)}")
        parts = (
            f"SELECT {level.level}::INTEGER AS level, period, split, bucket, apart * n AS n"
            f" FROM ({_found(level, measure, 'temp.entities_of_both', 'sign')})"
            for level in asked
        )
        con.execute(
            f"INSERT INTO {table} BY NAME SELECT level, period, split, bucket, 0 AS rows, sum(n)::BIGINT AS {column}"
            f" FROM ({' UNION ALL '.join(parts)}) GROUP BY level, period, split, bucket HAVING sum(n) <> 0"
        )
        con.execute("DROP TABLE temp.entities_of_both")


def _concerned(con: duckdb.DuckDBPyConnection, family: RollupTable, measure: Measure) -> tuple[str, str]:
    """The rows of the entities that a difference concerns, as they are now and as they were before."""
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
    """SQL of the rows that a measure looks at, over any table of the fact."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def __call__(self, table: str) -> str:
        return self.sql.replace(f'"{ROWS}"', table)


def _rows(con: duckdb.DuckDBPyConnection, family: RollupTable, measure: Measure, splits: tuple[str, ...]) -> _Rows:
    """Columns: entity, day, bucket, value, by_… and _SEQUENCE with numbers."""
    table = table_columns(con, family.table)
    told = ("entities", table, measure.definition, splits)
    return _Rows(compile_once(con, told, lambda: _projected(table, measure, splits)))


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


def _found(one: RollupLevel, measure: Measure, rows: str, apart: str = "0") -> str:
    """SQL of what the entities of these `_rows` come to by period, split value and bucket of a level, and by `apart`, a column or
    constant.
    """
    split = "NULL" if one.by == UNSPLIT else f'r."by_{one.by}"'
    period = f"c.{start_of(Grain(one.grain))}"
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
        _write(con, level, schema, name, f"({_found(level, measure, f'({rows})')})")


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
            asked = {level.level: periods[level.grain][1] for level in levels if level.by == by}
            for number, found in _firsts(rows["entity"], code, rows["day"] - first, rows["bucket"], len(values), asked):
                counted[number] += np.bincount(found, minlength=len(counted[number]))
    for level in levels:
        _register(con, counted[level.level], periods[level.grain][0], known[level.by])
        _write(con, level, schema, name, _FOUND)
        con.unregister(_FOUND)


def _in_parts(
    con: duckdb.DuckDBPyConnection, family: RollupTable, measure: Measure, known: dict[str, list[str]]
) -> Iterator[dict[str, Numbers]]:
    """The rows of some buckets at a time, as many as fit into memory. An entity lies in one bucket, and gets a number."""
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
        found = fetch_columns(
            con, f"SELECT entity, bucket, day{codes} FROM ({rows}) WHERE bucket BETWEEN {part[0]} AND {part[-1]}"
        )
        order = np.argsort(found["entity"])
        found = {name: values[order] for name, values in found.items()}
        starts = np.zeros(len(order), dtype=np.int64)
        starts[group_starts(found.pop("entity"))] = 1
        yield {**found, "entity": np.cumsum(starts) - 1}
        part, held = [], 0


def _firsts(
    entity: Numbers, code: Numbers, day: Numbers, bucket: Numbers, values: int, asked: dict[int, Numbers]
) -> Iterator[tuple[int, Numbers]]:
    """For each level, given by the number of each day's period: the cell (period, value, bucket) of each entity in it."""
    low, high = int(day.max()).bit_length(), (values - 1).bit_length()
    key = (((entity << high) | code) << low) | day
    key.sort()
    key = key[group_starts(key)]
    who, day = key >> low, key & ((1 << low) - 1)
    code = who & ((1 << high) - 1)
    of_entity = bucket[group_starts(entity)]
    place = code * BUCKETS + of_entity[who >> high]
    again = np.append(False, who[1:] == who[:-1])
    for level, period_of in asked.items():
        period = period_of[day]
        counts = ~again
        counts[1:] |= period[1:] != period[:-1]
        yield level, (period * (values * BUCKETS) + place)[counts]


def _register(con: duckdb.DuckDBPyConnection, counted: Numbers, starts: Numbers, known: list[str]) -> None:
    """What was counted, as the relation _FOUND: period, split, bucket, n."""
    there = np.flatnonzero(counted)
    period, code, bucket = np.unravel_index(there, (len(starts), len(known), BUCKETS))
    found = {
        "period": starts[period].astype(np.int32),
        "split": np.array(known, dtype=object)[code],
        "bucket": bucket.astype(np.int32),
        "n": counted[there],
    }
    con.register(_FOUND, found)


def _write(con: duckdb.DuckDBPyConnection, one: RollupLevel, schema: str, name: str, found: str) -> None:
    """Write what was found (a relation of period, split, bucket and n) into a column of a level."""
    con.execute(
        f"UPDATE {schema}.{one.table} t SET {name} = f.n FROM {found} f WHERE t.level = {one.level} AND t.period = f.period"
        " AND coalesce(t.split, '') = coalesce(f.split::TEXT, '') AND t.bucket = f.bucket"
    )
