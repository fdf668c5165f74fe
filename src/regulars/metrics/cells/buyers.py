"""Distinct customers do not add up over days: they are counted for each period of their own, by split value and bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa

from regulars.metrics.cells.families import WHOLE, Family, columns_of, distinct
from regulars.metrics.cells.numbered import Numbers, beginnings, coded, fetched, words
from regulars.metrics.cells.projection import CALENDAR, DAY, days_of, start_of
from regulars.metrics.kept import Kept
from regulars.metrics.measures import LINES, ORDERS
from regulars.metrics.relations import UNKNOWN
from regulars.vocabulary.calendar import Calendar, Grain
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.facts.heads import BUCKETS

_AT_ONCE = 4_000_000
_FOUND = "buyers_found"
_CHANGED = "temp.buyers_changed"


def column(family: Family, by: str, bucketed: bool) -> str:
    """Where a level keeps the distinct customers; empty where it does not, as for two columns at once.

    Where nothing is split, those behind orders and lines are those who ordered, which other cells count.
    """
    measures = distinct(family) if bucketed else ()
    if not measures or len(columns_of(by)) > 1 or (by == WHOLE and family.facts[0] in (ORDERS, LINES)):
        return ""
    (one,) = measures
    return f"sum_{one.digest}"


def build(con: duckdb.DuckDBPyConnection, calendar: Calendar, family: Family, levels: Iterable[Kept]) -> None:
    """Count the customers of every period, and write them beside the sums of these levels."""
    levels = [one for one in levels if one.stands and column(family, one.by, one.bucketed)]
    if not levels:
        return
    ((first, last),) = con.execute(f"SELECT min({family.day}), max({family.day}) FROM facts.{family.table}").fetchall()
    if first is None:
        return
    listed = days_of(calendar, first, last)
    listed = listed.slice(first - listed[DAY][0].as_py())
    known = {one.by: [""] if one.by == WHOLE else words(con, one) for one in levels}
    periods = {
        one.grain: np.unique(listed[start_of(Grain(one.grain))].to_numpy(), return_inverse=True) for one in levels
    }
    counted = {
        one.level: np.zeros(len(periods[one.grain][0]) * len(known[one.by]) * BUCKETS, dtype=np.int64) for one in levels
    }
    for rows in _in_parts(con, family, known):
        for by, values in known.items():
            code = rows[f"by_{by}"] if by != WHOLE else np.zeros(len(rows["day"]), dtype=np.int8)
            asked = {one.level: periods[one.grain][1] for one in levels if one.by == by}
            for level, found in _firsts(
                rows["customer"], code, rows["day"] - first, rows["bucket"], len(values), asked
            ):
                counted[level] += np.bincount(found, minlength=len(counted[level]))
    for one in levels:
        _write(con, one, column(family, one.by, one.bucketed), counted[one.level], periods[one.grain][0], known[one.by])


def correct(con: duckdb.DuckDBPyConnection, family: Family, levels: Iterable[Kept], table: str) -> None:
    """Insert as further rows what the difference changed: who was there before, and is not now, or the other way round."""
    levels = [one for one in levels if one.stands and column(family, one.by, one.bucketed)]
    if not levels:
        return
    splits = sorted({one.by for one in levels} - {WHOLE})
    listed = f"person, {_columns(family, splits)}"
    if family.table == "orders":
        parts = [(f"temp.{HISTORIES_NOW}", 1, 0), (f"temp.{HISTORIES_BEFORE}", 0, 1)]
    else:
        added, removed = f"temp.added_{family.table}", f"temp.removed_{family.table}"
        touched = f"SELECT person FROM {added} UNION SELECT person FROM {removed}"
        of_them = f"(FROM facts.{family.table} WHERE person IN ({touched}))"
        parts = [(of_them, 1, 1), (added, 0, -1), (removed, 0, 1)]
    both = " UNION ALL ".join(
        f"SELECT {listed}, {now} AS now, {before} AS before FROM {rows} WHERE person IS NOT NULL"
        for rows, now, before in parts
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_CHANGED} AS SELECT r.*, c.* FROM (SELECT * EXCLUDE (now, before),"
        f" sum(now) > 0 AS now, sum(before) > 0 AS before FROM ({both}) GROUP BY ALL) r JOIN {CALENDAR} c ON c.{DAY} = r.day"
    )
    found = " UNION ALL ".join(_changes(one) for one in levels)
    con.execute(
        f"INSERT INTO facts.{table} BY NAME SELECT level, period, split, bucket, 0 AS rows,"
        f" more AS {column(family, levels[0].by, bucketed=True)} FROM ({found})"
    )
    con.execute(f"DROP TABLE {_CHANGED}")


def _changes(one: Kept) -> str:
    """SQL of how many customers more (or fewer) each period, split value and bucket of a level has now."""
    split = "NULL" if one.by == WHOLE else f'"by_{one.by}"'
    people = (
        f"SELECT {start_of(Grain(one.grain))} AS period, {split}::TEXT AS split, bucket,"
        f" max(now)::INTEGER - max(before)::INTEGER AS more FROM {_CHANGED} GROUP BY 1, 2, 3, person"
    )
    return (
        f"SELECT {one.level}::INTEGER AS level, period, split, bucket, sum(more)::BIGINT AS more FROM ({people})"
        " GROUP BY period, split, bucket HAVING sum(more) <> 0"
    )


def _columns(family: Family, splits: Iterable[str]) -> str:
    """SQL of a row's bucket, day, and split values."""
    by = "".join(f", coalesce({name}::TEXT, '{UNKNOWN}') AS \"by_{name}\"" for name in splits)
    return f"bucket::INTEGER AS bucket, {family.day} AS day{by}"


def _in_parts(
    con: duckdb.DuckDBPyConnection, family: Family, known: dict[str, list[str]]
) -> Iterator[dict[str, Numbers]]:
    """The rows of some buckets at a time, as many as fit into memory. A customer lies in one bucket, and has a number."""
    splits = [by for by in known if by != WHOLE]
    rows = f"SELECT person, {_columns(family, splits)} FROM facts.{family.table} WHERE person IS NOT NULL"
    codes = "".join(f', {coded(f"by_{by}", known[by])} AS "by_{by}"' for by in splits)
    sizes = con.execute(f"SELECT bucket, count(*) FROM ({rows}) GROUP BY bucket ORDER BY bucket").fetchall()
    part: list[int] = []
    held = 0
    for place, (bucket, size) in enumerate(sizes):
        part.append(bucket)
        held += size
        if place + 1 < len(sizes) and held + sizes[place + 1][1] <= _AT_ONCE:
            continue
        found = fetched(
            con, f"SELECT person, bucket, day{codes} FROM ({rows}) WHERE bucket BETWEEN {part[0]} AND {part[-1]}"
        )
        order = np.argsort(found["person"])
        found = {name: values[order] for name, values in found.items()}
        starts = np.zeros(len(order), dtype=np.int64)
        starts[beginnings(found.pop("person"))] = 1
        yield {**found, "customer": np.cumsum(starts) - 1}
        part, held = [], 0


def _firsts(
    customer: Numbers, code: Numbers, day: Numbers, bucket: Numbers, values: int, asked: dict[int, Numbers]
) -> Iterator[tuple[int, Numbers]]:
    """For each level, given by the number of each day's period: the cell (period, value, bucket) of each customer in it."""
    low, high = int(day.max()).bit_length(), (values - 1).bit_length()
    key = (((customer << high) | code) << low) | day
    key.sort()
    key = key[beginnings(key)]
    who, day = key >> low, key & ((1 << low) - 1)
    code = who & ((1 << high) - 1)
    of_customer = bucket[beginnings(customer)]
    place = code * BUCKETS + of_customer[who >> high]
    again = np.append(False, who[1:] == who[:-1])
    for level, period_of in asked.items():
        period = period_of[day]
        counts = ~again
        counts[1:] |= period[1:] != period[:-1]
        yield level, (period * (values * BUCKETS) + place)[counts]


def _write(
    con: duckdb.DuckDBPyConnection, one: Kept, name: str, counted: Numbers, starts: Numbers, known: list[str]
) -> None:
    there = np.flatnonzero(counted)
    period, code, bucket = np.unravel_index(there, (len(starts), len(known), BUCKETS))
    found = {
        "period": pa.array(starts[period], pa.int32()),
        "split": pa.array(known, pa.string()).take(pa.array(code)),
        "bucket": pa.array(bucket, pa.int32()),
        "n": pa.array(counted[there]),
    }
    con.register(_FOUND, pa.table(found))
    con.execute(
        f"UPDATE facts.{one.table} t SET {name} = f.n FROM {_FOUND} f WHERE t.level = {one.level} AND t.period = f.period"
        " AND coalesce(t.split, '') = f.split AND t.bucket = f.bucket"
    )
    con.unregister(_FOUND)
