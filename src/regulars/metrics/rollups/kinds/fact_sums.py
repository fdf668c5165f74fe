"""Sums of facts by period, split and bucket, and the counts of distinct entities of the same periods."""

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
    """The sums of the catalogue over each fact and day, and the counts of distinct entities."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """Return the levels that every load stores of each family."""
        return frozenset(
            LevelKey(family.name, level.by, level.grain.value, level.bucketed, level.names(projected))
            for family in all_rollup_tables(work.settings.active_window)
            if family.stored_splits and (work.levels(family.name) or work.has_rows(family.table))
            for projected in (projection(work, family),)
            for level in _stored(work, family, projected)
        )

    def build(self, work: RollupUpdate) -> None:
        """Compute all sums in one pass over each fact's rows."""
        families = [family for family in all_rollup_tables(work.settings.active_window) if family.stored_splits]
        large = [family for family in families if work.has_rows(family.table)]
        with _calendar(work, large):
            for family in large:
                projected = projection(work, family)
                work.con.execute(create_table(family, projected, work.writable(family.table)))
                work.show(family.table, table_name(family.name))
                noted = _build(work, family, projected, _stored(work, family, projected), registry.next_level(work.con))
                work.note(*noted)

    def apply(self, work: RollupUpdate) -> None:
        """Insert the sums of the differences as further rows."""
        concerned = [
            family for family in all_rollup_tables(work.settings.active_window) if family.table in work.changed
        ]
        with _calendar(work, concerned):
            for family in concerned:
                _correct(work, family)


# From nothing ------------------------------------------------------------------------------------------------------------


def build_unstored(work: RollupUpdate, family: RollupTable, by: str) -> tuple[list[RollupLevel], str]:
    """Build the levels of a family and split that no load stores.

    Args:
        work: The write; its schema `target` holds the table.
        family: The family.
        by: The split.

    Returns:
        The levels, stored or rejected, and the table they are in.
    """
    with _calendar(work, [family]):
        projected = projection(work, family)
        wanted = [level for level in unstored(family, by, grains(work.settings.calendar)) if level.names(projected)]
        work.con.execute(create_table(family, projected, work.writable(family.table)))
        return _build(work, family, projected, wanted, 1), _rollup(work, family)


def _build(
    work: RollupUpdate, family: RollupTable, projected: Projection, candidates: Iterable[Level], start: int
) -> list[RollupLevel]:
    """Fill the levels that are small enough, numbered from `start`. Return all levels, stored or rejected."""
    periods = _periods(work)
    sizes: dict[Level, int] = {}
    fact_rows, rows = work.rows(family.table), projected.over(f"facts.{family.table}")
    by_split: dict[str, list[Level]] = {}
    for level in candidates:
        by_split.setdefault(level.by, []).append(level)
    values = _values(work, by_split, rows)
    for by, levels_ in by_split.items():
        sizes |= _sizes(work, levels_, rows, work.rule.most(fact_rows, by), values, periods)
    numbers = {level: start + place for place, level in enumerate(sizes)}
    wanted = [level for level, size in sizes.items() if size <= work.rule.most(fact_rows, level.by)]
    if fact_rows <= work.rule.few:
        rows = projected_rows(projected, f"facts.{family.table}")
        small = {level: numbers[level] for level in wanted}
        _put_straight(work, projected, rows, small)
        sizes |= _rows_of(work, family, small)
    else:
        parts = (projected_rows(projected, part) for part in _in_parts(work, family.table))
        sizes |= _sum_up(work, projected, parts, numbers, wanted)
    noted = []
    for level, size in sizes.items():
        names = level.names(projected)
        noted.append(
            RollupLevel(table_name(family.name), numbers[level], family.name, level.by, level.grain.value, level.bucketed, names,
                 size, family.table, fact_rows, level in wanted)
        )  # fmt: skip
    entities.build(work.con, work.settings.calendar, family, projected, noted, work.writable(family.table))
    return noted


def _in_parts(work: RollupUpdate, fact: str) -> Iterator[str]:
    """Yield the fact's rows in parts whose projection fits into memory."""
    table = f"{work.lying(fact)}.{fact}"
    last = work.number(f"SELECT max(rowid) FROM {table}")  # rows that are gone leave their numbers
    for start in range(0, last + 1, _PART):
        yield f"(SELECT * FROM {table} WHERE rowid >= {start} AND rowid < {start + _PART})"


def _put_straight(work: RollupUpdate, projected: Projection, rows: str, numbers: Mapping[Level, int]) -> None:
    """Add the sums of rows, given as SQL of PROJECTED, to the levels."""
    if numbers:
        table = _rollup(work, next(iter(numbers)).family)
        work.con.execute(f"CREATE OR REPLACE TEMP TABLE {PROJECTED} AS {projection_as_bigint(projected, rows)}")
        work.con.execute(f"INSERT INTO {table} BY NAME {direct_sums(numbers, projected)}; DROP TABLE {PROJECTED}")


def _rows_of(work: RollupUpdate, family: RollupTable, numbers: Mapping[Level, int]) -> dict[Level, int]:
    """Return the number of rows of each level, given with its number."""
    counted = work.con.execute(f"SELECT level, count(*) FROM {_rollup(work, family)} GROUP BY level").fetchall()
    by_level = {int(level): int(rows) for level, rows in counted}
    return {level: by_level.get(number, 0) for level, number in numbers.items()}


def _sum_up(
    work: RollupUpdate,
    projected: Projection,
    parts: Iterable[str],
    numbers: Mapping[Level, int],
    wanted: Iterable[Level],
) -> dict[Level, int]:
    """Add the sums of rows, given as SQL of PROJECTED, to the wanted levels. Return the inserted rows by level."""
    by_split: dict[tuple[RollupTable, str], list[Level]] = {}
    for level in wanted:
        by_split.setdefault((level.family, level.by), []).append(level)
    todo = [pass_ for (family, by), levels_ in by_split.items() for pass_ in plan_passes(family, by, levels_)]
    for number, part in enumerate(parts):
        work.con.execute(f"CREATE OR REPLACE TEMP TABLE {PROJECTED} AS {pruned_projection(todo, projected, part)}")
        for pass_ in todo:
            into = f"INSERT INTO {pass_.table}" if number else f"CREATE OR REPLACE TEMP TABLE {pass_.table} AS"
            work.con.execute(f"{into} {additive_measures(pass_, projected)}")
    work.con.execute(f"DROP TABLE IF EXISTS {PROJECTED}")
    row_counts: dict[Level, int] = {}
    for pass_ in todo:
        for level in pass_.levels:
            row_counts[level] = work.number(
                f"INSERT INTO {_rollup(work, level.family)} BY NAME {rollup_of_pass(pass_, level, numbers[level], projected)}"
            )
        work.con.execute(f"DROP TABLE {pass_.table}")
    return row_counts


def _values(work: RollupUpdate, possible_splits: Iterable[str], rows: str) -> dict[str, int]:
    """Return the number of distinct values of each column of these splits."""
    columns = sorted({column for by in possible_splits for column in columns_of(by)})
    if not columns:
        return {}
    counts = ", ".join(f'count(DISTINCT "by_{column}")' for column in columns)
    (row,) = work.con.execute(f"SELECT {counts} FROM ({rows})").fetchall()
    return dict(zip(columns, row, strict=True))


def _sizes(
    work: RollupUpdate,
    candidates: Sequence[Level],
    rows: str,
    limit: float,
    values: Mapping[str, int],
    periods: dict[Grain, int],
) -> dict[Level, int]:
    """Return the number of rows of each level: an upper bound where that is small, else the exact number.

    A level finer than one that is too large gets that size without a count. Two columns count as the product of their numbers of
    values.
    """
    columns = columns_of(candidates[0].by)
    several = prod(values[column] for column in columns)
    sizes: dict[Level, int] = {}
    too_large = several if several > limit else 0  # each value has a row at least
    for level in candidates:
        if too_large:
            sizes[level] = too_large
            continue
        size = several * periods[level.grain] * (BUCKETS if level.bucketed else 1)
        if size > limit and len(columns) < 2:
            size = work.number(f"SELECT count(*) FROM (SELECT DISTINCT {key_columns(level)} FROM ({rows}))")
            too_large = size if size > limit and level.bucketed else 0
        sizes[level] = size
    return sizes


# By difference ----------------------------------------------------------------------------------------------------------


def _correct(work: RollupUpdate, family: RollupTable) -> None:
    con, table = work.con, table_name(family.name)
    kept = {(stored.by, stored.grain, stored.bucketed): stored for stored in work.levels(family.name)}
    if not kept:
        return
    projected = projection(work, family)
    changes = projected_changes(family, projected, f"temp.added_{family.table}", f"temp.removed_{family.table}")
    known = {level: kept[level.by, level.grain.value, level.bucketed] for level in _stored(work, family, projected)}
    _put_straight(
        work, projected, changes, {level: stored.level for level, stored in known.items() if stored.is_stored}
    )
    entities.correct(con, family, projected, kept.values(), _rollup(work, family))
    work.compact(family.table, table, KEYS, "rows", {name for stored in kept.values() for name in stored.columns})


# Of both -----------------------------------------------------------------------------------------------------------------


@contextmanager
def _calendar(work: RollupUpdate, families: Iterable[RollupTable]) -> Iterator[None]:
    """Register CALENDAR for all days of the rows to be summed up."""
    windows_by_table: dict[tuple[str, str], list[int]] = {}
    for family in families:
        day, window = (family.day, 0) if family.window is None else ("day", family.window)
        tables = [f"facts.{family.table}"]
        if family.table in work.changed:
            tables += [f"temp.added_{family.table}", f"temp.removed_{family.table}"]
        for table in tables:
            windows_by_table.setdefault((table, day), []).append(window)
    firsts, lasts = [], []
    for (table, day), windows in windows_by_table.items():
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
    """Return the family's table, for changes."""
    return f"{work.writable(family.table)}.{table_name(family.name)}"


def _stored(work: RollupUpdate, family: RollupTable, projected: Projection) -> list[Level]:
    """Return the levels that a load stores of a family if they are small enough.

    Levels without columns are left out, and those split by a constant column.
    """
    constant = work.constants.get(family.row_source, {})
    return [
        level
        for by in family.stored_splits
        if by not in constant
        for level in levels(family, by, grains(work.settings.calendar))
        if level.is_stored and level.names(projected)
    ]


def _periods(work: RollupUpdate) -> dict[Grain, int]:
    """Return the number of periods of each grain in CALENDAR."""
    known = grains(work.settings.calendar)
    counts = ", ".join(f"count(DISTINCT {start_of(grain)})" for grain in known)
    (row,) = work.con.execute(f"SELECT {counts} FROM {CALENDAR}").fetchall()
    return dict(zip(known, row, strict=True))
