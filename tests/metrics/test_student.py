"""Student's t against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from regulars.metrics.inference.student import bounds, two_sided_p


@pytest.mark.parametrize("freedom", range(1, 41))
def test_it_is_scipys(freedom: int):
    t = np.linspace(-9, 9, 181)
    np.testing.assert_allclose(two_sided_p(t, np.array(freedom)), 2 * stdtr(freedom, -np.abs(t)), atol=1e-14)
    np.testing.assert_allclose(bounds(0.95, np.array([freedom])), stdtrit(freedom, 0.975), rtol=1e-12)


def test_shapes_and_edges():
    t, freedom = np.array([[0.0, np.inf], [np.nan, -np.inf]]), np.array([[31, 31], [1, 2]])
    np.testing.assert_array_equal(two_sided_p(t, freedom), [[1, 0], [np.nan, 0]])
    assert bounds(0.95, freedom).shape == (2, 2)
    assert bounds(0.95, np.empty((0, 3))).shape == (0, 3)
