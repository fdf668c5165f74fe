"""The rollup tables: for each family of facts, the measures of the catalogue that are summed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import combinations

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.measures import CUSTOMER_ORDERS, DECLARED, GAP_DAYS, GAPS_AFTER, GAPS_BEFORE, Fact, Measure, Sum
from regulars.metrics.query import over_lines
from regulars.metrics.rollups.constant_columns import row_source
from regulars.metrics.shapes import Grid
from regulars.vocabulary.calendar import Calendar, Grain

COMMON_WINDOWS = (90, 365)
"""Active windows whose sums are stored in addition to the shop's own; not split."""
_GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
UNSPLIT = ""
"""The split by no column."""
STORED: Mapping[str, tuple[Grain, ...]] = {
    UNSPLIT: (Grain.DAY, Grain.WEEK, Grain.MONTH),
    "country": (Grain.MONTH,),
    "channel": (Grain.MONTH,),
    "first_country": (Grain.MONTH,),
    "first_channel": (Grain.MONTH,),
}
"""The grains of the sums that every load stores, by split. Longer periods are added up from months; measures that are not
additive are stored for quarters and years too. All other levels are built on first use.
"""
STORED_OF_VALUES = (UNSPLIT, "first_country")
"""The splits of stored values and cohorts; other splits are computed from rows."""
ADDITIVE_GRAINS = (Grain.QUARTER, Grain.YEAR, Grain.FISCAL_YEAR)
"""Grains whose sums are the sums of their months."""
_AND = ","
"""Separator between the columns of a split."""
SPLITS = ("split", "other_split")
"""Columns of the split values; null where a level is split by fewer columns."""


@dataclass(frozen=True)
class RollupTable:
    """Facts with the same rows and day, so that one pass sums up all their measures."""

    name: str
    facts: tuple[Fact, ...]
    day: str = "day"
    window: int | None = None
    """Active window that determines the day; None where the day does not depend on one."""
    split: bool = True
    """Whether the sums are also split, and stored with every load."""

    @property
    def table(self) -> str:
        """The fact table that is summed up."""
        return self.facts[0].table

    @property
    def row_source(self) -> str:
        """The fact whose rows are summed up."""
        return row_source(self.facts[0])

    @property
    def of_known_customers(self) -> bool:
        """Whether orders of guests are excluded."""
        return CUSTOMER_ORDERS in self.facts or GAPS_AFTER in self.facts

    @property
    def bucketed(self) -> bool:
        """Whether the rows have buckets."""
        return self.facts[0].has_buckets

    @property
    def splits(self) -> tuple[str, ...]:
        """The columns that sums are split by.

        Attributes of a person outside the fact's rows are excluded: they change independently of the rows.
        """
        return self.facts[0].kept_by if self.split else ()

    @property
    def stored_splits(self) -> tuple[str, ...]:
        """The splits of the sums that every load stores."""
        return tuple(by for by in (UNSPLIT, *self.splits) if by in STORED) if self.split else ()

    @property
    def possible_splits(self) -> tuple[str, ...]:
        """All possible splits: none, one column, or two."""
        return (UNSPLIT, *self.splits, *(combined_split(pair) for pair in combinations(self.splits, 2)))


@dataclass(frozen=True)
class StoredMeasure:
    """A measure of a family, with its active window where it depends on one."""

    measure: Measure
    window: int | None

    @property
    def digest(self) -> str:
        """The name of its columns. A changed definition gets another name."""
        return digest(self.measure, self.window)


def combined_split(columns: Iterable[str]) -> str:
    """Return the name of a split by several columns, independent of their order."""
    return _AND.join(sorted(columns))


def columns_of(by: str) -> tuple[str, ...]:
    """Return the columns of a split."""
    return tuple(filter(None, by.split(_AND)))


def split_column(by: str, column: str) -> str:
    """Return the column with the values of one column of a split."""
    return SPLITS[columns_of(by).index(column)]


def grains(calendar: Calendar) -> tuple[Grain, ...]:
    """Return the grains that sums are stored for, from the shortest."""
    return _GRAINS if calendar.fiscal_year_start == 1 else (*_GRAINS, Grain.FISCAL_YEAR)


def stored_grain(calendar: Calendar, grain: Grain | None) -> Grain | None:
    """Return the grain under which sums of these periods are stored: a fiscal year that starts in January is a year."""
    return Grain.YEAR if grain is Grain.FISCAL_YEAR and calendar.fiscal_year_start == 1 else grain


def windows(active_window: int) -> tuple[int, ...]:
    """Return the active windows that sums are stored for."""
    return tuple(sorted({active_window, *COMMON_WINDOWS}))


@lru_cache(maxsize=64)
def all_rollup_tables(active_window: int) -> tuple[RollupTable, ...]:
    """Return all families of a shop with this active window.

    These are the families of customers' orders, and one for each other fact and day that the catalogue uses.
    """
    tables_by_window = (
        RollupTable(f"gone_{window}", (GAPS_AFTER,), "day_gone", window, split=window == active_window)
        for window in windows(active_window)
    )
    facts_and_days = dict.fromkeys((measure.fact, measure.day) for measure in _catalogue() if measure.fact in DECLARED)
    declared = (RollupTable(_named(fact, day), (fact,), day) for fact, day in facts_and_days)
    return (RollupTable("customers", (CUSTOMER_ORDERS, GAPS_BEFORE, GAP_DAYS)), *tables_by_window, *declared)


def _named(fact: Fact, day: str) -> str:
    return fact.name if day == "day" else f"{fact.name}_by_{day}"


@lru_cache(maxsize=4096)
def digest(measure: Measure, window: int | None) -> str:
    """Return the name of a measure's columns for this active window."""
    text = measure.definition + (f" window {window}" if measure.of_window else "")
    return sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def additive_measures(family: RollupTable, active_window: int) -> tuple[StoredMeasure, ...]:
    """Return the distinct additive measures of a family, once for each window they depend on.

    For measures that are not additive over days see `entity_measures`.
    """
    measures: dict[str, StoredMeasure] = {}
    for measure in _catalogue():
        if not measure.adds_up or measure.fact not in family.facts or measure.day != family.day:
            continue
        if family.window is not None:
            wanted: tuple[int | None, ...] = (family.window,)
        else:
            wanted = windows(active_window) if measure.of_window else (None,)
        for window in wanted:
            stored = StoredMeasure(measure, window)
            measures.setdefault(stored.digest, stored)
    return tuple(measures.values())


@lru_cache(maxsize=64)
def entity_measures(family: RollupTable) -> tuple[StoredMeasure, ...]:
    """Return the counts of distinct entities, and the sums over the last row of each entity, of a family.

    Those that depend on the bounds of a period, or on the active window, are computed from rows.
    """
    measures = {
        stored.digest: stored
        for measure in _catalogue()
        if not measure.adds_up and measure.fact in family.facts and measure.day == family.day and family.bucketed
        and not measure.of_period and not measure.of_window
        for stored in (StoredMeasure(measure, None),)
    }  # fmt: skip
    return tuple(measures.values())


def rollup_table_name(measure: Measure, window: int) -> str:
    """Return the family that stores the measure for this window; empty where there is none."""
    fact = measure.fact
    if fact is GAPS_AFTER:
        return f"gone_{window}" if measure.day == "day_gone" else ""
    if fact in (CUSTOMER_ORDERS, GAPS_BEFORE, GAP_DAYS):
        return "customers" if measure.day == "day" else ""
    return _named(fact, measure.day) if fact in DECLARED else ""


def _catalogue() -> Iterator[Measure]:
    for metric in CATALOGUE:
        for variant in filter(None, (metric, over_lines(metric))):
            if isinstance(variant, Grid):
                continue
            amounts: list[Sum | None] = [variant.numerator, variant.denominator, variant.rows, variant.sample_size]
            for amount in amounts:
                if amount is not None:
                    yield from (term.measure for term in amount.terms if term.measure.is_storable)
