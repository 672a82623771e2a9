import numpy as np

from fluoropose.imaging.volume import bounding_corners
from fluoropose.objects.random_objects import random_object


def test_random_objects_differ_repeat_and_can_be_seen():
    sizes = []
    for seed in range(4):
        volume = random_object(np.random.default_rng(seed))
        np.testing.assert_array_equal(volume.values, random_object(np.random.default_rng(seed)).values)
        thickest = (volume.values.sum(axis=1) * volume.spacing_mm[1]).max()
        assert 0.1 < thickest < 60.0
        sizes.append(float(np.linalg.norm(np.ptp(bounding_corners(volume), axis=0))))
    assert len(set(sizes)) == 4
    assert 15.0 < min(sizes) < max(sizes) < 330.0
