"""SQL statements from rows to rollups: first the finest sums, then every longer period from those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from regulars.metrics.rollups.kinds import entities
from regulars.metrics.rollups.kinds.projection import CALENDAR, DAY, Column, Projection, start_of
from regulars.metrics.rollups.rollup_tables import ADDITIVE_GRAINS, SPLITS, STORED, UNSPLIT, RollupTable, columns_of
from regulars.vocabulary.calendar import Grain

PROJECTED = "temp.rollup_seen"
"""Table of a family's projected rows, with a column `rows`: 1 for each row, or the change of that number in a difference."""
KEYS = ("level", "period", *SPLITS, "bucket")
"""Key of a row of a rollup. `bucket` is null in levels without buckets."""


@dataclass(frozen=True)
class Level:
    """Sums of a family by the periods of a grain, one split, and by bucket or not."""

    family: RollupTable
    by: str
    grain: Grain
    bucketed: bool

    def names(self, projection: Projection) -> frozenset[str]:
        """Return the names of the stored columns."""
        kept = entities.kept(self.family, projection, self.by, self.bucketed)
        return frozenset((*(column.kept_as for column in self.columns(projection)), *kept))

    def columns(self, projection: Projection) -> tuple[Column, ...]:
        """Return the columns that are summed.

        Columns that depend on a period's bounds are defined for their own grain only; other sums of long periods are those of their
        months.
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
        """Whether every load stores it if it is small enough."""
        return self.by in self.family.stored_splits and (self.grain in STORED[self.by] or self.grain in ADDITIVE_GRAINS)


def levels(family: RollupTable, by: str, grains: Iterable[Grain]) -> tuple[Level, ...]:
    """Return the possible levels of a family for a split, the longest period first.

    Days serve any query of sums; periods by bucket serve intervals.
    """
    days = Level(family, by, Grain.DAY, bucketed=False)
    if not family.bucketed:
        return (days, Level(family, by, Grain.MONTH, bucketed=False))
    # Days and weeks of one split value are seldom queried, and there are many of them.
    short = () if by == UNSPLIT else (Grain.DAY, Grain.WEEK)
    apart = tuple(Level(family, by, grain, bucketed=True) for grain in reversed(tuple(grains)) if grain not in short)
    return apart if len(columns_of(by)) > 1 else (days, *apart)


def unstored(family: RollupTable, by: str, grains: Iterable[Grain]) -> tuple[Level, ...]:
    """Return the levels that no load stores."""
    return tuple(level for level in levels(family, by, grains) if not level.is_stored)


@dataclass(frozen=True)
class Pass:
    """One pass over the rows: the finest sums, in a temporary table, and the levels that follow from them."""

    finest: Level
    levels: tuple[Level, ...]

    @property
    def table(self) -> str:
        """The temporary table of the finest sums."""
        by = "_and_".join(columns_of(self.finest.by)) or "all"
        return f"temp.rollup_finest_{by}_{self.finest.grain.value}_{int(self.finest.bucketed)}"


def plan_passes(family: RollupTable, by: str, wanted: Iterable[Level]) -> Iterator[Pass]:
    """Yield few passes that together give the wanted levels."""
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
    """Return the columns that these levels need."""
    wanted = {column.name for level in following for column in level.columns(projection)}
    return tuple(column for column in projection.columns if column.name in wanted)


def key_columns(level: Level) -> str:
    """Return SQL of the key of the level's rows, from the columns of the projection."""
    columns = dict(zip(SPLITS, columns_of(level.by), strict=False))
    splits = (f'"by_{columns[name]}" AS {name}' if name in columns else f"NULL::TEXT AS {name}" for name in SPLITS)
    bucket = "bucket_" if level.bucketed else "NULL"
    return f"{start_of(level.grain)} AS period, {', '.join(splits)}, {bucket}::INTEGER AS bucket"


def projected_rows(projection: Projection, rows: str) -> str:
    """Return SQL of PROJECTED for these rows."""
    return f"SELECT *, 1 AS rows FROM ({projection.over(rows)})"


def projected_changes(family: RollupTable, projection: Projection, added: str, removed: str) -> str:
    """Return SQL of PROJECTED for a difference. Columns that a removed and an added row share cancel out."""
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


def pruned_projection(passes_: Iterable[Pass], projection: Projection, projected: str) -> str:
    """Return SQL of PROJECTED with only the columns that these passes read."""
    names: dict[str, None] = {"rows": None}
    for pass_ in passes_:
        splits = (f'"by_{column}"' for column in columns_of(pass_.finest.by))
        bucket = ("bucket_",) if pass_.finest.bucketed else ()
        sums = (column.name for column in needed(projection, pass_.levels))
        names |= dict.fromkeys((start_of(pass_.finest.grain), *splits, *bucket, *sums))
    return f"SELECT {', '.join(names)} FROM ({projected})"


def additive_measures(pass_: Pass, projection: Projection) -> str:
    """Return SQL of the finest sums of a pass, from PROJECTED."""
    totals = "".join(f", {column.total} AS {column.name}" for column in needed(projection, pass_.levels))
    return f"SELECT {key_columns(pass_.finest)}, sum(rows)::BIGINT AS rows{totals} FROM {PROJECTED} GROUP BY ALL"


def projection_as_bigint(projection: Projection, projected: str) -> str:
    """Return SQL of PROJECTED with BIGINT columns, which halves the time of the sums in `direct_sums`."""
    whole = ", ".join(f"{column.whole} AS {column.name}" for column in projection.columns)
    return f"SELECT * REPLACE (rows::BIGINT AS rows, {whole}) FROM ({projected})"


def direct_sums(numbers: Mapping[Level, int], projection: Projection) -> str:
    """Return SQL of the rows of levels, by level number, directly from a PROJECTED with few rows."""
    every = dict.fromkeys(column.kept_as for column in projection.columns)
    parts = []
    for level, number in numbers.items():
        known = {column.kept_as: column.name for column in level.columns(projection)}
        listed = "".join(f", {known.get(name, '0::BIGINT')} AS {name}" for name in every)
        parts.append(f"SELECT {number}::INTEGER AS level, {key_columns(level)}, rows{listed} FROM {PROJECTED}")
    # One statement for all levels: starting one for each costs more than their few rows.
    totals = ", ".join(f"coalesce(sum({name}), 0)::BIGINT AS {name}" for name in ("rows", *every))
    keys = ", ".join(KEYS)
    return f"SELECT {keys}, {totals} FROM ({' UNION ALL '.join(parts)}) GROUP BY {keys} ORDER BY level, period"


def rollup_of_pass(pass_: Pass, level: Level, number: int, projection: Projection) -> str:
    """Return SQL of a level's rows from the finest sums, whose period is a day or starts on a day in the level's period."""
    columns = level.columns(projection)
    bucket = "f.bucket" if level.bucketed else "NULL::INTEGER"
    splits = ", ".join(f"f.{name}" for name in SPLITS)
    totals = "".join(f", sum(f.{column.name})::BIGINT AS {column.kept_as}" for column in columns)
    return (
        f"SELECT {number}::INTEGER AS level, c.{start_of(level.grain)} AS period, {splits}, {bucket} AS bucket,"
        f" sum(f.rows)::BIGINT AS rows{totals} FROM {pass_.table} f JOIN {CALENDAR} c ON c.{DAY} = f.period"
        f" GROUP BY ALL ORDER BY {', '.join(KEYS)}"
    )


def create_table(family: RollupTable, projection: Projection, schema: str) -> str:
    """Return SQL that creates the family's empty table in a schema."""
    names = dict.fromkeys(column.kept_as for column in projection.columns)
    names |= dict.fromkeys(projection.entity_measures)
    sums = "".join(f", {name} BIGINT DEFAULT 0" for name in names)
    keys = ", ".join(f"{name} {'TEXT' if name in SPLITS else 'INTEGER'}" for name in KEYS)
    kind = "TEMP TABLE" if schema == "temp" else "TABLE"
    return f"CREATE OR REPLACE {kind} {schema}.{table_name(family.name)} ({keys}, rows BIGINT{sums})"


def table_name(family: str) -> str:
    """Return the name of the family's table."""
    return f"rollup_{family}"
