"""Cells are built with the facts, and corrected where only some persons' rows changed: sums of differences are differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import prod

import duckdb
import ibis

from regulars.metrics.cells import cohorts, entities, histograms, quantiles, registry
from regulars.metrics.cells.build import (
    KEYS,
    SEEN,
    Level,
    copied,
    keys_of,
    levels,
    narrowed,
    passes,
    rolled_up,
    seen_changes,
    seen_rows,
    straight,
    summed,
    table_name,
    table_of,
)
from regulars.metrics.cells.families import Family, columns_of, families, grains
from regulars.metrics.cells.projection import CALENDAR, Projection, days_of, projection, start_of
from regulars.metrics.kept import Kept
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.shop import Settings
from regulars.warehouse.fact_table import BUCKETS

_PART = 2_000_000


@dataclass(frozen=True)
class Rule:
    """What is worth keeping."""

    small: float = 0.1
    """Cells are kept while they have at most this share of their fact's rows."""
    fewest: int = 10_000
    """A fact with fewer rows is as fast to read itself."""
    few: int = 100_000
    """Of no more rows every level is summed up by itself: that is quicker than what it takes to begin with the finest."""
    again: int = 5_000_000
    """Results that do not add up are found anew after a difference where the changed periods have at most so many orders."""


RULE = Rule()


@dataclass(frozen=True)
class _Work:
    con: duckdb.DuckDBPyConnection
    settings: Settings
    rule: Rule
    changed: frozenset[str] = frozenset()
    """The facts whose rows changed: temp.removed_F and temp.added_F say how."""

    def projection(self, family: Family) -> Projection:
        schema = _schema(self.con, family.table)
        return projection(self.con, family, schema, self.settings.calendar, self.settings.active_window)

    @property
    def orders(self) -> quantiles.Orders:
        return quantiles.Orders(self.con, _schema(self.con, "orders"), self.settings.calendar)

    def families(self) -> tuple[Family, ...]:
        return families(self.settings.active_window)

    def levels(self, family: Family, by: str) -> tuple[Level, ...]:
        return levels(family, by, grains(self.settings.calendar))

    def one(self, sql: str) -> int:
        found = self.con.execute(sql).fetchone()
        assert found is not None
        return int(found[0] or 0)

    @cached_property
    def periods(self) -> dict[Grain, int]:
        """How many periods of each grain the calendar has."""
        known = grains(self.settings.calendar)
        asked = ", ".join(f"count(DISTINCT {start_of(grain)})" for grain in known)
        (found,) = self.con.execute(f"SELECT {asked} FROM {CALENDAR}").fetchall()
        return dict(zip(known, found, strict=True))

    def rows(self, table: str) -> int:
        return self.one(f"SELECT count(*) FROM facts.{table}")


def refresh(
    con: duckdb.DuckDBPyConnection, settings: Settings, changed: frozenset[str] | None = None, rule: Rule = RULE
) -> None:
    """Bring the cells up to date after the facts were derived.

    changed: the facts that differ from those the cells were built from, each by temp.removed_F (rows that are gone) and
    temp.added_F (rows that are new): the cells are corrected by their sums. None: all are built from the facts.
    What is counted over several orders of a customer is corrected by HISTORIES_BEFORE and HISTORIES_NOW.
    """
    work = _Work(con, settings, rule, frozenset() if changed is None else changed)
    if changed is None or not _can_be_corrected(work):
        with _calendar(work, work.families()):
            _build_all(work)
        return
    concerned = [family for family in work.families() if family.table in changed]
    with _calendar(work, concerned):
        for family in concerned:
            _correct(work, family)
        if "orders" in changed:
            _correct_histograms(work)
            quantiles.correct(work.orders, rule.again)
            _correct_cohorts(work)


# From nothing ------------------------------------------------------------------------------------------------------------


def _build_all(work: _Work) -> None:
    registry.begin(work.con)
    orders = work.rows("orders")
    limit = work.rule.small * orders if orders >= work.rule.fewest else 0
    registry.note(work.con, *histograms.build(work.con, _schema(work.con, "orders"), orders, limit))
    for family in work.families():
        fact_rows = work.rows(family.table)
        if fact_rows >= work.rule.fewest:
            seen = work.projection(family)
            work.con.execute(table_of(family, seen))
            _build(work, family, seen, fact_rows)
    quantiles.build(work.orders)
    if orders >= work.rule.fewest:
        cohorts.build(work.con, _schema(work.con, "orders"), orders, work.rule.small)


def _build(work: _Work, family: Family, seen: Projection, fact_rows: int) -> None:
    limit = work.rule.small * fact_rows
    sizes: dict[Level, int] = {}
    rows = seen.over(f"facts.{family.table}")
    values = _values(work, family, rows)
    for by in family.ways:
        sizes |= _sizes(work, family, by, rows, fact_rows, values)
    start = registry.next_level(work.con)
    numbers = {level: start + place for place, level in enumerate(sizes)}
    wanted = [level for level, size in sizes.items() if size <= limit]
    if fact_rows <= work.rule.few:
        rows = seen_rows(seen, f"facts.{family.table}")
        sizes |= _put_straight(work, seen, rows, {level: numbers[level] for level in wanted})
    else:
        parts = (seen_rows(seen, part) for part in _in_parts(work, f"facts.{family.table}"))
        constant = {column: one.smallest for column, one in values.items() if one.number == 1}
        same = [level for level in wanted if set(columns_of(level.by)) & constant.keys()]
        sizes |= _sum_up(work, seen, parts, numbers, [level for level in wanted if level not in same])
        for level in same:
            sizes[level] = work.one(f"INSERT INTO facts.{table_name(family.name)} {copied(level, numbers, constant)}")
    noted = []
    for level, size in sizes.items():
        names = level.names(seen)
        noted.append(
            Kept(table_name(family.name), numbers[level], family.name, level.by, level.grain.value, level.bucketed, names,
                 size, fact_rows, size <= limit)
        )  # fmt: skip
    registry.note(work.con, *noted)
    entities.build(work.con, work.settings.calendar, family, noted)


def _in_parts(work: _Work, table: str) -> Iterator[str]:
    """The table's rows in parts that fit into memory when they are laid out wide."""
    last = work.one(f"SELECT max(rowid) FROM {table}")  # rows that are gone leave their numbers
    for start in range(0, last + 1, _PART):
        yield f"(SELECT * FROM {table} WHERE rowid >= {start} AND rowid < {start + _PART})"


def _put_straight(work: _Work, seen: Projection, rows: str, numbers: Mapping[Level, int]) -> dict[Level, int]:
    """Add the sums of rows, given as SQL of SEEN, to the levels. Returns how many rows each got."""
    found: dict[Level, int] = {}
    if numbers:
        work.con.execute(f"CREATE OR REPLACE TEMP TABLE {SEEN} AS {narrowed(seen, rows)}")
        table = f"facts.{table_name(next(iter(numbers)).family.name)}"
        start = work.one(f"SELECT max(rowid) + 1 FROM {table}")
        work.con.execute(f"INSERT INTO {table} BY NAME {straight(numbers, seen)}")
        counted = work.con.execute(
            f"SELECT level, count(*) FROM {table} WHERE rowid >= {start} GROUP BY level"
        ).fetchall()
        by_level = {int(level): int(number) for level, number in counted}
        found = {level: by_level.get(number, 0) for level, number in numbers.items()}
        work.con.execute(f"DROP TABLE {SEEN}")
    return found


def _sum_up(
    work: _Work, seen: Projection, parts: Iterable[str], numbers: Mapping[Level, int], wanted: Iterable[Level]
) -> dict[Level, int]:
    """Add the sums of rows, given as SQL of SEEN, to the wanted levels. Returns how many rows each got."""
    by_split: dict[tuple[Family, str], list[Level]] = {}
    for level in wanted:
        by_split.setdefault((level.family, level.by), []).append(level)
    todo = [one for (family, by), levels_ in by_split.items() for one in passes(family, by, levels_)]
    for number, part in enumerate(parts):
        work.con.execute(f"CREATE OR REPLACE TEMP TABLE {SEEN} AS {part}")
        for one in todo:
            into = f"INSERT INTO {one.table}" if number else f"CREATE OR REPLACE TEMP TABLE {one.table} AS"
            work.con.execute(f"{into} {summed(one, seen)}")
    work.con.execute(f"DROP TABLE IF EXISTS {SEEN}")
    found: dict[Level, int] = {}
    for one in todo:
        for level in one.levels:
            table = table_name(level.family.name)
            found[level] = work.one(f"INSERT INTO facts.{table} BY NAME {rolled_up(one, level, numbers[level], seen)}")
        work.con.execute(f"DROP TABLE {one.table}")
    return found


@dataclass(frozen=True)
class _Values:
    """What a column has: how many different values, and one of them."""

    number: int
    smallest: str


def _values(work: _Work, family: Family, rows: str) -> dict[str, _Values]:
    """The values of each column that the family is split by."""
    if not family.splits:
        return {}
    asked = ", ".join(f'count(DISTINCT "by_{column}"), min("by_{column}")' for column in family.splits)
    (found,) = work.con.execute(f"SELECT {asked} FROM ({rows})").fetchall()
    return {column: _Values(*found[2 * place : 2 * place + 2]) for place, column in enumerate(family.splits)}


def _sizes(
    work: _Work, family: Family, by: str, rows: str, fact_rows: int, values: dict[str, _Values]
) -> dict[Level, int]:
    """How many rows each level would have: at most where that is little, else exactly. What is finer than one that is too
    large is not counted: it has as many at least. What two columns make is not counted: it is taken for the product of their
    numbers of values.
    """
    limit, columns = work.rule.small * fact_rows, columns_of(by)
    several = prod(values[column].number for column in columns)
    found: dict[Level, int] = {}
    too_large = several if several > limit else 0  # each value has a row at least
    for level in work.levels(family, by):
        if too_large:
            found[level] = too_large
            continue
        size = several * work.periods[level.grain] * (BUCKETS if level.bucketed else 1)
        if size > limit and len(columns) < 2:
            size = work.one(f"SELECT count(*) FROM (SELECT DISTINCT {keys_of(level)} FROM ({rows}))")
            too_large = size if size > limit and level.bucketed else 0
        found[level] = size
    return found


# By difference -----------------------------------------------------------------------------------------------------------


def _can_be_corrected(work: _Work) -> bool:
    """Whether the cells keep what is asked for today, and were decided for facts of about this size."""
    known = registry.held(work.con)
    if not known:
        return False
    for family in work.families():
        own = [one for one in known if one.family == family.name]
        rows = work.rows(family.table)
        if not own and rows >= max(work.rule.fewest, 1):
            return False
        if any(rows > 2 * one.fact_rows for one in own):
            return False
        if not own:
            continue
        seen = work.projection(family)
        for by in family.ways:
            kept = {(one.grain, one.bucketed): one.columns for one in own if one.by == by}
            for level in work.levels(family, by):
                if kept.get((level.grain.value, level.bucketed)) != level.names(seen):
                    return False
    return quantiles.can_be_corrected(known) and cohorts.can_be_corrected(work.con, known, _schema(work.con, "orders"))


def _correct(work: _Work, family: Family) -> None:
    con, table = work.con, table_name(family.name)
    kept = {(one.by, one.grain, one.bucketed): one for one in registry.held(con) if one.family == family.name}
    if not kept:
        return
    seen = work.projection(family)
    changes = seen_changes(family, seen, f"temp.added_{family.table}", f"temp.removed_{family.table}")
    levels_of = (level for by in family.ways for level in work.levels(family, by))
    known = {level: kept[level.by, level.grain.value, level.bucketed] for level in levels_of}
    _put_straight(work, seen, changes, {level: one.level for level, one in known.items() if one.stands})
    entities.correct(con, family, kept.values(), table)
    _compact_if_grown(work, table, KEYS, "rows", {name for one in kept.values() for name in one.columns})


def _correct_histograms(work: _Work) -> None:
    for one in registry.held(work.con):
        if one.family == registry.GAPS and one.by and one.stands:
            histograms.correct(work.con, _schema(work.con, "orders"), one.by)
            _compact_if_grown(work, one.table, (*histograms.KEYS, one.by), "n", ())


def _correct_cohorts(work: _Work) -> None:
    own = [one for one in registry.held(work.con) if one.family == cohorts.FAMILY]
    if own:
        cohorts.correct(work.con, _schema(work.con, "orders"))
        sums = {name for one in own for name in one.columns}
        _compact_if_grown(work, cohorts.TABLE, cohorts.KEYS, "rows", {"customers", *sums})


def _compact_if_grown(work: _Work, table: str, keys: Iterable[str], count: str, sums: Iterable[str]) -> None:
    """Differences stand as further rows beside the sums until there are as many of them; then they are added up, and cells
    that no row is left in are dropped.
    """
    written = registry.written(work.con, table)
    if not written or work.rows(table) <= 2 * written:
        return
    listed = ", ".join(keys)
    totals = ", ".join(f"sum({name})::BIGINT AS {name}" for name in (count, *sorted(sums)))
    # In two steps, for the table's defaults must stay.
    work.con.execute(
        f"CREATE OR REPLACE TEMP TABLE cells_compacted AS SELECT {listed}, {totals} FROM facts.{table}"
        f" GROUP BY {listed} HAVING sum({count}) <> 0 ORDER BY {listed}"
    )
    work.con.execute(f"DELETE FROM facts.{table}")
    work.con.execute(f"INSERT INTO facts.{table} BY NAME SELECT * FROM temp.cells_compacted ORDER BY {listed}")
    work.con.execute("DROP TABLE temp.cells_compacted")
    registry.rewritten(work.con, table, work.rows(table))


# What both need ----------------------------------------------------------------------------------------------------------


@contextmanager
def _calendar(work: _Work, asked_for: Iterable[Family]) -> Iterator[None]:
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


def _schema(con: duckdb.DuckDBPyConnection, table: str) -> ibis.Schema:
    return ibis.Schema.from_pyarrow(con.execute(f"SELECT * FROM facts.{table} LIMIT 0").to_arrow_table().schema)
