"""How often each value occurs, by period, split and bucket: counts add up, so any quantile of those periods follows.

Stored where a fact has few different values, such as scores or whole days; of other values the results of periods are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups import registry
from regulars.metrics.rollups.kinds.projection import CALENDAR, DAY, ROWS, days_of, start_of
from regulars.metrics.rollups.kinds.stored_values import Asked, Kind, kinds, levels_of, rows_of, sizes
from regulars.metrics.rollups.rollup import RollupUpdate
from regulars.metrics.rollups.rollup_tables import UNSPLIT
from regulars.vocabulary.calendar import Grain

FAMILY = "distributions"
TABLE = "rollup_distributions_"
"""What the name of a fact's table begins with."""
KEYS = ("level", "period", "split", "bucket", "value")


def column(metric: Asked) -> str:
    """Names the values that are counted."""
    return f"values_{sha256(repr(metric.kind).encode()).hexdigest()[:16]}"


class ValueDistributions:
    """Counts of the values of rows. What the rows of a customer come to together does not add up over days: none of these."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """Every kind of rows' values, for every period it may be stored by."""
        return frozenset(
            LevelKey(FAMILY, by, grain.value, True, frozenset({column(kind[0])}))
            for kind in _of_rows(work)
            for by, grain in levels_of(work, kind)
        )

    def build(self, work: RollupUpdate) -> None:
        """Count the values wherever the counts are few against the fact's rows."""
        large = _of_rows(work)
        keys = "level INTEGER, period INTEGER, split TEXT, bucket INTEGER, value BIGINT, n BIGINT"
        for fact in dict.fromkeys(kind[0].fact.table for kind in large):
            work.con.execute(f"CREATE OR REPLACE TABLE {work.writable(fact)}.{TABLE}{fact} ({keys})")
            work.show(fact, f"{TABLE}{fact}")
        for kind in large:
            work.note(*_built(work, kind))
        for kind in _with_rows(work):
            rows_of(work, kind[0], ())  # compiled now, so that the first question for results imports no Ibis

    def apply(self, work: RollupUpdate) -> None:
        """Insert as further rows what came, and less what went."""
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
    """The levels that are stored of these values, by split and grain."""
    name = column(kind[0])
    return {
        (level.by, level.grain): level for level in work.levels(FAMILY) if level.is_stored and name in level.columns
    }


def read(level: RollupLevel, labels: Mapping[str, str], since: int, until: int) -> str:
    """SQL of the counts of a level in periods that start from `since` to before `until`: period, bucket_, value, weight, and the
    labels, each given by its SQL.
    """
    split = "".join(f", {value} AS {name}" for name, value in labels.items())
    return (
        f"SELECT period{split}, CAST(bucket AS BIGINT) AS bucket_, value, CAST(sum(n) AS BIGINT) AS weight"
        f" FROM facts.{level.table} WHERE level = {level.level} AND period >= {since} AND period < {until} GROUP BY ALL"
    )


def _with_rows(work: RollupUpdate) -> tuple[Kind, ...]:
    """Those whose fact has rows, or whose levels were decided about before."""
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
    """Count the values of a table of the fact's rows into a level. Returns the number of rows inserted."""
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
    """CALENDAR for the days of these tables' rows."""
    rows = " UNION ALL ".join(f"SELECT day FROM {table}" for table in tables)
    ((first, last),) = work.con.execute(f"SELECT min(day), max(day) FROM ({rows})").fetchall()
    work.con.register(CALENDAR, days_of(work.settings.calendar, first or 0, last or 0))
    try:
        yield
    finally:
        work.con.unregister(CALENDAR)
