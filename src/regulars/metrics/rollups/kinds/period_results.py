"""Stored results of metrics that are not additive over days, by period and split value, with intervals and counts by bucket.

No load computes them: those of one grain and split are built on first use (see LevelCache). For quantiles over customers, and for
the share of the largest customer, values are first summed for each customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

import numpy as np

from regulars.metrics.inference.value_counts import Numbers, sum_by_entity, value_counts
from regulars.metrics.measures import Timing
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds.projection import DAY, ROWS, days_of, end_of, start_of
from regulars.metrics.rollups.kinds.stored_values import LONG, Kind, ValueMetric, kinds, rows_of, sizes
from regulars.metrics.rollups.registry import encode, fetch_columns
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


def family(metric: ValueMetric, grain: Grain) -> str:
    """Return the name of the family of results of a metric, and of all others of the same values, for periods of a grain."""
    return f"{_PREFIX}{grain.value}_{sha256(repr(metric.kind).encode()).hexdigest()[:16]}"


def is_family(name: str) -> bool:
    """Return whether the levels of a family hold results."""
    return name.startswith(_PREFIX)


def column(metric: ValueMetric) -> str:
    """Return the column of a metric's results. A changed definition gets another name."""
    definition = (metric.kind, metric.q) if isinstance(metric, Quantile) else (metric.kind, "largest")
    return f"result_{sha256(repr(definition).encode()).hexdigest()[:16]}"


def _at_most(metric: Quantile) -> str:
    """Return the column with the number of rows up to the quantile, by bucket."""
    return f"at_most_{column(metric)}"


def build(work: RollupUpdate, named: str, by: str) -> tuple[list[RollupLevel], str]:
    """Compute the results of all periods of a family by a column, where they are small compared with the fact.

    Args:
        work: The write.
        named: Name of the family.
        by: The split.

    Returns:
        The level, stored or rejected, and the temporary table it is in.
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


def _declared(metric: ValueMetric) -> str:
    if isinstance(metric, Quantile):
        return f"{column(metric)} DOUBLE[], {_at_most(metric)} INTEGER[]"
    return f"{column(metric)} DOUBLE"


def read(level: RollupLevel, metric: ValueMetric, labels: Mapping[str, str]) -> str:
    """Return SQL of a metric's stored results.

    Args:
        level: The level to read.
        metric: The metric.
        labels: SQL of each label, by name.

    Returns:
        SQL with the columns period; the labels; result (of a quantile a list of its value and the ends of its interval, of a
        largest share the sum of the largest customer); rows, by bucket; and of a quantile at_most, the rows up to its value, by
        bucket.
    """
    at_most = f", {_at_most(metric)} AS at_most" if isinstance(metric, Quantile) else ""
    split = "".join(f"{value} AS {name}, " for name, value in labels.items())
    return f"SELECT period, {split}{column(metric)} AS result, rows{at_most} FROM {level.relation} WHERE level = {level.level}"


def is_known(metric: ValueMetric) -> bool:
    """Return whether results of the metric can be stored: those of the catalogue's metrics can."""
    return column(metric) in {column(stored) for kind in kinds() for stored in kind}


def is_kept_for(metric: ValueMetric, grain: Grain) -> bool:
    """Return whether results are stored for a grain: cumulative ones are for long periods only."""
    return metric.timing is Timing.WITHIN or grain in LONG


def _fill(work: RollupUpdate, metrics: Kind, level: RollupLevel) -> int:
    """Insert the results of all periods. Return the number of inserted rows."""
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


_PeriodValues = Iterator[tuple[list[int], Numbers, Numbers, Numbers]]
"""Some periods at a time: their first days; and of each value the cell (index of the period × number of split values + split
value), the value, and the bucket.
"""


def _within(
    work: RollupUpdate, metric: ValueMetric, parts: Iterable[tuple[_Ranges, tuple[int, int]]], splits: int
) -> _PeriodValues:
    """Yield the values of each period."""
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


def _before_end(work: RollupUpdate, ranges: _Ranges, splits: int) -> _PeriodValues:
    """Yield the sum of each entity's values up to the end of each period that has any."""
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


def _write_values(work: RollupUpdate, metric: ValueMetric, level: RollupLevel) -> list[str]:
    """Write day, value, bucket and encoded split value of each row. Return the dictionary of split values."""
    splits = () if level.by == UNSPLIT else (level.by,)
    rows = rows_of(work, metric, splits).replace(f'"{ROWS}"', f"facts.{level.fact}")
    known, split = [""], ", 0::UTINYINT AS split"
    if splits:
        word = f'"by_{level.by}"'
        values = work.con.execute(f"SELECT DISTINCT {word} AS word FROM ({rows}) ORDER BY word").fetchall()
        known = [value for (value,) in values] or [""]
        split = f", {encode(word, known)} AS split"
    entity = ", entity" if metric.per else ""
    work.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_VALUES} AS SELECT day, value, bucket{entity}{split} FROM ({rows})"
    )
    return known


def _in_parts(ranges: _Ranges, days: Mapping[str, Numbers]) -> Iterator[tuple[_Ranges, tuple[int, int]]]:
    """Yield some periods at a time, as many as have values that fit into memory.

    Each part comes with the first and last day that has values.
    """
    until = np.append(0, np.cumsum(days["n"]))
    part: _Ranges = []
    for number, period in enumerate(ranges):
        part.append(period)
        further = ranges[min(number + 1, len(ranges) - 1)]
        start, end, longer = np.searchsorted(days["day"], [part[0][0], period[1], further[1]])
        if end > start and (longer == end or until[longer] - until[start] > _AT_ONCE):
            yield part, (int(days["day"][start]), int(days["day"][end - 1]))
            part = []


def _places(ranges: _Ranges, days: Numbers) -> Numbers:
    """Return the index of each day's period, -1 for none. At least one day lies in a period."""
    start, last = int(days.min()), int(days.max())
    place = np.full(last + 1 - start, -1, dtype=np.int32)
    for number, (first, beyond) in enumerate(ranges):
        place[max(first - start, 0) : max(beyond - start, 0)] = number
    places: Numbers = place[days - start]
    return places


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
    """Insert columns; two-dimensional ones become lists. Uses numpy alone, as pyarrow is slow to import."""
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
    """Return the periods of the grain that hold any of the days, which are sorted."""
    listed = days_of(calendar, int(days[0]), int(days[-1]))
    place = days - listed[DAY][0]
    starts, ends = (listed[name(grain)][place].tolist() for name in (start_of, end_of))
    return sorted(set(zip(starts, ends, strict=True)))
