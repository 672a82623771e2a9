"""The renderer by planes against its twin, and against the integral."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.reference import ReferencePlanes, ReferenceRenderer
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_x, from_zxy
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


@pytest.mark.parametrize("tilt_deg", [-25.0, 25.0])
def test_a_sheared_grid_shows_the_body_where_it_lies(camera, tilt_deg):
    """A CT with a tilted gantry: the body's picture is that of a straight grid."""
    placed = camera_from_ball(900.0)
    straight = ball_on(np.diag([1.0, 1.0, 1.0, 1.0]))
    shear = np.eye(4)
    shear[0, 2] = np.tan(np.deg2rad(tilt_deg))
    sheared = ball_on(shear)
    expected = PlaneRenderer(straight).render(camera, placed)
    found = PlaneRenderer(sheared).render(camera, placed)
    assert np.abs(found - expected).max() < 0.06 * expected.max()
    assert found.sum() == pytest.approx(expected.sum(), rel=5e-3)


def ball_on(lps_from_index, count=100):
    """A soft ball of 18 mm about the origin, sampled on a grid of `count` voxels a side whose middle is the origin."""
    middle = (count - 1) / 2
    axes = lps_from_index[:3, :3]
    index = np.indices((count,) * 3).reshape(3, -1) - middle
    away = np.linalg.norm(axes @ index, axis=0).reshape((count,) * 3)
    placed = np.eye(4)
    placed[:3, :3], placed[:3, 3] = axes, -axes @ np.full(3, middle)
    return Volume(np.clip((19.0 - away) / 2.0, 0.0, 1.0).astype(np.float32) * 0.05, placed)


def camera_from_ball(range_mm):
    placed = np.eye(4)
    placed[:3, :3] = about_x(np.pi / 2 + 0.3)
    placed[2, 3] = range_mm
    return placed
