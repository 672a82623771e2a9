import numpy as np

from fluoropose.imaging.volume import bounding_corners
from fluoropose.objects.random_objects import random_object, random_parts


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


def test_solids_of_every_kind_lie_in_the_box_and_are_bone_or_metal(rng):
    half_mm = np.array([40.0, 30.0, 20.0])
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T * 2.0 * half_mm
    for _ in range(30):
        parts = random_parts(rng, half_mm)
        assert parts
        for part in parts:
            assert 0.0 < part.attenuation_per_mm <= 0.8
            assert (part.distance(corners) > 0.0).all()
