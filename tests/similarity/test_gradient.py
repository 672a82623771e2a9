"""Gradient correlation and partial correlation by hand."""

import numpy as np
import pytest

from fluoropose.similarity.gradient import gradient_correlation, gradients


def test_a_partial_correlation_by_hand(rng):
    """Two sums that share a third part correlate by it alone; beside that part they do not."""
    shared, a, b = (tuple(rng.standard_normal((2, 60, 60))) for _ in range(3))
    first, second = (tuple(x + 2.0 * s for x, s in zip(part, shared, strict=True)) for part in (a, b))
    assert gradient_correlation(first, second) > 0.7
    assert abs(gradient_correlation(first, second, control=shared)) < 0.08
    assert gradient_correlation(first, a, control=shared) > 0.99
    nothing = tuple(np.zeros((2, 60, 60)))
    assert gradient_correlation(first, second, control=nothing) == gradient_correlation(first, second)


def test_a_ramp_has_its_slopes_for_gradients():
    rows, columns = np.mgrid[0:20, 0:30]
    down, along = gradients(3.0 * rows - 2.0 * columns)
    np.testing.assert_allclose(down[5:15, 5:25], 3.0, atol=1e-9)
    np.testing.assert_allclose(along[5:15, 5:25], -2.0, atol=1e-9)


def test_correlation_by_hand(rng):
    first = gradients(rng.standard_normal((30, 40)))
    assert gradient_correlation(first, first) == pytest.approx(1.0)
    assert gradient_correlation(first, tuple(5.0 - 2.0 * part for part in first)) == pytest.approx(-1.0)
    # One derivative agrees and the other is opposite: the mean of 1 and -1.
    assert gradient_correlation(first, (first[0], -first[1])) == pytest.approx(0.0)


def test_a_constant_picture_correlates_with_nothing(rng):
    flat = (np.zeros((6, 6)), np.zeros((6, 6)))
    assert gradient_correlation(flat, tuple(rng.standard_normal((2, 6, 6)))) == 0.0


def test_only_pixels_of_the_mask_count(rng):
    first, second = (tuple(rng.standard_normal((2, 8, 8))) for _ in range(2))
    mask = np.zeros((8, 8), bool)
    mask[2:5, 3:6] = True
    joined = tuple(np.where(mask, a, b) for a, b in zip(first, second, strict=True))
    assert gradient_correlation(first, joined, mask) == pytest.approx(1.0)
    assert gradient_correlation(first, joined, mask, control=second) == pytest.approx(1.0)
    assert gradient_correlation(first, joined) < 0.9
