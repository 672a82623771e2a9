"""Trials: where they start, which frames they take, and what a failure counts as."""

import numpy as np

from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.evaluation.trials import StartPlan, TrialKey, TrialResult
from fluoropose.geometry.pose6 import six_from_pose
from support.trials import FRAME, TRUTHS, off_by, ran


def test_starts_depend_on_nothing_but_seed_spread_and_number():
    plan, truth = StartPlan(4), TRUTHS[0].camera_from_volume
    first = plan.start(TrialKey("a", 1.0, 7), truth, FRAME)
    np.testing.assert_array_equal(plan.start(TrialKey("b", 1.0, 7), truth, FRAME), first)
    np.testing.assert_array_equal(perturb(truth, FRAME, np.random.default_rng([4, 7])), first)
    assert not np.allclose(plan.start(TrialKey("a", 1.0, 8), truth, FRAME), first)
    wide = np.array([six_from_pose(plan.start(TrialKey("a", 1.5, n), truth, FRAME), FRAME) for n in range(2000)])
    np.testing.assert_allclose(wide.std(axis=0), 1.5 * PAPER_SIGMAS, rtol=0.08)


def test_starts_from_a_file_are_offsets_of_the_truth():
    offsets = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    start = StartPlan(0, offsets).start(TrialKey("a", 1.0, 0), TRUTHS[1].camera_from_volume, FRAME)
    np.testing.assert_allclose(six_from_pose(start, FRAME), [2.0, 2.0, 903.0, 4.0, 5.0, 6.0], atol=1e-9)


def test_trials_go_round_the_frames():
    records = [ran(TrialKey("a", 1.0, n), off_by(0.1)) for n in range(4)]
    assert [record.frame for record in records] == [0, 1, 2, 0]
    np.testing.assert_allclose(records[1].found_six, [1.1, 0, 900, 0, 0, 0], atol=1e-9)


def test_a_method_that_fails_fails_a_trial_with_its_reason():
    def broken(pixels, camera, start):
        raise ZeroDivisionError("of course")

    def absurd(pixels, camera, start):
        return TrialResult(np.full((4, 4), np.nan), "DONE", 1.0, {})

    record = ran(TrialKey("a", 1.0, 0), broken)
    assert record.reason == "ZeroDivisionError: of course"
    assert record.trial.status == "FAILED"
    assert record.trial.end == record.trial.start
    assert "finite pose" in ran(TrialKey("a", 1.0, 0), absurd).reason
