"""MayaCam files: a real camera's numbers, Maya's axes by hand, and the real files where they are."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import project
from fluoropose.geometry.conversion.mayacam import read_mayacam1, read_mayacam2, write_mayacam1, write_mayacam2
from fluoropose.geometry.rig import PlacedCamera, ray_gap_mm, viewing_ray
from fluoropose.geometry.rigid import transform

VERSION_2 = """image size
1024,512

camera matrix
4576.7,0,395.2
0,4601.7,288.4
0,0,1

rotation
1,0,0
0,0,-1
0,1,0

translation
36.2
-134.6
1345.5
"""
VERSION_1 = """10,20,1300
0,0,0
3.9,4.1,-450
301,200,-4500
0.1,640,480
"""


def test_version_2_by_hand():
    found = read_mayacam2({"text": VERSION_2})
    assert (found.camera.columns, found.camera.rows) == (1024, 512)
    np.testing.assert_allclose(found.camera.intrinsic_matrix, [[4576.7, 0, 395.2], [0, 4601.7, 288.4], [0, 0, 1]])
    np.testing.assert_allclose(found.camera_from_world[1], [0, 0, -1, -134.6])


def test_version_1_by_hand():
    """A camera in Maya looks along -z with y up: what lies to its right and above is right of and above the axis."""
    found = read_mayacam1({"text": VERSION_1})
    right, up, ahead = 10.0 + 9.0, 20.0 + 18.0, 1300.0 - 900.0
    u, v = project(found.camera, transform(found.camera_from_world, np.array([right, up, ahead])))
    assert u == pytest.approx(300.0 + 45.0)  # counted from 1 in the file
    assert v == pytest.approx(480 - 200 - 90.0)  # from the bottom, from 1
    assert (found.camera.rows, found.camera.columns) == (480, 640)


def test_version_1_turns_about_z_first_then_y_then_x():
    turned = read_mayacam1({"text": VERSION_1.replace("0,0,0", "0,0,90")}).camera_from_world
    # A camera rolled by 90 degrees about the axis towards its viewer: the world's y is to its right.
    np.testing.assert_allclose(turned[0, :3], [0.0, 1.0, 0.0], atol=1e-12)
    both = read_mayacam1({"text": VERSION_1.replace("0,0,0", "30,0,90")}).camera_from_world
    np.testing.assert_allclose(both[0, :3], [0.0, 1.0, 0.0], atol=1e-12)  # the turn about its own x keeps x


def test_a_unit_of_centimetres():
    found = read_mayacam2({"text": VERSION_2, "unit_mm": 10.0})
    np.testing.assert_allclose(found.camera_from_world[:3, 3], [362.0, -1346.0, 13455.0])


def test_a_size_of_0_is_the_usual_one():
    assert read_mayacam1({"text": VERSION_1.replace("640,480", "0,0")}).camera.columns == 1024


@pytest.mark.parametrize("angles", ["0,90,30", "20,-90,0"])
def test_no_angle_is_lost_where_two_axes_are_one(angles):
    found = read_mayacam1({"text": VERSION_1.replace("0,0,0", angles)})
    again = read_mayacam1(write_mayacam1(found, {}).fields)
    np.testing.assert_allclose(again.camera_from_world, found.camera_from_world, atol=1e-9)


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (read_mayacam2, "hello", "2 numbers under 'image size', got 0"),
        (read_mayacam2, VERSION_2.replace("translation\n36.2", "translation"), "3 numbers under 'translation', got 2"),
        (read_mayacam2, VERSION_2.replace("1,0,0\n0,0,-1", "1,0,0\n0,0,-2"), "orthonormal"),
        (read_mayacam2, VERSION_2.replace("1024,512", "1024.5,512"), "whole numbers"),
        (read_mayacam2, VERSION_2.replace("1024,512", "9e999,512"), "under 'image size' as finite numbers, got 9e999"),
        (read_mayacam1, VERSION_1.replace("0,0,0", "0,0,9e999"), "MayaCam 1.0 file as finite numbers, got 9e999"),
        (read_mayacam1, "1,2,3\n", "5 lines of 3 numbers"),
        (read_mayacam1, VERSION_1.replace("301,200,-4500", "301,200,0"), "must be positive"),
    ],
)
def test_files_that_are_none(read, text, words):
    with pytest.raises(GeometryError, match=words):
        read({"text": text})


@pytest.mark.data
@pytest.mark.parametrize("pair", ["knee_implant_run/calibration_cam{}_mayacam.txt", "wrist/xr_calib_wrist_cam0{}.txt"])
def test_axes_of_real_cameras_nearly_meet_and_files_come_back(data, pair):
    found = [read_mayacam2({"text": (data / pair.format(number)).read_text()}) for number in (1, 2)]
    placed = [PlacedCamera(one.camera, one.camera_from_world) for one in found]
    middles = [np.array([one.camera.columns, one.camera.rows]) / 2 for one in found]
    gap = ray_gap_mm(viewing_ray(placed[0], middles[0]), viewing_ray(placed[1], middles[1]))
    assert gap < 60.0
    for one in found:
        again = read_mayacam2(write_mayacam2(one, {}).fields)
        np.testing.assert_array_equal(again.camera.intrinsic_matrix, one.camera.intrinsic_matrix)
        np.testing.assert_allclose(again.camera_from_world, one.camera_from_world, atol=1e-9)
        losses = write_mayacam1(one, {}).losses
        assert len(losses) == 1 and "two focal lengths" in losses[0]
