"""Compute sums of measures by period, split and bucket, with one query for each fact and table.

Sums come from rows (`from_rows.py`), or from rollups: SQL reads a few rows, which are then accumulated over periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.from_rows import parts_from_rows, replace_long
from regulars.metrics.compute.parts import Groups, Labels, Part, distinct, grouped
from regulars.metrics.compute.plan import Source, Step, plan, to_build
from regulars.metrics.inference.intervals import Array
from regulars.metrics.measures import SignedMeasure, Sum, Timing
from regulars.metrics.query import Condition
from regulars.metrics.relations import filter_column
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.registry import encode
from regulars.metrics.rollups.rollup_tables import digest
from regulars.metrics.scope import Scope

_Key = tuple[str, str, Timing]


@dataclass
class Sums:
    """Sums of measures: arrays of shape (periods, groups, buckets). `groups` are values of the splits, in order."""

    scope: Scope
    groups: Groups = field(default_factory=list)
    _parts: dict[_Key, Part] = field(default_factory=dict)
    _places: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    _amounts: dict[Sum, Array] = field(default_factory=dict)

    def of(self, amount: Sum) -> Array:
        """Return the values of an amount; NaN if a measure with `complete` has null values."""
        if amount not in self._amounts:
            total = np.zeros((len(self.scope.periods), len(self.groups), self.scope.buckets))
            for term in amount.terms:
                total = total + term.sign * self._spread(self._parts[_key(term)])
            self._amounts[amount] = total
        return self._amounts[amount]

    def is_money(self, amount: Sum) -> bool:
        """Return whether an amount is in ten-thousandths of the currency."""
        return any(self._parts[_key(term)].money for term in amount.terms)

    def _spread(self, part: Part) -> Array:
        """The part's sums for all groups; the sums of a fact without a split are repeated for each value of it.

        Sums without buckets are divided evenly among the buckets.
        """
        values = part.values
        if values.shape[2] < self.scope.buckets:
            values = np.repeat(values / self.scope.buckets, self.scope.buckets, axis=2)
        if part.groups == self.groups:
            return values
        padded = np.concatenate([values, np.zeros((values.shape[0], 1, values.shape[2]))], axis=1)
        return padded[:, self._rows(part), :]

    def _rows(self, part: Part) -> npt.NDArray[np.int64]:
        """The index of each group among those of the part, −1 for none; parts of one query have the same groups."""
        known = self._places.get(id(part.groups))
        if known is None:
            places = [self.scope.splits.index(split) for split in part.splits]
            index = {group: number for number, group in enumerate(part.groups)}
            row_numbers = [index.get(tuple(group[place] for place in places), -1) for group in self.groups]
            known = self._places[id(part.groups)] = np.array(row_numbers, dtype=np.int64)
        return known


def sums(amounts: Iterable[Sum], scope: Scope) -> Sums:
    """Return the sums of all measures of the amounts. Groups are those of the facts that know all splits."""
    result = Sums(scope)
    parts: dict[SignedMeasure, Part] = {}
    for step in _built(distinct_terms(amounts), scope):
        if step.source is Source.ROLLUP:
            parts.update(_from_rollups(step, scope))
        elif scope.facts.has_rows(step.table):
            parts.update(parts_from_rows(step.fact, step.terms, scope))
        else:
            parts.update((term, _of_no_rows(step, scope)) for term in step.terms)
    replace_long(parts, scope)
    result._parts.update({_key(term): part for term, part in parts.items()})
    result.groups = _groups(result, scope)
    return result


def _built(terms: list[SignedMeasure], scope: Scope) -> list[Step]:
    """The query plan of the terms, after building the levels that they need."""
    steps = plan(terms, scope)
    built = scope.facts.built
    if built is not None:
        levels = to_build((term for step in steps if step.kept is None for term in step.terms), scope)
        kept = [built.build(family, by) for family, by in levels]
        if any(kept):
            return plan(terms, scope)
    return steps


def _from_rollups(step: Step, scope: Scope) -> list[tuple[SignedMeasure, Part]]:
    """The sums of a step; from rows if its file in the cache was deleted or damaged meanwhile."""
    try:
        return list(parts_from_rollups(step, scope))
    except duckdb.Error:
        if step.kept is None or not step.kept.file or scope.facts.built is None:
            raise
        scope.facts.built.forget(step.kept.family, step.kept.by)
        return list(parts_from_rows(step.fact, step.terms, scope))


def _of_no_rows(step: Step, scope: Scope) -> Part:
    """The sums of a step whose table has no rows."""
    splits = tuple(scope.by(step.fact))
    groups: Groups = [] if splits else [()]
    buckets = scope.buckets if scope.apart(step.fact) else 1
    return Part(splits, groups, np.zeros((len(scope.periods), len(groups), buckets)), money=False)


def distinct_terms(amounts: Iterable[Sum]) -> list[SignedMeasure]:
    """Return the terms of all amounts, without duplicates."""
    return list({_key(term): term for amount in amounts for term in amount.terms}.values())


def _key(term: SignedMeasure) -> _Key:
    return term.measure.definition, term.measure.by_sets, term.timing


def _groups(result: Sums, scope: Scope) -> Groups:
    if not scope.splits:
        return [()]
    full = {id(part.groups): part.groups for part in result._parts.values() if part.splits == scope.splits}
    return sorted({group for groups in full.values() for group in groups})


# From rollups --------------------------------------------------------------------------------------------------------


def parts_from_rollups(step: Step, scope: Scope) -> Iterator[tuple[SignedMeasure, Part]]:
    """Yield the sums of a step that reads rollups, by term."""
    assert step.kept is not None
    kept = step.kept
    names = [_column(kept, term, scope) for term in step.terms]
    unknown = {
        term: f"unknown_{name.split('_')[1]}"
        for term, name in zip(step.terms, names, strict=True)
        if term.measure.complete
    }
    splits = tuple(scope.by(step.fact))
    apart = scope.apart(step.fact)
    shown = [scope.split_values(step.fact, kept, column) for column in scope.by(step.fact).values()]
    words = [(column, _words(kept, column, scope)) for column in shown]
    columns = scope.facts.engine.columns(_sql(step, scope, words, sorted({*names, *unknown.values()})))
    periods, period = distinct(columns["period"])
    labels = [Labels(known, columns[f"split_{place}"]) for place, (_, known) in enumerate(words)]
    groups, group = grouped(labels, len(period))
    buckets = scope.buckets if apart else 1
    bucket = columns["bucket"] if apart else np.zeros(len(period), dtype=np.int64)
    shape = (len(periods), len(groups), buckets)
    cell = (period * len(groups) + group) * buckets + bucket
    laid_out = {name: _laid_out(columns[name], cell, shape) for name in {*names, *unknown.values(), "rows"}}
    for inside in (True, False):
        branch_terms = [(term, name) for term, name in zip(step.terms, names, strict=True)
                if (term.timing is Timing.WITHIN) is inside]  # fmt: skip
        if not branch_terms:
            continue
        there = _groups_there(_counted(laid_out["rows"], periods, scope, inside))
        chosen = [key for key, is_there in zip(groups, there, strict=True) if is_there]
        for term, name in branch_terms:
            values = _by_period(laid_out[name], periods, scope, term.timing)
            if term in unknown:
                values = np.where(_by_period(laid_out[unknown[term]], periods, scope, term.timing) > 0, np.nan, values)
            yield term, Part(splits, chosen, values[:, there, :], name.startswith("money_"))


def _column(kept: RollupLevel, term: SignedMeasure, scope: Scope) -> str:
    named = digest(term.measure, scope.active_window)
    return f"sum_{named}" if f"sum_{named}" in kept.columns else f"money_{named}"


def _words(kept: RollupLevel, split: str, scope: Scope) -> list[str]:
    """The distinct values of a split in a level; at least one."""
    values = scope.facts.engine.columns(
        f"SELECT DISTINCT {split} AS word FROM {kept.relation} WHERE level = {kept.level}"
    )
    return values["word"].tolist() or [""]


def _sql(step: Step, scope: Scope, words: Sequence[tuple[str, list[str]]], names: list[str]) -> str:
    """The query of a step. `words`: SQL and distinct values of each split; the query returns indices of these values."""
    kept = step.kept
    assert kept is not None
    splits = [f"{encode(value, known)} AS split_{place}" for place, (value, known) in enumerate(words)]
    selected = ["period", *splits, *(("bucket",) if scope.apart(step.fact) else ())]
    chosen = [f"level = {kept.level}", f"period < {scope.boundaries[-1]}"]
    if all(term.timing is Timing.WITHIN for term in step.terms):
        chosen.append(f"period >= {scope.boundaries[0]}")
    conditions = ((filter_column(step.fact, condition), condition) for condition in scope.where_of(step.fact))
    chosen += [predicate(scope.split_values(step.fact, kept, column), condition) for column, condition in conditions]
    read = f"FROM {kept.relation} WHERE {' AND '.join(chosen)}"
    sums = ["rows", *names]
    if kept.bucketed == scope.apart(step.fact):
        # Differences of later loads stand beside what they correct; they are added up below.
        return f"SELECT {', '.join([*selected, *sums])} {read}"
    totals = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in sums)
    return f"SELECT {', '.join(selected)}, {totals} {read} GROUP BY ALL"


def predicate(column: str, condition: Condition) -> str:
    """Return the SQL of a condition on a column that rollups are split by."""
    values = ", ".join("'" + value.replace("'", "''") + "'" for value in condition.values)
    return f"{column} {'IN' if condition.operator == '=' else 'NOT IN'} ({values})"


def _laid_out(values: npt.NDArray[np.int64], cell: npt.NDArray[np.int64], shape: tuple[int, int, int]) -> Array:
    """Cumulative sums before each period that has rows, and after the last: one row more than periods."""
    length = shape[0] * shape[1] * shape[2]
    # Whole numbers below 2⁵³ add up exactly as floats.
    added = np.bincount(cell, weights=values, minlength=length).reshape(shape)
    return np.concatenate([np.zeros((1, *shape[1:])), np.cumsum(added, axis=0)])


def _before(running: Array, periods: npt.NDArray[np.int64], days: npt.NDArray[np.int64]) -> Array:
    """The sums over all periods that start before each day."""
    before: Array = running[np.searchsorted(periods, days, side="left")]
    return before


def _by_period(running: Array, periods: npt.NDArray[np.int64], scope: Scope, timing: Timing) -> Array:
    if timing is Timing.BEFORE_START:
        return _before(running, periods, scope.first)
    until = _before(running, periods, scope.beyond)
    return until if timing is Timing.BEFORE_END else until - _before(running, periods, scope.first)


def _counted(rows: Array, periods: npt.NDArray[np.int64], scope: Scope, inside: bool) -> Array:
    if inside:
        return _by_period(rows, periods, scope, Timing.WITHIN)
    return _before(rows, periods, np.array([scope.boundaries[-1]]))


def _groups_there(rows: Array) -> npt.NDArray[np.bool_]:
    """Whether each group has any counted row."""
    return np.asarray((rows > 0).any(axis=(0, 2)))
