"""Random bones and implants: they differ, repeat, keep to their box and are what they say."""

import numpy as np
import pytest

from fluoropose.objects.random_families import BONES, METALS
from fluoropose.objects.shapes import voxelise

HALF_MM = np.array([40.0, 30.0, 24.0])


@pytest.mark.parametrize("family", BONES + METALS)
def test_a_family_gives_another_object_for_each_seed_and_the_same_for_one(family):
    volumes = [voxelise(family(np.random.default_rng(seed), HALF_MM), HALF_MM, 3.0) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(volumes[0].values, volumes[1].values)
    assert volumes[0].values.shape != volumes[2].values.shape or not np.array_equal(
        volumes[0].values, volumes[2].values
    )


@pytest.mark.parametrize(("families", "least", "most"), [(BONES, 0.004, 0.15), (METALS, 0.05, 0.9)])
def test_bones_attenuate_as_bone_and_implants_as_metal(families, least, most):
    for family in families:
        for seed in range(5):
            values = voxelise(family(np.random.default_rng(seed), HALF_MM), HALF_MM, 3.0).values
            solid = values[values > 0.5 * values.max()]
            assert least < np.median(solid) < most
            # Neither dust nor a full block.
            assert 20 < np.count_nonzero(values) < 0.9 * (2 * HALF_MM / 3.0).prod()


@pytest.mark.parametrize("family", BONES)
def test_bones_have_a_cortex_that_is_denser_than_their_inside(family):
    volume = voxelise(family(np.random.default_rng(4), HALF_MM), HALF_MM, 1.5)
    levels = volume.values[volume.values > 1e-4]
    assert levels.max() > 1.2 * np.median(levels) or np.median(levels) > 0.9 * levels.max()
    assert levels.min() < 0.85 * levels.max()
