"""The counts of gaps, which are a fact, recorded as a level because they are read like one."""

from __future__ import annotations

from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups.registry import GAPS
from regulars.metrics.rollups.rollup import RollupUpdate
from regulars.metrics.rollups.rollup_tables import UNSPLIT


class GapCounts:
    """The distribution of gaps by day: number of orders by gap before and after, over all customers."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """Return the level of the counts of all customers."""
        del work
        return frozenset({LevelKey(GAPS, UNSPLIT, "day", False, frozenset())})

    def build(self, work: RollupUpdate) -> None:
        """Record the number of counts."""
        rows, orders = work.rows(GAPS), work.rows("orders")
        work.note(
            RollupLevel(GAPS, 0, GAPS, UNSPLIT, "day", False, frozenset(), rows, "orders", orders, is_stored=True)
        )

    def apply(self, work: RollupUpdate) -> None:
        """Do nothing: the counts are derived with the facts."""
