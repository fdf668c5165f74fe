"""Compute sums from rollups: SQL reads a few rows, which are then accumulated over periods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.parts import Labels, Part, distinct, grouped
from regulars.metrics.compute.plan import Step
from regulars.metrics.inference.intervals import Array
from regulars.metrics.measures import SignedMeasure, Timing
from regulars.metrics.query import Condition
from regulars.metrics.relations import filter_column
from regulars.metrics.rollup_level import RollupLevel
from regulars.metrics.rollups.dictionary import encode
from regulars.metrics.rollups.rollup_tables import digest
from regulars.metrics.scope import Scope


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
