"""CMA-ES finds the small object from a start that is a little off."""

import numpy as np

from fluoropose.evaluation.baselines.evolution import CMA_GC, cma_es
from fluoropose.evaluation.baselines.intensity import search
from fluoropose.evaluation.metrics.pose_error import pose_error


def test_the_search_finds_the_object_and_repeats_itself(target, truth, exposure, start, small_case):
    found = search(target, exposure, start, CMA_GC, cma_es)
    before, after = (pose_error(pose, truth, small_case.corners_mm) for pose in (start, found))
    assert after.mtre_proj_mm < 0.01 * small_case.size_mm < before.mtre_proj_mm
    np.testing.assert_array_equal(search(target, exposure, start, CMA_GC, cma_es), found)
