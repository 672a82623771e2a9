import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.overlapped import assess_overlapped, corner_error_mm


def test_the_corners_error_is_that_of_drawn_poses(small_case, rng):
    """Against 20,000 twists drawn from the covariance, in a camera that stands somewhere; depth counts for nothing."""
    camera_from_world = pose_from_six(np.array([3.0, 5.0, 20.0, 10.0, 40.0, -30.0]), small_case.pose_frame)
    camera_from_volume = pose_from_six(np.array([5.0, -8.0, 900.0, 10.0, 5.0, 8.0]), small_case.pose_frame)
    root = rng.normal(size=(6, 6)) * np.array([0.2, 0.3, 0.2, 0.004, 0.003, 0.005])[:, None]
    covariance = root @ root.T
    centre, corners = small_case.atlas.view.centre_mm, small_case.corners_mm
    twists = rng.multivariate_normal(np.zeros(6), covariance, 20000)
    turn = camera_from_world[:3, :3]
    middle = camera_from_volume[:3, :3] @ centre + camera_from_volume[:3, 3]
    arms = corners @ camera_from_volume[:3, :3].T + camera_from_volume[:3, 3] - middle
    shifts, turns = twists[:, :3] @ turn.T, twists[:, 3:] @ turn.T
    moves = shifts[:, None] + np.cross(turns[:, None], arms[None])
    ray = middle / np.linalg.norm(middle)
    drawn = np.sqrt(np.mean(((moves - (moves @ ray)[..., None] * ray) ** 2).sum(axis=2)))
    error = corner_error_mm(np.linalg.inv(covariance), camera_from_world, camera_from_volume, corners, centre)
    assert error == pytest.approx(drawn, rel=0.03)


def test_an_uncertain_pose_among_others_is_doubted():
    sure = Assessment(Status.TRACKING, 0.99, ErrorEstimate(0.1, 1.0, 0.5))
    assert assess_overlapped(sure, 0.2, 60.0) is sure
    doubted = assess_overlapped(sure, 0.5, 60.0)
    assert (doubted.status, doubted.confidence) == (Status.LOW_CONFIDENCE, 0.99)
    lost = Assessment(Status.LOST, 0.0, ErrorEstimate(9.0, 9.0, 9.0))
    assert assess_overlapped(lost, 9.0, 60.0) is lost
