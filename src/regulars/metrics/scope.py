"""What sums are over: periods, splits, conditions, window, and whether buckets are kept apart."""

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
from regulars.metrics.rollups.kinds.sum_statements import split_column
from regulars.metrics.rollups.rollup_tables import stored_grain
from regulars.vocabulary.calendar import Grain, Period, from_epoch_day
from regulars.warehouse.fact_table import BUCKETS

BY_PERSON = "customer"
"""The split that `rows` uses: one group for each person."""


@dataclass(frozen=True)
class Scope:
    """What the sums are over."""

    facts: Facts
    periods: tuple[Period, ...]
    splits: tuple[str, ...]
    where: tuple[Condition, ...]
    active_window: int
    bucketed: bool
    """Whether sums are kept apart by bucket, as intervals and comparisons need them."""

    @property
    def buckets(self) -> int:
        """Length of the bucket axis."""
        return BUCKETS if self.bucketed else 1

    def by(self, fact: Fact) -> dict[str, str]:
        """Grouping columns of a fact: split -> column."""
        person = {BY_PERSON: PERSON} if BY_PERSON in self.splits and fact.of_customers else {}
        return {**split_columns(fact, self.splits), **person}

    def where_of(self, fact: Fact) -> tuple[Condition, ...]:
        """The conditions that the fact's rows must meet: those that the numerator alone knows leave a denominator whole."""
        return tuple(condition for condition in self.where if filter_column(fact, condition))

    def constants(self, fact: Fact) -> Mapping[str, str]:
        """The fact's columns that have one value in all rows, with it."""
        return self.facts.constants.get(row_source(fact), {})

    def split_values(self, fact: Fact, kept: RollupLevel, column: str) -> str:
        """SQL of the values of a column in the rows of a level."""
        value = self.constants(fact).get(column)
        return split_column(kept.by, column) if value is None else "'" + value.replace("'", "''") + "'"

    def apart(self, fact: Fact) -> bool:
        """Whether the fact's sums are kept apart by bucket: what belongs to no entity is shared evenly."""
        return self.bucketed and fact.has_buckets

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """The epoch day on which each period starts."""
        return np.array([period.first for period in self.periods], dtype=np.int64)

    @cached_property
    def beyond(self) -> npt.NDArray[np.int64]:
        """The epoch day that follows each period."""
        return np.array([period.beyond for period in self.periods], dtype=np.int64)

    @cached_property
    def grain(self) -> Grain | None:
        """The grain of all periods, under the name that sums are kept by; None where they have none in common."""
        grains = {stored_grain(self.facts.calendar, period.grain) for period in self.periods}
        return grains.pop() if len(grains) == 1 else None

    def aligned(self, grain: Grain) -> bool:
        """Whether no period of this grain crosses a boundary."""
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
