"""A level of a rollup: aggregates of a fact by one length of period, one split, and buckets or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class LevelKey(NamedTuple):
    """What a level holds: two levels of the same key answer the same questions."""

    family: str
    """Levels of one family are aggregates of the same rows."""
    by: str
    """The columns it is split by; empty for none."""
    grain: str
    """Each row's `period` is the first day (epoch day) of a period of this grain."""
    bucketed: bool
    """Whether the 32 buckets of customers are kept apart, as intervals need them; else there is one row for all."""
    columns: frozenset[str]


@dataclass(frozen=True)
class RollupLevel:
    """One row per period of the grain, value of the split, and bucket.

    Differences of later loads stand beside it as further rows: whoever reads it adds up.
    """

    table: str
    """The table in the schema `facts` that holds the family's levels."""
    level: int
    """Which rows of the table are its own."""
    family: str
    by: str
    grain: str
    bucketed: bool
    columns: frozenset[str]
    rows: int
    """How many rows it has; where it is not stored, how many it would have at least."""
    fact: str
    """The derived table whose rows are aggregated."""
    fact_rows: int
    """How many rows the fact had when this was decided."""
    is_stored: bool
    """Whether it is stored: false where it would not have been small against the fact."""
    file: str = ""
    """The file of the cache that holds it, as SQL writes it between quotes; empty where a table does."""

    @property
    def relation(self) -> str:
        """SQL of where its family's levels are read."""
        return f"read_parquet('{self.file}')" if self.file else f"facts.{self.table}"

    @property
    def key(self) -> LevelKey:
        """What it holds."""
        return LevelKey(self.family, self.by, self.grain, self.bucketed, self.columns)
