"""Gradient correlation by hand: of pictures with themselves, of sums that share a part, beside that part."""

import numpy as np
import pytest

from fluoropose.similarity.gradient import gradient_correlation, gradients


def test_the_gradients_of_a_ramp_are_its_slopes():
    ramp = np.add.outer(2.0 * np.arange(40.0), 3.0 * np.arange(40.0)).astype(np.float32)
    down, along = gradients(ramp, 1.0)
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(down[inner], 2.0, atol=1e-6)
    np.testing.assert_allclose(along[inner], 3.0, atol=1e-6)


def test_a_picture_correlates_with_itself_whatever_its_brightness_and_contrast(rng):
    first = rng.random((60, 60)).astype(np.float32)
    fixed = gradients(first)
    assert gradient_correlation(fixed, gradients(3.0 * first + 7.0)) == pytest.approx(1.0)
    assert gradient_correlation(fixed, gradients(-first)) == pytest.approx(-1.0)
    assert abs(gradient_correlation(fixed, gradients(rng.random((60, 60)).astype(np.float32)))) < 0.15
    assert gradient_correlation(fixed, gradients(np.ones((60, 60), np.float32))) == 0.0


def test_only_the_pixels_of_a_mask_count(rng):
    image, other = rng.random((2, 60, 60)).astype(np.float32)
    mixed = image.copy()
    mixed[:, 30:] = other[:, 30:]
    mask = np.zeros((60, 60), bool)
    mask[:, :25] = True
    assert gradient_correlation(gradients(image), gradients(mixed), mask) > 0.999
    assert gradient_correlation(gradients(image), gradients(mixed)) < 0.8


def test_a_partial_correlation_by_hand(rng):
    """Two sums that share a third part correlate by it alone; beside that part they do not."""
    shared, a, b = (tuple(rng.standard_normal((2, 60, 60))) for _ in range(3))
    first, second = (tuple(x + 2.0 * s for x, s in zip(part, shared, strict=True)) for part in (a, b))
    assert gradient_correlation(first, second) > 0.7
    assert abs(gradient_correlation(first, second, control=shared)) < 0.08
    assert gradient_correlation(first, a, control=shared) > 0.99
    nothing = tuple(np.zeros((2, 60, 60)))
    assert gradient_correlation(first, second, control=nothing) == gradient_correlation(first, second)
