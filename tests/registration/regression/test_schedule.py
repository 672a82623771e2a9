"""The schedule's way: coarse steps end once the pose is near, fine ones once it has settled, and not before."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.regression.residual import Group, align_view, apply_residual, residual_to_pose
from fluoropose.registration.regression.schedule import (
    DEFAULT_SCHEDULE,
    NEAR_UNITS,
    TRACKING_SCHEDULE,
    ViewRegression,
    fine_steps,
    follow_coarse,
    follow_fine,
    follow_schedule,
    is_near,
    motion_between,
    pose_estimate,
    sweeps,
)
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
        raise AssertionError("expected no frames, got some")

    def another(self):
        raise AssertionError("expected one thread, got another")

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


class TellingRegression(ViewRegression):
    """Steps in one view, and tells the stepper beforehand how the pose is aligned with it."""

    def __init__(self, stepper):
        super().__init__(stepper, stepper.camera, stepper.atlas)
        self.knowing = stepper

    def step(self, network, pose, group):
        self.knowing.current = align_view(pose, self.knowing.camera, self.knowing.atlas)
        return super().step(network, pose, group)


def no_time():
    return 0


@pytest.fixture
def run(small_case, camera):
    """Follow a schedule with a stepper that knows the truth."""

    def go(schedule=DEFAULT_SCHEDULE, start=START, case=small_case, **how):
        stepper = Knowing(pose_from_six(TRUTH, case.pose_frame), camera, case.atlas, **how)
        begin = pose_from_six(start, case.pose_frame)
        end = follow_schedule(TellingRegression(stepper), begin, schedule, no_time)
        return pose_estimate(end, case.atlas), stepper

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


def test_coarse_and_fine_steps_one_after_the_other_are_the_whole_schedule(run, small_case, camera):
    stepper = Knowing(pose_from_six(TRUTH, small_case.pose_frame), camera, small_case.atlas)
    begin = pose_from_six(START, small_case.pose_frame)
    coarse = follow_coarse(TellingRegression(stepper), begin, DEFAULT_SCHEDULE, no_time)
    assert set(stepper.stages) == {"coarse"}
    assert coarse.presence == 1.0
    end = pose_estimate(follow_fine(TellingRegression(stepper), coarse, DEFAULT_SCHEDULE, no_time), small_case.atlas)
    np.testing.assert_array_equal(end.camera_from_volume, run()[0].camera_from_volume)


def test_without_coarse_steps_nothing_is_known_of_the_presence(small_case, camera):
    stepper = Knowing(pose_from_six(TRUTH, small_case.pose_frame), camera, small_case.atlas)
    begin = pose_from_six(START, small_case.pose_frame)
    coarse = follow_coarse(TellingRegression(stepper), begin, fine_steps(DEFAULT_SCHEDULE), no_time)
    assert coarse.pose is begin
    assert coarse.presence == 0.0
    assert stepper.stages == []


def test_times_are_those_of_coarse_fine_and_judging_steps(small_case, camera):
    """A clock that ticks once each time it is asked: two askings a stage, and one for the step that judges."""
    stepper = Knowing(pose_from_six(TRUTH, small_case.pose_frame), camera, small_case.atlas, unrest=2.0)
    ticks = iter(range(100))
    start = pose_from_six(START, small_case.pose_frame)
    end = follow_schedule(TellingRegression(stepper), start, DEFAULT_SCHEDULE, lambda: next(ticks))
    assert (end.regress_ns, end.refine_ns, end.quality_ns) == (1, 1, 1)


def test_all_is_near_once_both_groups_asked_for_little():
    near = {group: 0.9 * most for group, most in NEAR_UNITS.items()}
    assert is_near(near)
    assert not is_near({})
    for group, most in NEAR_UNITS.items():
        assert not is_near(near | {group: 1.1 * most})
        assert not is_near({group: 0.0})


def test_sweeps_begin_with_the_coarse_network():
    assert [network for network, _ in sweeps(3)] == ["coarse"] * 4 + ["fine"] * 2
    assert fine_steps(sweeps(3)) == sweeps(3)[4:]


def test_a_motion_is_told_across_the_ray_along_it_and_in_rotation(small_case):
    centre = small_case.atlas.view.centre_mm
    before = pose_from_six(np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0]), small_case.pose_frame)
    after = pose_from_six(np.array([3.0, 4.0, 912.0, 2.0, 0.0, 0.0]), small_case.pose_frame)
    across, along, turned = motion_between(before, after, centre)
    assert (across, along, np.rad2deg(turned)) == pytest.approx((5.0, 12.0, 2.0), abs=1e-6)
