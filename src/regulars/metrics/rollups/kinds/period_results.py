"""Quantiles do not add up over days: their results are stored, by period and split value, with intervals and counts by bucket.

Where a quantile is of what each customer comes to in the period, or a share is the largest customer's, values are summed for
each customer first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

import numpy as np

from regulars.metrics.inference.value_counts import Numbers, summed_by_entity, value_counts
from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups import registry
from regulars.metrics.rollups.dictionary import coded, fetched
from regulars.metrics.rollups.kinds import value_distributions
from regulars.metrics.rollups.kinds.projection import DAY, ROWS, days_of, end_of, start_of
from regulars.metrics.rollups.kinds.stored_values import Asked, Kind, kinds, large_kinds, levels_of, rows_of, sizes
from regulars.metrics.rollups.rollup import Work
from regulars.metrics.rollups.rollup_tables import WHOLE
from regulars.metrics.shapes import Quantile
from regulars.vocabulary.calendar import Calendar, Grain
from regulars.warehouse.fact_table import BUCKETS

FAMILY = "results"
TABLE = "rollup_results_"
"""What the name of a fact's table begins with."""
_VALUES = "temp.values_of_rows"
_AT_ONCE = 8_000_000
_Ranges = list[tuple[int, int]]
"""First epoch day of each period, and the day after its last."""


def column(metric: Asked) -> str:
    """Where the results of a metric are stored. Another definition has another name."""
    definition = (metric.kind, metric.q) if isinstance(metric, Quantile) else (metric.kind, "largest")
    return f"result_{sha256(repr(definition).encode()).hexdigest()[:16]}"


def _at_most(metric: Quantile) -> str:
    """Where the rows no greater than the quantile are stored, by bucket."""
    return f"at_most_{column(metric)}"


class PeriodResults:
    """The results of periods for quantiles and largest shares: unsplit, and by the country of the first order."""

    def wanted(self, work: Work) -> frozenset[LevelKey]:
        """Every kind of values, for every period it is stored by."""
        return frozenset(
            LevelKey(FAMILY, by, grain.value, True, frozenset(map(column, kind)))
            for kind in large_kinds(work, FAMILY)
            for by, grain in levels_of(work, kind)
        )

    def build(self, work: Work) -> None:
        """Compute the results of all periods, for those splits and grains for which they are small against the fact."""
        large = large_kinds(work, FAMILY)
        keys = "level INTEGER, period INTEGER, split TEXT, rows INTEGER[]"
        for fact in dict.fromkeys(kind[0].fact.table for kind in large):
            columns = (f", {_declared(metric)}" for kind in large if kind[0].fact.table == fact for metric in kind)
            work.con.execute(f"CREATE OR REPLACE TABLE {work.writable(fact)}.{TABLE}{fact} ({keys}{''.join(columns)})")
            work.show(fact, f"{TABLE}{fact}")
        for kind in large:
            levels = _decided(work, kind)
            rows = _store(work, kind, [level for level in levels if level.is_stored], None)
            work.note(*(replace(level, rows=rows.get(level.level, level.rows)) for level in levels))

    def apply(self, work: Work) -> None:
        """Compute the results of changed periods anew. Where these have more rows than the rule says, they are dropped."""
        for metrics in kinds():
            fact, names = metrics[0].fact.table, frozenset(map(column, metrics))
            levels = [level for level in work.levels(FAMILY) if level.columns == names and level.is_stored]
            if fact not in work.changed or not levels:
                continue
            days = _changed_days(work, metrics[0], {level.by for level in levels})
            if len(days):
                _compute_again(work, metrics, levels, days)


def _declared(metric: Asked) -> str:
    if isinstance(metric, Quantile):
        return f"{column(metric)} DOUBLE[], {_at_most(metric)} INTEGER[]"
    return f"{column(metric)} DOUBLE"


def _decided(work: Work, kind: Kind) -> list[RollupLevel]:
    """Small against the fact, and not answered by a distribution."""
    fact, names = kind[0].fact.table, frozenset(map(column, kind))
    fact_rows, start = work.rows(fact), registry.next_level(work.con)
    answered = value_distributions.stored(work, kind)
    return [
        RollupLevel(f"{TABLE}{fact}", start + place, FAMILY, by, grain.value, True, names, size, fact, fact_rows,
                    size <= work.rule.most(fact_rows, by) and (by, grain.value) not in answered)
        for place, ((by, grain), size) in enumerate(sizes(work, kind).items())
    ]  # fmt: skip


def _compute_again(work: Work, metrics: Kind, levels: list[RollupLevel], days: Numbers) -> None:
    con = work.con
    sizes = fetched(con, f"SELECT day, count(*) AS n FROM facts.{levels[0].fact} GROUP BY day ORDER BY day")
    until = np.append(0, np.cumsum(sizes["n"]))
    again: dict[str, _Ranges] = {}
    rollup = f"{work.writable(levels[0].fact)}.{levels[0].table}"
    changed: dict[str, frozenset[int]] = {}
    for grain in dict.fromkeys(level.grain for level in levels):
        ranges = _ranges(work.settings.calendar, Grain(grain), days)
        first, beyond = np.array(ranges).T
        places = (np.searchsorted(sizes["day"], bounds) for bounds in (beyond, first))
        to_read = int(np.subtract(*(until[place] for place in places)).sum())
        again[grain] = ranges if to_read <= work.rule.again else []
        changed[grain] = frozenset(first.tolist())
        periods = ", ".join(map(str, sorted(changed[grain])))
        listed = ", ".join(str(level.level) for level in levels if level.grain == grain)
        con.execute(f"DELETE FROM {rollup} WHERE level IN ({listed}) AND period IN ({periods})")
    _store(work, metrics, [level for level in levels if again[level.grain]], again)
    for level in levels:
        now = changed[level.grain]
        registry.corrected(con, level, level.missing - now if again[level.grain] else level.missing | now)


def read(level: RollupLevel, metric: Asked, labels: Mapping[str, str]) -> str:
    """SQL of the results of a metric: period; the labels, each given by its SQL; result (of a quantile a list of the value and
    the ends of its interval, of a largest share what the largest comes to); by bucket the rows, and of a quantile those at_most
    the value.
    """
    at_most = f", {_at_most(metric)} AS at_most" if isinstance(metric, Quantile) else ""
    split = "".join(f"{value} AS {name}, " for name, value in labels.items())
    return f"SELECT period, {split}{column(metric)} AS result, rows{at_most} FROM facts.{level.table} WHERE level = {level.level}"


# Computing results -------------------------------------------------------------------------------------------------------


def _store(
    work: Work, metrics: Kind, levels: list[RollupLevel], chosen: Mapping[str, _Ranges] | None
) -> dict[int, int]:
    """Insert the results of the levels, of all periods or of those chosen by grain. Returns how many rows each level got."""
    rows = dict.fromkeys((level.level for level in levels), 0)
    if not levels:
        return rows
    con = work.con
    among = None if chosen is None else [one for level in levels for one in chosen[level.grain]]
    known = _write_values(work, metrics[0], levels, among)
    days = fetched(con, f"SELECT day, count(*) AS n FROM {_VALUES} GROUP BY day ORDER BY day")
    held: tuple[int, int] = (0, 0)
    values: dict[str, Numbers] = {}
    for grain in dict.fromkeys(level.grain for level in levels if len(days["day"])):
        ranges = _ranges(work.settings.calendar, Grain(grain), days["day"]) if chosen is None else chosen[grain]
        for part, span in _in_parts(ranges, days):
            if span != held:
                held, values = (
                    span,
                    fetched(con, f"SELECT * FROM {_VALUES} WHERE day >= {span[0]} AND day <= {span[1]}"),
                )
            place = _places(part, values["day"])
            inside = {name: value[place >= 0] for name, value in values.items()} if (place < 0).any() else values
            place = place[place >= 0]
            for level in levels:
                if level.grain == grain:
                    cell = (
                        place
                        if level.by == WHOLE
                        else place * np.int32(len(known[level.by])) + inside[f"by_{level.by}"]
                    )
                    rows[level.level] += _insert(work, level, metrics, part, cell, inside, known[level.by])
    con.execute(f"DROP TABLE {_VALUES}")
    return rows


def _write_values(work: Work, metric: Asked, levels: list[RollupLevel], among: _Ranges | None) -> dict[str, list[str]]:
    """Write each row's day, value, bucket and the numbers of its split values; and return these, by column."""
    con, fact = work.con, f"facts.{levels[0].fact}"
    splits = tuple(sorted({level.by for level in levels} - {WHOLE}))
    rows = rows_of(work, metric, splits).replace(f'"{ROWS}"', fact)
    known = {}
    for by in splits:
        words = con.execute(f'SELECT DISTINCT "by_{by}" AS word FROM ({rows}) ORDER BY word').fetchall()
        known[by] = [word for (word,) in words] or [""]
    numbers = "".join(f', {coded(f"by_{by}", known[by])} AS "by_{by}"' for by in splits)
    where = "" if among is None else f" WHERE {_inside(among)}"
    entity = ", entity" if metric.per else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_VALUES} AS SELECT day, value, bucket{entity}{numbers} FROM ({rows}){where}"
    )
    return {WHOLE: [""], **known}


def _inside(ranges: _Ranges) -> str:
    united: _Ranges = []
    for first, beyond in sorted(ranges):
        if united and first <= united[-1][1]:
            united[-1] = (united[-1][0], max(beyond, united[-1][1]))
        else:
            united.append((first, beyond))
    return " OR ".join(f"(day >= {first} AND day < {beyond})" for first, beyond in united)


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
    work: Work,
    level: RollupLevel,
    metrics: Kind,
    ranges: _Ranges,
    cell: Numbers,
    rows: Mapping[str, Numbers],
    known: list[str],
) -> int:
    value, bucket = rows["value"], rows["bucket"]
    if metrics[0].per:
        cell, value, bucket = summed_by_entity(cell, rows["entity"], value, bucket)
    quantiles = [metric for metric in metrics if isinstance(metric, Quantile)]
    stored = 0
    for cells, counts in value_counts(cell, value, bucket, BUCKETS):
        results = {metric: counts.of(metric.q) for metric in quantiles}
        which, word = np.divmod(cells, len(known))
        split = [None if level.by == WHOLE else known[place] for place in word]
        table: dict[str, Numbers] = {
            "level": np.full(len(cells), level.level, dtype=np.int32),
            "period": np.array([first for first, _ in ranges], dtype=np.int32)[which],
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
        _insert_rows(work, f"{work.writable(level.fact)}.{level.table}", table)
        stored += len(cells)
    return stored


def _insert_rows(work: Work, into: str, table: Mapping[str, Numbers]) -> None:
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
    work.con.execute(f"INSERT INTO {into} BY NAME SELECT {', '.join(listed)} FROM results_found")
    work.con.unregister("results_found")


# Which periods -----------------------------------------------------------------------------------------------------------


# Which periods -----------------------------------------------------------------------------------------------------------


def _changed_days(work: Work, metric: Asked, splits: set[str]) -> Numbers:
    """The days of which any value came, went, or belongs to another split value, bucket or entity."""
    by = tuple(sorted(splits - {WHOLE}))
    rows, fact = rows_of(work, metric, by), metric.fact.table
    both = " UNION ALL ".join(
        f"""SELECT *, {sign}1 AS times FROM ({rows.replace(f'"{ROWS}"', table)})"""
        for table, sign in ((f"temp.added_{fact}", ""), (f"temp.removed_{fact}", "-"))
    )
    entity = ["entity"] if metric.per else []
    listed = ", ".join(["day", "value", "bucket", *entity, *(f'"by_{name}"' for name in by)])
    differ = f"SELECT {listed} FROM ({both}) GROUP BY ALL HAVING sum(times) <> 0"
    return fetched(work.con, f"SELECT DISTINCT day FROM ({differ}) ORDER BY day")["day"]


def _ranges(calendar: Calendar, grain: Grain, days: Numbers) -> _Ranges:
    """The periods of the grain that hold any of the days, which ascend."""
    listed = days_of(calendar, int(days[0]), int(days[-1]))
    place = days - listed[DAY][0]
    starts, ends = (listed[name(grain)][place].tolist() for name in (start_of, end_of))
    return sorted(set(zip(starts, ends, strict=True)))
