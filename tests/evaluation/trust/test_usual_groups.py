"""Good frames, far directions, searches, tracked runs: what is true of their poses."""

import numpy as np

from fluoropose.evaluation.trust.usual_groups import USUAL_GROUPS
from fluoropose.geometry.pose6 import six_from_pose
from fluoropose.geometry.rotation import angle_between

MAKE = {group.name: group.make for group in USUAL_GROUPS}


def test_starts_are_as_far_off_as_the_group_says(draw):
    def offsets(name):
        runs = [MAKE[name](draw(number)) for number in range(6)]
        frame = draw().subject.case.pose_frame
        return np.array([six_from_pose(run.start, frame) - six_from_pose(run.truths[0], frame) for run in runs])

    # The generators are the same, so the errors of one group are multiples of those of another.
    np.testing.assert_allclose(offsets("good-3"), 3.0 * offsets("good-1"), atol=1e-6)


def test_far_directions_are_far(draw):
    for number in range(4):
        one = draw(number)
        run = MAKE["far-direction"](one)
        base = one.subject.case.pose_frame.base_rotation
        assert np.rad2deg(angle_between(run.truths[0][:3, :3], base)) > 30.0


def test_a_search_has_no_start(draw):
    assert MAKE["search"](draw()).start is None


def test_a_tracked_run_jumps_once(draw):
    run = MAKE["tracked"](draw())
    frame = draw().subject.case.pose_frame
    sixes = np.array([six_from_pose(truth, frame) for truth in run.truths])
    steps = np.linalg.norm(np.diff(sixes, axis=0), axis=1)
    assert len(steps) == 9
    assert steps.argmax() == 4
    assert steps[4] > 2.0 * np.delete(steps, 4).max()
