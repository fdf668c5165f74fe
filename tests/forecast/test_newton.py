"""The search on hills whose tops are known, and on those without one."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.forecast.newton import Expansion, Status, maximise, maximise_from_starts


def bowl(at: np.ndarray) -> Expansion:
    """−Σ weight (ln p − ln top)², top at (2, 50)."""
    weight, apart = np.array([3.0, 70.0]), np.log(at) - np.log([2.0, 50.0])
    return Expansion(-weight @ apart**2, -2 * weight * apart / at, np.diag(-2 * weight * (1 - apart) / at**2))


def test_a_bowl():
    found = maximise(bowl, np.array([1.0, 1.0]))
    assert found.status is Status.CONVERGED
    np.testing.assert_allclose(found.parameters, [2, 50], rtol=1e-9)
    np.testing.assert_allclose(found.information, np.diag([6, 140]), rtol=1e-6)
    assert found.value == pytest.approx(0, abs=1e-12)


def test_it_climbs_out_of_a_valley():
    """cos(ln p) curves upwards at the start: Newton's own step would go down to its minimum."""

    def waves(at: np.ndarray) -> Expansion:
        u = np.log(at[0])
        slope, curve = -np.sin(u), -np.cos(u)
        return Expansion(np.cos(u), np.array([slope / at[0]]), np.array([[(curve - slope) / at[0] ** 2]]))

    found = maximise(waves, np.exp([2.5]))
    assert found.status is Status.CONVERGED
    assert np.cos(np.log(found.parameters[0])) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_slope_without_a_top_is_a_boundary(sign: int):
    """−1 / (1 + p) rises for ever, −p / (1 + p) towards 0."""

    def slope(at: np.ndarray) -> Expansion:
        p = at[0]
        value = -1 / (1 + p) if sign > 0 else -p / (1 + p)
        return Expansion(value, np.array([sign / (1 + p) ** 2]), np.array([[-2 * sign / (1 + p) ** 3]]))

    found = maximise(slope, np.array([1.0]))
    assert (found.status, found.directions.tolist()) == (Status.BOUNDARY, [sign])


def test_a_ridge_is_not_identified():
    """Only the product of two parameters matters; a third is found all the same."""

    def ridge(at: np.ndarray) -> Expansion:
        u = np.log(at)
        both, alone = u[0] + u[1] - 1, u[2] - 2
        slopes = -2 * np.array([both, both, alone])
        curves = -2 * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
        return Expansion(-(both**2) - alone**2, slopes / at, (curves - np.diag(slopes)) / np.outer(at, at))

    found = maximise(ridge, np.array([1.0, 1.0, 1.0]))
    assert found.status is Status.NOT_IDENTIFIED
    assert np.abs(found.directions).tolist() == [1, 1, 0]
    assert np.prod(found.parameters[:2]) == pytest.approx(np.e)


def test_without_a_top_other_starts_are_tried_and_the_highest_wins():
    """Two hills in ln p, the higher at 10, and a slope that rises for ever below 0 but not as high."""

    def hills(at: np.ndarray) -> Expansion:
        u = np.log(at[0])
        bell = 2 * np.exp(-((u - 10) ** 2) / 2)
        away = 1 / (1 + np.exp(u))
        slope = -(u - 10) * bell - away * (1 - away)
        curve = ((u - 10) ** 2 - 1) * bell + away * (1 - away) * (1 - 2 * away)
        return Expansion(bell + away, np.array([slope / at[0]]), np.array([[(curve - slope) / at[0] ** 2]]))

    assert maximise_from_starts(hills, [(1.0,)]).status is Status.BOUNDARY
    found = maximise_from_starts(hills, [(1.0,), (0.1,), (np.exp(9.5),)])
    assert found.status is Status.CONVERGED
    assert np.log(found.parameters[0]) == pytest.approx(10, abs=1e-3)
    assert maximise_from_starts(hills, [(1.0,), (np.exp(9.5),)], sample=hills).parameters == pytest.approx(
        found.parameters
    )
