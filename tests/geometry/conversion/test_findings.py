"""Unlikely geometry is named; real and usual geometry is left in peace."""

import numpy as np
import pytest

from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.geometry.conversion.convert import read_geometry
from fluoropose.geometry.conversion.findings import find_unlikely_geometry
from fluoropose.geometry.conversion.imaging_geometry import ImagingGeometry
from fluoropose.geometry.rig import c_arm_camera_from_world


def arm(side_mm=300.0, columns=1024, distance=1180.0, isocenter=750.0, middle=None):
    spacing = side_mm / columns
    camera = camera_from_detector(
        columns, columns, row_spacing_mm=spacing, column_spacing_mm=spacing, source_to_detector_mm=distance,
        principal_point_px=middle,
    )  # fmt: skip
    return ImagingGeometry(camera, c_arm_camera_from_world(10.0, 5.0, isocenter), distance)


def codes(geometry, **known):
    return [finding.code for finding in find_unlikely_geometry(geometry, **known)]


def test_a_usual_c_arm_has_none():
    assert codes(arm()) == []
    assert codes(arm(), detector_field_mm=300.0) == []


@pytest.mark.parametrize(("middle", "severity"), [((300.0, 511.5), "warning"), ((0.0, 0.0), "error")])
def test_a_principal_point_far_from_the_middle(middle, severity):
    (finding,) = find_unlikely_geometry(arm(middle=middle))
    assert (finding.code, finding.severity) == ("principal-point-far", severity)
    assert 0.0 < finding.certainty <= 1.0


def test_spacing_at_the_isocentre_is_found_from_the_detectors_size_and_guessed_without_it():
    shrunk = arm(side_mm=300.0 * 750.0 / 1180.0)
    (sure,) = find_unlikely_geometry(shrunk, detector_field_mm=300.0)
    assert (sure.code, sure.severity) == ("isocenter-spacing", "error")
    assert "64 % of the distance" in sure.text
    (guess,) = find_unlikely_geometry(shrunk)
    assert (guess.code, guess.severity) == ("isocenter-spacing", "warning")
    assert guess.certainty < sure.certainty


def test_lengths_in_another_unit():
    assert "unlikely-distance" in codes(arm(distance=118.0, isocenter=75.0, side_mm=30.0))
    assert "unlikely-field" in codes(arm(side_mm=3000.0))


def test_pixels_that_no_detector_has():
    matrix = np.array([[3000.0, 60.0, 511.5], [0.0, 3300.0, 511.5], [0.0, 0.0, 1.0]])
    assert codes(ImagingGeometry(Camera(1024, 1024, matrix))) == ["pixels-not-square", "skewed-pixels"]


def test_a_focal_length_in_mm_for_pixels():
    matrix = np.array([[1000.0, 0.0, 1023.5], [0.0, 1000.0, 1023.5], [0.0, 0.0, 1.0]])
    assert codes(ImagingGeometry(Camera(2048, 2048, matrix))) == ["unlikely-field"]


def test_a_first_guess_is_noted():
    guess = arm()
    found = ImagingGeometry(guess.camera, guess.camera_from_world, guess.source_to_detector_mm, True)
    assert codes(found) == ["first-guess"]


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    ["knee_implant_run/calibration_cam1_mayacam.txt", "knee_implant_run/calibration_cam2_mayacam.txt",
     "wrist/xr_calib_wrist_cam01.txt", "wrist/xr_calib_wrist_cam02.txt"],
)  # fmt: skip
def test_real_calibrations_have_none(data, name):
    assert codes(read_geometry({"kind": "mayacam2", "text": (data / name).read_text()})) == []
