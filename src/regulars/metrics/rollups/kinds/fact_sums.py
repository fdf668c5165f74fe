"""Sums of facts by period, split and bucket, and beside them the counts of distinct entities of the same periods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod

from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups import registry
from regulars.metrics.rollups.kinds import entities
from regulars.metrics.rollups.kinds.projection import CALENDAR, Projection, days_of, projection, start_of
from regulars.metrics.rollups.kinds.sum_statements import (
    KEYS,
    PROJECTED,
    Level,
    additive_measures,
    create_table,
    direct_sums,
    key_columns,
    levels,
    plan_passes,
    projected_changes,
    projected_rows,
    projection_as_bigint,
    pruned_projection,
    rollup_of_pass,
    table_name,
    unstored,
)
from regulars.metrics.rollups.rollup import RollupUpdate
from regulars.metrics.rollups.rollup_tables import RollupTable, all_rollup_tables, columns_of, grains
from regulars.vocabulary.calendar import Grain
from regulars.warehouse.fact_table import BUCKETS

_PART = 2_000_000


class FactSums:
    """The sums that the catalogue asks of each fact and day, and the counts of its distinct entities."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """What every load stores of each family."""
        return frozenset(
            LevelKey(family.name, level.by, level.grain.value, level.bucketed, level.names(seen))
            for family in all_rollup_tables(work.settings.active_window)
            if family.stored_splits and (work.levels(family.name) or work.has_rows(family.table))
            for seen in (projection(work, family),)
            for level in _stored(work, family, seen)
        )

    def build(self, work: RollupUpdate) -> None:
        """One pass over each fact's rows for all its sums."""
        asked = [family for family in all_rollup_tables(work.settings.active_window) if family.stored_splits]
        large = [family for family in asked if work.has_rows(family.table)]
        with _calendar(work, large):
            for family in large:
                seen = projection(work, family)
                work.con.execute(create_table(family, seen, work.writable(family.table)))
                work.show(family.table, table_name(family.name))
                noted = _build(work, family, seen, _stored(work, family, seen), registry.next_level(work.con))
                work.note(*noted)

    def apply(self, work: RollupUpdate) -> None:
        """Sums of differences are differences of sums: they are inserted as further rows."""
        concerned = [
            family for family in all_rollup_tables(work.settings.active_window) if family.table in work.changed
        ]
        with _calendar(work, concerned):
            for family in concerned:
                _correct(work, family)


# From nothing ------------------------------------------------------------------------------------------------------------


def build_unstored(work: RollupUpdate, family: RollupTable, by: str) -> tuple[list[RollupLevel], str]:
    """Build the levels that no load stores of a family by these columns. Returns what was decided, and the table they lie in."""
    with _calendar(work, [family]):
        seen = projection(work, family)
        asked = [level for level in unstored(family, by, grains(work.settings.calendar)) if level.names(seen)]
        work.con.execute(create_table(family, seen, work.writable(family.table)))
        return _build(work, family, seen, asked, 1), _rollup(work, family)


def _build(
    work: RollupUpdate, family: RollupTable, seen: Projection, asked: Iterable[Level], start: int
) -> list[RollupLevel]:
    """Fill the levels that are small, numbered from `start`. Returns what was decided about all."""
    periods = _periods(work)
    sizes: dict[Level, int] = {}
    fact_rows, rows = work.rows(family.table), seen.over(f"facts.{family.table}")
    by_split: dict[str, list[Level]] = {}
    for level in asked:
        by_split.setdefault(level.by, []).append(level)
    values = _values(work, by_split, rows)
    for by, levels_ in by_split.items():
        sizes |= _sizes(work, levels_, rows, work.rule.most(fact_rows, by), values, periods)
    numbers = {level: start + place for place, level in enumerate(sizes)}
    wanted = [level for level, size in sizes.items() if size <= work.rule.most(fact_rows, level.by)]
    if fact_rows <= work.rule.few:
        rows = projected_rows(seen, f"facts.{family.table}")
        small = {level: numbers[level] for level in wanted}
        _put_straight(work, seen, rows, small)
        sizes |= _rows_of(work, family, small)
    else:
        parts = (projected_rows(seen, part) for part in _in_parts(work, family.table))
        sizes |= _sum_up(work, seen, parts, numbers, wanted)
    noted = []
    for level, size in sizes.items():
        names = level.names(seen)
        noted.append(
            RollupLevel(table_name(family.name), numbers[level], family.name, level.by, level.grain.value, level.bucketed, names,
                 size, family.table, fact_rows, level in wanted)
        )  # fmt: skip
    entities.build(work.con, work.settings.calendar, family, seen, noted, work.writable(family.table))
    return noted


def _in_parts(work: RollupUpdate, fact: str) -> Iterator[str]:
    """The fact's rows in parts that fit into memory when they are laid out wide."""
    table = f"{work.lying(fact)}.{fact}"
    last = work.number(f"SELECT max(rowid) FROM {table}")  # rows that are gone leave their numbers
    for start in range(0, last + 1, _PART):
        yield f"(SELECT * FROM {table} WHERE rowid >= {start} AND rowid < {start + _PART})"


def _put_straight(work: RollupUpdate, seen: Projection, rows: str, numbers: Mapping[Level, int]) -> None:
    """Add the sums of rows, given as SQL of SEEN, to the levels."""
    if numbers:
        table = _rollup(work, next(iter(numbers)).family)
        work.con.execute(f"CREATE OR REPLACE TEMP TABLE {PROJECTED} AS {projection_as_bigint(seen, rows)}")
        work.con.execute(f"INSERT INTO {table} BY NAME {direct_sums(numbers, seen)}; DROP TABLE {PROJECTED}")


def _rows_of(work: RollupUpdate, family: RollupTable, numbers: Mapping[Level, int]) -> dict[Level, int]:
    """How many rows the levels have, by their numbers."""
    counted = work.con.execute(f"SELECT level, count(*) FROM {_rollup(work, family)} GROUP BY level").fetchall()
    by_level = {int(level): int(rows) for level, rows in counted}
    return {level: by_level.get(number, 0) for level, number in numbers.items()}


def _sum_up(
    work: RollupUpdate, seen: Projection, parts: Iterable[str], numbers: Mapping[Level, int], wanted: Iterable[Level]
) -> dict[Level, int]:
    """Add the sums of rows, given as SQL of SEEN, to the wanted levels. Returns how many rows each got."""
    by_split: dict[tuple[RollupTable, str], list[Level]] = {}
    for level in wanted:
        by_split.setdefault((level.family, level.by), []).append(level)
    todo = [one for (family, by), levels_ in by_split.items() for one in plan_passes(family, by, levels_)]
    for number, part in enumerate(parts):
        work.con.execute(f"CREATE OR REPLACE TEMP TABLE {PROJECTED} AS {pruned_projection(todo, seen, part)}")
        for one in todo:
            into = f"INSERT INTO {one.table}" if number else f"CREATE OR REPLACE TEMP TABLE {one.table} AS"
            work.con.execute(f"{into} {additive_measures(one, seen)}")
    work.con.execute(f"DROP TABLE IF EXISTS {PROJECTED}")
    found: dict[Level, int] = {}
    for one in todo:
        for level in one.levels:
            found[level] = work.number(
                f"INSERT INTO {_rollup(work, level.family)} BY NAME {rollup_of_pass(one, level, numbers[level], seen)}"
            )
        work.con.execute(f"DROP TABLE {one.table}")
    return found


def _values(work: RollupUpdate, possible_splits: Iterable[str], rows: str) -> dict[str, int]:
    """How many values each column has that these splits are by."""
    columns = sorted({column for by in possible_splits for column in columns_of(by)})
    if not columns:
        return {}
    asked = ", ".join(f'count(DISTINCT "by_{column}")' for column in columns)
    (found,) = work.con.execute(f"SELECT {asked} FROM ({rows})").fetchall()
    return dict(zip(columns, found, strict=True))


def _sizes(
    work: RollupUpdate,
    asked: Sequence[Level],
    rows: str,
    limit: float,
    values: Mapping[str, int],
    periods: dict[Grain, int],
) -> dict[Level, int]:
    """How many rows each level would have: at most where that is little, else exactly. What is finer than one that is too
    large is not counted: it has as many at least. What two columns make is not counted: it is taken for the product of their
    numbers of values.
    """
    columns = columns_of(asked[0].by)
    several = prod(values[column] for column in columns)
    found: dict[Level, int] = {}
    too_large = several if several > limit else 0  # each value has a row at least
    for level in asked:
        if too_large:
            found[level] = too_large
            continue
        size = several * periods[level.grain] * (BUCKETS if level.bucketed else 1)
        if size > limit and len(columns) < 2:
            size = work.number(f"SELECT count(*) FROM (SELECT DISTINCT {key_columns(level)} FROM ({rows}))")
            too_large = size if size > limit and level.bucketed else 0
        found[level] = size
    return found


# By difference ----------------------------------------------------------------------------------------------------------


def _correct(work: RollupUpdate, family: RollupTable) -> None:
    con, table = work.con, table_name(family.name)
    kept = {(one.by, one.grain, one.bucketed): one for one in work.levels(family.name)}
    if not kept:
        return
    seen = projection(work, family)
    changes = projected_changes(family, seen, f"temp.added_{family.table}", f"temp.removed_{family.table}")
    known = {level: kept[level.by, level.grain.value, level.bucketed] for level in _stored(work, family, seen)}
    _put_straight(work, seen, changes, {level: one.level for level, one in known.items() if one.is_stored})
    entities.correct(con, family, seen, kept.values(), _rollup(work, family))
    work.compact(family.table, table, KEYS, "rows", {name for one in kept.values() for name in one.columns})


# Of both -----------------------------------------------------------------------------------------------------------------


@contextmanager
def _calendar(work: RollupUpdate, asked_for: Iterable[RollupTable]) -> Iterator[None]:
    """CALENDAR for all days of the rows to be summed up."""
    asked: dict[tuple[str, str], list[int]] = {}
    for family in asked_for:
        day, window = (family.day, 0) if family.window is None else ("day", family.window)
        tables = [f"facts.{family.table}"]
        if family.table in work.changed:
            tables += [f"temp.added_{family.table}", f"temp.removed_{family.table}"]
        for table in tables:
            asked.setdefault((table, day), []).append(window)
    firsts, lasts = [], []
    for (table, day), windows in asked.items():
        ((first, last),) = work.con.execute(f"SELECT min({day}), max({day}) FROM {table}").fetchall()
        if first is not None:
            firsts.append(first + min(windows))
            lasts.append(last + max(windows))
    work.con.register(CALENDAR, days_of(work.settings.calendar, min(firsts, default=0), max(lasts, default=0)))
    try:
        yield
    finally:
        work.con.unregister(CALENDAR)


def _rollup(work: RollupUpdate, family: RollupTable) -> str:
    """The family's table, to be changed."""
    return f"{work.writable(family.table)}.{table_name(family.name)}"


def _stored(work: RollupUpdate, family: RollupTable, seen: Projection) -> list[Level]:
    """The levels that a load stores of a family where they are small: those that hold anything, and none by a column that has the
    same value in all rows.
    """
    constant = work.constants.get(family.row_source, {})
    return [
        level
        for by in family.stored_splits
        if by not in constant
        for level in levels(family, by, grains(work.settings.calendar))
        if level.is_stored and level.names(seen)
    ]


def _periods(work: RollupUpdate) -> dict[Grain, int]:
    """How many periods of each grain CALENDAR has."""
    known = grains(work.settings.calendar)
    asked = ", ".join(f"count(DISTINCT {start_of(grain)})" for grain in known)
    (found,) = work.con.execute(f"SELECT {asked} FROM {CALENDAR}").fetchall()
    return dict(zip(known, found, strict=True))
