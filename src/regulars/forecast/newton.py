"""Maximization of a likelihood by Newton's method, with detection of boundary and flat maxima.

Parameters are positive, so the search runs in their logarithms. Each step divides the gradient by the Hessian with its
eigenvalues made positive (Dauphin et al. 2014, NeurIPS 27, algorithm 1: saddle-free Newton). Such a step always goes
uphill, and near the maximum it is the ordinary Newton step, which converges quadratically.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_MAX_STEP = 1.5
"""Largest change of a logarithm of a parameter in one step."""
_TOLERANCE = 1e-6
"""A step this short is taken without another evaluation: Newton's error is then below rounding."""
_NEAR_MAXIMUM = 1e-3
"""A next step this short means that the point is close to the maximum."""
_BOUNDARY_DISTANCE = 12.0
"""Change of the logarithm of a parameter (a factor of 160,000) beyond which it counts as going to 0 or infinity."""
_MAX_ITERATIONS = 100


class Status(Enum):
    """Outcome of a maximization."""

    CONVERGED = "converged"
    BOUNDARY = "boundary: the best fit lies where a parameter is 0 or infinite"
    NOT_IDENTIFIED = "not identified: other parameters fit these data as well"


@dataclass(frozen=True)
class Expansion:
    """Second-order expansion of a function: its value, gradient (k,) and Hessian (k, k)."""

    value: float
    gradient: Array
    hessian: Array

    def __add__(self, other: Expansion) -> Expansion:
        return Expansion(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)


@dataclass(frozen=True)
class Maximum:
    """Result of a maximization.

    Attributes:
        parameters: Positive, shape (k,).
        value: Of the function.
        information: Minus the Hessian in the logarithms of the parameters, shape (k, k).
        status: Whether this is a maximum.
        directions: Where the status is not CONVERGED, for each parameter −1 (towards 0), 1 (towards infinity) or 0
            (neither).
    """

    parameters: Array
    value: float
    information: Array
    status: Status
    directions: Array


def maximise(function: Callable[[Array], Expansion], start: Array) -> Maximum:
    """Maximize a function over positive parameters.

    Args:
        function: Returns the expansion in the parameters themselves.
        start: Parameters to start from, shape (k,).
    """
    origin = np.log(start)
    log_parameters, expansion = origin, _in_log_parameters(function, origin)
    for _ in range(_MAX_ITERATIONS):
        step = _newton_step(expansion)
        length = np.abs(step).max()
        gain = float(expansion.gradient @ step)
        below_rounding = gain < 1e-13 * (1 + abs(expansion.value))  # by rounding, from the value of so many customers
        if length < _TOLERANCE or (below_rounding and length < _NEAR_MAXIMUM):
            return _classified(log_parameters + step, expansion, gain / 2, origin)
        if below_rounding or np.abs(log_parameters - origin).max() > _BOUNDARY_DISTANCE:
            break
        next_point = _line_search(function, log_parameters, expansion, step * min(1.0, _MAX_STEP / length))
        if next_point is None:
            break
        log_parameters, expansion = next_point
    return _classified(log_parameters, expansion, 0.0, origin)


def maximise_from_starts(
    function: Callable[[Array], Expansion],
    starts: Sequence[Sequence[float]],
    sample: Callable[[Array], Expansion] | None = None,
) -> Maximum:
    """Return the highest maximum of searches from several starts. The first start's maximum is taken as global if it
    converged.

    Args:
        function: Returns the expansion in the parameters themselves.
        starts: Parameters to start from, in order of preference.
        sample: The same function over part of the data, used to choose a start and come close to the maximum with cheap
            steps.
    """
    if sample is not None:
        start, sampled = _best_start(sample, starts)
        starts = (sampled.parameters.tolist(), *starts) if sampled.status is Status.CONVERGED else (start,)
    return _best_start(function, starts)[1]


def _best_start(
    function: Callable[[Array], Expansion], starts: Sequence[Sequence[float]]
) -> tuple[Sequence[float], Maximum]:
    first = maximise(function, np.array(starts[0]))
    if first.status is Status.CONVERGED:
        return starts[0], first
    others = ((start, maximise(function, np.array(start))) for start in starts[1:])
    return max(((starts[0], first), *others), key=lambda attempt: attempt[1].value)


def _in_log_parameters(function: Callable[[Array], Expansion], log_parameters: Array) -> Expansion:
    parameters = np.exp(log_parameters)
    expansion = function(parameters)
    gradient = expansion.gradient * parameters
    return Expansion(
        expansion.value, gradient, expansion.hessian * np.outer(parameters, parameters) + np.diag(gradient)
    )


def _newton_step(expansion: Expansion) -> Array:
    curvatures, directions = np.linalg.eigh(-expansion.hessian)
    positive = np.abs(curvatures)
    step: Array = directions @ (
        (directions.T @ expansion.gradient) / np.maximum(positive, max(1e-12 * positive.max(), 1e-300))
    )
    return step


def _line_search(
    function: Callable[[Array], Expansion], log_parameters: Array, expansion: Expansion, step: Array
) -> tuple[Array, Expansion] | None:
    """Return the first of ever shorter steps that satisfies Armijo's rule, or None."""
    rounding = 1e-14 * abs(expansion.value)
    fraction = 1.0
    while fraction > 1e-6:
        candidate = _in_log_parameters(function, log_parameters + fraction * step)
        predicted = fraction * float(expansion.gradient @ step)
        if np.isfinite(candidate.hessian).all() and candidate.value >= expansion.value + 1e-4 * predicted - rounding:
            return log_parameters + fraction * step, candidate
        fraction *= 0.3
    return None


def _classified(log_parameters: Array, expansion: Expansion, gain: float, origin: Array) -> Maximum:
    """Return the result at a point, with its status: a maximum must be near and have no flat direction."""
    information = -expansion.hessian
    curvatures, directions = np.linalg.eigh(information)
    near = np.abs(_newton_step(expansion)).max() < _NEAR_MAXIMUM
    # A parameter whose logarithm is known to ± 6 only is not known.
    identified = curvatures.min() > 1e-12 * np.abs(curvatures).max() and bool(
        (np.diag(np.linalg.inv(information)) < 3.0**2).all()
    )
    distance = log_parameters - origin
    if near and identified and np.abs(distance).max() <= _BOUNDARY_DISTANCE:
        status, directions = Status.CONVERGED, np.zeros(len(log_parameters))
    elif np.abs(distance).max() > _BOUNDARY_DISTANCE / 2:
        status, directions = (
            Status.BOUNDARY,
            np.where(np.abs(distance) > _BOUNDARY_DISTANCE / 2, np.sign(distance), 0.0),
        )
    else:
        flat = directions[:, curvatures.argmin()]
        status, directions = Status.NOT_IDENTIFIED, np.where(np.abs(flat) > 0.3, np.sign(flat), 0.0)
    return Maximum(np.exp(log_parameters), expansion.value + gain, information, status, directions)
