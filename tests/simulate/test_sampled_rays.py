"""The simulator's compiled renderer against its twin, the reference."""

import numpy as np
import pytest

from fluoropose.drr.reference import ReferenceRenderer
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.volume import Volume
from fluoropose.simulate.sampled_rays import sample_lines
from support.renderings import CAMERA, POSE

LPS_FROM_INDEX = rigid(from_zxy(0.1, -0.2, 0.3), np.array([-20.0, -18.0, -15.0])) @ np.diag([1.9, 1.6, 2.1, 1.0])


@pytest.mark.parametrize("step_mm", [0.05, 0.3, 2.0, 9.0])
def test_the_samples_are_those_of_the_reference(rng, step_mm):
    """The steps give sums of more than 128 samples, of some blocks of 8 and a remainder, and of fewer than 8."""
    values = np.maximum(rng.random((22, 25, 19)) - 0.4, 0.0) * 0.05
    values[:, 8:20] = 0.0
    volume = Volume(values.astype(np.float32), LPS_FROM_INDEX)
    slow = ReferenceRenderer(volume, step_mm).render(CAMERA, POSE)
    assert slow.max() > 0.1
    np.testing.assert_allclose(sample_lines(volume, CAMERA, POSE, step_mm), slow, rtol=2e-6, atol=1e-7)


def test_a_volume_whose_axes_lie_otherwise_in_memory_gives_the_same_picture(rng):
    values = rng.random((22, 25, 19)).astype(np.float32)
    usual = sample_lines(Volume(values, LPS_FROM_INDEX), CAMERA, POSE, 1.0)
    turned = Volume(np.asfortranarray(values), LPS_FROM_INDEX)
    np.testing.assert_array_equal(sample_lines(turned, CAMERA, POSE, 1.0), usual)


def test_a_picture_beside_the_volume_is_empty():
    beside = rigid(np.eye(3), np.array([5000.0, 0.0, 0.0])) @ POSE
    assert not sample_lines(Volume(np.ones((4, 5, 6), np.float32), LPS_FROM_INDEX), CAMERA, beside, 1.0).any()
