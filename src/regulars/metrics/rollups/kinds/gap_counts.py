"""The counts of gaps, which are a fact of their own: noted as a level, for it is read like one."""

from __future__ import annotations

from regulars.metrics.rollup_level import LevelKey, RollupLevel
from regulars.metrics.rollups.registry import GAPS
from regulars.metrics.rollups.rollup import RollupUpdate
from regulars.metrics.rollups.rollup_tables import UNSPLIT


class GapCounts:
    """A value distribution by day: how many orders had which gap before and after, of all customers."""

    def wanted(self, work: RollupUpdate) -> frozenset[LevelKey]:
        """The counts of all customers."""
        del work
        return frozenset({LevelKey(GAPS, UNSPLIT, "day", False, frozenset())})

    def build(self, work: RollupUpdate) -> None:
        """Note how many there are."""
        rows, orders = work.rows(GAPS), work.rows("orders")
        work.note(
            RollupLevel(GAPS, 0, GAPS, UNSPLIT, "day", False, frozenset(), rows, "orders", orders, is_stored=True)
        )

    def apply(self, work: RollupUpdate) -> None:
        """They are derived with the facts."""
