"""Verdicts from the evidence of each metric, corrected for the number of metrics tested."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.intervals import Array
from regulars.metrics.query_result import VERDICTS, Changes, Verdict
from regulars.metrics.shapes import Metric
from regulars.metrics.verdicts.evidence import Evidence, Flags

_NOISE, _FEW, _REAL, _CHANCE = (
    VERDICTS.index(verdict) for verdict in (Verdict.NOISE, Verdict.TOO_FEW, Verdict.REAL, Verdict.MORE_THAN_CHANCE)
)
LUCKY = "among many changes one such is chance"
"""Note on a change that is significant by itself, but not after the correction for multiple tests."""


def verdicts(evidence: Mapping[Metric, Evidence], split: bool) -> dict[Metric, Changes]:
    """Return the changes with their verdicts.

    A change is real where its group passes in the family and the interval of the change itself excludes "nothing changed". The
    family consists of the groups of metrics for a pair of periods; in a split, of the split values of one group.

    Args:
        evidence: The evidence of each metric.
        split: Whether the values are split.
    """
    by_group: dict[str, list[Metric]] = {}
    for metric in evidence:
        by_group.setdefault(metric.group, []).append(metric)
    p = {
        group: simes(np.stack([_tested_p(evidence[metric]) for metric in members], -1))
        for group, members in by_group.items()
    }
    standing = _standing(p, split)
    return {metric: _changes(metric_evidence, standing[metric.group]) for metric, metric_evidence in evidence.items()}


def _tested_p(evidence: Evidence) -> Array:
    return np.where(evidence.few, np.nan, evidence.p)


def _standing(p: Mapping[str, Array], split: bool) -> dict[str, Flags]:
    if split:
        return {group: stands(values) for group, values in p.items()}
    together = stands(np.stack(list(p.values()), axis=-1)) if p else np.zeros(0, dtype=bool)
    return {group: together[..., number] for number, group in enumerate(p)}


def _with(note: str, more: str) -> str:
    return f"{note}; {more}" if note else more


def _changes(evidence: Evidence, standing: Flags) -> Changes:
    tested = ~np.isnan(evidence.p)
    verdict = np.where(evidence.judgeable & evidence.few, _FEW, np.where(tested, _NOISE, 0)).astype(np.int8)
    apart = (verdict == _NOISE) & standing & evidence.away
    verdict[apart] = _REAL
    verdict[apart & evidence.chance_only] = _CHANCE
    alone = (verdict == _NOISE) & evidence.away
    notes = np.where(alone, [[_with(note, LUCKY) for note in row] for row in evidence.notes], evidence.notes)
    notes = np.where(evidence.judgeable & ~evidence.few, notes, "")
    return Changes(
        evidence.before, evidence.difference, evidence.low, evidence.high, verdict, evidence.direction, notes
    )


RATE = 0.1
"""The false discovery rate over the groups of one comparison."""


def simes(p: Array) -> Array:
    """Return the p value of "nothing in the group changed" (Simes 1986, Biometrika 73, 751–754): the least of m · p₍ᵢ₎ / i.

    Args:
        p: p values; the last axis is the group's members, NaN for a member that is not tested.

    Returns:
        One value per group; NaN where no member is tested.
    """
    ordered = np.sort(p, axis=-1)  # NaN last
    members = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    scaled = ordered * members / np.arange(1, p.shape[-1] + 1)
    least: Array = np.min(np.where(np.isnan(scaled), np.inf, scaled), axis=-1, initial=np.inf)
    return np.where(np.isfinite(least), np.minimum(least, 1.0), np.nan)


def stands(p: Array, rate: float = RATE) -> npt.NDArray[np.bool_]:
    """Return which p values pass at this false discovery rate (Benjamini & Hochberg 1995, JRSS B 57, 289–300).

    Args:
        p: p values; the last axis is the family. NaN never passes and is not counted.
        rate: The false discovery rate.
    """
    order = np.argsort(p, axis=-1)  # NaN last
    ordered = np.take_along_axis(p, order, axis=-1)
    family = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    rank = np.arange(1, p.shape[-1] + 1)
    passed = ordered <= rate * rank / np.maximum(family, 1)
    last = np.where(passed, rank, 0).max(axis=-1, keepdims=True, initial=0)
    result = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(result, order, rank <= last, axis=-1)
    return result & ~np.isnan(p)
