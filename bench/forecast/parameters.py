"""Whether two fits found the same, and whether it is the truth. Times are in days. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

Fit = Mapping[str, Mapping[str, float | None]]
"""parameters and, of ours, standard_errors: name -> value."""

SAME = 0.001
"""Of a parameter: searches that stop a little before the top are still there."""
PULLED = 1.0
"""Standard errors: what priors may add to what the data say; they pull most where there are few data."""
TRUE, ROUNDED = 4.0, 0.01
"""Standard errors that a fit may lie off the truth by chance; and what recency in whole days may shift."""


def differences(ours: Fit, theirs: Fit, priors: bool) -> list[str]:
    """Where a peer's parameters are not ours, as sentences; with `priors` the peer does not seek the likeliest alone."""
    found = []
    for name, mine in ours["parameters"].items():
        other, error = theirs["parameters"].get(name), ours["standard_errors"][name]
        if mine is None or error is None or other is None:
            found.append(f"{name}: {mine} by Regulars, {other} by the peer")
            continue
        allowed = max(SAME * abs(mine), PULLED * error if priors else 0.0)
        if not abs(other - mine) <= allowed:
            found.append(f"{name}: {mine:.6g} by Regulars, {other:.6g} by the peer, where {allowed:.2g} is allowed")
    return found


def errors(ours: Fit, truth: Mapping[str, float]) -> list[str]:
    """Where our own fit misses the truth that the customers were drawn from, as sentences."""
    found = []
    for name, true in truth.items():
        mine, error = ours["parameters"].get(name), ours["standard_errors"].get(name)
        if mine is None or error is None or not abs(mine - true) <= max(TRUE * error, ROUNDED * true):
            found.append(f"{name}: {mine} ± {error} by Regulars, where the truth is {true}")
    return found
