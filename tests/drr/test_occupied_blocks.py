"""Planes that rays need to sample: those of blocks that hold something, and pictures that stay the same."""

import numpy as np
import pytest

from fluoropose.drr.occupied_blocks import BLOCK, TILE, occupied_blocks, planes_of_tiles, planes_of_tiles_twin
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.reference import ReferencePlanes
from fluoropose.drr.renderer import ray_frame, steepest_axis
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.volume import Volume
from support.renderings import CAMERA

TURNS = [(0.5, 0.3, -0.4), (0.1, 1.4, 0.2), (0.3, 0.1, 1.5)]


@pytest.fixture
def sparse(rng):
    """A volume with two small bodies, one of them at its very corner."""
    values = np.zeros((40, 51, 33))
    values[5:14, 30:41, 8:20] = rng.random((9, 11, 12)) * 0.05
    values[36:, :5, 28:] = 0.04
    return Volume(values, np.diag([1.9, 1.6, 2.1, 1.0]))


def pose_of(turn, depth_mm=800.0):
    rotation = from_zxy(*turn)
    return rigid(rotation, np.array([2.0, -3.0, depth_mm]) - rotation @ [37.0, 40.0, 33.6])


def test_blocks_are_those_that_hold_something():
    values = np.zeros((17, 16, 8))
    values[16, 8, 0], values[0, 7, 7] = 1.0, -1.0
    assert occupied_blocks(values).tolist() == [[0, BLOCK, BLOCK], [2 * BLOCK, BLOCK, 0]]
    assert len(occupied_blocks(np.ones((16, 16, 16)))) == 0


@pytest.mark.parametrize("turn", TURNS)
def test_a_picture_is_that_of_all_planes(sparse, turn):
    fast, slow = (kind(sparse).render(CAMERA, pose_of(turn)) for kind in (PlaneRenderer, ReferencePlanes))
    assert slow.max() > 0.3
    np.testing.assert_allclose(fast, slow, atol=2e-3 * slow.max())


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("depth_mm", [800.0, 20.0])
def test_compiled_and_plain_agree(sparse, turn, depth_mm):
    """Also with the source among the blocks, where every plane is sampled."""
    rays = ray_frame(sparse, CAMERA, pose_of(turn, depth_mm))
    steep = steepest_axis(rays, CAMERA)
    order = [steep, *(axis for axis in range(3) if axis != steep)]
    given = occupied_blocks(sparse.values)[:, order], rays.origin[order], rays.index_from_pixel[order]
    fast, slow = (one(*given, CAMERA.rows, CAMERA.columns) for one in (planes_of_tiles, planes_of_tiles_twin))
    assert fast.shape == (2, -(-CAMERA.rows // TILE), -(-CAMERA.columns // TILE))
    np.testing.assert_array_equal(fast, slow)
    if depth_mm > 100.0:
        assert (fast[0] > fast[1]).any()
