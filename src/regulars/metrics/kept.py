"""What is kept summed up beside the facts, and what is not because it would not be small."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """A level of cells: sums of a family's measures, one row per period of the grain, value of the split, and bucket.

    Differences of later loads stand beside it as further rows: whoever reads it adds up.
    """

    table: str
    """The table in the schema `facts` that holds the family's levels."""
    level: int
    """Which rows of the table are its own."""
    family: str
    by: str
    """The column it is split by; empty for none."""
    grain: str
    """Each row's `period` is the first day (epoch day) of a period of this grain."""
    bucketed: bool
    """Whether the 32 buckets of customers are kept apart, as intervals need them; else there is one sum for all."""
    columns: frozenset[str]
    rows: int
    """How many rows it has; where it does not stand, how many it would have at least."""
    fact_rows: int
    """How many rows the fact had when this was decided."""
    stands: bool
    """Whether it is kept: false where it would not have been small against the fact."""
    missing: frozenset[int] = frozenset()
    """The first days of periods that are not kept any more, since a load changed too much of what they do not add up from."""
