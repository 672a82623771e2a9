"""A method's figures from its trials."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.report import method_facts
from fluoropose.evaluation.trials import StartPlan, TrialKey, TrialResult, TrialSetup, Truth, run_trial
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six

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
