"""Quantiles do not add up over days: their results are kept, by period and split value, with intervals and counts by bucket.

No load computes them: those of one grain and split are built when they are first asked for (see LevelCache). Where a quantile is
of what each customer comes to in the period, or a share is the largest customer's, values are summed for each customer first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

import numpy as np

from regulars.metrics.inference.value_counts import Numbers, sum_by_entity, value_counts
from regulars.metrics.measures import Timing
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.dictionary import encode, fetch_columns
from regulars.metrics.rollups.kinds.projection import DAY, ROWS, days_of, end_of, start_of
from regulars.metrics.rollups.kinds.stored_values import LONG, Asked, Kind, kinds, rows_of, sizes
from regulars.metrics.rollups.rollup import RollupUpdate
from regulars.metrics.rollups.rollup_tables import UNSPLIT
from regulars.metrics.shapes import Quantile
from regulars.vocabulary.calendar import Calendar, Grain
from regulars.warehouse.fact_table import BUCKETS

_TABLE = "temp.period_results"
_VALUES = "temp.values_of_rows"
_AT_ONCE = 8_000_000
_LEVEL = 1
_PREFIX = "results_"
_Ranges = list[tuple[int, int]]
"""First epoch day of each period, and the day after its last."""


def family(metric: Asked, grain: Grain) -> str:
    """What the results of the metric, and of all others of the same values, are called for periods of a grain."""
    return f"{_PREFIX}{grain.value}_{sha256(repr(metric.kind).encode()).hexdigest()[:16]}"


def is_family(name: str) -> bool:
    """Whether levels of a family hold results."""
    return name.startswith(_PREFIX)


def column(metric: Asked) -> str:
    """Where the results of a metric are stored. Another definition has another name."""
    definition = (metric.kind, metric.q) if isinstance(metric, Quantile) else (metric.kind, "largest")
    return f"result_{sha256(repr(definition).encode()).hexdigest()[:16]}"


def _at_most(metric: Quantile) -> str:
    """Where the rows no greater than the quantile are stored, by bucket."""
    return f"at_most_{column(metric)}"


def build(work: RollupUpdate, named: str, by: str) -> tuple[list[RollupLevel], str]:
    """Compute the results of all periods of a family by a column, where they are small against the fact. Returns what was decided,
    and the temporary table they lie in.
    """
    kind, grain = next((kind, grain) for kind in kinds() for grain in Grain if family(kind[0], grain) == named)
    fact, names = kind[0].fact.table, frozenset(map(column, kind))
    declared = "".join(f", {_declared(metric)}" for metric in kind)
    work.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_TABLE} (level INTEGER, period INTEGER, split TEXT, rows INTEGER[]{declared})"
    )
    fact_rows, size = work.rows(fact), sizes(work, kind, [(by, grain)])[by, grain]
    small = bool(rows_of(work, kind[0], ())) and size <= work.rule.most(fact_rows, by)
    level = RollupLevel(_TABLE, _LEVEL, named, by, grain.value, True, names, size, fact, fact_rows, small)
    return [replace(level, rows=_fill(work, kind, level)) if small else level], _TABLE


def _declared(metric: Asked) -> str:
    if isinstance(metric, Quantile):
        return f"{column(metric)} DOUBLE[], {_at_most(metric)} INTEGER[]"
    return f"{column(metric)} DOUBLE"


def read(level: RollupLevel, metric: Asked, labels: Mapping[str, str]) -> str:
    """SQL of the results of a metric: period; the labels, each given by its SQL; result (of a quantile a list of the value and
    the ends of its interval, of a largest share what the largest comes to); by bucket the rows, and of a quantile those at_most
    the value.
    """
    at_most = f", {_at_most(metric)} AS at_most" if isinstance(metric, Quantile) else ""
    split = "".join(f"{value} AS {name}, " for name, value in labels.items())
    return f"SELECT period, {split}{column(metric)} AS result, rows{at_most} FROM {level.relation} WHERE level = {level.level}"


def is_known(metric: Asked) -> bool:
    """Whether it is among those that results are kept of: the catalogue's."""
    return column(metric) in {column(one) for kind in kinds() for one in kind}


def is_kept_for(metric: Asked, grain: Grain) -> bool:
    """Whether results are kept for periods of a grain: what has grown since the first day is, for long ones only."""
    return metric.timing is Timing.WITHIN or grain in LONG


def _fill(work: RollupUpdate, metrics: Kind, level: RollupLevel) -> int:
    """Insert the results of all periods. Returns the number of rows inserted."""
    known = _write_values(work, metrics[0], level)
    days = fetch_columns(work.con, f"SELECT day, count(*) AS n FROM {_VALUES} GROUP BY day ORDER BY day")
    rows = 0
    if len(days["day"]):
        ranges = _ranges(work.settings.calendar, Grain(level.grain), days["day"])
        parts = (
            _within(work, metrics[0], _in_parts(ranges, days), len(known))
            if metrics[0].timing is Timing.WITHIN
            else _before_end(work, ranges, len(known))
        )
        for starts, cell, value, bucket in parts:
            rows += _insert(work, level, metrics, starts, cell, value, bucket, known)
    work.con.execute(f"DROP TABLE {_VALUES}")
    return rows


_Found = Iterator[tuple[list[int], Numbers, Numbers, Numbers]]
"""Some periods at a time: their first days; and of their values the cell (place of the period × split values + split value), the
value, and the bucket.
"""


def _within(work: RollupUpdate, metric: Asked, parts: Iterable[tuple[_Ranges, tuple[int, int]]], splits: int) -> _Found:
    """The values of each period."""
    for part, (first, last) in parts:
        rows = fetch_columns(work.con, f"SELECT * FROM {_VALUES} WHERE day >= {first} AND day <= {last}")
        cell, value, bucket = (
            _places(part, rows["day"]) * np.int32(splits) + rows["split"],
            rows["value"],
            rows["bucket"],
        )
        if metric.per:
            cell, value, bucket = sum_by_entity(cell, rows["entity"], value, bucket)
        yield [start for start, _ in part], cell, value, bucket


def _before_end(work: RollupUpdate, ranges: _Ranges, splits: int) -> _Found:
    """What each entity's values come to by the end of each period in which any came; unchanged until the next of these."""
    rows = fetch_columns(work.con, f"SELECT * FROM {_VALUES} ORDER BY day")
    _, number = np.unique(rows["entity"], return_inverse=True)  # an entity's own number times the splits may not fit
    entities, first, entity = np.unique(number * splits + rows["split"], return_index=True, return_inverse=True)
    bucket, split = rows["bucket"][first], rows["split"][first].astype(np.int32)
    sums, is_there = np.zeros(len(entities), dtype=np.int64), np.zeros(len(entities), dtype=bool)
    for start, beyond in ranges:
        begin, end = np.searchsorted(rows["day"], [start, beyond])
        new = entity[begin:end]
        np.add.at(sums, new, rows["value"][begin:end])
        is_there[new] = True
        yield [start], split[is_there], sums[is_there], bucket[is_there]


def _write_values(work: RollupUpdate, metric: Asked, level: RollupLevel) -> list[str]:
    """Write each row's day, value, bucket and the number of its split value; and return the split values."""
    splits = () if level.by == UNSPLIT else (level.by,)
    rows = rows_of(work, metric, splits).replace(f'"{ROWS}"', f"facts.{level.fact}")
    known, split = [""], ", 0::UTINYINT AS split"
    if splits:
        word = f'"by_{level.by}"'
        found = work.con.execute(f"SELECT DISTINCT {word} AS word FROM ({rows}) ORDER BY word").fetchall()
        known = [one for (one,) in found] or [""]
        split = f", {encode(word, known)} AS split"
    entity = ", entity" if metric.per else ""
    work.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_VALUES} AS SELECT day, value, bucket{entity}{split} FROM ({rows})"
    )
    return known


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
    work: RollupUpdate,
    level: RollupLevel,
    metrics: Kind,
    starts: list[int],
    cell: Numbers,
    value: Numbers,
    bucket: Numbers,
    known: list[str],
) -> int:
    quantiles = [metric for metric in metrics if isinstance(metric, Quantile)]
    stored = 0
    for cells, counts in value_counts(cell, value, bucket, BUCKETS):
        results = {metric: counts.of(metric.q) for metric in quantiles}
        which, word = np.divmod(cells, len(known))
        split = [None if level.by == UNSPLIT else known[place] for place in word]
        table: dict[str, Numbers] = {
            "level": np.full(len(cells), level.level, dtype=np.int32),
            "period": np.array(starts, dtype=np.int32)[which],
            "split": np.array(split, dtype=object),
            "rows": counts.rows[:, 0].astype(np.int32),
        }
        for metric in metrics:
            if isinstance(metric, Quantile):
                result = results[metric]
                table[column(metric)] = np.concatenate([result.value, result.low, result.high], axis=1)
                table[_at_most(metric)] = result.at_most[:, 0].astype(np.int32)
            else:
                table[column(metric)] = counts.largest[:, 0]
        _insert_rows(work, table)
        stored += len(cells)
    return stored


def _insert_rows(work: RollupUpdate, table: Mapping[str, Numbers]) -> None:
    """Insert columns; what has two axes becomes a list in each row. By numpy alone: pyarrow takes long to import."""
    flat: dict[str, Numbers] = {}
    listed: list[str] = []
    for name, values in table.items():
        parts = {f"{name}_{place}": values[:, place] for place in range(values.shape[1])} if values.ndim > 1 else {}
        flat |= parts or {name: values}
        # DuckDB takes a NaN of numpy for null.
        read = [f"coalesce({part}, 'NaN'::DOUBLE)" if values.dtype.kind == "f" else part for part in parts or [name]]
        listed.append(f"[{', '.join(read)}] AS {name}" if parts else f"{read[0]} AS {name}")
    work.con.register("results_found", flat)
    work.con.execute(f"INSERT INTO {_TABLE} BY NAME SELECT {', '.join(listed)} FROM results_found")
    work.con.unregister("results_found")


def _ranges(calendar: Calendar, grain: Grain, days: Numbers) -> _Ranges:
    """The periods of the grain that hold any of the days, which ascend."""
    listed = days_of(calendar, int(days[0]), int(days[-1]))
    place = days - listed[DAY][0]
    starts, ends = (listed[name(grain)][place].tolist() for name in (start_of, end_of))
    return sorted(set(zip(starts, ends, strict=True)))
