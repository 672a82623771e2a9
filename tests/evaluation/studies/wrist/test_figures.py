"""A trial is scored against the reference and starts where it did; the figures of one frame. Needs no real data."""

import numpy as np
import pytest

from fluoropose.evaluation.studies.wrist.figures import SEED, frame_figures, rescore, same_starts_figures
from fluoropose.evaluation.trials import StartPlan, TrialKey, TrialResult, TrialSetup, Truth, run_trial
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six

CAMERA = camera_from_detector(2, 2, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1100.0)


def stay(pixels, camera, start):
    return TrialResult(start, "DONE", 1.0, {})


@pytest.fixture
def truths(small_case):
    """The pose that starts are drawn about, and the reference 3 mm deeper."""
    return [
        Truth(np.zeros((2, 2), np.uint8), pose_from_six(np.array([0.0, 0.0, z, 0.0, 0.0, 0.0]), small_case.pose_frame))
        for z in (900.0, 903.0)
    ]


def trials(case, about, spread, count, register=stay):
    setup = TrialSetup([about], CAMERA, case.pose_frame, case.corners_mm, StartPlan(SEED))
    return [run_trial(TrialKey("stay", spread, n), setup, register) for n in range(count)]


def test_a_trial_is_scored_against_the_reference_and_starts_where_it_did(small_case, truths):
    about, _ = truths
    record = trials(small_case, about, 1.0, 4)[3]
    same, other = (rescore(against, record, small_case, about) for against in truths)
    np.testing.assert_allclose(same.trial.end.mtre_mm, record.trial.end.mtre_mm, rtol=1e-6)
    np.testing.assert_allclose(same.trial.start.mtre_mm, record.trial.start.mtre_mm, rtol=1e-6)
    assert other.trial.start.mtre_mm == pytest.approx(other.trial.end.mtre_mm)
    assert abs(other.trial.end.depth_mm - same.trial.end.depth_mm) == pytest.approx(3.0, abs=0.05)


def test_success_is_within_one_millimetre_in_plane(small_case, truths):
    about, _ = truths

    def find(pixels, camera, start):
        return TrialResult(about.camera_from_volume, "DONE", 1.0, {})

    facts = frame_figures(trials(small_case, about, 1.0, 5, find), small_case, about)
    assert facts["within_1_mm_by_spread"] == {"1": 1.0}
    missed = frame_figures(
        trials(small_case, about, 1.0, 5, find) + trials(small_case, about, 3.0, 30), small_case, about
    )
    assert missed["within_1_mm_in_plane"] == 1.0
    assert missed["within_1_mm_by_spread"]["3"] < 0.5


def test_the_same_starts_are_those_that_all_wide_methods_have(small_case, truths):
    about, _ = truths
    wide = trials(small_case, about, 1.0, 3) + trials(small_case, about, 2.0, 3)
    found = same_starts_figures("a", {"a": wide, "b": wide[:-1], "narrow": wide[:1]})
    assert set(found) == {"capture_range_same_starts_mm"}
    assert same_starts_figures("narrow", {"a": wide, "narrow": wide[:1]}) == {}
