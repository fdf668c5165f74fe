"""From rows to cells, in SQL: first the finest sums that are wanted, then every longer period from those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from regulars.metrics.cells.families import WHOLE, Family
from regulars.metrics.cells.projection import CALENDAR, DAY, Column, Projection, start_of
from regulars.vocabulary.calendar import Grain

FINEST = "temp.cells_finest"
KEYS = ("level", "period", "split", "bucket")
"""What names a row of cells. `split` is null where a level is not split, `bucket` where it takes all customers together."""


@dataclass(frozen=True)
class Level:
    """Some of a family's sums: by the periods of a grain, one split, and buckets or not."""

    family: Family
    by: str
    grain: Grain
    bucketed: bool

    def columns(self, projection: Projection) -> tuple[Column, ...]:
        """What it keeps. What depends on a period's bounds means something for periods of its own grain only."""
        return tuple(
            column
            for column in projection.columns
            if column.grain is None or (column.grain is self.grain and self.bucketed)
        )


def levels(family: Family, by: str, grains: Iterable[Grain]) -> tuple[Level, ...]:
    """What a family could keep for a split: days for any question of sums, periods by bucket for intervals, longest first."""
    days = Level(family, by, Grain.DAY, bucketed=False)
    if not family.bucketed:
        return (days,)
    return (days, *(Level(family, by, grain, bucketed=True) for grain in reversed(tuple(grains))))


def passes(family: Family, by: str, wanted: Iterable[Level]) -> Iterator[tuple[Level, tuple[Level, ...]]]:
    """How to reach the wanted levels in few passes over the rows: what to sum first, and the levels that follow from it."""
    left = {(level.grain, level.bucketed): level for level in wanted}
    if (Grain.DAY, True) in left:
        yield left[Grain.DAY, True], tuple(left.values())
        return
    if days := left.pop((Grain.DAY, False), None):
        yield days, (days,)
    if weeks := left.pop((Grain.WEEK, True), None):
        yield weeks, (weeks,)
    if left:
        yield Level(family, by, Grain.MONTH, bucketed=True), tuple(left.values())


def needed(projection: Projection, following: Iterable[Level]) -> tuple[Column, ...]:
    """The columns that these levels need."""
    wanted = {column.name for level in following for column in level.columns(projection)}
    return tuple(column for column in projection.columns if column.name in wanted)


def keys_of(level: Level) -> str:
    """SQL of what names a row of the level, from the projection's columns."""
    split = "NULL" if level.by == WHOLE else f'"by_{level.by}"'
    bucket = "bucket_" if level.bucketed else "NULL"
    return f"{start_of(level.grain)} AS period, {split}::TEXT AS split, {bucket}::INTEGER AS bucket"


def summed(level: Level, columns: Iterable[Column], rows: str, sign: int = 1) -> str:
    """SQL of the level's rows straight from rows of the projection; sign −1 takes them away."""
    minus = "" if sign == 1 else "-"
    totals = "".join(f", {minus}{column.total} AS {column.name}" for column in columns)
    return f"SELECT {keys_of(level)}, {minus}count(*) AS rows{totals} FROM ({rows}) GROUP BY ALL"


def rolled_up(level: Level, number: int, projection: Projection) -> str:
    """SQL of the level's rows from FINEST, whose period is a day, or the first day of a period inside the level's."""
    columns = level.columns(projection)
    bucket = "f.bucket" if level.bucketed else "NULL::INTEGER"
    totals = "".join(f", sum(f.{column.name})::BIGINT AS {column.kept_as}" for column in columns)
    differ = " OR ".join(["sum(f.rows) <> 0", *(f"sum(f.{column.name}) <> 0" for column in columns)])
    return (
        f"SELECT {number}::INTEGER AS level, c.{start_of(level.grain)} AS period, f.split, {bucket} AS bucket,"
        f" sum(f.rows)::BIGINT AS rows{totals} FROM {FINEST} f JOIN {CALENDAR} c ON c.{DAY} = f.period"
        f" GROUP BY ALL HAVING {differ} ORDER BY ALL"
    )


def table_of(family: Family, projection: Projection) -> str:
    """SQL that makes the family's empty table."""
    names = dict.fromkeys(column.kept_as for column in projection.columns)
    sums = "".join(f", {name} BIGINT DEFAULT 0" for name in names)
    keys = "level INTEGER, period INTEGER, split TEXT, bucket INTEGER"
    return f"CREATE OR REPLACE TABLE facts.{table_name(family.name)} ({keys}, rows BIGINT{sums})"


def table_name(family: str) -> str:
    """The table that holds the family's cells."""
    return f"cells_{family}"
