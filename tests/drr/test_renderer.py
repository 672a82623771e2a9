"""Rays in a volume's index space by hand."""

import numpy as np
import pytest

from fluoropose.drr.renderer import ray_frame, steepest_axis
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.volume import Volume

CAMERA = Camera(5, 5, np.array([[100.0, 0.0, 2.0], [0.0, 100.0, 2.0], [0.0, 0.0, 1.0]]))
VOLUME = Volume(np.ones((4, 5, 6)), np.array([[2.0, 0, 0, -3], [0, 1, 0, -2], [0, 0, 0.5, -1], [0, 0, 0, 1]]))


def test_a_ray_by_hand():
    rays = ray_frame(VOLUME, CAMERA, rigid(np.eye(3), np.array([0.0, 0.0, 50.0])))
    # The source is at LPS (0, 0, -50): index ((0 + 3) / 2, 0 + 2, (-50 + 1) / 0.5).
    np.testing.assert_allclose(rays.origin, [1.5, 2.0, -98.0])
    # Pixel (3, 2) looks along (0.01, 0, 1), which is (0.005, 0, 2) voxels per mm of depth.
    np.testing.assert_allclose(rays.index_from_pixel @ [3.0, 2.0, 1.0], [0.005, 0.0, 2.0])
    np.testing.assert_allclose(rays.direction_from_pixel @ [3.0, 2.0, 1.0], [0.01, 0.0, 1.0])


@pytest.mark.parametrize(("turn", "axis"), [(np.eye(3), 2), (about_y(np.pi / 2), 0), (about_x(np.pi / 2), 1)])
def test_the_steepest_axis_is_the_one_that_the_middle_ray_follows(turn, axis):
    rays = ray_frame(VOLUME, CAMERA, rigid(turn, np.array([0.0, 0.0, 50.0])))
    assert steepest_axis(rays, CAMERA) == axis


def test_planes_count_not_mm():
    # 45 degrees between x (2 mm voxels) and z (0.5 mm voxels): the ray crosses four times as many planes along z.
    rays = ray_frame(VOLUME, CAMERA, rigid(about_y(np.pi / 4), np.array([0.0, 0.0, 50.0])))
    assert steepest_axis(rays, CAMERA) == 2
