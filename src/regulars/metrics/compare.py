"""Which changes are real. A change counts only when the interval of the difference leaves 0 out, and, where many are looked
at together, when it also stands at a false discovery rate of 10 %.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regulars.metrics.answer import Change, Verdict
from regulars.metrics.compute.estimates import Estimate
from regulars.metrics.compute.intervals import Array, benjamini_hochberg, jackknife, p_value

FEWEST = 30
"""Customers below which a change is not judged."""


def changes(
    estimates: dict[str, Estimate],
    people: dict[str, Array],
    pairs: list[tuple[int, int]],
    known: dict[str, npt.NDArray[np.bool_]],
) -> dict[str, dict[tuple[int, int], Change]]:
    """Changes by metric and (period, group). people: how many customers a metric rests on;
    pairs: (period, period before); known: whether a metric's period may be judged.
    """
    cells: list[tuple[str, int, int, Change, float]] = []
    for name, found in estimates.items():
        if found.without is None or found.filled is None:
            continue
        behind = np.minimum(people[name], found.n)
        for now, before in pairs:
            difference = found.value[now] - found.value[before]
            without = found.without[now] - found.without[before]
            filled = found.filled[now] | found.filled[before]
            low, high, error = jackknife(without, difference, filled)
            p = p_value(difference, error, filled)
            few = np.minimum(behind[now], behind[before]) < FEWEST
            for group in range(len(difference)):
                judged = bool(known[name][now] and known[name][before]) and not np.isnan(difference[group])
                verdict = (Verdict.TOO_FEW if few[group] else Verdict.NOISE) if judged else None
                change = Change(
                    _number(found.value[before, group]),
                    _number(difference[group]),
                    _number(low[group]),
                    _number(high[group]),
                    verdict,
                )
                cells.append((name, now, group, change, p[group] if verdict is Verdict.NOISE else np.nan))
    stands = benjamini_hochberg(np.array([p for *_, p in cells]))
    result: dict[str, dict[tuple[int, int], Change]] = {}
    for (name, now, group, change, _), real in zip(cells, stands, strict=True):
        if real and change.low is not None and change.high is not None and (change.low > 0 or change.high < 0):
            change = Change(change.before, change.difference, change.low, change.high, Verdict.REAL)
        result.setdefault(name, {})[now, group] = change
    return result


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
