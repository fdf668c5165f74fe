"""Which changes are real. A change counts only when the interval of the difference leaves 0 out, and, where many are looked
at together, when it also stands at a false discovery rate of 10 %.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regulars.metrics.answer import VERDICTS, Changes, Verdict
from regulars.metrics.compute.estimates import Estimate
from regulars.metrics.compute.intervals import Array, benjamini_hochberg, jackknife, p_value

FEWEST = 30
"""Customers below which a change is not judged."""
_NOISE, _FEW, _REAL = (VERDICTS.index(one) for one in (Verdict.NOISE, Verdict.TOO_FEW, Verdict.REAL))


def changes(
    estimates: dict[str, Estimate],
    people: dict[str, Array],
    now: npt.NDArray[np.int64],
    before: npt.NDArray[np.int64],
    alike: dict[str, npt.NDArray[np.intp]],
) -> dict[str, Changes]:
    """Changes by metric; rows as `now`. people: how many customers a metric rests on; now, before: places of the periods and of
    those before them; known: whether a metric's period may be judged.
    """
    found: dict[str, Changes] = {}
    chances: dict[str, Array] = {}
    for name, estimate in estimates.items():
        if estimate.without is None or estimate.filled is None:
            continue
        behind = np.minimum(people[name], estimate.n)
        difference = estimate.value[now] - estimate.value[before]
        filled = estimate.filled[now] | estimate.filled[before]
        low, high, error = jackknife(estimate.without[now] - estimate.without[before], difference, filled)
        few = np.minimum(behind[now], behind[before]) < FEWEST
        comparable = (alike[name][now] >= 0) & (alike[name][now] == alike[name][before])
        judged = comparable[:, None] & ~np.isnan(difference)
        verdict = np.where(judged, np.where(few, _FEW, _NOISE), 0).astype(np.int8)
        chances[name] = np.where(verdict == _NOISE, p_value(difference, error, filled), np.nan)
        found[name] = Changes(estimate.value[before], difference, low, high, verdict)
    stands = benjamini_hochberg(np.concatenate([one.ravel() for one in chances.values()] or [np.zeros(0)]))
    start = 0
    for one in found.values():
        mine = stands[start : start + one.verdict.size].reshape(one.verdict.shape)
        start += one.verdict.size
        with np.errstate(invalid="ignore"):
            one.verdict[mine & ((one.low > 0) | (one.high < 0))] = _REAL
    return found
