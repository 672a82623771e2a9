"""The fast renderer against its twin."""

import numpy as np

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.reference import ReferenceRenderer
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.volume import Volume
from support.renderings import CAMERA, POSE


def test_the_fast_renderer_equals_its_twin(rng):
    values = np.zeros((22, 25, 19), np.float32)
    values[1:-1, 1:-1, 1:-1] = rng.random((20, 23, 17)) * 0.05
    lps_from_index = rigid(from_zxy(0.1, -0.2, 0.3), np.array([-20.0, -18.0, -15.0])) @ np.diag([1.9, 1.6, 2.1, 1.0])
    volume = Volume(values, lps_from_index)
    fast = CpuRenderer(volume, 0.1).render(CAMERA, POSE)
    slow = ReferenceRenderer(volume, 0.1).render(CAMERA, POSE)
    assert slow.max() > 0.5
    np.testing.assert_allclose(fast, slow, atol=2e-3 * slow.max())
