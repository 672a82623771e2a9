"""Random anatomy: a trunk and a limb, and their line integrals."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.simulate.anatomy import anatomy_lines, random_anatomy
from support.cases import EXPECTED_SIX


def test_anatomy_moves_on_its_own(scene):
    first, second = (pose_from_six(EXPECTED_SIX + [x, 0, 0, 0, 0, 0], scene.frame) for x in (0.0, 15.0))
    tissue, bone = anatomy_lines(scene.anatomy, scene.camera, first)
    assert tissue.shape == bone.shape == (96, 128)
    assert tissue.max() > 1.0
    assert bone.max() > 0.1
    assert not np.allclose(bone, anatomy_lines(scene.anatomy, scene.camera, second)[1])


def test_a_limb_is_as_thick_from_every_side_and_a_trunk_is_not():
    trunk, limb = (
        random_anatomy(np.random.default_rng(3), 60.0, limb=limb).tissue[0].semi_axes_mm for limb in (False, True)
    )
    assert trunk[0] == 180.0
    assert limb[0] == pytest.approx(1.25 * limb[1])
    np.testing.assert_array_equal(trunk[1:], limb[1:])
