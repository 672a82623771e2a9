"""Powell's search finds the small object from a start that is a little off."""

import numpy as np

from fluoropose.evaluation.baselines.intensity import Search, Stage, search
from fluoropose.evaluation.baselines.powell import powell
from fluoropose.evaluation.metrics.pose_error import pose_error

SETTINGS = Search((Stage("mi", 1 / 32, 300, 0.5, 1e-3), Stage("gc", 1 / 64, 300, 0.2, 1e-3)))


def test_the_search_finds_the_object_and_repeats_itself(target, truth, exposure, start, small_case):
    found = search(target, exposure, start, SETTINGS, powell)
    before, after = (pose_error(pose, truth, small_case.corners_mm) for pose in (start, found))
    assert after.mtre_proj_mm < 0.01 * small_case.size_mm < before.mtre_proj_mm
    np.testing.assert_array_equal(search(target, exposure, start, SETTINGS, powell), found)
