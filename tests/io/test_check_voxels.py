"""A volume made small: every n-th voxel, each where it was."""

from base64 import b64decode

import numpy as np

from fluoropose.imaging.volume import Volume
from fluoropose.io.check_voxels import MAX_SIDE, coarse_voxels


def test_each_voxel_keeps_its_value_and_its_place(rng):
    values = rng.uniform(-1000, 3000, (3, 2 * MAX_SIDE + 1, 5)).astype(np.float32)
    affine = np.array([[0.0, -0.5, 0.0, 7.0], [0.7, 0.0, 0.0, -3.0], [0.0, 0.0, 2.0, 4.0], [0.0, 0.0, 0.0, 1.0]])
    small = coarse_voxels(Volume(values, affine))
    assert small["shape"] == [3, 86, 5]  # 257 voxels: every third
    read = np.frombuffer(b64decode(small["values"]), "<f4").reshape(small["shape"], order="F")
    assert np.array_equal(read, values[:, ::3])
    assert np.allclose(np.array(small["lps_from_index"]) @ [1, 2, 3, 1], affine @ [1, 6, 3, 1])
