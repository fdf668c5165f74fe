"""The protocol of rollups: aggregates of facts, built with a load, updated by differences, read instead of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import duckdb

from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups import constant_columns, registry
from regulars.metrics.rollups.rollup_tables import STORED
from regulars.vocabulary.shop import Settings
from regulars.warehouse.compile_cache import Content, compile_once
from regulars.warehouse.facts import BY_NAME
from regulars.warehouse.lazy_imports import ibis, ibis_types
from regulars.warehouse.versions.groups import schema_of, show, writable

if TYPE_CHECKING:
    import ibis.expr.types as ir


TableColumns: TypeAlias = tuple[tuple[str, str], ...]
"""Names and DuckDB types."""


def table_columns(con: duckdb.DuckDBPyConnection, table: str) -> TableColumns:
    """Return the columns of a derived table. Does not import Ibis, which compiled statements do not need."""
    return tuple((name, kind) for name, kind, *_ in con.execute(f"DESCRIBE facts.{table}").fetchall())


def ibis_table(columns: TableColumns, name: str) -> ir.Table:
    """Return an Ibis table with these columns."""
    return ibis.table({column: ibis_types.DuckDBType.from_string(kind) for column, kind in columns}, name=name)


@dataclass(frozen=True)
class StorageRule:
    """Which levels are small enough to store."""

    small: float = 0.1
    """Maximum rows of a stored level, as a share of its fact's rows."""
    compressed: float = 0.1
    """Maximum rows of stored counts of values, as a share of their fact's rows."""
    few_rows: int = 5_000
    """Maximum rows of a level whose split is in STORED where `small` allows fewer; other levels are then not stored. The command
    line reads these levels without importing Ibis.
    """
    few: int = 100_000
    """Facts with at most so many rows are summed up level by level, which is faster than starting from the finest sums."""

    def most(self, fact_rows: int, by: str) -> float:
        """Return the maximum number of rows of a level of a fact, split by these columns, to be stored."""
        share = self.small * fact_rows
        if share >= self.few_rows:
            return share
        return self.few_rows if by in STORED else 0


STORAGE_RULE = StorageRule()


@dataclass(frozen=True)
class RollupUpdate:
    """A write that changes rollups: the connection, the shop's settings, and the facts that changed."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    rule: StorageRule = STORAGE_RULE
    changed: frozenset[str] = frozenset()
    """Facts whose rows changed; temp.removed_F and temp.added_F hold the removed and the added rows. Values computed over several
    rows of a customer are updated by HISTORIES_BEFORE and HISTORIES_NOW.
    """
    target: str = ""
    """Schema to write rollups to; empty: beside their facts."""
    _columns: dict[str, TableColumns] = field(default_factory=dict)
    _writable: dict[str, str] = field(default_factory=dict)
    _has_rows: dict[str, bool] = field(default_factory=dict)
    _compiled: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def columns(self, table: str) -> TableColumns:
        """The columns of a derived table."""
        if table not in self._columns:
            self._columns[table] = table_columns(self.con, table)
        return self._columns[table]

    def compiled(self, key: tuple[object, ...], make: Callable[[], Content]) -> Content:
        """Return the content that `make` builds, from the compile cache where it is there (see `compile_once`)."""
        if key not in self._compiled:
            self._compiled[key] = compile_once(self.con, key, make)
        content: Content = self._compiled[key]
        return content

    def writable(self, fact: str) -> str:
        """Return the schema for changes to tables derived from a fact."""
        if self.target:
            return self.target
        group = BY_NAME[fact].group_name
        if group not in self._writable:
            self._writable[group] = writable(self.con, group)
        return self._writable[group]

    def lying(self, fact: str) -> str:
        """Return the schema that a fact's table is in, for statements that need row numbers."""
        return schema_of(self.con, BY_NAME[fact].group_name)

    def show(self, fact: str, table: str) -> None:
        """Let `facts.TABLE` name a table derived from a fact, after it was recreated."""
        show(self.con, schema_of(self.con, BY_NAME[fact].group_name), table)

    def number(self, sql: str) -> int:
        """Return the single integer that the SQL returns; 0 for null."""
        ((value,),) = self.con.execute(sql).fetchall()
        return int(value or 0)

    def rows(self, table: str) -> int:
        """Return the number of rows of a fact's table."""
        return self.number(f"SELECT count(*) FROM facts.{table}")

    def has_rows(self, fact: str) -> bool:
        """Return whether a fact's table has rows. It is looked up once: facts do not change while rollups are written."""
        if fact not in self._has_rows:
            self._has_rows[fact] = self.rows(fact) > 0
        return self._has_rows[fact]

    def levels(self, family: str) -> list[RollupLevel]:
        """Return the levels of a family, stored or rejected."""
        return [level for level in self.decided if level.family == family]

    @cached_property
    def decided(self) -> tuple[RollupLevel, ...]:
        """All levels, stored or rejected."""
        return registry.read_levels(self.con)

    @cached_property
    def constants(self) -> constant_columns.Constants:
        """The columns with the same value in all rows of their fact."""
        return constant_columns.known(self.con)

    def note(self, *levels: RollupLevel) -> None:
        """Record levels, stored or rejected."""
        registry.add_levels(self.con, *levels)
        self.__dict__.pop("decided", None)

    def compact(self, fact: str, table: str, keys: Sequence[str], count: str, sums: Iterable[str]) -> None:
        """Add up the differences in a rollup's table once it has more than twice its rows, and drop groups without rows.

        Args:
            fact: Table of the fact.
            table: Table of the rollup.
            keys: Columns that identify a row.
            count: Column with the number of rows behind a group.
            sums: Further columns to add up.
        """
        written = sum(level.rows for level in self.decided if level.table == table and level.is_stored)
        if not written or self.rows(table) <= 2 * written:
            return
        listed = ", ".join(keys)
        totals = ", ".join(f"sum({name})::BIGINT AS {name}" for name in (count, *sorted(sums)))
        # In two steps, to keep the defaults of the table's columns.
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
    """A kind of stored aggregates. Its levels are recorded in facts.rollups, stored or rejected."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """Return the levels that the current catalogue, settings and facts require."""

    def build(self, work: RollupUpdate) -> None:
        """Compute the wanted levels that are small enough from all rows, and record all of them."""

    def apply(self, work: RollupUpdate) -> None:
        """Update the stored levels by the differences of `work.changed`."""
