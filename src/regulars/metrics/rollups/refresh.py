"""Builds rollups with the facts, and updates them where only some rows changed."""

from __future__ import annotations

import duckdb

from regulars.metrics.rollups import constant_columns, registry
from regulars.metrics.rollups.kinds.cohort_sums import CohortSums
from regulars.metrics.rollups.kinds.fact_sums import FactSums
from regulars.metrics.rollups.kinds.value_distributions import GapCounts, ValueDistributions
from regulars.metrics.rollups.rollup import STORAGE_RULE, Rollup, RollupUpdate, StorageRule
from regulars.vocabulary.shop import Settings

ROLLUPS: tuple[Rollup, ...] = (GapCounts(), FactSums(), ValueDistributions(), CohortSums())


def refresh(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    changed: frozenset[str] | None = None,
    rule: StorageRule = STORAGE_RULE,
) -> None:
    """Bring the rollups up to date after the facts were derived.

    Args:
        con: Connection to the warehouse.
        settings: The shop's settings.
        changed: Facts that differ from those the rollups were built from; temp.removed_F and temp.added_F hold the difference of
            each (see RollupUpdate). None: build all rollups from the facts.
        rule: Which levels are small enough to store.
    """
    work = RollupUpdate(con, settings, rule, frozenset() if changed is None else changed)
    constant_columns.correct(con, work.changed)
    if changed is None or not _can_be_corrected(work):
        registry.reset(con)
        anew = RollupUpdate(con, settings, rule, work.changed)
        constant_columns.find(con, anew.has_rows)
        for rollup in ROLLUPS:
            rollup.build(anew)
    else:
        for rollup in ROLLUPS:
            rollup.apply(work)


def _can_be_corrected(work: RollupUpdate) -> bool:
    """Return whether the stored levels are the wanted ones, and were decided for facts of about this size."""
    decided = work.decided
    if not decided or any(
        work.rows(fact) > 2 * rows for fact, rows in {(level.fact, level.fact_rows) for level in decided}
    ):
        return False
    return frozenset().union(*(rollup.wanted(work) for rollup in ROLLUPS)) == {level.key for level in decided}
