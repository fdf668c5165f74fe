"""From what a sum is answered: rollups that are kept, the histograms of gaps, or the rows themselves; and why nothing smaller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from regulars.metrics.measures import AS_NOW, BY_DAY, HISTOGRAMS, HISTORIES, KINDS_OF_FORECAST, Fact, Measure, Term
from regulars.metrics.question import Condition
from regulars.metrics.relations import filter_column, histogram_of
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.kinds import cohort_sums, period_results, value_distributions
from regulars.metrics.rollups.kinds.sum_statements import unstored
from regulars.metrics.rollups.registry import GAPS
from regulars.metrics.rollups.rollup import RULE
from regulars.metrics.rollups.rollup_tables import (
    STORED_OF_VALUES,
    WHOLE,
    Family,
    by_both,
    columns_of,
    digest,
    families,
    family_name,
    grains,
    of_entities,
    summed,
    windows,
)
from regulars.metrics.scope import BY_PERSON, Scope
from regulars.metrics.shapes import Grid, LargestShare, Quantile
from regulars.vocabulary.calendar import Grain, Period, epoch_day, from_epoch_day


class Source(Enum):
    """Where a sum comes from, the quickest first."""

    ROLLUP = "rollup"
    HISTOGRAM = "histograms of gaps"
    ROWS = "rows"


@dataclass(frozen=True)
class Step:
    """One query: some terms of one fact, answered from one table."""

    fact: Fact
    source: Source
    terms: tuple[Term, ...]
    table: str
    rows: int | None
    """How many rows the table (or its part that is read) has; None where that is not known."""
    kept: RollupLevel | None = None
    why_not_smaller: str = ""
    everywhere: tuple[tuple[str, str], ...] = ()
    """The columns asked by that have one value in all rows, with it: the level need not be split by them."""

    @property
    def about(self) -> str:
        """What the table's rows are."""
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
        return f"{_HELD.get(self.kept.family, 'sums')} by {', '.join(by)}{same}{cached}"


_HELD = {period_results.FAMILY: "results", value_distributions.FAMILY: "counts of values"}
"""What the levels of a family hold, where it is no sums."""
_Key = tuple[Fact, Source, RollupLevel | None, str]


def plan(terms: Iterable[Term], scope: Scope) -> list[Step]:
    """How the terms are answered: one step for each fact and table. Pure: it reads what is kept, and no row."""
    found: dict[_Key, list[Term]] = {}
    splits: dict[Fact, tuple[str, str]] = {}
    for term in terms:
        fact = term.measure.fact
        if fact not in splits:
            splits[fact] = _split(fact, scope)
        kept, reason = _rollup(term.measure, scope, *splits[fact])
        key: _Key
        if kept is not None:
            key = (fact, Source.ROLLUP, kept, "")
        elif _histogram(fact, scope):
            key = (fact, Source.HISTOGRAM, None, reason)
        else:
            key = (fact, Source.ROWS, None, reason)
        found.setdefault(key, []).append(term)
    return _united(found, scope)


def to_build(terms: Iterable[Term], scope: Scope) -> list[tuple[str, str]]:
    """The families and splits whose levels would answer some of the terms, once they are built."""
    found: dict[tuple[str, str], None] = {}
    for measure in (term.measure for term in terms):
        by, unanswerable = _split(measure.fact, scope)
        kept, _ = _rollup(measure, scope, by, unanswerable)
        if kept is None and not unanswerable and _may_be_built(measure, scope, by):
            found[family_name(measure, scope.active_window), by] = None
    return list(found)


def every_row(fact: Fact, scope: Scope, reason: str) -> Step:
    """The step of a question that no sum answers."""
    histogram = _histogram(fact, scope) if fact is BY_DAY else ""
    table, source = (histogram, Source.HISTOGRAM) if histogram else (fact.table, Source.ROWS)
    return Step(fact, source, (), table, _rows(table, scope), None, reason)


def plan_values(metric: Quantile | LargestShare, scope: Scope) -> Step:
    """How a quantile or largest share is answered: from stored results where every period has one, else from every value."""
    kept, reason = _results(metric, scope)
    if kept is None:
        return every_row(metric.fact, scope, f"it needs every value: {reason}")
    return Step(metric.fact, Source.ROLLUP, (), kept.table, kept.rows, kept, everywhere=_everywhere(metric.fact, scope))


def plan_grid(metric: Grid, scope: Scope) -> Step:
    """How a cohort grid is answered: from the sums of its cohorts, where these are kept, else from every order."""
    kept, reason = _cohorts(metric, scope)
    if kept is None:
        return every_row(HISTORIES, scope, f"a cohort grid follows every customer: {reason}")
    return Step(HISTORIES, Source.ROLLUP, (), kept.table, kept.rows, kept, everywhere=_everywhere(HISTORIES, scope))


def _cohorts(metric: Grid, scope: Scope) -> tuple[RollupLevel | None, str]:
    by, unanswerable = _split(HISTORIES, scope)
    if not scope.facts.rollups:
        return None, "nothing is kept summed up"
    if unanswerable:
        return None, unanswerable
    grain, named = cohort_sums.GRAINS[metric.age], cohort_sums.column(metric.cell)
    known = [
        one for one in scope.facts.levels.get((cohort_sums.FAMILY, by), [])
        if one.grain == grain.value and {f"sum_{named}", f"money_{named}"} & one.columns
    ]  # fmt: skip
    if not known:
        return None, _no_cohorts(metric.cell, scope, by)
    (one,) = known
    if grain is not Grain.DAY and not all(_of_whole_months(period, scope) for period in scope.periods):
        return None, "the periods do not start and end with months"
    return (one, "") if one.is_stored else (None, _not_small([one], by))


def _no_cohorts(measure: Measure, scope: Scope, by: str) -> str:
    if by not in STORED_OF_VALUES:
        return f"cohorts are stored whole and by {' and '.join(filter(None, STORED_OF_VALUES))} only"
    return _nothing_of(measure, scope, by)


def _of_whole_months(period: Period, scope: Scope) -> bool:
    """Whether no month that has orders lies in the period in part only."""
    first, last = (epoch_day(day) for day in scope.facts.coverage["orders"])
    cuts = [day for day in (period.first, period.beyond) if first < day <= last]
    return all(from_epoch_day(day).day == 1 for day in cuts)


def _results(metric: Quantile | LargestShare, scope: Scope) -> tuple[RollupLevel | None, str]:
    by, unanswerable = _split(metric.fact, scope)
    if not scope.facts.rollups:
        return None, "nothing is kept summed up"
    if unanswerable or scope.where:
        return None, unanswerable or "results are not kept under a condition"
    if by not in STORED_OF_VALUES:
        return None, f"results are stored whole and by {' and '.join(filter(None, STORED_OF_VALUES))} only"
    known = [
        one
        for family, named in (
            (value_distributions.FAMILY, value_distributions.column(metric)),
            (period_results.FAMILY, period_results.column(metric)),
        )
        for one in scope.facts.levels.get((family, by), [])
        if named in one.columns
    ]
    if not known:
        return None, _nothing_of(metric.above.terms[0].measure, scope, by)
    fitting = [one for one in known if scope.grain is not None and one.grain == scope.grain.value]
    if not fitting:
        return None, f"results {_by(by)}are kept for {_grains_kept(by)} only"
    one = next((one for one in fitting if one.is_stored), fitting[-1])
    if not one.is_stored:
        return None, _not_small([one], by)
    gone = [period.label for period in scope.periods if period.first in one.missing]
    if gone:
        return None, f"a load changed too many orders of {gone[0]}{' and others' * (len(gone) > 1)} to keep its result"
    return one, ""


def _united(found: dict[_Key, list[Term]], scope: Scope) -> list[Step]:
    """One step for what one query answers, with all reasons."""
    united: dict[tuple[Fact, Source, RollupLevel | None], tuple[list[Term], list[str]]] = {}
    for (fact, source, kept, reason), terms in found.items():
        mine, reasons = united.setdefault((fact, source, kept), ([], []))
        mine += terms
        reasons += [reason] if reason and reason not in reasons else []
    steps = []
    for (fact, source, kept), (terms, reasons) in united.items():
        table = kept.table if kept else _histogram(fact, scope) if source is Source.HISTOGRAM else fact.table
        rows = kept.rows if kept else _rows(table, scope)
        same = _everywhere(fact, scope) if kept else ()
        steps.append(Step(fact, source, tuple(terms), table, rows, kept, "; ".join(reasons), same))
    return steps


def _rows(table: str, scope: Scope) -> int | None:
    for one in scope.facts.rollups:
        if one.table == table and one.family == GAPS:
            return one.rows
        if one.fact_rows and (one.family == table or (one.family == GAPS and table == "orders")):
            return one.fact_rows
    return None


def _histogram(fact: Fact, scope: Scope) -> str:
    return histogram_of(fact, scope.where_of(fact), _columns(fact, scope))


def _columns(fact: Fact, scope: Scope) -> tuple[str, ...]:
    return (*scope.by(fact).values(), *(("bucket",) if scope.apart(fact) else ()))


# Whether rollups answer ----------------------------------------------------------------------------------------------------


def _rollup(measure: Measure, scope: Scope, by: str, unanswerable: str) -> tuple[RollupLevel | None, str]:
    """The smallest level of rollups that holds the measure's sums, or why none does."""
    if not scope.facts.rollups:
        return None, "nothing is kept summed up"
    if unanswerable:
        return None, unanswerable
    if not measure.adds_up and _over_several_values(measure.fact, scope):
        return None, f"customers are kept by one value of {by} at a time, and may be the same"
    family = family_name(measure, scope.active_window)
    column = digest(measure, scope.active_window)
    holding: list[RollupLevel] = []
    fitting: list[RollupLevel] = []
    for known in _known_levels(family, by, scope):
        holding += [one for one in known if f"sum_{column}" in one.columns or f"money_{column}" in one.columns]
        fitting = [one for one in holding if _fits(one.grain, one.bucketed, measure, scope)]
        standing = [one for one in fitting if one.is_stored]
        if standing:
            return min(standing, key=lambda one: one.rows), ""
    if _may_be_built(measure, scope, by):
        return None, f"{_by(by)}sums are built when they are first asked for"
    if fitting:
        return None, _not_small(fitting, by)
    if holding:
        return None, _no_period(measure, by)
    return None, _nothing_of(measure, scope, by)


def _known_levels(family: str, by: str, scope: Scope) -> Iterator[Sequence[RollupLevel]]:
    """Those that a load stored; then, looked up only where these do not answer, those that questions built."""
    yield scope.facts.levels.get((family, by), [])
    if scope.facts.built is not None:
        yield scope.facts.built.levels(family, by)


def _may_be_built(measure: Measure, scope: Scope, by: str) -> bool:
    """Whether levels that are not built yet would hold the measure's sums for these periods."""
    named = family_name(measure, scope.active_window)
    family = _families(scope).get(named)
    if not scope.facts.rollups or scope.facts.built is None:
        return False
    if family is None or not _would_hold(family, measure, scope, by):
        return False
    rows = max((one.fact_rows for one in scope.facts.rollups if one.fact == family.table), default=0)
    return scope.facts.built.may_build(named, by, rows)


def _would_hold(family: Family, measure: Measure, scope: Scope, by: str) -> bool:
    """Whether a family sums the measure up, by these columns and for these periods, without that a load stores it."""
    named, window = digest(measure, scope.active_window), scope.facts.settings.active_window
    known = summed(family, window) if measure.adds_up else of_entities(family) if len(columns_of(by)) < 2 else ()
    apart = measure.of_period or not measure.adds_up
    return (
        by in family.ways
        and any(one.digest == named for one in known)
        and any(
            (level.bucketed or not apart) and _fits(level.grain, level.bucketed, measure, scope)
            for level in unstored(family, by, grains(scope.facts.calendar))
        )
    )


def _families(scope: Scope) -> dict[str, Family]:
    return {one.name: one for one in families(scope.facts.settings.active_window)}


def _not_small(levels: list[RollupLevel], by: str) -> str:
    if not RULE.most(levels[0].fact_rows, by):
        return f"{_by(by)}the {levels[0].fact_rows:,} rows of the fact are so few that they are read themselves"
    size = min(one.rows for one in levels)
    rows = f"up to {size:,} rows" if len(columns_of(by)) > 1 else f"{size:,} rows or more"
    return f"{_by(by)}rollups would have {rows}: not small against the {levels[0].fact_rows:,} of the fact"


def _by(by: str) -> str:
    return f"by {' and '.join(columns_of(by))} " if by != WHOLE else ""


def _nothing_of(measure: Measure, scope: Scope, by: str) -> str:
    if set(measure.fact.tables) & {*KINDS_OF_FORECAST}:
        return "what a forecast says is kept for each customer, not summed up"
    if not any(one.family.startswith("gone_") for one in scope.facts.rollups):
        return "nothing is loaded that sums could be kept of"
    kept = windows(scope.facts.settings.active_window)
    if measure.of_window and scope.active_window not in kept:
        said = " and ".join(map(str, kept))
        return f"sums are kept for active windows of {said} days, not of {scope.active_window}"
    if measure.of_window and by != WHOLE:
        return f"{_by(by).rstrip()}, sums are kept for the shop's own active window only"
    family = _families(scope).get(family_name(measure, scope.active_window))
    if family is not None and by in family.ways and (scope.facts.built is None or by not in family.stored_ways):
        return _no_level(scope, family, by)
    return "its definition is not among what is kept"


def _no_level(scope: Scope, family: Family, by: str) -> str:
    """Why there is none of a way to split that a load stores nothing of."""
    rows = max((one.fact_rows for one in scope.facts.rollups if one.fact == family.table), default=0)
    if not RULE.most(rows, by):
        return f"{_by(by)}the {rows:,} rows of the fact are so few that they are read themselves"
    return f"{_by(by)}no load stores sums, and of these periods none can be kept"


def _no_period(measure: Measure, by: str) -> str:
    if not measure.adds_up:
        return f"distinct customers do not add up over days, and are kept {_by(by)}for {_grains_kept(by)} only"
    if measure.of_period:
        return f"it depends on where the period starts, and is kept {_by(by)}for {_grains_kept(by)} only"
    return "the periods do not start and end where those start that are kept"


def _grains_kept(by: str) -> str:
    return "days, weeks, months, quarters and years" if by == WHOLE else "months, quarters and years"


def _split(fact: Fact, scope: Scope) -> tuple[str, str]:
    """The column that rollups must be split by, for the splits and conditions; or why there are none. None need be split by a
    column that has one value in all rows.
    """
    if BY_PERSON in scope.splits:
        return "", "each customer is asked for"
    columns = set(scope.by(fact).values())
    for one in scope.where_of(fact):
        column = filter_column(fact, one)
        reason = _unanswerable(fact, one, column)
        if reason:
            return "", reason
        columns.add(column)
    told = columns & {*AS_NOW}
    if told:
        return "", f"{sorted(told)[0]} is what the customer's record says today, and changes without an order"
    columns -= scope.constants(fact).keys()
    if len(columns) > 2:
        return "", f"sums are kept by two columns at most, not by {' and '.join(sorted(columns))}"
    return by_both(columns), ""


def _everywhere(fact: Fact, scope: Scope) -> tuple[tuple[str, str], ...]:
    """The columns asked by that have one value in all rows of the fact, with it."""
    asked = {*scope.by(fact).values(), *(filter_column(fact, one) for one in scope.where_of(fact))}
    return tuple((column, value) for column, value in sorted(scope.constants(fact).items()) if column in asked)


def _unanswerable(fact: Fact, one: Condition, column: str) -> str:
    """Why a condition cannot be put to rollups; empty where it can."""
    if column not in fact.splits.values() or column in AS_NOW:
        return f"{one} names a column that sums are not kept by"
    of_customers = fact is HISTORIES or fact in HISTOGRAMS
    if of_customers and not column.startswith("first_"):
        return f"{one} leaves out orders, which changes what an order before means"
    if one.operator not in ("=", "!="):
        return f"{one} compares, which only rows answer"
    return ""


def _over_several_values(fact: Fact, scope: Scope) -> bool:
    """Whether a group has rows of several values of a column that a condition chooses by."""
    of_one = {*scope.by(fact).values(), *scope.constants(fact)}
    asked = (one for one in scope.where_of(fact) if filter_column(fact, one) not in of_one)
    return not all(one.operator == "=" and len(set(one.values)) == 1 for one in asked)


def _fits(named: str, bucketed: bool, measure: Measure, scope: Scope) -> bool:
    """Whether a level of this grain can make up what is asked for."""
    if scope.apart(measure.fact) and not bucketed:
        return False
    grain = Grain(named)
    return grain is scope.grain if measure.of_period or not measure.adds_up else scope.aligned(grain)
