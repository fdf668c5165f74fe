"""Verdicts: each metric's evidence, seen in the family of all metrics that the shop can compute."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regulars.metrics.inference.intervals import Array
from regulars.metrics.query_result import VERDICTS, Changes, Verdict
from regulars.metrics.shapes import Metric
from regulars.metrics.verdicts.evidence import Evidence, Flags
from regulars.metrics.verdicts.multiple_tests import simes, stands

_NOISE, _FEW, _REAL, _CHANCE = (
    VERDICTS.index(one) for one in (Verdict.NOISE, Verdict.TOO_FEW, Verdict.REAL, Verdict.MORE_THAN_CHANCE)
)
LUCKY = "among many changes one such is chance"
"""Of a change that leaves chance behind by itself, but not among all that were looked at."""


def verdicts(found: Mapping[Metric, Evidence], split: bool) -> dict[Metric, Changes]:
    """The changes with their verdicts.

    A change is real where its group stands in the family and the interval of the change itself leaves "nothing changed" out.
    The family are the groups of metrics for a pair of periods; in a split, the split values of one group.
    """
    by_group: dict[str, list[Metric]] = {}
    for metric in found:
        by_group.setdefault(metric.group, []).append(metric)
    p = {group: simes(np.stack([_judged_p(found[one]) for one in members], -1)) for group, members in by_group.items()}
    standing = _standing(p, split)
    return {metric: _changes(one, standing[metric.group]) for metric, one in found.items()}


def _judged_p(one: Evidence) -> Array:
    return np.where(one.few, np.nan, one.p)


def _standing(p: Mapping[str, Array], split: bool) -> dict[str, Flags]:
    if split:
        return {group: stands(values) for group, values in p.items()}
    together = stands(np.stack(list(p.values()), axis=-1)) if p else np.zeros(0, dtype=bool)
    return {group: together[..., number] for number, group in enumerate(p)}


def _with(note: str, more: str) -> str:
    return f"{note}; {more}" if note else more


def _changes(one: Evidence, standing: Flags) -> Changes:
    judged = ~np.isnan(one.p)
    verdict = np.where(one.judgeable & one.few, _FEW, np.where(judged, _NOISE, 0)).astype(np.int8)
    apart = (verdict == _NOISE) & standing & one.away
    verdict[apart] = _REAL
    verdict[apart & one.chance_only] = _CHANCE
    alone = (verdict == _NOISE) & one.away
    notes = np.where(alone, [[_with(note, LUCKY) for note in row] for row in one.notes], one.notes)
    notes = np.where(one.judgeable & ~one.few, notes, "")
    return Changes(one.before, one.difference, one.low, one.high, verdict, one.direction, notes)
