"""The fast renderer against its twin."""

import numpy as np
from numba import get_num_threads

from fluoropose.drr.cpu import CpuRenderer, use_threads
from fluoropose.drr.reference import ReferenceRenderer
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.phantom import voxelise_bodies
from fluoropose.imaging.volume import Volume
from support.renderings import BODIES, CAMERA, POSE


def test_the_fast_renderer_equals_its_twin(rng):
    values = np.zeros((22, 25, 19), np.float32)
    values[1:-1, 1:-1, 1:-1] = rng.random((20, 23, 17)) * 0.05
    lps_from_index = rigid(from_zxy(0.1, -0.2, 0.3), np.array([-20.0, -18.0, -15.0])) @ np.diag([1.9, 1.6, 2.1, 1.0])
    volume = Volume(values, lps_from_index)
    fast = CpuRenderer(volume, 0.1).render(CAMERA, POSE)
    slow = ReferenceRenderer(volume, 0.1).render(CAMERA, POSE)
    assert slow.max() > 0.5
    np.testing.assert_allclose(fast, slow, atol=2e-3 * slow.max())


def test_fewer_threads_give_the_same_picture():
    volume = voxelise_bodies([BODIES["box"]], (24, 24, 24), 1.8, 2)
    usual = CpuRenderer(volume, 1.0).render(CAMERA, POSE)
    before = get_num_threads()
    use_threads(1)
    try:
        np.testing.assert_array_equal(CpuRenderer(volume, 1.0).render(CAMERA, POSE), usual)
        assert get_num_threads() == 1
    finally:
        use_threads(before)


def test_more_threads_than_there_are_is_no_error():
    before = get_num_threads()
    use_threads(10_000)
    assert get_num_threads() >= before
    use_threads(before)
