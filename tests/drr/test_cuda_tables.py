"""Rays of many pictures at once against those of one picture after another."""

import numpy as np
import pytest

from fluoropose.drr.cuda_tables import AXES, GEOMETRY, ray_tables, ray_tables_twin
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.volume import Volume
from support.renderings import CAMERA


@pytest.mark.parametrize("steepest_first", [False, True])
def test_the_tables_of_many_poses_are_those_of_each(rng, steepest_first):
    oblique = rigid(from_zxy(0.1, -0.2, 0.3), np.array([-20.0, 5.0, 9.0])) @ np.diag([1.9, 1.8, 2.0, 1.0])
    volume = Volume(np.ones((4, 5, 6)), oblique)
    poses = [rigid(from_zxy(*rng.uniform(-3, 3, 3)), rng.normal(0, 5, 3) + [0, 0, 700.0]) for _ in range(60)]
    geometry, axes = ray_tables(volume, CAMERA, poses, steepest_first=steepest_first)
    expected, expected_axes = ray_tables_twin(volume, CAMERA, poses, steepest_first=steepest_first)
    assert (geometry.shape, axes.shape) == ((60, GEOMETRY), (60, AXES))
    np.testing.assert_allclose(geometry, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(axes, expected_axes)
    assert len(np.unique(axes[:, 6])) == (3 if steepest_first else 1)
