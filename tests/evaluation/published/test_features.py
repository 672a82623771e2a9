"""Haar-like features: eight, without the mean."""

import numpy as np

from fluoropose.evaluation.published.features import haar_masks


def test_a_flat_patch_has_no_features():
    masks = haar_masks(52)
    assert masks.shape == (8, 52, 52)
    np.testing.assert_allclose(masks.sum(axis=(1, 2)), 0.0, atol=1e-5)
    np.testing.assert_allclose(np.abs(masks).sum(axis=(1, 2)), 1.0, rtol=1e-5)
