"""Tolerances of a calibration: what may be one, and what it means for a pose."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import apply_twist, transform
from fluoropose.geometry.rotation import about_y
from fluoropose.geometry.tolerance import EXACT, CameraTolerance, fused_covariance, tolerance_covariance


def test_without_numbers_a_camera_is_exact():
    assert CameraTolerance() == CameraTolerance(0.0, 0.0)


@pytest.mark.parametrize(
    "fields", [{"focal_percent": -1.0}, {"focal_percent": 51.0}, {"principal_point_px": float("nan")}]
)
def test_numbers_that_no_calibration_has(fields):
    with pytest.raises(GeometryError, match=f"camera tolerance {next(iter(fields))} must be 0 to"):
        CameraTolerance(**fields)


CAMERA = Camera(480, 640, np.array([[2200.0, 0.0, 300.0], [0.0, 2100.0, 260.0], [0.0, 0.0, 1.0]]))
CENTRE_MM = np.array([5.0, -3.0, 8.0])
POSE = np.eye(4)
POSE[:3, 3] = np.array([30.0, -20.0, 900.0]) - CENTRE_MM
CORNERS_MM = CENTRE_MM + 20.0 * np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])


def told(focal_factor=1.0, shift_px=(0.0, 0.0)):
    matrix = CAMERA.intrinsic_matrix.copy()
    matrix[:2, :2] *= focal_factor
    matrix[:2, 2] += shift_px
    return Camera(CAMERA.rows, CAMERA.columns, matrix)


@pytest.mark.parametrize(
    ("tolerance", "wrong"),
    [
        (CameraTolerance(focal_percent=1.0), told(focal_factor=1.01)),
        (CameraTolerance(principal_point_px=8.0), told(shift_px=(-8.0, 0.0))),
        (CameraTolerance(principal_point_px=8.0), told(shift_px=(0.0, -8.0))),
    ],
)
def test_a_pose_moved_by_one_deviation_looks_the_same_to_a_camera_that_is_wrong_by_one(tolerance, wrong):
    """Each fault is one column of the covariance's root: the pose that it moves projects to the same pixels."""
    covariance = tolerance_covariance(tolerance, CAMERA, POSE, CENTRE_MM)
    true = project(CAMERA, transform(POSE, CORNERS_MM))
    values, vectors = np.linalg.eigh(covariance)
    twists = [sign * np.sqrt(value) * vector for value, vector in zip(values, vectors.T, strict=True) if value > 1e-12
              for sign in (-1.0, 1.0)]  # fmt: skip
    least = min(
        np.abs(project(wrong, transform(apply_twist(POSE, twist, CENTRE_MM), CORNERS_MM)) - true).max()
        for twist in twists
    )
    still = np.abs(project(wrong, transform(POSE, CORNERS_MM)) - true).max()
    # A wrong focal length changes the perspective a little, too.
    assert least < 0.1 * still


def test_one_camera_alone_leaves_its_own_tolerance_along_the_worlds_axes():
    covariance = tolerance_covariance(CameraTolerance(0.5, 2.0), CAMERA, POSE, CENTRE_MM)
    turned = np.eye(4)
    turned[:3, :3] = about_y(np.pi / 2)
    world = fused_covariance([covariance], [turned])
    back = np.kron(np.eye(2), turned[:3, :3])
    np.testing.assert_allclose(back @ world @ back.T, covariance, atol=1e-12)
    assert np.sqrt(covariance[2, 2]) == pytest.approx(0.005 * 900.0)


def test_two_cameras_from_two_sides_know_the_depth():
    covariance = tolerance_covariance(CameraTolerance(0.5, 2.0), CAMERA, POSE, CENTRE_MM)
    turned = np.eye(4)
    turned[:3, :3] = about_y(np.pi / 2)
    both = np.sqrt(np.diag(fused_covariance([covariance, covariance], [np.eye(4), turned]))[:3])
    assert both.max() < 1.0 < np.sqrt(covariance[2, 2])


def test_an_exact_camera_adds_nothing():
    assert not tolerance_covariance(EXACT, CAMERA, POSE, CENTRE_MM).any()
