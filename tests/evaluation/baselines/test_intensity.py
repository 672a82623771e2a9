"""Each similarity measure is largest near the truth."""

import pytest

from fluoropose.evaluation.baselines.intensity import Search, similarity_of
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose


@pytest.mark.parametrize("measure", ["mi", "ncc", "gc"])
def test_each_measure_is_largest_near_the_truth(target, truth, exposure, small_case, measure):
    level = target.level(exposure, 1 / 64)
    similarity = similarity_of(level, target, truth, Search(()), measure)
    six = six_from_pose(truth, small_case.pose_frame)
    best = similarity(truth)
    for axis, step in enumerate([2.0, 2.0, 40.0, 4.0, 8.0, 8.0]):
        for side in (-step, step):
            moved = six.copy()
            moved[axis] += side
            assert similarity(pose_from_six(moved, small_case.pose_frame)) < best, axis
