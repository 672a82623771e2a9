import numpy as np
import pytest

from fluoropose.evaluation.metrics.pose_error import rmsd_proj_mm, strict_capture_range_mm, success_groups
from fluoropose.evaluation.metrics.report import method_facts
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.evaluation.trials import StartPlan, TrialKey, TrialResult, TrialSetup, Truth, run_trial
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose
from fluoropose.geometry.rigid import rigid

CORNERS = np.array([[x, y, z] for x in (-10.0, 10.0) for y in (-20.0, 20.0) for z in (-5.0, 5.0)])
FRAME = Pose6Frame(np.zeros(3), np.eye(3))
CAMERA = camera_from_detector(8, 8, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1000.0)
TRUTHS = [Truth(np.full((8, 8), n), pose_from_six(np.array([n, 0, 900.0, 0, 0, 0]), FRAME)) for n in range(3)]


def ran(key, register, starts=StartPlan(4)):
    return run_trial(key, TrialSetup(TRUTHS, CAMERA, FRAME, CORNERS, starts), register)


def off_by(x_mm):
    def register(pixels, camera, start):
        truth = TRUTHS[int(pixels[0, 0])].camera_from_volume
        moved = truth.copy()
        moved[0, 3] += x_mm
        return TrialResult(moved, "DONE", 1.0, {"total": 5.0})

    return register


def test_success_in_groups_by_hand():
    # Groups of 20: 20 of 20, 19 of 20, 18 of 20; five trials are left over.
    start = np.arange(65.0)[::-1]
    good = np.ones(65, bool)
    good[[64 - 25, 64 - 45, 64 - 55]] = False
    groups = success_groups(start, good)
    assert [group.success for group in groups] == [1.0, 0.95, 0.9]
    assert (groups[1].from_mm, groups[1].to_mm) == (20.0, 39.0)
    assert strict_capture_range_mm(start, good) == 39.0
    assert strict_capture_range_mm(start[:19], good[:19]) is None
    assert strict_capture_range_mm(start, ~good) is None


def test_precision_by_hand():
    # Two registrations 6 mm apart across the ray lie 3 mm from their mean; depth changes no projection of the centre.
    truth = rigid(np.eye(3), np.array([0.0, 0.0, 1000.0]))
    apart = [rigid(np.eye(3), np.array([x, 0.0, 1000.0])) for x in (-3.0, 3.0)]
    assert rmsd_proj_mm(apart, truth, np.zeros((1, 3))) == pytest.approx(3.0)
    deep = [rigid(np.eye(3), np.array([0.0, 0.0, z])) for z in (990.0, 1010.0)]
    assert rmsd_proj_mm(deep, truth, np.zeros((1, 3))) == pytest.approx(0.0)
    # All three the same but one 3 mm off: distances 2, 1, 1 to the mean; sqrt((4 + 1 + 1) / 3).
    three = [apart[1], truth, truth]
    assert rmsd_proj_mm(three, truth, np.zeros((1, 3))) == pytest.approx(np.sqrt(2.0))


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


def test_precision_is_pooled_over_frames_by_hand():
    # Frame 0 twice, 4 mm apart: squares 4 + 4. Frame 1 once: no square. One of two registrations is free: sqrt(8 / 1).
    jobs = [(0, off_by(-2.0)), (3, off_by(2.0)), (1, off_by(9.0))]
    records = [ran(TrialKey("a", 1.0, n), register) for n, register in jobs]
    facts = method_facts("x", 100.0, records, TRUTHS, FRAME, CORNERS, "m")
    assert facts["rmsd_proj_mm"] == pytest.approx(np.sqrt(8.0), rel=1e-3)
    assert facts["rmsd_proj_of_successes_mm"] is None


def test_a_methods_figures():
    def facts(records):
        return method_facts("x", 100.0, records, TRUTHS, FRAME, CORNERS, "m")

    records = [ran(TrialKey("a", 1.0, n), off_by(0.5 if n % 3 else 2.0)) for n in range(30)]
    wide = [ran(TrialKey("a", 2.0, n), off_by(0.5)) for n in range(30)]
    found = facts(records + wide)
    assert found["trials"] == 30
    assert found["success_rate"] == pytest.approx(20 / 30)
    assert found["success_by_spread"] == {"1": pytest.approx(20 / 30), "2": 1.0}
    assert found["rmsd_proj_mm"] == pytest.approx(0.0, abs=1e-9)
    assert found["time_ms"] == {"mean": 5.0, "sd": 0.0, "p50": 5.0}
    assert found["mtre_proj_mm"]["p50"] == pytest.approx(0.5)
    assert found["failed"] == {}
    assert len(found["success_by_start_error"]) == 3
    assert found["largest_start_mm"] == max(r.trial.start.mtre_proj_mm for r in records + wide)
    assert facts(records[:1])["time_ms"]["p50"] == 5.0
    assert facts([])["success_rate"] == 0.0
