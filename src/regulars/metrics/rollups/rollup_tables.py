"""Which sums are kept: for each family of facts, the measures that the catalogue asks of it."""

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
"""Active windows whose sums are kept beside those of the shop's own; not split."""
_GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
UNSPLIT = ""
"""In place of a column: not split."""
STORED: Mapping[str, tuple[Grain, ...]] = {
    UNSPLIT: (Grain.DAY, Grain.WEEK, Grain.MONTH),
    "country": (Grain.MONTH,),
    "channel": (Grain.MONTH,),
    "first_country": (Grain.MONTH,),
    "first_channel": (Grain.MONTH,),
}
"""The sums that every load stores, by what they are split by: the periods that the usual screens read. Longer periods are added
up from months; what does not add up is stored for quarters and years too. All other levels are built when they are first asked for.
"""
STORED_OF_VALUES = (UNSPLIT, "first_country")
"""How values and cohorts are split where something is stored of them; other splits are answered from rows."""
ADDITIVE_GRAINS = (Grain.QUARTER, Grain.YEAR, Grain.FISCAL_YEAR)
"""The periods whose sums are those of their months."""
_AND = ","
"""Between two columns that sums are split by together."""


@dataclass(frozen=True)
class RollupTable:
    """Facts that see the same rows on the same day: one pass over them sums up all their measures."""

    name: str
    facts: tuple[Fact, ...]
    day: str = "day"
    window: int | None = None
    """The active window that decides its day; None where none does."""
    split: bool = True
    """Whether its sums are also split, and stored with every load."""

    @property
    def table(self) -> str:
        """The derived table it sums up."""
        return self.facts[0].table

    @property
    def row_source(self) -> str:
        """The fact whose rows it sums up."""
        return row_source(self.facts[0])

    @property
    def of_known_customers(self) -> bool:
        """Whether orders of guests are left out."""
        return CUSTOMER_ORDERS in self.facts or GAPS_AFTER in self.facts

    @property
    def bucketed(self) -> bool:
        """Whether its rows lie in buckets."""
        return self.facts[0].has_buckets

    @property
    def splits(self) -> tuple[str, ...]:
        """The columns its sums are split by; attributes of a person that are not in the fact's rows are none of them: they
        change without its rows.
        """
        return self.facts[0].kept_by if self.split else ()

    @property
    def stored_splits(self) -> tuple[str, ...]:
        """How the sums are split that every load stores."""
        return tuple(by for by in (UNSPLIT, *self.splits) if by in STORED) if self.split else ()

    @property
    def possible_splits(self) -> tuple[str, ...]:
        """How its sums may be split: not at all, by one column, by two."""
        return (UNSPLIT, *self.splits, *(combined_split(pair) for pair in combinations(self.splits, 2)))


@dataclass(frozen=True)
class StoredMeasure:
    """A measure that a family keeps, with the active window it is summed for, where it depends on one."""

    measure: Measure
    window: int | None

    @property
    def digest(self) -> str:
        """Names its columns. Another definition has another name: what is found is what was meant."""
        return digest(self.measure, self.window)


def combined_split(columns: Iterable[str]) -> str:
    """What a split by these columns is called, whichever is named first."""
    return _AND.join(sorted(columns))


def columns_of(by: str) -> tuple[str, ...]:
    """The columns of a split."""
    return tuple(filter(None, by.split(_AND)))


def grains(calendar: Calendar) -> tuple[Grain, ...]:
    """The periods that sums are kept for, from the shortest."""
    return _GRAINS if calendar.fiscal_year_start == 1 else (*_GRAINS, Grain.FISCAL_YEAR)


def stored_grain(calendar: Calendar, grain: Grain | None) -> Grain | None:
    """The grain under which sums of these periods are kept: a fiscal year that starts in January is a year."""
    return Grain.YEAR if grain is Grain.FISCAL_YEAR and calendar.fiscal_year_start == 1 else grain


def windows(active_window: int) -> tuple[int, ...]:
    """The active windows that sums are kept for."""
    return tuple(sorted({active_window, *COMMON_WINDOWS}))


@lru_cache(maxsize=64)
def all_rollup_tables(active_window: int) -> tuple[RollupTable, ...]:
    """All families of a shop with this active window: those of customers' histories, and one for each fact and day that the
    catalogue asks of it.
    """
    gone = (
        RollupTable(f"gone_{window}", (GAPS_AFTER,), "day_gone", window, split=window == active_window)
        for window in windows(active_window)
    )
    asked = dict.fromkeys((measure.fact, measure.day) for measure in _catalogue() if measure.fact in DECLARED)
    declared = (RollupTable(_named(fact, day), (fact,), day) for fact, day in asked)
    return (RollupTable("customers", (CUSTOMER_ORDERS, GAPS_BEFORE, GAP_DAYS)), *gone, *declared)


def _named(fact: Fact, day: str) -> str:
    return fact.name if day == "day" else f"{fact.name}_by_{day}"


@lru_cache(maxsize=4096)
def digest(measure: Measure, window: int | None) -> str:
    """What the measure's columns are called by, for this active window."""
    text = measure.definition + (f" window {window}" if measure.of_window else "")
    return sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def additive_measures(family: RollupTable, active_window: int) -> tuple[StoredMeasure, ...]:
    """Every distinct measure that the catalogue asks of the family, once for each window it depends on.

    What does not add up over days is kept otherwise: see `of_entities`.
    """
    found: dict[str, StoredMeasure] = {}
    for measure in _catalogue():
        if not measure.adds_up or measure.fact not in family.facts or measure.day != family.day:
            continue
        if family.window is not None:
            wanted: tuple[int | None, ...] = (family.window,)
        else:
            wanted = windows(active_window) if measure.of_window else (None,)
        for window in wanted:
            one = StoredMeasure(measure, window)
            found.setdefault(one.digest, one)
    return tuple(found.values())


@lru_cache(maxsize=64)
def entity_measures(family: RollupTable) -> tuple[StoredMeasure, ...]:
    """The counts of distinct entities, and sums over each one's last row, that the catalogue asks of the family.

    What hangs on the bounds of a period, or on the active window, is answered from rows.
    """
    found = {
        one.digest: one
        for measure in _catalogue()
        if not measure.adds_up and measure.fact in family.facts and measure.day == family.day and family.bucketed
        and not measure.of_period and not measure.of_window
        for one in (StoredMeasure(measure, None),)
    }  # fmt: skip
    return tuple(found.values())


def rollup_table_name(measure: Measure, window: int) -> str:
    """The family that would keep the measure for this window; empty where none would."""
    fact = measure.fact
    if fact is GAPS_AFTER:
        return f"gone_{window}" if measure.day == "day_gone" else ""
    if fact in (CUSTOMER_ORDERS, GAPS_BEFORE, GAP_DAYS):
        return "customers" if measure.day == "day" else ""
    return _named(fact, measure.day) if fact in DECLARED else ""


def _catalogue() -> Iterator[Measure]:
    for metric in CATALOGUE:
        for one in filter(None, (metric, over_lines(metric))):
            if isinstance(one, Grid):
                continue
            amounts: list[Sum | None] = [one.numerator, one.denominator, one.rows, one.sample_size]
            for amount in amounts:
                if amount is not None:
                    yield from (term.measure for term in amount.terms if term.measure.is_storable)
