"""What a rollup is: stored aggregates of facts, built with a load, corrected by its differences, read instead of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import duckdb

from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups import constant_columns, registry
from regulars.metrics.rollups.rollup_tables import STORED
from regulars.metrics.rollups.table_columns import TableColumns, table_columns
from regulars.vocabulary.shop import Settings
from regulars.warehouse.compile_cache import Content, compile_once
from regulars.warehouse.facts import BY_NAME
from regulars.warehouse.versions.groups import schema_of, show, writable


@dataclass(frozen=True)
class StorageRule:
    """What is worth storing."""

    small: float = 0.1
    """A level is stored while it has at most this share of its fact's rows."""
    compressed: float = 0.1
    """Counts of values are stored while they have at most this share of their fact's rows."""
    few_rows: int = 5_000
    """Of a fact with so few rows that `small` allows no level as many, the levels that the usual screens read are stored up to
    this size, for the command line reads them without importing Ibis; and no others.
    """
    few: int = 100_000
    """Of no more rows every level is summed up by itself: that is quicker than what it takes to begin with the finest."""

    def most(self, fact_rows: int, by: str) -> float:
        """The rows that a level of a fact, split by these columns, may have to be stored."""
        share = self.small * fact_rows
        if share >= self.few_rows:
            return share
        return self.few_rows if by in STORED else 0


STORAGE_RULE = StorageRule()


@dataclass(frozen=True)
class RollupUpdate:
    """A write that changes rollups: the connection, the shop's settings, and what changed."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    rule: StorageRule = STORAGE_RULE
    changed: frozenset[str] = frozenset()
    """The facts whose rows changed: temp.removed_F (rows that are gone) and temp.added_F (rows that are new) say how. What is
    computed over several rows of a customer is corrected by HISTORIES_BEFORE and HISTORIES_NOW.
    """
    target: str = ""
    """The schema to write rollups to, where not beside their facts."""
    _columns: dict[str, TableColumns] = field(default_factory=dict)
    _writable: dict[str, str] = field(default_factory=dict)
    _compiled: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def columns(self, table: str) -> TableColumns:
        """The columns of a derived table."""
        if table not in self._columns:
            self._columns[table] = table_columns(self.con, table)
        return self._columns[table]

    def compiled(self, told: tuple[object, ...], make: Callable[[], Content]) -> Content:
        """What `make` makes, looked up once (see `compiled`)."""
        if told not in self._compiled:
            self._compiled[told] = compile_once(self.con, told, make)
        found: Content = self._compiled[told]
        return found

    def writable(self, fact: str) -> str:
        """The schema to change tables in that are made of a fact."""
        if self.target:
            return self.target
        group = BY_NAME[fact].group_name
        if group not in self._writable:
            self._writable[group] = writable(self.con, group)
        return self._writable[group]

    def lying(self, fact: str) -> str:
        """The schema that a fact lies in, whose row numbers are asked for."""
        return schema_of(self.con, BY_NAME[fact].group_name)

    def show(self, fact: str, table: str) -> None:
        """Have `facts.TABLE` name a table made of a fact, after it was written anew."""
        show(self.con, schema_of(self.con, BY_NAME[fact].group_name), table)

    def number(self, sql: str) -> int:
        """The one whole number that the SQL returns; 0 for null."""
        ((found,),) = self.con.execute(sql).fetchall()
        return int(found or 0)

    def rows(self, table: str) -> int:
        """How many rows a table of the facts has."""
        return self.number(f"SELECT count(*) FROM facts.{table}")

    def has_rows(self, fact: str) -> bool:
        """Whether there is anything to aggregate."""
        return self.rows(fact) > 0

    def levels(self, family: str) -> list[RollupLevel]:
        """The levels of a family that were decided about."""
        return [level for level in self.decided if level.family == family]

    @cached_property
    def decided(self) -> tuple[RollupLevel, ...]:
        """All levels that were decided about."""
        return registry.read_levels(self.con)

    @cached_property
    def constants(self) -> constant_columns.Constants:
        """The columns that have one value in all rows of their fact."""
        return constant_columns.known(self.con)

    def note(self, *levels: RollupLevel) -> None:
        """Note what was decided about levels."""
        registry.add_levels(self.con, *levels)
        self.__dict__.pop("decided", None)

    def compact(self, fact: str, table: str, keys: Sequence[str], count: str, sums: Iterable[str]) -> None:
        """Add up the differences of a fact's table once they are as many rows as it had, and drop what no row is left in.

        keys: what names a row; count: the column with the number of rows behind it.
        """
        written = sum(one.rows for one in self.decided if one.table == table and one.is_stored)
        if not written or self.rows(table) <= 2 * written:
            return
        listed = ", ".join(keys)
        totals = ", ".join(f"sum({name})::BIGINT AS {name}" for name in (count, *sorted(sums)))
        # In two steps, for the table's defaults must stay.
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE rollup_compacted AS SELECT {listed}, {totals} FROM facts.{table}"
            f" GROUP BY {listed} HAVING sum({count}) <> 0 ORDER BY {listed}"
        )
        rollup = f"{self.writable(fact)}.{table}"
        self.con.execute(f"DELETE FROM {rollup}")
        self.con.execute(f"INSERT INTO {rollup} BY NAME SELECT * FROM temp.rollup_compacted ORDER BY {listed}")
        self.con.execute("DROP TABLE temp.rollup_compacted")
        registry.rescale_rows(self.con, table, self.rows(table))


class Rollup(Protocol):
    """One kind of stored aggregates. What it stores is noted in facts.rollups, level by level, stored or not."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """The levels that today's catalogue, settings and facts ask it to decide about."""

    def build(self, work: RollupUpdate) -> None:
        """Decide about every level that is wanted, and compute those that are worth storing from all rows."""

    def apply(self, work: RollupUpdate) -> None:
        """Bring the stored levels up to date with the difference that `work.changed` names."""
