"""Cameras as a client describes them: two forms, a place, a name, and what cannot be meant."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import SameCameraError, c_arm_camera_from_world
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.serving.camera_request import (
    CameraRequest,
    CamerasRequest,
    CArmRequest,
    placed_by_name,
    pose_or_none,
)

LENGTHS = {"row_spacing_mm": 1.0, "column_spacing_mm": 1.5, "source_to_detector_mm": 1000.0}
MATRIX = [[900.0, 0.0, 64.0], [0.0, 900.0, 48.0], [0.0, 0.0, 1.0]]


def test_both_forms_of_a_camera():
    by_lengths = CameraRequest(96, 128, **LENGTHS)
    expected = camera_from_detector(96, 128, **LENGTHS)
    np.testing.assert_array_equal(by_lengths.camera.intrinsic_matrix, expected.intrinsic_matrix)
    np.testing.assert_array_equal(CameraRequest(96, 128, intrinsic_matrix=MATRIX).camera.intrinsic_matrix, MATRIX)


def test_a_place_is_made_rigid_once():
    rounded = np.eye(4)
    rounded[0, 1] = 1e-6
    placed = CameraRequest(96, 128, **LENGTHS, camera_from_world=rounded, case="side").placed
    np.testing.assert_allclose(
        placed.camera_from_world[:3, :3] @ placed.camera_from_world[:3, :3].T, np.eye(3), atol=1e-15
    )
    assert placed.case == "side"
    assert CameraRequest(96, 128, **LENGTHS).placed.camera_from_world is None


def test_a_tolerance_reaches_the_camera_at_its_place():
    tolerance = CameraTolerance(1.0, 5.0)
    request = CameraRequest(96, 128, **LENGTHS, tolerance=tolerance)
    assert request.placed.place().tolerance is request.placed.place(np.eye(4)).tolerance is tolerance
    assert CameraRequest(96, 128, **LENGTHS).placed.place().tolerance is None


def test_a_mask_reaches_the_camera_at_its_place():
    mask = FieldMask(circle_px=(10.0, 10.0, 5.0))
    request = CameraRequest(96, 128, **LENGTHS, mask=mask)
    assert request.placed.place().mask is request.placed.place(np.eye(4)).mask is mask


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "got neither"),
        ({"row_spacing_mm": 1.0}, "got row_spacing_mm"),
        (LENGTHS | {"intrinsic_matrix": MATRIX}, "got both"),
        (LENGTHS | {"row_spacing_mm": -1.0}, "row_spacing_mm"),
        ({"intrinsic_matrix": [[1.0], [2.0, 3.0]]}, "3x3 matrix of numbers"),
        ({"intrinsic_matrix": np.eye(4)}, r"got shape \(4, 4\)"),
        (LENGTHS | {"rows": 1}, "got 1 x 128"),
        (LENGTHS | {"camera_from_world": np.diag([2.0, 1, 1, 1])}, "camera_from_world must be rigid"),
    ],
)
def test_cameras_that_cannot_be_meant(fields, words):
    with pytest.raises(GeometryError, match=words):
        CameraRequest(**({"rows": 96, "columns": 128} | fields))


def test_a_c_arm_is_a_place():
    place = CArmRequest(30.0, -5.0, 700.0).camera_from_world
    np.testing.assert_array_equal(place, c_arm_camera_from_world(30.0, -5.0, 700.0))
    with pytest.raises(GeometryError, match="finite"):
        CArmRequest(float("nan"), 0.0, 700.0)


def test_cameras_are_one_without_a_name_or_several_with_theirs():
    camera = CameraRequest(96, 128, **LENGTHS)
    assert list(CamerasRequest(camera).placed) == ["camera"]
    assert list(CamerasRequest(cameras=[("a", camera), ("b", camera)]).placed) == ["a", "b"]
    for both_or_neither in ({}, {"camera": camera, "cameras": [("a", camera)]}):
        with pytest.raises(InputError, match="expected camera, or cameras"):
            CamerasRequest(**both_or_neither)
    with pytest.raises(SameCameraError, match="the names a, a"):
        placed_by_name([("a", camera), ("a", camera)])


def test_no_pose_is_none():
    assert pose_or_none(None, "initial_pose") is None
    with pytest.raises(GeometryError, match="initial_pose must be a 4x4"):
        pose_or_none([1.0], "initial_pose")
