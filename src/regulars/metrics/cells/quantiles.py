"""Quantiles do not add up: their results are kept, by period and split value, with intervals and the counts behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.cells import registry
from regulars.metrics.cells.families import WHOLE, columns_of
from regulars.metrics.cells.numbered import Numbers, coded, fetched, words
from regulars.metrics.cells.occurrences import counted
from regulars.metrics.cells.projection import DAY, ROWS, days_of, end_of, start_of, typed
from regulars.metrics.kept import Kept
from regulars.metrics.measures import HISTOGRAMS
from regulars.metrics.relations import BUCKET, PERSON, Seen, bound, condition, with_unknown
from regulars.metrics.shapes import Quantile
from regulars.vocabulary.calendar import Calendar, Grain
from regulars.warehouse.compiled import compiled
from regulars.warehouse.fact_table import BUCKETS

FAMILY = "quantiles"
TABLE = "cells_quantiles"
CUSTOMERS = "customers"
"""The family whose levels decide: where sums by bucket are small, so are counts by bucket."""
_VALUES = "temp.quantile_values"
_AT_ONCE = 8_000_000
_Ranges = list[tuple[int, int]]
"""First epoch day of each period, and the day after its last."""


def column(metric: Quantile) -> str:
    """Where the results of a quantile are kept: the value and the ends of its interval. Another definition has another name."""
    return f"q_{sha256(repr((metric.kind, metric.q)).encode()).hexdigest()[:16]}"


def _at_most(metric: Quantile) -> str:
    """Where the rows no greater than the quantile are kept, by bucket."""
    return f"at_most_{column(metric)}"


def kinds() -> tuple[tuple[Quantile, ...], ...]:
    """The quantiles of the catalogue whose results can be kept, those of one histogram together."""
    found: dict[tuple[str, ...], dict[str, Quantile]] = {}
    for metric in CATALOGUE:
        # What depends on the window has a result for each, and what is weighted is no row of orders.
        if (
            isinstance(metric, Quantile)
            and metric.fact in HISTOGRAMS
            and metric.day == "day"
            and repr(metric.weight) == "_.n"
            and "_.active_window" not in "".join(metric.kind)
        ):
            found.setdefault(metric.kind, {})[column(metric)] = metric
    return tuple(tuple(metrics.values()) for metrics in found.values())


@dataclass(frozen=True)
class Orders:
    """The fact whose values are counted, and the calendar that its days lie in."""

    con: duckdb.DuckDBPyConnection
    schema: ibis.Schema
    calendar: Calendar


def build(orders: Orders) -> None:
    """Keep the results of all periods, for those splits and grains for which sums by bucket of customers are small."""
    decided = [one for one in registry.held(orders.con) if _decides(one)]
    if not decided:
        return
    found = "".join(
        f", {column(metric)} DOUBLE[], {_at_most(metric)} INTEGER[]" for metrics in kinds() for metric in metrics
    )
    keys = "level INTEGER, period INTEGER, split TEXT, rows INTEGER[]"
    orders.con.execute(f"CREATE OR REPLACE TABLE facts.{TABLE} ({keys}{found})")
    for metrics in kinds():
        names = frozenset(map(column, metrics))
        start = registry.next_level(orders.con)
        levels = [
            replace(one, table=TABLE, level=start + number, family=FAMILY, columns=names)
            for number, one in enumerate(decided)
        ]
        standing = [one for one in levels if one.stands]
        rows = _keep(orders, metrics, standing, None)
        registry.note(orders.con, *(replace(one, rows=rows.get(one.level, one.rows)) for one in levels))


def can_be_corrected(known: Iterable[Kept]) -> bool:
    """Whether the results of the catalogue of today were decided about, wherever sums were."""
    known = tuple(known)
    wanted = {(one.by, one.grain) for one in known if _decides(one)}
    return all(
        wanted == {(one.by, one.grain) for one in known if one.family == FAMILY and one.columns == names}
        for names in (frozenset(map(column, metrics)) for metrics in kinds())
    )


def correct(orders: Orders, limit: int) -> None:
    """Find the results of changed periods anew. Where these have more than `limit` orders, their results are dropped."""
    con = orders.con
    for metrics in kinds():
        names = frozenset(map(column, metrics))
        known = [one for one in registry.held(con) if one.family == FAMILY and one.columns == names and one.stands]
        days = _changed_days(orders, metrics[0], {one.by for one in known}) if known else np.zeros(0, dtype=np.int64)
        if not len(days):
            continue
        sizes = fetched(con, "SELECT day, count(*) AS n FROM facts.orders GROUP BY day ORDER BY day")
        until = np.append(0, np.cumsum(sizes["n"]))
        again: dict[str, _Ranges] = {}
        changed: dict[str, frozenset[int]] = {}
        for grain in dict.fromkeys(one.grain for one in known):
            ranges = _ranges(orders.calendar, Grain(grain), days)
            first, beyond = np.array(ranges).T
            places = (np.searchsorted(sizes["day"], bounds) for bounds in (beyond, first))
            to_read = int(np.subtract(*(until[place] for place in places)).sum())
            again[grain] = ranges if to_read <= limit else []
            changed[grain] = frozenset(first.tolist())
            periods = ", ".join(map(str, sorted(changed[grain])))
            levels = ", ".join(str(one.level) for one in known if one.grain == grain)
            con.execute(f"DELETE FROM facts.{TABLE} WHERE level IN ({levels}) AND period IN ({periods})")
        _keep(orders, metrics, [one for one in known if again[one.grain]], again)
        for one in known:
            now = changed[one.grain]
            registry.corrected(con, one, one.missing - now if again[one.grain] else one.missing | now)


def _decides(one: Kept) -> bool:
    """Whether a level says how far results are kept: for one column at most."""
    return one.family == CUSTOMERS and one.bucketed and len(columns_of(one.by)) < 2


def read(kept: Kept, metric: Quantile) -> str:
    """SQL of the results of a quantile: period, split; found, a list of the value and the ends of its interval; and by bucket
    the rows, and those at_most the value.
    """
    results = f"{column(metric)} AS found, rows, {_at_most(metric)} AS at_most"
    return f"SELECT period, split, {results} FROM facts.{kept.table} WHERE level = {kept.level}"


# Finding results ---------------------------------------------------------------------------------------------------------


def _keep(
    orders: Orders, metrics: tuple[Quantile, ...], levels: list[Kept], chosen: Mapping[str, _Ranges] | None
) -> dict[int, int]:
    """Insert the results of the levels, of all periods or of those chosen by grain. Returns how many rows each level got."""
    rows = dict.fromkeys((one.level for one in levels), 0)
    if not levels:
        return rows
    con = orders.con
    among = None if chosen is None else [one for level in levels for one in chosen[level.grain]]
    known = _write_values(orders, metrics[0], levels, among)
    days = fetched(con, f"SELECT day, count(*) AS n FROM {_VALUES} GROUP BY day ORDER BY day")
    held: tuple[int, int] = (0, 0)
    values: dict[str, Numbers] = {}
    for grain in dict.fromkeys(one.grain for one in levels if len(days["day"])):
        ranges = _ranges(orders.calendar, Grain(grain), days["day"]) if chosen is None else chosen[grain]
        for part, span in _in_parts(ranges, days):
            if span != held:
                held, values = (
                    span,
                    fetched(con, f"SELECT * FROM {_VALUES} WHERE day >= {span[0]} AND day <= {span[1]}"),
                )
            place = _places(part, values["day"])
            if (place < 0).any():
                asked, place = {name: value[place >= 0] for name, value in values.items()}, place[place >= 0]
            else:
                asked = values
            for one in levels:
                if one.grain == grain:
                    rows[one.level] += _insert(con, one, metrics, part, place, asked, known[one.by])
    con.execute(f"DROP TABLE {_VALUES}")
    return rows


def _write_values(orders: Orders, metric: Quantile, levels: list[Kept], among: _Ranges | None) -> dict[str, list[str]]:
    """Write each row's day, value, bucket and the numbers of its split values; and return these, by column."""
    con = orders.con
    cells = {one.by: one for one in registry.held(con) if _decides(one) and one.stands}
    splits = tuple(sorted({one.by for one in levels} - {WHOLE}))
    known = {by: words(con, cells[by]) for by in splits}
    numbers = "".join(f', {coded(f"by_{by}", known[by])} AS "by_{by}"' for by in splits)
    where = "" if among is None else f" WHERE {_inside(among)}"
    rows = _over(_rows(orders, metric, splits), "facts.orders")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_VALUES} AS SELECT day, value, bucket{numbers} FROM ({rows}){where}")
    return {WHOLE: [""], **known}


def _inside(ranges: _Ranges) -> str:
    united: _Ranges = []
    for first, beyond in sorted(ranges):
        if united and first <= united[-1][1]:
            united[-1] = (united[-1][0], max(beyond, united[-1][1]))
        else:
            united.append((first, beyond))
    return " OR ".join(f"(day >= {first} AND day < {beyond})" for first, beyond in united)


def _rows(orders: Orders, metric: Quantile, splits: tuple[str, ...]) -> str:
    """SQL over ROWS of the day, the value, the bucket and the split values of each row that is counted."""
    told = ("quantiles", typed(orders.schema), column(metric), splits)
    return compiled(orders.con, told, lambda: _counted(orders.schema, metric, splits))


@lru_cache(maxsize=64)  # for other shops of the same process
def _counted(schema: ibis.Schema, metric: Quantile, splits: tuple[str, ...]) -> str:
    rows = ibis.table(schema, name=ROWS)
    rows = rows.filter(rows[PERSON].notnull())
    seen = Seen(rows, metric.fact, 0)
    rows = (rows if seen.only is None else rows.filter(seen.only)).mutate(**seen.added)
    where = condition(rows, metric.where)
    rows = rows if where is None else rows.filter(where)
    by: dict[str, ir.Value] = {f"by_{name}": with_unknown(rows[name]) for name in splits}
    value = bound(rows, metric.of).cast("int32")
    chosen = rows.select(day=rows.day, value=value, bucket=rows[BUCKET].cast("int8"), **by)
    return str(ibis.to_sql(chosen, dialect="duckdb"))


def _over(sql: str, table: str) -> str:
    return sql.replace(f'"{ROWS}"', table)


def _in_parts(ranges: _Ranges, days: Mapping[str, Numbers]) -> Iterator[tuple[_Ranges, tuple[int, int]]]:
    """Some periods at a time, as many as have values that fit into memory; and the first and last day there is of them."""
    until = np.append(0, np.cumsum(days["n"]))
    part: _Ranges = []
    for number, one in enumerate(ranges):
        part.append(one)
        further = ranges[min(number + 1, len(ranges) - 1)]
        start, end, longer = np.searchsorted(days["day"], [part[0][0], one[1], further[1]])
        if end > start and (longer == end or until[longer] - until[start] > _AT_ONCE):
            yield part, (int(days["day"][start]), int(days["day"][end - 1]))
            part = []


def _places(ranges: _Ranges, days: Numbers) -> Numbers:
    """Which of the periods each day lies in, -1 for none; some day lies in one."""
    start, last = int(days.min()), int(days.max())
    place = np.full(last + 1 - start, -1, dtype=np.int32)
    for number, (first, beyond) in enumerate(ranges):
        place[max(first - start, 0) : max(beyond - start, 0)] = number
    found: Numbers = place[days - start]
    return found


def _insert(
    con: duckdb.DuckDBPyConnection,
    level: Kept,
    metrics: tuple[Quantile, ...],
    ranges: _Ranges,
    place: Numbers,
    values: Mapping[str, Numbers],
    known: list[str],
) -> int:
    cell = place if level.by == WHOLE else place * np.int32(len(known)) + values[f"by_{level.by}"]
    rows = 0
    for cells, histogram in counted(cell, values["value"], values["bucket"], BUCKETS):
        found = {metric: histogram.of(metric.q) for metric in metrics}
        some = next(iter(found.values()))
        which, word = np.divmod(cells, len(known))
        period = np.array([first for first, _ in ranges])[which]
        table = {
            "level": pa.array(np.full(len(cells), level.level), pa.int32()),
            "period": pa.array(period, pa.int32()),
            "split": pa.array([None if level.by == WHOLE else known[one] for one in word], pa.string()),
            "rows": _listed(some.rows[:, 0].astype(np.int32)),
        }
        for metric in metrics:
            one = found[metric]
            table[column(metric)] = _listed(np.concatenate([one.value, one.low, one.high], axis=1))
            table[_at_most(metric)] = _listed(one.at_most[:, 0].astype(np.int32))
        con.register("quantiles_found", pa.table(table))
        con.execute(f"INSERT INTO facts.{TABLE} BY NAME FROM quantiles_found")
        con.unregister("quantiles_found")
        rows += len(cells)
    return rows


def _listed(found: Numbers) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(found.ravel()), found.shape[1])


# Which periods -----------------------------------------------------------------------------------------------------------


def _changed_days(orders: Orders, metric: Quantile, splits: set[str]) -> Numbers:
    """The days of which any value came, went, or belongs to another split value or bucket."""
    by = tuple(sorted(splits - {WHOLE}))
    seen = _rows(orders, metric, by)
    both = " UNION ALL ".join(
        f"SELECT *, {sign}1 AS times FROM ({_over(seen, rows)})"
        for rows, sign in (("temp.added_orders", ""), ("temp.removed_orders", "-"))
    )
    listed = ", ".join(["day", "value", "bucket", *(f'"by_{name}"' for name in by)])
    differ = f"SELECT {listed} FROM ({both}) GROUP BY ALL HAVING sum(times) <> 0"
    return fetched(orders.con, f"SELECT DISTINCT day FROM ({differ}) ORDER BY day")["day"]


def _ranges(calendar: Calendar, grain: Grain, days: Numbers) -> _Ranges:
    """The periods of the grain that hold any of the days, which ascend."""
    listed = days_of(calendar, int(days[0]), int(days[-1]))
    place = days - listed[DAY][0].as_py()
    starts, ends = (listed[name(grain)].to_numpy()[place].tolist() for name in (start_of, end_of))
    return sorted(set(zip(starts, ends, strict=True)))
