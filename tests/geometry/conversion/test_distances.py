"""Lengths and angles: by hand."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.conversion.distances import read_c_arm, read_dicom_xa, read_distances, write_c_arm
from fluoropose.geometry.conversion.imaging_geometry import ImagingGeometry
from fluoropose.geometry.rig import c_arm_camera_from_world
from fluoropose.geometry.rigid import rigid
from support.geometries import some_geometry

LENGTHS = {
    "rows": 480, "columns": 640, "row_spacing_mm": 0.5, "column_spacing_mm": 0.4, "source_to_detector_mm": 1000.0,
}  # fmt: skip
ARM = LENGTHS | {"primary_deg": 30.0, "secondary_deg": -10.0, "source_to_isocenter_mm": 700.0}
XA = {
    "Rows": 480, "Columns": 640, "DistanceSourceToDetector": 1000.0, "DistanceSourceToPatient": 700.0,
    "ImagerPixelSpacing": [0.5, 0.4], "PositionerPrimaryAngle": 30.0, "PositionerSecondaryAngle": -10.0,
}  # fmt: skip


def test_lengths_are_those_of_the_api():
    found = read_distances(LENGTHS)
    np.testing.assert_allclose(np.diag(found.camera.intrinsic_matrix), [2500.0, 2000.0, 1.0])
    np.testing.assert_allclose(found.camera.intrinsic_matrix[:2, 2], [319.5, 239.5])


def test_a_c_arm_and_its_xa_image_are_one_camera():
    arm, image = read_c_arm(ARM), read_dicom_xa(XA)
    np.testing.assert_array_equal(arm.camera_from_world, c_arm_camera_from_world(30.0, -10.0, 700.0))
    np.testing.assert_array_equal(image.camera_from_world, arm.camera_from_world)
    np.testing.assert_array_equal(image.camera.intrinsic_matrix, arm.camera.intrinsic_matrix)
    assert image.is_first_guess and not arm.is_first_guess


def test_an_isocentre_and_a_roll_move_and_turn_the_picture():
    found = read_c_arm(ARM | {"isocenter_mm": [1.0, 2.0, 3.0], "roll_deg": 90.0}).camera_from_world
    np.testing.assert_allclose(found @ [1.0, 2.0, 3.0, 1.0], [0.0, 0.0, 700.0, 1.0], atol=1e-12)
    level = c_arm_camera_from_world(30.0, -10.0, 700.0)
    np.testing.assert_allclose(found[0, :3], -level[1, :3], atol=1e-12)


def test_angles_are_found_again():
    fields = write_c_arm(read_c_arm(ARM), {}).fields
    assert fields["primary_deg"] == pytest.approx(30.0)
    assert fields["secondary_deg"] == pytest.approx(-10.0)
    assert fields["source_to_isocenter_mm"] == pytest.approx(700.0)
    assert fields["roll_deg"] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(fields["isocenter_mm"], 0.0, atol=1e-9)


@pytest.mark.parametrize("secondary", [90.0, -90.0])
def test_straight_up_and_down_no_angle_is_lost(secondary):
    place = read_c_arm(ARM | {"secondary_deg": secondary, "roll_deg": 20.0})
    again = read_c_arm(write_c_arm(place, {}).fields)
    np.testing.assert_allclose(again.camera_from_world, place.camera_from_world, atol=1e-9)


def test_a_world_behind_the_source_has_no_c_arm():
    behind = some_geometry()
    turned = ImagingGeometry(behind.camera, rigid(np.eye(3), np.array([0.0, 0.0, -5.0])), 1000.0)
    with pytest.raises(GeometryError, match="in front of the source, got a depth of -5.0 mm"):
        write_c_arm(turned, {})


def test_notes_on_spacing_and_on_the_side_that_a_picture_is_seen_from():
    spaced = {key: value for key, value in XA.items() if key != "ImagerPixelSpacing"} | {"PixelSpacing": [0.5, 0.4]}
    notes = read_dicom_xa(spaced | {"PatientOrientation": ["L", "F"]}).notes
    assert any("Pixel Spacing stands for" in note for note in notes)
    assert any("mirror" in note for note in notes)
    assert len(read_dicom_xa(XA).notes) == 1


def test_an_xa_image_without_angles_has_no_place():
    bare = {key: XA[key] for key in ("Rows", "Columns", "DistanceSourceToDetector", "ImagerPixelSpacing")}
    assert read_dicom_xa(bare).camera_from_world is None
    with pytest.raises(GeometryError, match="expected ImagerPixelSpacing as 2"):
        read_dicom_xa({key: XA[key] for key in ("Rows", "Columns", "DistanceSourceToDetector")})
