"""Counts of each value by period, split and bucket. Counts are additive, so they give any quantile of these periods.

They are stored where a fact has few distinct values, such as scores or whole days; for other values see `period_results`.
The counts of gaps are a fact, recorded as a level because they are read like one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups import registry
from regulars.metrics.rollups.kinds.projection import CALENDAR, DAY, ROWS, days_of, start_of
from regulars.metrics.rollups.kinds.stored_values import Kind, ValueMetric, kinds, levels_of, rows_of, sizes
from regulars.metrics.rollups.registry import GAPS
from regulars.metrics.rollups.rollup import RollupUpdate
from regulars.metrics.rollups.rollup_tables import UNSPLIT
from regulars.vocabulary.calendar import Grain

FAMILY = "distributions"
TABLE = "rollup_distributions_"
"""Prefix of the table name of each fact."""
KEYS = ("level", "period", "split", "bucket", "value")


def column(metric: ValueMetric) -> str:
    """Return the name of the counted values."""
    return f"values_{sha256(repr(metric.kind).encode()).hexdigest()[:16]}"


class ValueDistributions:
    """Counts of the values of rows. Sums per customer are excluded: they are not additive over days."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """Return the levels of every kind of values, for every split and grain."""
        return frozenset(
            LevelKey(FAMILY, by, grain.value, True, frozenset({column(kind[0])}))
            for kind in _of_rows(work)
            for by, grain in levels_of(work, kind)
        )

    def build(self, work: RollupUpdate) -> None:
        """Count the values where the counts are few compared with the fact's rows."""
        large = _of_rows(work)
        keys = "level INTEGER, period INTEGER, split TEXT, bucket INTEGER, value BIGINT, n BIGINT"
        for fact in dict.fromkeys(kind[0].fact.table for kind in large):
            work.con.execute(f"CREATE OR REPLACE TABLE {work.writable(fact)}.{TABLE}{fact} ({keys})")
            work.show(fact, f"{TABLE}{fact}")
        for kind in large:
            work.note(*_built(work, kind))
        for kind in _with_rows(work):
            rows_of(work, kind[0], ())  # compiled now, so that the first query for results need not import Ibis

    def apply(self, work: RollupUpdate) -> None:
        """Insert the counts of added rows, and negative counts of removed rows."""
        for kind in _of_rows(work):
            fact = kind[0].fact.table
            levels = list(stored(work, kind).values())
            if fact not in work.changed or not levels:
                continue
            parts = {f"temp.added_{fact}": "", f"temp.removed_{fact}": "-"}
            with _calendar(work, parts):
                for level in levels:
                    for rows, sign in parts.items():
                        _insert(work, kind, level, rows, sign)
        for fact in sorted({level.fact for level in work.levels(FAMILY)} & work.changed):
            work.compact(fact, f"{TABLE}{fact}", KEYS, "n", ())


def stored(work: RollupUpdate, kind: Kind) -> dict[tuple[str, str], RollupLevel]:
    """Return the stored levels of these values, by split and grain."""
    name = column(kind[0])
    return {
        (level.by, level.grain): level for level in work.levels(FAMILY) if level.is_stored and name in level.columns
    }


def read(level: RollupLevel, labels: Mapping[str, str], since: int, until: int) -> str:
    """Return SQL of the counts of a level: period, the labels, bucket_, value, weight.

    Args:
        level: The level to read.
        labels: SQL of each label, by name.
        since: First epoch day on which a period may start.
        until: First epoch day on which no period may start any more.
    """
    split = "".join(f", {value} AS {name}" for name, value in labels.items())
    return (
        f"SELECT period{split}, CAST(bucket AS BIGINT) AS bucket_, value, CAST(sum(n) AS BIGINT) AS weight"
        f" FROM facts.{level.table} WHERE level = {level.level} AND period >= {since} AND period < {until} GROUP BY ALL"
    )


def _with_rows(work: RollupUpdate) -> tuple[Kind, ...]:
    """Return the kinds whose fact has rows or whose levels are recorded."""
    decided = {level.fact for level in work.levels(FAMILY)}
    return tuple(kind for kind in kinds() if kind[0].fact.table in decided or work.has_rows(kind[0].fact.table))


def _of_rows(work: RollupUpdate) -> tuple[Kind, ...]:
    return tuple(kind for kind in _with_rows(work) if not kind[0].per and rows_of(work, kind[0], ()))


def _built(work: RollupUpdate, kind: Kind) -> list[RollupLevel]:
    fact, names = kind[0].fact.table, frozenset({column(kind[0])})
    rows = rows_of(work, kind[0], ()).replace(f'"{ROWS}"', f"facts.{fact}")
    fact_rows, values = work.rows(fact), work.number(f"SELECT count(DISTINCT value) FROM ({rows})")
    start = registry.next_level(work.con)
    levels = []
    with _calendar(work, [f"facts.{fact}"]):
        for place, ((by, grain), cells) in enumerate(sizes(work, kind, levels_of(work, kind)).items()):
            size = cells * values
            level = RollupLevel(f"{TABLE}{fact}", start + place, FAMILY, by, grain.value, True, names, size, fact, fact_rows,
                                size <= max(work.rule.compressed * fact_rows, work.rule.few_rows))  # fmt: skip
            if level.is_stored:
                level = replace(level, rows=_insert(work, kind, level, f"facts.{fact}", ""))
            levels.append(level)
    return levels


def _insert(work: RollupUpdate, kind: Kind, level: RollupLevel, rows: str, sign: str) -> int:
    """Count the values of a table of the fact's rows into a level. Return the number of inserted rows."""
    splits = (level.by,) if level.by != UNSPLIT else ()
    values = rows_of(work, kind[0], splits).replace(f'"{ROWS}"', rows)
    split = f'"by_{level.by}"' if splits else "NULL"
    return work.number(
        f"INSERT INTO {work.writable(level.fact)}.{level.table} BY NAME"
        f" SELECT {level.level}::INTEGER AS level, c.{start_of(Grain(level.grain))} AS period,"
        f" {split}::TEXT AS split, v.bucket::INTEGER AS bucket, v.value, {sign}count(*)::BIGINT AS n"
        f" FROM ({values}) v JOIN {CALENDAR} c ON c.{DAY} = v.day GROUP BY ALL"
    )


@contextmanager
def _calendar(work: RollupUpdate, tables: Iterable[str]) -> Iterator[None]:
    """Register CALENDAR for the days of these tables' rows."""
    rows = " UNION ALL ".join(f"SELECT day FROM {table}" for table in tables)
    ((first, last),) = work.con.execute(f"SELECT min(day), max(day) FROM ({rows})").fetchall()
    work.con.register(CALENDAR, days_of(work.settings.calendar, first or 0, last or 0))
    try:
        yield
    finally:
        work.con.unregister(CALENDAR)


class GapCounts:
    """The distribution of gaps by day: number of orders by gap before and after, over all customers."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """Return the level of the counts of all customers."""
        del work
        return frozenset({LevelKey(GAPS, UNSPLIT, "day", False, frozenset())})

    def build(self, work: RollupUpdate) -> None:
        """Record the number of counts."""
        rows, orders = work.rows(GAPS), work.rows("orders")
        work.note(
            RollupLevel(GAPS, 0, GAPS, UNSPLIT, "day", False, frozenset(), rows, "orders", orders, is_stored=True)
        )

    def apply(self, work: RollupUpdate) -> None:
        """Do nothing: the counts are derived with the facts."""
