import numpy as np
import pytest

from fluoropose.geometry.camera import project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.registration.assessment import (
    Assessment,
    ErrorEstimate,
    Status,
    assess,
    assess_doubtful,
    assess_in_frame,
    assess_jointly,
    assess_waiting,
    expected_errors,
    world_information,
)
from fluoropose.registration.multi_view_solver import CalibratedView
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.regression.step import Regression
from support.cases import EXPECTED_SIX
from support.shots import SIGMAS, believed, fine_camera, shot


def estimate_with(case, presence, six=(0, 0, 900.0, 0, 0, 0), sigma_x=0.3, moved=(0.0, 0.0, 0.0)):
    pose = pose_from_six(np.array(six, float), case.pose_frame)
    sigmas = np.array([[sigma_x, 0.4, 2.0, 0.003, 0.004, 0.0]])
    information = np.diag(np.maximum(sigmas[0], 1e-6) ** -2.0)[None]
    seen = Regression(np.zeros((1, 6)), sigmas, information, np.array([presence]))
    return PoseEstimate(pose, seen, moved, 0, 0, 0)


@pytest.mark.parametrize(
    ("presence", "status"),
    [(0.99, Status.TRACKING), (0.5, Status.TRACKING), (0.3, Status.LOW_CONFIDENCE), (0.05, Status.LOST)],
)
def test_presence_decides(small_case, camera, presence, status):
    assessment = assess(estimate_with(small_case, presence), 0.95, camera, small_case.atlas)
    assert assessment.status is status
    assert assessment.confidence == presence


def test_expected_errors_add_in_squares(small_case, camera):
    estimate = assess(
        estimate_with(small_case, 0.9, moved=(1.2, 1.5, 0.012)), 0.95, camera, small_case.atlas
    ).error_estimate
    assert estimate.in_plane_mm == pytest.approx(1.3)  # 0.3, 0.4 and 1.2
    assert estimate.depth_mm == pytest.approx(2.5)  # 2.0 and 1.5
    assert estimate.rotation_deg == pytest.approx(np.rad2deg(0.013))  # 3, 4 and 12 thousandths


def test_a_large_expected_error_is_no_confident_pose(small_case, camera):
    assert (
        assess(estimate_with(small_case, 0.99, sigma_x=5.0), 0.95, camera, small_case.atlas).status
        is Status.LOW_CONFIDENCE
    )


@pytest.mark.parametrize("six", [(400, 0, 900, 0, 0, 0), (0, 0, 1500, 0, 0, 0)], ids=["outside", "too far"])
def test_what_cannot_be_seen_is_lost(small_case, camera, six):
    assessment = assess(estimate_with(small_case, 0.99, six), 0.95, camera, small_case.atlas)
    assert assessment.status is Status.LOST
    assert assessment.confidence == 0.0


@pytest.mark.parametrize(
    ("likeness", "status"),
    [
        (0.95, Status.TRACKING),
        (0.7, Status.TRACKING),
        (0.55, Status.LOW_CONFIDENCE),
        (0.4, Status.LOST),
        (-0.5, Status.LOST),
    ],
)
def test_a_network_that_is_sure_of_nothing_is_overruled_by_the_edges(small_case, camera, likeness, status):
    assert assess(estimate_with(small_case, 0.999), likeness, camera, small_case.atlas).status is status


def test_a_joint_pose_is_as_sure_as_its_least_sure_view(small_case):
    views = [Assessment(Status.TRACKING, share, ErrorEstimate(9.0, 9.0, 9.0)) for share in (0.9, 0.6)]
    information = np.diag(np.array([0.3, 0.4, 2.0, 0.003, 0.004, 0.012]) ** -2.0)
    found = assess_jointly(views, information, np.zeros(6), np.eye(3), small_case.atlas)
    assert (found.status, found.confidence) == (Status.TRACKING, 0.6)
    assert found.error_estimate.in_plane_mm == pytest.approx(0.5)  # 0.3 and 0.4
    assert found.error_estimate.depth_mm == pytest.approx(2.0)
    assert found.error_estimate.rotation_deg == pytest.approx(np.rad2deg(0.013))
    # Seen along x, what was depth is in the plane; what is still proposed adds in squares.
    turn = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    proposed = np.array([0.4, 0.0, 0.0, 0.0, 0.0, 0.0])
    aside = assess_jointly(views, information, proposed, turn, small_case.atlas).error_estimate
    assert aside.depth_mm == pytest.approx(0.5)
    lost = assess_jointly(
        [views[0], Assessment(Status.LOST, 0.0, views[0].error_estimate)], information, proposed, turn, small_case.atlas
    )
    assert lost.status is Status.LOST


def test_expected_errors_are_those_along_the_cameras_axes():
    covariance = np.diag([1.0, 4.0, 900.0, 0.01, 0.0, 0.0])
    frontal, side = np.eye(4), np.eye(4)
    side[:3, :3] = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]
    seen = expected_errors(covariance, frontal)
    assert (seen.in_plane_mm, seen.depth_mm, seen.rotation_deg) == pytest.approx((5**0.5, 30.0, np.rad2deg(0.1)))
    assert expected_errors(covariance, side).depth_mm == pytest.approx(1.0)
    assert expected_errors(covariance, side).in_plane_mm == pytest.approx(904**0.5)


def test_what_one_view_knows_in_the_world_is_what_it_knows_in_its_own_camera(small_case, camera, pose):
    """Another place of the camera turns the information as it turns the axes."""
    estimate = believed(small_case, camera, pose)
    turn = pose_from_six(np.array([3.0, 5.0, 20.0, 10.0, 40.0, -30.0]), small_case.pose_frame)
    own, placed = (
        world_information(estimate, CalibratedView(0, camera, place, small_case.atlas)) for place in (np.eye(4), turn)
    )
    both = np.kron(np.eye(2), turn[:3, :3])
    np.testing.assert_allclose(placed, both.T @ own @ both, rtol=1e-6, atol=1e-6 * own.max())
    # In its own camera's plane it knows what the networks said, along the ray far less.
    sigmas = np.sqrt(np.diag(np.linalg.inv(own)))
    np.testing.assert_allclose(sigmas[:2], SIGMAS[:2], rtol=0.5)
    assert sigmas[2] > 10.0 * sigmas[0]


def test_a_tracked_frame_that_waited_for_views_says_so():
    sure = Assessment(Status.TRACKING, 0.99, ErrorEstimate(0.1, 1.0, 0.5))
    assert assess_waiting(sure, 0) is sure
    late = assess_waiting(sure, 3)
    assert (late.status, late.reason, late.confidence) == (Status.LOW_CONFIDENCE, "view-not-cached", 0.99)
    lost = Assessment(Status.LOST, 0.0, ErrorEstimate(9.0, 9.0, 9.0))
    assert assess_waiting(lost, 3) is lost


def test_a_pose_that_another_measure_doubts_is_no_sure_one():
    sure = Assessment(Status.TRACKING, 0.99, ErrorEstimate(0.1, 1.0, 0.5))
    doubted = assess_doubtful(sure)
    assert (doubted.status, doubted.reason) == (Status.LOW_CONFIDENCE, "doubtful-match")
    assert assess_doubtful(doubted) is doubted


def test_what_the_border_or_a_mask_hides_is_neither_for_nor_against_a_pose(small_case, rng):
    """Cut off at a column through the object, the rest is like it; too little of it is doubtful, however like it is."""
    camera, atlas = fine_camera(), small_case.atlas
    pose = pose_from_six(EXPECTED_SIX, small_case.pose_frame)
    frame, seen = shot(small_case, camera, pose, rng), align_view(pose, camera, small_case.atlas)
    whole, _ = assess_in_frame(frame, believed(small_case, camera, pose), seen, camera, atlas)
    middle = round(float(project(camera, transform(pose, atlas.view.centre_mm))[0]))

    def assessed(from_column):
        hidden = np.zeros_like(frame)
        hidden[:, from_column:] = 1.0
        covered = np.where(hidden > 0, frame[:, from_column : from_column + 1], frame).astype(np.float32)
        said = [
            assess_in_frame(covered, believed(small_case, camera, pose), seen, camera, atlas, hidden=one)
            for one in (None, hidden)
        ]
        return *said[0], *said[1]

    untold, unlike, told, like = assessed(middle + 2)
    assert unlike < 0.93 < like
    assert told.status is whole.status is Status.TRACKING
    assert 0.2 < told.visible_fraction < 0.8
    assert told.confidence >= untold.confidence
    _, _, little, _ = assessed(middle - 30)
    assert little.visible_fraction < 0.12
    assert little.status is not Status.TRACKING
