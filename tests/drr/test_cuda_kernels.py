"""The kernel that clips planes against the loop that it stands for. All others are tested through their renderers."""

import numpy as np
import pytest
from numba import cuda

from fluoropose.drr.cuda_kernels import NEVER, clip_tiles, reset_tiles
from fluoropose.drr.cuda_tables import ray_tables
from fluoropose.drr.occupied_blocks import TILE, occupied_blocks, planes_of_tiles_twin
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.volume import Volume
from support.cuda import needs_cuda
from support.renderings import SMALL_CAMERA


@needs_cuda
@pytest.mark.parametrize("distance_mm", [300.0, 60.0, 5.0])
def test_cuda_clips_the_planes_that_the_loop_over_blocks_does(rng, distance_mm):
    values = np.zeros((19, 25, 40), np.float32)
    values[2:5, 3:9, 30:33], values[14:18, 20:22, 2:9] = 1.0, 1.0
    volume, blocks = Volume(values, np.diag([1.1, 0.9, 1.0, 1.0])), occupied_blocks(values)
    assert len(blocks) >= 4
    turns = [from_zxy(*angles) for angles in ((0.5, 0.3, -0.4), (0.1, 1.4, 0.2), (0.3, 0.1, 1.5))]
    poses = [rigid(turn, np.array([0.0, 0.0, distance_mm]) - turn @ [10.0, 11.0, 20.0]) for turn in turns]
    geometry, axes = ray_tables(volume, SMALL_CAMERA, poses, steepest_first=True)
    down, along = -(-SMALL_CAMERA.rows // TILE), -(-SMALL_CAMERA.columns // TILE)
    tiles = cuda.to_device(np.zeros((3, 2, down, along), np.int32))
    reset_tiles[(1, 1, 3), (16, 8, 1)](tiles, NEVER, -1)
    clip_tiles[(1, 3), (32, 1)](
        cuda.to_device(blocks), cuda.to_device(axes), cuda.to_device(geometry), SMALL_CAMERA.rows, SMALL_CAMERA.columns,
        tiles,
    )  # fmt: skip
    for found, numbers, places in zip(tiles.copy_to_host(), geometry, axes, strict=True):
        expected = planes_of_tiles_twin(
            blocks[:, places[6:]], numbers[:3], numbers[3:12].reshape(3, 3), SMALL_CAMERA.rows, SMALL_CAMERA.columns
        )
        np.testing.assert_array_equal(found, expected)
