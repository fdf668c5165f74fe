"""Finding where a likelihood is highest, and saying so when there is no such place.

Parameters are positive, so the search runs in their logarithms. Each step divides the gradient by the Hessian with its
eigenvalues made positive (Dauphin et al. 2014, NeurIPS 27, algorithm 1: saddle-free Newton): uphill everywhere, and the
usual Newton step, which doubles the right digits, near the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_LONGEST = 1.5
"""Of a step: no parameter grows or shrinks by more than this power of e at once."""
_ARRIVED = 1e-6
"""A step so short is taken without looking: where Newton steps square the error, what is left is rounding."""
_STEADY = 1e-3
"""Where the next step is shorter, the top is near."""
_FAR = 12.0
"""A parameter that has changed by this power of e (160,000 times) is on its way to 0 or without bound."""
_MOST_STEPS = 100


class Status(Enum):
    """What a search for the best parameters came to."""

    CONVERGED = "converged"
    BOUNDARY = "boundary: the best fit lies where a parameter is 0 or infinite"
    NOT_IDENTIFIED = "not identified: other parameters fit these data as well"


@dataclass(frozen=True)
class Expansion:
    """A function near a point, to the second order: its value, gradient (k) and Hessian (k, k)."""

    value: float
    gradient: Array
    hessian: Array

    def __add__(self, other: Expansion) -> Expansion:
        return Expansion(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)


@dataclass(frozen=True)
class Maximum:
    """Where a search ended.

    `parameters` are positive; `information` is minus the Hessian in their logarithms. Where the status is not CONVERGED,
    `loose` says for each parameter where it was going: −1 towards 0, 1 without bound, 0 nowhere in particular.
    """

    parameters: Array
    value: float
    information: Array
    status: Status
    loose: Array


def maximise(function: Callable[[Array], Expansion], start: Array) -> Maximum:
    """The positive parameters at which `function` is highest, from `start`.

    `function` returns its expansion in the parameters themselves.
    """
    origin = np.log(start)
    place, here = origin, _in_logarithms(function, origin)
    for _ in range(_MOST_STEPS):
        step = _uphill(here)
        length = np.abs(step).max()
        gain = float(here.gradient @ step)
        hidden = gain < 1e-13 * (1 + abs(here.value))  # by rounding, from the value of so many customers
        if length < _ARRIVED or (hidden and length < _STEADY):
            return _ended(place + step, here, gain / 2, origin)
        if hidden or np.abs(place - origin).max() > _FAR:
            break
        found = _walk(function, place, here, step * min(1.0, _LONGEST / length))
        if found is None:
            break
        place, here = found
    return _ended(place, here, 0.0, origin)


def highest(
    function: Callable[[Array], Expansion],
    starts: Sequence[Sequence[float]],
    sample: Callable[[Array], Expansion] | None = None,
) -> Maximum:
    """The best of searches from several starts; a top that the first of them finds is taken for the only one.

    `sample` is the same function of some of the data: where steps are cheap the search chooses its start and goes most of
    its way.
    """
    if sample is not None:
        start, near = _best(sample, starts)
        starts = (near.parameters.tolist(), *starts) if near.status is Status.CONVERGED else (start,)
    return _best(function, starts)[1]


def _best(function: Callable[[Array], Expansion], starts: Sequence[Sequence[float]]) -> tuple[Sequence[float], Maximum]:
    first = maximise(function, np.array(starts[0]))
    if first.status is Status.CONVERGED:
        return starts[0], first
    others = ((start, maximise(function, np.array(start))) for start in starts[1:])
    return max(((starts[0], first), *others), key=lambda tried: tried[1].value)


def _in_logarithms(function: Callable[[Array], Expansion], place: Array) -> Expansion:
    parameters = np.exp(place)
    plain = function(parameters)
    gradient = plain.gradient * parameters
    return Expansion(plain.value, gradient, plain.hessian * np.outer(parameters, parameters) + np.diag(gradient))


def _uphill(here: Expansion) -> Array:
    curvatures, directions = np.linalg.eigh(-here.hessian)
    bent = np.abs(curvatures)
    step: Array = directions @ ((directions.T @ here.gradient) / np.maximum(bent, max(1e-12 * bent.max(), 1e-300)))
    return step


def _walk(
    function: Callable[[Array], Expansion], place: Array, here: Expansion, step: Array
) -> tuple[Array, Expansion] | None:
    """The first of ever shorter steps that rises as a slope promises (Armijo's rule), or None."""
    rounding = 1e-14 * abs(here.value)
    share = 1.0
    while share > 1e-6:
        there = _in_logarithms(function, place + share * step)
        promised = share * float(here.gradient @ step)
        if np.isfinite(there.hessian).all() and there.value >= here.value + 1e-4 * promised - rounding:
            return place + share * step, there
        share *= 0.3
    return None


def _ended(place: Array, here: Expansion, gain: float, origin: Array) -> Maximum:
    """Whether this is a top: round (no direction flat) and near enough to be one."""
    information = -here.hessian
    curvatures, directions = np.linalg.eigh(information)
    steady = np.abs(_uphill(here)).max() < _STEADY
    # A parameter whose logarithm is known to ± 6 only is not known.
    known = curvatures.min() > 1e-12 * np.abs(curvatures).max() and bool(
        (np.diag(np.linalg.inv(information)) < 3.0**2).all()
    )
    moved = place - origin
    if steady and known and np.abs(moved).max() <= _FAR:
        status, loose = Status.CONVERGED, np.zeros(len(place))
    elif np.abs(moved).max() > _FAR / 2:
        status, loose = Status.BOUNDARY, np.where(np.abs(moved) > _FAR / 2, np.sign(moved), 0.0)
    else:
        flat = directions[:, curvatures.argmin()]
        status, loose = Status.NOT_IDENTIFIED, np.where(np.abs(flat) > 0.3, np.sign(flat), 0.0)
    return Maximum(np.exp(place), here.value + gain, information, status, loose)
