"""The renderer by planes against its twin, and against the integral."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.reference import ReferencePlanes, ReferenceRenderer
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.phantom import voxelise_bodies
from fluoropose.imaging.volume import Volume
from support.renderings import BODIES, CAMERA, POSE


@pytest.mark.parametrize("turn", [(0.5, 0.3, -0.4), (0.1, 1.4, 0.2), (0.3, 0.1, 1.5), (-2.0, 0.6, 2.4)])
def test_the_renderer_by_planes_equals_its_twin(rng, turn):
    """Along each axis, up and down; the volume does not fade towards its sides."""
    volume = Volume(rng.random((22, 25, 19)) * 0.05, np.diag([1.9, 1.6, 2.1, 1.0]))
    rotation = from_zxy(*turn)
    pose = rigid(rotation, np.array([2.0, -3.0, 800.0]) - rotation @ (volume.lps_from_index @ [10.5, 12, 9, 1])[:3])
    fast = PlaneRenderer(volume).render(CAMERA, pose)
    slow = ReferencePlanes(volume).render(CAMERA, pose)
    assert slow.max() > 0.5
    np.testing.assert_allclose(fast, slow, atol=2e-3 * slow.max())


def test_planes_are_nearly_as_near_to_the_integral_as_steps_of_a_voxel():
    volume = voxelise_bodies(list(BODIES.values()), (44, 44, 44), 1.0, 3)
    fine = ReferenceRenderer(volume, 0.05).render(CAMERA, POSE)
    planes, steps = PlaneRenderer(volume).render(CAMERA, POSE), CpuRenderer(volume, 1.0).render(CAMERA, POSE)
    assert np.abs(planes - fine).mean() < 1.5 * np.abs(steps - fine).mean() < 5e-4 * fine.max()
