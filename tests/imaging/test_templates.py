"""Shrunk views and products of templates are their slow, clear twins'."""

import numpy as np
import pytest

from fluoropose.imaging.templates import correlate_about, correlate_about_twin, shrink_view, shrink_view_twin


@pytest.mark.parametrize("block", [1, 2, 4])
def test_a_shrunk_view_is_its_twin(rng, block):
    lines = (3.0 * rng.random((64, 48))).astype(np.float32)
    lines[:20] = 0.0
    lines[40:, :8] = 60.0
    np.testing.assert_allclose(shrink_view(lines, block), shrink_view_twin(lines, block), atol=2e-6)


@pytest.mark.parametrize("place", [(8, 8), (0, 16), (16, 1)])
def test_products_about_a_place_are_their_twin_also_at_the_border(rng, place):
    wide = rng.standard_normal((48, 48)).astype(np.float32)
    templates = rng.standard_normal((3, 32, 32)).astype(np.float32)
    found, expected = (one(wide, templates, place, 2) for one in (correlate_about, correlate_about_twin))
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.isinf(found).any() == (place != (8, 8))
