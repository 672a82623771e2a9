"""Evidence is gathered from the views that have a part in an answer; the covariance comes from their equations."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.rig import PlacedCamera
from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.evidence import gather_evidence, judge_errors
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import AssessedPose, FrameView, ObjectEstimate
from support.shots import SIGMAS, believed, fine_camera, shot
from support.steppers import RecordingStepper

SURE = Assessment(Status.TRACKING, 0.9, ErrorEstimate(0.1, 1.0, 0.5), visible_fraction=0.8, matched_fraction=0.7)


@pytest.fixture
def look(small_case, pose, rng):
    """A prepared view of the small object at a pose, and what networks that ended there leave."""
    camera = fine_camera()
    frame = np.exp(-shot(small_case, camera, pose, rng)).astype(np.float32)
    (view,) = prepare_views(
        ResidentCase(small_case, RecordingStepper(None)), [FrameView(frame, PlacedCamera(camera))], {}
    )
    found = AssessedPose(believed(small_case, camera, pose), SURE, 0.9)
    return view, ObjectEstimate(pose, SURE, np.eye(6), (found,), ("",))


def test_it_tells_how_frame_and_object_agree(look, small_case):
    view, estimate = look
    found = gather_evidence([view], estimate)
    assert (found.likeness, found.visible, found.matched, found.views) == (0.9, 0.8, 0.7, 1)
    assert 0.8 < found.sharpness < 1.1
    assert 0.4 < found.contrast < 1.1
    assert found.whiteness == pytest.approx(1.0, abs=0.2)
    assert found.half_mm == pytest.approx(0.5 * small_case.size_mm)
    assert found.pixel_mm == pytest.approx(small_case.atlas.view.field_mm / small_case.atlas.view.size_px)


def test_of_several_views_the_worst_counts_and_one_without_a_part_does_not(look):
    view, estimate = look
    worse = replace(estimate.poses[0], similarity=0.6)
    both = replace(estimate, poses=(estimate.poses[0], worse), reasons=("", ""))
    found = gather_evidence([view, view], both)
    assert (found.likeness, found.views) == (0.6, 2)
    assert gather_evidence([view, view], replace(both, reasons=("", "left out"))).likeness == 0.9


def test_the_raw_covariance_of_one_view_is_that_of_its_equations_and_its_last_move(look):
    view, estimate = look
    raw = judge_errors([view], estimate).raw
    assert np.linalg.det(raw[:3, :3]) ** (1 / 6) == pytest.approx(np.prod(SIGMAS[:3]) ** (1 / 3), rel=0.05)
    pose = estimate.poses[0]
    moved = replace(pose, estimate=replace(pose.estimate, moved=(0.0, 5.0, 0.0)))
    more = judge_errors([view], replace(estimate, poses=(moved,))).raw - raw
    assert np.trace(more[:3, :3]) == pytest.approx(25.0)


def test_several_views_have_the_covariance_of_their_joint_information(look):
    view, estimate = look
    both = replace(estimate, poses=estimate.poses * 2, reasons=("", ""), information=np.diag(np.arange(1.0, 7.0)))
    np.testing.assert_allclose(judge_errors([view, view], both).raw, np.diag(1.0 / np.arange(1.0, 7.0)), atol=1e-12)
