"""Ten objects that no training draws: each has a shape of its own within its box."""

import numpy as np
import pytest

from fluoropose.evaluation.universal.families import FAMILIES
from fluoropose.imaging.volume import bounding_corners


def test_there_are_ten_of_different_names():
    assert len({item.name for item in FAMILIES}) == 10


@pytest.mark.parametrize("item", FAMILIES, ids=lambda item: item.name)
def test_an_object_fits_its_box_and_is_solid(item):
    volume = item.volume(4.0 * item.voxel_mm)
    assert np.isfinite(volume.values).all()
    assert 0.04 < volume.values.max() <= 0.5
    sides = np.ptp(bounding_corners(volume), axis=0)
    assert (sides <= 2.0 * np.array(item.half_extent_mm) + 8.0 * item.voxel_mm).all()
    assert 30.0 < np.linalg.norm(sides) < 150.0
