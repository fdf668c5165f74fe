"""Query plan of sums: stored rollups, the histograms of gaps, or rows, with the reason for scanning more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from regulars.metrics.measures import (
    CURRENT_CUSTOMER_ATTRIBUTES,
    CUSTOMER_ORDERS,
    DECLARED,
    GAP_DAYS,
    HISTOGRAMS,
    KINDS_OF_FORECAST,
    OF_FIRST,
    Fact,
    Measure,
    SignedMeasure,
)
from regulars.metrics.query import Condition
from regulars.metrics.relations import filter_column, histogram_of
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds import cohort_sums, period_results, value_distributions
from regulars.metrics.rollups.kinds.sum_statements import unstored
from regulars.metrics.rollups.registry import GAPS
from regulars.metrics.rollups.rollup import STORAGE_RULE
from regulars.metrics.rollups.rollup_tables import (
    UNSPLIT,
    RollupTable,
    additive_measures,
    all_rollup_tables,
    columns_of,
    combined_split,
    digest,
    entity_measures,
    grains,
    rollup_table_name,
    windows,
)
from regulars.metrics.scope import BY_PERSON, Scope
from regulars.vocabulary.calendar import Grain


class Source(Enum):
    """Kind of the table that sums are read from, the fastest first."""

    ROLLUP = "rollup"
    HISTOGRAM = "histograms of gaps"
    ROWS = "rows"


@dataclass(frozen=True)
class Step:
    """One query: terms of one fact, read from one table."""

    fact: Fact
    source: Source
    terms: tuple[SignedMeasure, ...]
    table: str
    rows: int | None
    """Number of rows of the table, or of the part that is read; None if unknown."""
    kept: RollupLevel | None = None
    why_not_smaller: str = ""
    everywhere: tuple[tuple[str, str], ...] = ()
    """Columns of splits and conditions with the same value in all rows, which the level need not be split by."""

    @property
    def about(self) -> str:
        """Description of the table's rows."""
        if self.kept is None:
            return (
                "one row for each day and silence" if self.source is Source.HISTOGRAM else f"each row of {self.table}"
            )
        apart = ["bucket of customers"] if self.kept.bucketed else []
        since = (
            f"{self.kept.grain} of the first order, age" if self.kept.family == cohort_sums.FAMILY else self.kept.grain
        )
        by = [since, *columns_of(self.kept.by), *apart]
        same = "".join(f"; {column} is {value} in every row" for column, value in self.everywhere)
        cached = "; from the cache" if self.kept.file else ""
        return f"{_held(self.kept.family)} by {', '.join(by)}{same}{cached}"


LevelName = tuple[str, str]
"""The family and the columns of levels."""


@dataclass(frozen=True)
class Choice:
    """The level to read for a measure, quantile or grid; None for rows, with the reason."""

    kept: RollupLevel | None
    reason: str = ""
    to_build: LevelName | None = None
    """Levels to build that would replace reading rows."""


_Key = tuple[Fact, Source, RollupLevel | None, str]


def plan(terms: Iterable[SignedMeasure], scope: Scope) -> list[Step]:
    """Return the query plan of the terms: one step for each fact and table. Reads no rows."""
    terms_by_key: dict[_Key, list[SignedMeasure]] = {}
    splits: dict[Fact, tuple[str, str]] = {}
    for term in terms:
        fact = term.measure.fact
        if fact not in splits:
            splits[fact] = rollup_split(fact, scope)
        choice = _choice(term.measure, scope, *splits[fact])
        key: _Key
        if choice.kept is not None:
            key = (fact, Source.ROLLUP, choice.kept, "")
        elif _histogram(fact, scope):
            key = (fact, Source.HISTOGRAM, None, choice.reason)
        else:
            key = (fact, Source.ROWS, None, choice.reason)
        terms_by_key.setdefault(key, []).append(term)
    return _united(terms_by_key, scope)


def to_build(terms: Iterable[SignedMeasure], scope: Scope) -> list[LevelName]:
    """Return the families and splits of levels to build for the terms."""
    levels = (_choice(term.measure, scope, *rollup_split(term.measure.fact, scope)).to_build for term in terms)
    return [*dict.fromkeys(filter(None, levels))]


def every_row(fact: Fact, scope: Scope, reason: str) -> Step:
    """Return a step that reads every row of a fact, or the histogram of gaps."""
    histogram = _histogram(fact, scope) if fact is GAP_DAYS else ""
    table, source = (histogram, Source.HISTOGRAM) if histogram else (fact.table, Source.ROWS)
    return Step(fact, source, (), table, _rows(table, scope), None, reason)


def _united(terms_by_key: dict[_Key, list[SignedMeasure]], scope: Scope) -> list[Step]:
    """The steps, each with all terms of one query and all reasons."""
    united: dict[tuple[Fact, Source, RollupLevel | None], tuple[list[SignedMeasure], list[str]]] = {}
    for (fact, source, kept, reason), terms in terms_by_key.items():
        united_terms, reasons = united.setdefault((fact, source, kept), ([], []))
        united_terms += terms
        reasons += [reason] if reason and reason not in reasons else []
    steps = []
    for (fact, source, kept), (terms, reasons) in united.items():
        table = kept.table if kept else _histogram(fact, scope) if source is Source.HISTOGRAM else fact.table
        rows = kept.rows if kept else _rows(table, scope)
        same = everywhere(fact, scope) if kept else ()
        steps.append(Step(fact, source, tuple(terms), table, rows, kept, "; ".join(reasons), same))
    return steps


def _rows(table: str, scope: Scope) -> int | None:
    for level in scope.facts.rollups:
        if level.table == table and level.family == GAPS:
            return level.rows
        if level.fact_rows and (level.family == table or (level.family == GAPS and table == "orders")):
            return level.fact_rows
    return None


def _held(family: str) -> str:
    """Name of the contents of a family's levels."""
    if family == value_distributions.FAMILY:
        return "counts of values"
    return "results" if period_results.is_family(family) else "sums"


def _histogram(fact: Fact, scope: Scope) -> str:
    return histogram_of(fact, scope.where_of(fact), _columns(fact, scope))


def _columns(fact: Fact, scope: Scope) -> tuple[str, ...]:
    return (*scope.by(fact).values(), *(("bucket",) if scope.apart(fact) else ()))


# Whether rollups answer ----------------------------------------------------------------------------------------------------


def _choice(measure: Measure, scope: Scope, by: str, unanswerable: str) -> Choice:
    """The smallest level with the measure's sums, or the reason why there is none."""
    if not scope.facts.rollups:
        return Choice(None, "nothing is kept summed up")
    if unanswerable:
        return Choice(None, unanswerable)
    if not measure.adds_up and _over_several_values(measure.fact, scope):
        return Choice(None, f"customers are kept by one value of {by} at a time, and may be the same")
    family = rollup_table_name(measure, scope.active_window)
    column = digest(measure, scope.active_window)
    holding: list[RollupLevel] = []
    fitting: list[RollupLevel] = []
    for known in _known_levels(family, by, scope):
        holding += [level for level in known if f"sum_{column}" in level.columns or f"money_{column}" in level.columns]
        fitting = [level for level in holding if _fits(level.grain, level.bucketed, measure, scope)]
        standing = [level for level in fitting if level.is_stored]
        if standing:
            return Choice(min(standing, key=lambda level: level.rows))
    if _may_be_built(measure, scope, by):
        return Choice(None, f"{by_words(by)}sums are built when they are first asked for", (family, by))
    if fitting:
        return Choice(None, not_small(fitting, by))
    if holding:
        return Choice(None, _no_period(measure, by))
    return Choice(None, nothing_of(measure, scope, by))


def _known_levels(family: str, by: str, scope: Scope) -> Iterator[Sequence[RollupLevel]]:
    """The levels that a load stored; then those that queries built, looked up only if needed."""
    yield scope.facts.levels.get((family, by), [])
    if scope.facts.built is not None:
        yield scope.facts.built.levels(family, by)


def _may_be_built(measure: Measure, scope: Scope, by: str) -> bool:
    """Whether levels that are not built yet could hold the measure's sums for these periods."""
    named = rollup_table_name(measure, scope.active_window)
    family = _families(scope).get(named)
    if not scope.facts.rollups or scope.facts.built is None:
        return False
    if family is None or not _would_hold(family, measure, scope, by):
        return False
    return scope.facts.built.may_build(named, by, rows_when_decided(family.table, scope))


def rows_when_decided(fact: str, scope: Scope) -> int:
    """Return the number of rows of a derived table when its levels were stored; 0 if unknown."""
    return max((level.fact_rows for level in scope.facts.rollups if level.fact == fact), default=0)


def _would_hold(family: RollupTable, measure: Measure, scope: Scope, by: str) -> bool:
    """Whether levels of a family that no load stores hold the measure, for this split and these periods."""
    named, window = digest(measure, scope.active_window), scope.facts.settings.active_window
    known = (
        additive_measures(family, window)
        if measure.adds_up
        else entity_measures(family)
        if len(columns_of(by)) < 2
        else ()
    )
    apart = measure.of_period or not measure.adds_up
    return (
        by in family.possible_splits
        and any(stored.digest == named for stored in known)
        and any(
            (level.bucketed or not apart) and _fits(level.grain, level.bucketed, measure, scope)
            for level in unstored(family, by, grains(scope.facts.calendar))
        )
    )


def _families(scope: Scope) -> dict[str, RollupTable]:
    return {table.name: table for table in all_rollup_tables(scope.facts.settings.active_window)}


def _fits(named: str, bucketed: bool, measure: Measure, scope: Scope) -> bool:
    """Whether a level of this grain can answer the measure in this scope."""
    if scope.apart(measure.fact) and not bucketed:
        return False
    grain = Grain(named)
    return grain is scope.grain if measure.of_period or not measure.adds_up else scope.aligned(grain)


# By what they must be split ------------------------------------------------------------------------------------------------


def rollup_split(fact: Fact, scope: Scope) -> tuple[str, str]:
    """Return the split that rollups need for the splits and conditions, or empty and the reason why there is none.

    Columns with the same value in all rows are left out.
    """
    if BY_PERSON in scope.splits:
        return "", "each customer is asked for"
    columns = set(scope.by(fact).values())
    for condition in scope.where_of(fact):
        column = filter_column(fact, condition)
        reason = _unanswerable(fact, condition, column)
        if reason:
            return "", reason
        columns.add(column)
    current = columns & {*CURRENT_CUSTOMER_ATTRIBUTES}
    if current:
        return "", f"{sorted(current)[0]} is what the customer's record says today, and changes without an order"
    joined = columns & {*OF_FIRST}
    if joined and fact in DECLARED and fact.table != "orders":
        return "", f"{sorted(joined)[0]} is of the customer's first order, which is joined to the rows"
    columns -= scope.constants(fact).keys()
    if len(columns) > 2:
        return "", f"sums are kept by two columns at most, not by {' and '.join(sorted(columns))}"
    return combined_split(columns), ""


def everywhere(fact: Fact, scope: Scope) -> tuple[tuple[str, str], ...]:
    """Return the columns of splits and conditions with the same value in all rows of the fact, and this value."""
    columns = {*scope.by(fact).values(), *(filter_column(fact, condition) for condition in scope.where_of(fact))}
    return tuple((column, value) for column, value in sorted(scope.constants(fact).items()) if column in columns)


def _unanswerable(fact: Fact, condition: Condition, column: str) -> str:
    """Why rollups cannot answer a condition; empty if they can."""
    if column not in fact.splits.values() or column in CURRENT_CUSTOMER_ATTRIBUTES:
        return f"{condition} names a column that sums are not kept by"
    of_customers = fact is CUSTOMER_ORDERS or fact in HISTOGRAMS
    if of_customers and not column.startswith("first_"):
        return f"{condition} leaves out orders, which changes what an order before means"
    if condition.operator not in ("=", "!="):
        return f"{condition} compares, which only rows answer"
    return ""


def _over_several_values(fact: Fact, scope: Scope) -> bool:
    """Whether a condition selects several values of a column, so that groups combine rows of several."""
    of_one = {*scope.by(fact).values(), *scope.constants(fact)}
    conditions = (condition for condition in scope.where_of(fact) if filter_column(fact, condition) not in of_one)
    return not all(condition.operator == "=" and len(set(condition.values)) == 1 for condition in conditions)


# Why none does ---------------------------------------------------------------------------------------------------------------


def not_small(levels: list[RollupLevel], by: str) -> str:
    """Return the reason why none of these levels is stored."""
    if not STORAGE_RULE.most(levels[0].fact_rows, by):
        return f"{by_words(by)}the {levels[0].fact_rows:,} rows of the fact are so few that they are read themselves"
    size = min(level.rows for level in levels)
    rows = f"up to {size:,} rows" if len(columns_of(by)) > 1 else f"{size:,} rows or more"
    return f"{by_words(by)}rollups would have {rows}: not small against the {levels[0].fact_rows:,} of the fact"


def by_words(by: str) -> str:
    """Return a split in words; empty if there is none."""
    return f"by {' and '.join(columns_of(by))} " if by != UNSPLIT else ""


def nothing_of(measure: Measure, scope: Scope, by: str) -> str:
    """Return the reason why no level has the sums of a measure."""
    if set(measure.fact.tables) & {*KINDS_OF_FORECAST}:
        return "what a forecast says is kept for each customer, not summed up"
    if not any(level.family.startswith("gone_") for level in scope.facts.rollups):
        return "nothing is loaded that sums could be kept of"
    kept = windows(scope.facts.settings.active_window)
    if measure.of_window and scope.active_window not in kept:
        days = " and ".join(map(str, kept))
        return f"sums are kept for active windows of {days} days, not of {scope.active_window}"
    if measure.of_window and by != UNSPLIT:
        return f"{by_words(by).rstrip()}, sums are kept for the shop's own active window only"
    family = _families(scope).get(rollup_table_name(measure, scope.active_window))
    if (
        family is not None
        and by in family.possible_splits
        and (scope.facts.built is None or by not in family.stored_splits)
    ):
        return _no_level(scope, family, by)
    return "its definition is not among what is kept"


def _no_level(scope: Scope, family: RollupTable, by: str) -> str:
    """The reason why there is no level of a split that no load stores."""
    rows = rows_when_decided(family.table, scope)
    if not STORAGE_RULE.most(rows, by):
        return f"{by_words(by)}the {rows:,} rows of the fact are so few that they are read themselves"
    return f"{by_words(by)}no load stores sums, and of these periods none can be kept"


def _no_period(measure: Measure, by: str) -> str:
    if not measure.adds_up:
        return f"distinct customers do not add up over days, and are kept {by_words(by)}for {_grains_kept(by)} only"
    if measure.of_period:
        return f"it depends on where the period starts, and is kept {by_words(by)}for {_grains_kept(by)} only"
    return "the periods do not start and end where those start that are kept"


def _grains_kept(by: str) -> str:
    return "days, weeks, months, quarters and years" if by == UNSPLIT else "months, quarters and years"
