"""The echo probe by hand: four materials, and no mirror symmetry."""

import numpy as np
import pytest

from fluoropose.objects.probe import HALF_EXTENT_MM, probe_parts
from fluoropose.objects.shapes import voxelise


@pytest.fixture(scope="module")
def probe():
    return voxelise(probe_parts(), HALF_EXTENT_MM, 0.5)


def test_the_drawing_is_scaled_to_the_papers_size():
    # The plastic capsule of radius 6.6 begins at z = -13.5 - 6.6; the drawing is scaled by 0.88.
    shell = probe_parts()[0].distance
    np.testing.assert_allclose(shell(np.array([[0.0, 0.0, 0.88 * -20.1]])), 0.0, atol=1e-12)


def test_materials_are_plastic_epoxy_ceramic_and_metals():
    assert {0.024, 0.055, 0.45, 0.24} <= {part.attenuation_per_mm for part in probe_parts()}


@pytest.mark.parametrize("axis", range(3))
def test_no_mirror_maps_it_to_itself(probe, axis):
    values = probe.values
    assert np.abs(values - np.flip(values, axis)).sum() > 0.1 * values.sum()
