"""Gradient correlation and partial correlation by hand."""

import numpy as np

from fluoropose.similarity.gradient import gradient_correlation


def test_a_partial_correlation_by_hand(rng):
    """Two sums that share a third part correlate by it alone; beside that part they do not."""
    shared, a, b = (tuple(rng.standard_normal((2, 60, 60))) for _ in range(3))
    first, second = (tuple(x + 2.0 * s for x, s in zip(part, shared, strict=True)) for part in (a, b))
    assert gradient_correlation(first, second) > 0.7
    assert abs(gradient_correlation(first, second, control=shared)) < 0.08
    assert gradient_correlation(first, a, control=shared) > 0.99
    nothing = tuple(np.zeros((2, 60, 60)))
    assert gradient_correlation(first, second, control=nothing) == gradient_correlation(first, second)
