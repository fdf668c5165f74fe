"""The scope of sums: periods, splits, conditions, active window, and whether by bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regulars.metrics.measures import Fact
from regulars.metrics.query import Condition, Facts
from regulars.metrics.relations import PERSON, filter_column, split_columns
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.constant_columns import row_source
from regulars.metrics.rollups.rollup_tables import split_column, stored_grain
from regulars.vocabulary.calendar import Grain, Period, from_epoch_day
from regulars.warehouse.fact_table import BUCKETS

BY_PERSON = "customer"
"""The split of the drill-down: one group for each person."""


@dataclass(frozen=True)
class Scope:
    """The scope of sums."""

    facts: Facts
    periods: tuple[Period, ...]
    splits: tuple[str, ...]
    where: tuple[Condition, ...]
    active_window: int
    bucketed: bool
    """Whether sums are by bucket, as intervals and comparisons need."""

    @property
    def buckets(self) -> int:
        """Length of the bucket axis."""
        return BUCKETS if self.bucketed else 1

    def by(self, fact: Fact) -> dict[str, str]:
        """Return the columns of a fact to group by, by split."""
        person = {BY_PERSON: PERSON} if BY_PERSON in self.splits and fact.of_customers else {}
        return {**split_columns(fact, self.splits), **person}

    def where_of(self, fact: Fact) -> tuple[Condition, ...]:
        """Return the conditions that the fact knows. Others, known by the numerator only, do not filter the denominator."""
        return tuple(condition for condition in self.where if filter_column(fact, condition))

    def constants(self, fact: Fact) -> Mapping[str, str]:
        """Return the fact's columns with the same value in all rows, and this value."""
        return self.facts.constants.get(row_source(fact), {})

    def split_values(self, fact: Fact, kept: RollupLevel, column: str) -> str:
        """Return the SQL of a column's values in the rows of a level."""
        value = self.constants(fact).get(column)
        return split_column(kept.by, column) if value is None else "'" + value.replace("'", "''") + "'"

    def apart(self, fact: Fact) -> bool:
        """Return whether the fact's sums are by bucket; not if its rows have no entity."""
        return self.bucketed and fact.has_buckets

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """The first epoch day of each period."""
        return np.array([period.first for period in self.periods], dtype=np.int64)

    @cached_property
    def beyond(self) -> npt.NDArray[np.int64]:
        """The epoch day after each period."""
        return np.array([period.beyond for period in self.periods], dtype=np.int64)

    @cached_property
    def grain(self) -> Grain | None:
        """The grain of all periods, as rollups name it; None if they have several."""
        grains = {stored_grain(self.facts.calendar, period.grain) for period in self.periods}
        return grains.pop() if len(grains) == 1 else None

    def aligned(self, grain: Grain) -> bool:
        """Return whether no period of this grain crosses a boundary."""
        if grain is Grain.DAY or grain is self.grain:
            return True
        if grain not in self._aligned:
            period_of = self.facts.calendar.period_of
            self._aligned[grain] = all(period_of(from_epoch_day(day), grain).first == day for day in self.boundaries)
        return self._aligned[grain]

    @cached_property
    def _aligned(self) -> dict[Grain, bool]:
        return {}

    @cached_property
    def boundaries(self) -> tuple[int, ...]:
        """The epoch days at which the periods start and end, ascending."""
        return tuple(sorted({*self.first.tolist(), *self.beyond.tolist()}))
