"""A level of a rollup: aggregates of a fact by one grain, one split, and buckets or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class LevelKey(NamedTuple):
    """Identifies what a level holds: levels with the same key answer the same queries."""

    family: str
    """Name of the levels that aggregate the same rows."""
    by: str
    """Columns of the split; empty for none."""
    grain: str
    """Grain of the periods; a row's `period` is the epoch day of the first day."""
    bucketed: bool
    """Whether there is a row for each of the 32 buckets of customers, as intervals need; else one for all."""
    columns: frozenset[str]


@dataclass(frozen=True)
class RollupLevel:
    """A level, with one row for each period, value of the split, and bucket.

    Later loads add rows with differences, so a reader sums the rows of a key.
    """

    table: str
    """The table in the schema `facts` that holds the family's levels."""
    level: int
    """Value of the table's column `level` in its rows."""
    family: str
    by: str
    grain: str
    bucketed: bool
    columns: frozenset[str]
    rows: int
    """Number of rows; if not stored, a lower bound of the rows it would have."""
    fact: str
    """The derived table whose rows are aggregated."""
    fact_rows: int
    """Number of rows of the fact when the level was stored or not."""
    is_stored: bool
    """Whether it is stored; False if it would not be small compared with the fact."""
    file: str = ""
    """File of the cache that holds it, escaped for SQL; empty if a table holds it."""

    @property
    def relation(self) -> str:
        """SQL of the relation that holds it."""
        return f"read_parquet('{self.file}')" if self.file else f"facts.{self.table}"

    @property
    def key(self) -> LevelKey:
        """The key of the level."""
        return LevelKey(self.family, self.by, self.grain, self.bucketed, self.columns)
