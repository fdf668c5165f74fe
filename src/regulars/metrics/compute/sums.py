"""Compute sums of measures by period, split and bucket, with one query for each fact and table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.from_rollups import parts_from_rollups
from regulars.metrics.compute.from_rows import parts_from_rows, replace_long
from regulars.metrics.compute.parts import Groups, Part
from regulars.metrics.compute.plan import Source, Step, plan, to_build
from regulars.metrics.inference.intervals import Array
from regulars.metrics.measures import SignedMeasure, Sum, Timing
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
