"""From rows to rollups, in SQL: first the finest sums that are wanted, then every longer period from those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from regulars.metrics.rollups.kinds import entities
from regulars.metrics.rollups.kinds.projection import CALENDAR, DAY, Column, Projection, start_of
from regulars.metrics.rollups.rollup_tables import ADDITIVE_GRAINS, STORED, UNSPLIT, RollupTable, columns_of
from regulars.vocabulary.calendar import Grain

PROJECTED = "temp.rollup_seen"
"""Rows of a family's projection, and `rows`: 1 for each, or what a difference adds to it."""
SPLITS = ("split", "other_split")
"""The values of what a level is split by; null where it is split by fewer columns."""
KEYS = ("level", "period", *SPLITS, "bucket")
"""What names a row of a rollup. `bucket` is null where a level takes all customers together."""


@dataclass(frozen=True)
class Level:
    """Some of a family's sums: by the periods of a grain, one split, and buckets or not."""

    family: RollupTable
    by: str
    grain: Grain
    bucketed: bool

    def names(self, projection: Projection) -> frozenset[str]:
        """The columns that it keeps."""
        kept = entities.kept(self.family, projection, self.by, self.bucketed)
        return frozenset((*(column.kept_as for column in self.columns(projection)), *kept))

    def columns(self, projection: Projection) -> tuple[Column, ...]:
        """What it sums up. What depends on a period's bounds means something for periods of its own grain only; other sums of long
        periods are those of their months.
        """
        return tuple(
            column
            for column in projection.columns
            if (
                self.grain not in ADDITIVE_GRAINS
                if column.grain is None
                else column.grain is self.grain and self.bucketed
            )
        )

    @property
    def is_stored(self) -> bool:
        """Whether every load stores it, where it is small."""
        return self.by in self.family.stored_splits and (self.grain in STORED[self.by] or self.grain in ADDITIVE_GRAINS)


def levels(family: RollupTable, by: str, grains: Iterable[Grain]) -> tuple[Level, ...]:
    """What a family could keep for a split: days for any question of sums, periods by bucket for intervals, longest first."""
    days = Level(family, by, Grain.DAY, bucketed=False)
    if not family.bucketed:
        return (days, Level(family, by, Grain.MONTH, bucketed=False))
    # Days and weeks of one part of the shop are asked for seldom, and are many.
    short = () if by == UNSPLIT else (Grain.DAY, Grain.WEEK)
    apart = tuple(Level(family, by, grain, bucketed=True) for grain in reversed(tuple(grains)) if grain not in short)
    return apart if len(columns_of(by)) > 1 else (days, *apart)


def unstored(family: RollupTable, by: str, grains: Iterable[Grain]) -> tuple[Level, ...]:
    """Those that no load stores."""
    return tuple(level for level in levels(family, by, grains) if not level.is_stored)


@dataclass(frozen=True)
class Pass:
    """One pass over the rows: what is summed first, into a table of its own, and the levels that follow from it."""

    finest: Level
    levels: tuple[Level, ...]

    @property
    def table(self) -> str:
        """Where the finest sums are put meanwhile."""
        by = "_and_".join(columns_of(self.finest.by)) or "all"
        return f"temp.rollup_finest_{by}_{self.finest.grain.value}_{int(self.finest.bucketed)}"


def plan_passes(family: RollupTable, by: str, wanted: Iterable[Level]) -> Iterator[Pass]:
    """How to reach the wanted levels in few passes."""
    left = {(level.grain, level.bucketed): level for level in wanted}
    if (Grain.DAY, True) in left:
        yield Pass(left[Grain.DAY, True], tuple(left.values()))
        return
    if days := left.pop((Grain.DAY, False), None):
        yield Pass(days, (days,))
    if weeks := left.pop((Grain.WEEK, True), None):
        yield Pass(weeks, (weeks,))
    if left:
        yield Pass(Level(family, by, Grain.MONTH, family.bucketed), tuple(left.values()))


def needed(projection: Projection, following: Iterable[Level]) -> tuple[Column, ...]:
    """The columns that these levels need."""
    wanted = {column.name for level in following for column in level.columns(projection)}
    return tuple(column for column in projection.columns if column.name in wanted)


def key_columns(level: Level) -> str:
    """SQL of what names a row of the level, from the projection's columns."""
    columns = dict(zip(SPLITS, columns_of(level.by), strict=False))
    splits = (f'"by_{columns[name]}" AS {name}' if name in columns else f"NULL::TEXT AS {name}" for name in SPLITS)
    bucket = "bucket_" if level.bucketed else "NULL"
    return f"{start_of(level.grain)} AS period, {', '.join(splits)}, {bucket}::INTEGER AS bucket"


def split_column(by: str, column: str) -> str:
    """Where the values of one column of a split stand."""
    return SPLITS[columns_of(by).index(column)]


def projected_rows(projection: Projection, rows: str) -> str:
    """SQL of SEEN for these rows."""
    return f"SELECT *, 1 AS rows FROM ({projection.over(rows)})"


def projected_changes(family: RollupTable, projection: Projection, added: str, removed: str) -> str:
    """SQL of SEEN for a difference: what a row that went has in common with the one that came in its place cancels out."""
    keys = [DAY, *(start for start in projection.starts), *(f'"by_{column}"' for column in family.splits)]
    listed = ", ".join([*keys, *(["bucket_"] if family.bucketed else [])])
    names = ["rows", *(column.name for column in projection.columns)]
    plus, minus = (", ".join(f"{sign}{name} AS {name}" for name in names) for sign in ("", "-"))
    both = (
        f"SELECT {listed}, {plus} FROM ({projected_rows(projection, added)})"
        f" UNION ALL SELECT {listed}, {minus} FROM ({projected_rows(projection, removed)})"
    )
    totals = ", ".join(f"sum({name}) AS {name}" for name in names)
    differ = " OR ".join(f"{name} <> 0" for name in names)
    return f"SELECT * FROM (SELECT {listed}, {totals} FROM ({both}) GROUP BY ALL) WHERE {differ}"


def pruned_projection(passes_: Iterable[Pass], projection: Projection, seen: str) -> str:
    """SQL of SEEN with the columns alone that these passes read: it is wide, and written once for all of them."""
    names: dict[str, None] = {"rows": None}
    for one in passes_:
        splits = (f'"by_{column}"' for column in columns_of(one.finest.by))
        bucket = ("bucket_",) if one.finest.bucketed else ()
        sums = (column.name for column in needed(projection, one.levels))
        names |= dict.fromkeys((start_of(one.finest.grain), *splits, *bucket, *sums))
    return f"SELECT {', '.join(names)} FROM ({seen})"


def additive_measures(one: Pass, projection: Projection) -> str:
    """SQL of the finest sums of a pass, from SEEN."""
    totals = "".join(f", {column.total} AS {column.name}" for column in needed(projection, one.levels))
    return f"SELECT {key_columns(one.finest)}, sum(rows)::BIGINT AS rows{totals} FROM {PROJECTED} GROUP BY ALL"


def projection_as_bigint(projection: Projection, seen: str) -> str:
    """SQL of SEEN with sums as small as they may be: the many sums of `straight` take half the time."""
    whole = ", ".join(f"{column.whole} AS {column.name}" for column in projection.columns)
    return f"SELECT * REPLACE (rows::BIGINT AS rows, {whole}) FROM ({seen})"


def direct_sums(numbers: Mapping[Level, int], projection: Projection) -> str:
    """SQL of the rows of levels, under their numbers, straight from SEEN, `narrowed`, where that has few rows."""
    every = dict.fromkeys(column.kept_as for column in projection.columns)
    parts = []
    for level, number in numbers.items():
        known = {column.kept_as: column.name for column in level.columns(projection)}
        listed = "".join(f", {known.get(name, '0::BIGINT')} AS {name}" for name in every)
        parts.append(f"SELECT {number}::INTEGER AS level, {key_columns(level)}, rows{listed} FROM {PROJECTED}")
    # Summed up together: to begin one sum for each level costs more than the few rows that each has.
    totals = ", ".join(f"coalesce(sum({name}), 0)::BIGINT AS {name}" for name in ("rows", *every))
    keys = ", ".join(KEYS)
    return f"SELECT {keys}, {totals} FROM ({' UNION ALL '.join(parts)}) GROUP BY {keys} ORDER BY level, period"


def rollup_of_pass(one: Pass, level: Level, number: int, projection: Projection) -> str:
    """SQL of a level's rows from the finest sums, whose period is a day, or the first day of a period inside the level's."""
    columns = level.columns(projection)
    bucket = "f.bucket" if level.bucketed else "NULL::INTEGER"
    splits = ", ".join(f"f.{name}" for name in SPLITS)
    totals = "".join(f", sum(f.{column.name})::BIGINT AS {column.kept_as}" for column in columns)
    return (
        f"SELECT {number}::INTEGER AS level, c.{start_of(level.grain)} AS period, {splits}, {bucket} AS bucket,"
        f" sum(f.rows)::BIGINT AS rows{totals} FROM {one.table} f JOIN {CALENDAR} c ON c.{DAY} = f.period"
        f" GROUP BY ALL ORDER BY {', '.join(KEYS)}"
    )


def create_table(family: RollupTable, projection: Projection, schema: str) -> str:
    """SQL that makes the family's empty table in a schema."""
    names = dict.fromkeys(column.kept_as for column in projection.columns)
    names |= dict.fromkeys(projection.entity_measures)
    sums = "".join(f", {name} BIGINT DEFAULT 0" for name in names)
    keys = ", ".join(f"{name} {'TEXT' if name in SPLITS else 'INTEGER'}" for name in KEYS)
    kind = "TEMP TABLE" if schema == "temp" else "TABLE"
    return f"CREATE OR REPLACE {kind} {schema}.{table_name(family.name)} ({keys}, rows BIGINT{sums})"


def table_name(family: str) -> str:
    """The table that holds the family's rollup."""
    return f"rollup_{family}"
