"""The schedule's way: coarse steps end once the pose is near, fine ones once it has settled, and not before."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.regression.residual import Group, align_view, apply_residual, residual_to_pose
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, TRACKING_SCHEDULE, register
from fluoropose.registration.regression.step import AbstractStepper, solve_regression

SIGMAS = np.array([0.1, 0.1, 1.0, 0.002, 0.004, 0.004])
TRUTH = np.array([4.0, -3.0, 905.0, 5.0, 6.0, -4.0])
START = np.array([-2.0, 4.0, 880.0, -3.0, -5.0, 6.0])


class Knowing(AbstractStepper):
    """Knows the truth; `unrest` (in sigmas) is added to every other answer of the fine stage."""

    def __init__(self, pose, camera, atlas, unrest=0.0, left=0.0):
        self.pose, self.camera, self.atlas, self.unrest, self.left = pose, camera, atlas, unrest, left
        self.stages, self.current = [], None

    def put_frames(self, line_integrals):
        raise AssertionError("the test puts none")

    def step(self, stage, homographies, view_index, frame_index):
        residual = residual_to_pose(self.pose, self.current, self.atlas)
        if stage == "fine":
            residual = residual + self.unrest * SIGMAS * (len(self.stages) % 2)
        else:
            residual = residual + self.left * np.array([1.0, 1.0, 5.0, 0.02, 0.05, 0.05]) * (-1) ** (
                len(self.stages) // 2
            )
        self.stages.append(stage)
        information = np.diag(1.0 / SIGMAS**2)
        return solve_regression(information[None], (information @ residual)[None], np.ones(1))


@pytest.fixture
def run(small_case, camera, monkeypatch):
    """Register with a stepper that is told each look."""

    def go(schedule=DEFAULT_SCHEDULE, start=START, case=small_case, **how):
        atlas = case.atlas
        stepper = Knowing(pose_from_six(TRUTH, case.pose_frame), camera, atlas, **how)

        def told(pose, camera, atlas):
            stepper.current = align_view(pose, camera, atlas)
            return stepper.current

        monkeypatch.setattr("fluoropose.registration.regression.schedule.align_view", told)
        begin = pose_from_six(start, case.pose_frame)
        return register(stepper, camera, begin, atlas, schedule, lambda: 0), stepper

    return go


def test_a_sure_stepper_needs_few_looks(run):
    found, stepper = run()
    np.testing.assert_allclose(found.camera_from_volume, stepper.pose, atol=0.02)
    # In-plane twice, out of plane, and both again tell that all is near; the fine look finds nothing to do.
    assert stepper.stages.count("coarse") == 5
    assert stepper.stages.count("fine") == 1


def test_the_last_look_judges_a_pose_that_has_settled(run):
    found, _ = run()
    across_mm, along_mm, angle_rad = found.moved
    assert across_mm < 0.2 * SIGMAS[0] and along_mm < 0.2 * SIGMAS[2] and angle_rad < 0.2 * SIGMAS[4]


def test_coarse_steps_go_on_while_they_move_the_pose(run):
    _, stepper = run(left=2.0)
    assert stepper.stages.count("coarse") == 7


def test_fine_steps_go_on_while_they_move_the_pose(run):
    _, stepper = run(unrest=2.0)
    # Seven steps and the look that judges.
    assert stepper.stages.count("fine") == 8


def test_in_a_body_they_go_on_for_longer(run, small_case, surrounded_case):
    fine = [run(case=case, unrest=1.0)[1].stages.count("fine") for case in (small_case, surrounded_case)]
    assert fine == [1, 8]


def test_the_last_look_is_taken_at_its_word(run):
    """It asks for one expected error in each parameter: too little for another look, and where the pose is then."""
    found, stepper = run(TRACKING_SCHEDULE, start=TRUTH, unrest=1.0)
    assert stepper.stages == ["coarse", "fine"]
    asked = apply_residual(stepper.current, found.regression.residuals[0], Group.ALL, stepper.atlas)
    np.testing.assert_array_equal(found.camera_from_volume, asked)
    assert found.moved[0] == pytest.approx(np.hypot(*SIGMAS[:2]), rel=0.05)
    assert found.moved[1] == pytest.approx(SIGMAS[2], rel=0.05)


def test_a_tracked_frame_that_has_not_moved_takes_two_looks(run):
    found, stepper = run(TRACKING_SCHEDULE, start=TRUTH)
    assert stepper.stages == ["coarse", "fine"]
    np.testing.assert_allclose(found.camera_from_volume, stepper.pose, atol=1e-6)
